/** A key of the user's own: made, registered, told to a device, signing what the device then runs. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type * as api from '@microvisor/api'
import { prebuilt } from './images.ts'
import { World } from './world.ts'

describe("a key of the user's own", () => {
  const world = new World()
  before(async () => {
    await world.startServer()
  })
  after(() => world.end())

  test('signs for devices once it is registered, and no longer when it was removed', async () => {
    await world.startDevice('plant')
    const name = join(world.folder, 'release')
    const { key_id: id } = (await world.succeedJson('keys', 'create', name)) as { key_id: string }
    const bundle = join(world.folder, 'signed.zip')
    const signing = ['--signing-key', `${name}.pem`]
    await world.succeed('apps', 'bundle', prebuilt('blink', 'bin'), bundle, ...signing)
    const refused = await world.run('apps', 'create', bundle)
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /MANIFEST_SIGNER_UNKNOWN/)
    assert.match(await world.succeed('keys', 'add', `${name}.pub.pem`), new RegExp(id))
    assert.match(await world.succeed('keys', 'list'), new RegExp(`${id} +release`))
    const logs = world.start(['logs', 'stream', 'plant'])
    await logs.says(/Logging from UV/)
    const saved = join(world.folder, 'saved.zip')
    await world.succeed('apps', 'create', bundle, '--bundle-out', saved)
    assert.deepEqual(readFileSync(saved), readFileSync(bundle))
    const [app] = (await world.succeedJson('apps', 'list')) as { sid: string }[]
    await world.succeed('devices', 'update', 'plant', '--target-app', app!.sid)
    await logs.says(/Hello from blink, second 0/)
    await agreesOnBytes()
    await attests(bundle)
    // The device keeps the key for as long as it runs what it has signed; nothing new is taken.
    await world.succeed('keys', 'remove', id)
    assert.deepEqual(await world.succeedJson('keys', 'list'), [])
    assert.match((await world.run('apps', 'create', bundle)).stderr, /MANIFEST_SIGNER_UNKNOWN/)
    const again = await world.run('keys', 'add', `${name}.pub.pem`)
    assert.match(again.stderr, /SIGNER_KNOWN/)
  })

  test('decrypts layers once it is registered, whatever else the device refuses', async () => {
    const name = join(world.folder, 'fleet')
    const { key_id: id } = (await world.succeedJson('keys', 'create', name, '--layer')) as {
      key_id: string
    }
    const bundle = join(world.folder, 'encrypted.zip')
    const encrypting = ['--layer-key', `${name}.layerkey`]
    await world.succeed('apps', 'bundle', prebuilt('notify', 'bin'), bundle, ...encrypting)
    assert.match((await world.run('apps', 'create', bundle)).stderr, /LAYER_KEY_UNKNOWN/)
    const added = await world.run('keys', 'add', `${name}.layerkey`, '--json')
    assert.equal(added.code, 0, added.stderr)
    const secret = readFileSync(`${name}.layerkey`, 'utf8').trim()
    assert.ok(!added.stdout.includes(secret))
    assert.match(await world.succeed('keys', 'list'), new RegExp(`${id} +fleet +layer`))
    const logs = world.start(['logs', 'stream', 'plant'])
    await logs.says(/Logging from UV/)
    const [app] = (await world.succeedJson('apps', 'create', bundle)) as { sid: string }[]
    await world.succeed('devices', 'update', 'plant', '--target-app', app!.sid)
    await logs.says(/COMPLETE/)
    await world.succeed('keys', 'remove', id)
    assert.deepEqual(await world.succeedJson('keys', 'list'), [])
  })

  /** Both ends have counted the same bytes of the update. */
  async function agreesOnBytes(): Promise<void> {
    const shown = (await world.succeedJson('devices', 'show', 'plant')) as api.Device
    const { bytes_sent, bytes_received } = shown.update_progress!
    assert.ok(bytes_sent > 300, `${bytes_sent}`)
    assert.equal(bytes_sent, bytes_received)
  }

  /** The device proves that it runs this bundle: to the service, and to somebody without one. */
  async function attests(bundle: string): Promise<void> {
    const nonce = '00112233445566778899aabbccddeeff'
    const token = join(world.folder, 'token.cwt')
    const asked = ['devices', 'attest', 'plant', '--nonce', nonce, '--out', token]
    assert.match(await world.succeed(...asked), /Everything is as expected/)
    const ca = join(world.deviceFolder('plant'), 'ca.crt')
    const verify = ['attestation', 'verify', token, '--ca', ca]
    const evidence = (await world.succeedJson(...verify, '--nonce', nonce)) as Evidence
    const { layers } = (await world.succeedJson('apps', 'inspect', bundle)) as Inspected
    assert.deepEqual(
      evidence.application.layers.map(({ hash }) => hash),
      layers.map(({ measurement_hash }) => measurement_hash),
    )
    const stale = await world.run(...verify, '--nonce', 'ff'.repeat(16))
    assert.match(stale.stderr, /TOKEN_NONCE/)
    const wrong = join(world.deviceFolder('plant'), 'device.crt')
    const foreign = await world.run('attestation', 'verify', token, '--ca', wrong)
    assert.match(foreign.stderr, /TOKEN_KEY/)
    const again = await world.run('device', 'provision', 'plant', '--data', world.data)
    assert.match(again.stderr, /DEVICE_PROVISIONED/)
  }
})

interface Evidence {
  readonly application: { readonly layers: readonly { readonly hash: string }[] }
}
interface Inspected {
  readonly layers: readonly { readonly measurement_hash: string }[]
}
