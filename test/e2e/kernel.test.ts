/** A kernel goes over the air: uploaded, given to a device by the server, tried, confirmed, reported. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildKernelBundle } from '@microvisor/device'
import {
  encodeKernelBody,
  encodeManifest,
  packBundle,
  parseKernelBundle,
  unsigned,
} from '@microvisor/protocol'
import { digest } from '../../packages/server/src/keys/engines.ts'
import { prebuilt } from './images.ts'
import { World } from './world.ts'

/** The platform's own kernel, calling itself by another version. */
async function kernelCalled(versionText: string, versionNumber: number): Promise<Uint8Array> {
  const { manifest, layers } = parseKernelBundle(await buildKernelBundle(), digest)
  const body = encodeKernelBody(manifest.layers, { ...manifest.meta, versionText, versionNumber })
  return packBundle(encodeManifest(unsigned(body)), layers)
}

describe('a kernel over the air', () => {
  const world = new World()
  before(async () => {
    await world.startServer()
  })
  after(() => world.end())

  interface Kernel {
    target_hash: string | null
    reported_version: number
    reported_version_string: string
  }
  const kernel = (...words: string[]) =>
    world.succeedJson('devices', 'kernel', 'plant', ...words) as Promise<Kernel>

  test('the device runs it, says so, and its application goes on; a restart keeps it', async () => {
    const device = await world.startDevice('plant')
    await world.succeed('deploy', prebuilt('blink'), '--device', 'plant')
    const old = await kernel()
    assert.equal(old.target_hash, null)
    const file = join(world.folder, 'kernel.zip')
    const next = old.reported_version + 1
    writeFileSync(file, await kernelCalled('next', next))
    const logs = world.start(['logs', 'stream', 'plant'])
    await logs.says(/Hello from blink/)
    const said = logs.output.length
    const { target_hash } = await kernel('--target', file)
    assert.match(target_hash ?? '', /^sha256:[0-9a-f]{64}$/)
    const deadline = performance.now() + 60_000
    let now = await kernel()
    while (now.reported_version !== next && performance.now() < deadline) {
      await sleep(200)
      now = await kernel()
    }
    assert.equal(now.reported_version, next, device.output)
    assert.equal(now.reported_version_string, 'next')
    await logs.says(/Hello from blink, second \d/, { after: said, timeoutMs: 60_000 })
    await device.interrupt()
    const again = await world.startDevice('plant')
    assert.equal((await kernel()).reported_version, next)
    assert.match(await world.succeed('devices', 'kernel', 'plant'), /runs kernel +next/)
    await again.interrupt()
  })

  test('what is no kernel is refused in words, before any device hears of it', async () => {
    const { code, stderr } = await world.run('devices', 'kernel', 'plant', '--target', 'nowhere')
    assert.equal(code, 2)
    assert.match(stderr, /nowhere cannot be read: ENOENT/)
    const unknown = await world.run(
      'devices',
      'kernel',
      'plant',
      '--target',
      `sha256:${'0'.repeat(64)}`,
    )
    assert.notEqual(unknown.code, 0)
    assert.match(unknown.stderr, /has no kernel with the hash/)
  })
})
