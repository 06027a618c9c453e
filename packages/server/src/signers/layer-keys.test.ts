/** An account's layer keys: who gets them, in which form, and what never comes back. */
import assert from 'node:assert/strict'
import { createECDH, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import {
  formatKeyId,
  keyIdOf,
  LAYER_KEYS_MAX,
  parseNewKeys,
  unwrapLayerKey,
} from '@microvisor/protocol'
import { digest, gcm } from '../keys/engines.ts'
import { rotateMasterKey } from '../keys/master-keys.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision, TestDevice } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

const makeKey = () => {
  const key = randomBytes(32)
  return { hex: key.toString('hex'), id: keyIdOf('layer', key, digest) }
}
const add = (Key: string) =>
  cloud.client.call(api.createLayerKey, { form: { Key, FriendlyName: 'fleet' } })
const remove = (id: bigint) =>
  cloud.client.call(api.deleteLayerKey, { params: { KeyId: formatKeyId(id) } })

/** A device's key pair, and what it makes of a change of keys. */
function makeReceiver() {
  const pair = createECDH('prime256v1')
  const receiver = pair.generateKeys()
  const agree = (sender: Uint8Array) => pair.computeSecret(sender)
  const opened = (signed: Uint8Array) =>
    parseNewKeys(signed).change.addLayerKeys.map((wrapped) => {
      const key = unwrapLayerKey(gcm, receiver, agree, wrapped)
      return key && Buffer.from(key).toString('hex')
    })
  return { receiver, opened }
}

test('a device is given each key, wrapped for it alone, and told when one goes', async () => {
  const [first, second] = [makeKey(), makeKey()]
  await add(first.hex)
  const link = await TestDevice.join(await provision(cloud.client))
  const own = makeReceiver()
  const tell = (layerKeys: readonly bigint[], refusal = '') =>
    link.send({
      case: 'keyState',
      value: {
        ...{ manifestSigners: [], layerKeys: [...layerKeys] },
        ...{ receiverKey: own.receiver, refusal },
      },
    })
  const told = async () => (await link.expect('newKeys')).signed
  tell([])
  const given = await told()
  assert.deepEqual(own.opened(given), [first.hex])
  assert.deepEqual(makeReceiver().opened(given), [undefined])
  tell([first.id])
  await link.settle()
  await add(second.hex)
  assert.deepEqual(own.opened(await told()), [second.hex])
  tell([first.id, second.id])
  await link.settle()
  await remove(first.id)
  const { change } = parseNewKeys(await told())
  assert.deepEqual([change.deleteLayerKeys, change.addLayerKeys], [[first.id], []])
  // A refusal is not answered with the same again.
  tell([first.id, second.id], 'no room')
  await link.settle()
  tell([second.id])
  await link.settle()
  await link.close()
  await remove(second.id)
})

test('a key never comes back over REST, and lies sealed, also after the master key was rotated', async () => {
  const { hex, id } = makeKey()
  const made = await add(hex)
  assert.equal(made.key_id, formatKeyId(id))
  const one = await cloud.client.call(api.fetchLayerKey, { params: { KeyId: made.key_id } })
  const listed = await cloud.client.call(api.listLayerKeys)
  assert.deepEqual(listed.layer_keys, [one])
  assert.ok(!JSON.stringify([made, one, listed, cloud.log]).includes(hex))
  await rotateMasterKey(`${cloud.folder}/keys`)
  cloud = await cloud.restart()
  const link = await TestDevice.join(await provision(cloud.client))
  const own = makeReceiver()
  const value = { manifestSigners: [], layerKeys: [], receiverKey: own.receiver, refusal: '' }
  link.send({ case: 'keyState', value })
  assert.deepEqual(own.opened((await link.expect('newKeys')).signed), [hex])
  await link.close()
  await remove(id)
  await assert.rejects(remove(id), { code: 'LAYER_KEY_NOT_FOUND' })
})

test('what is no key is refused, and no more than a device keeps', async () => {
  for (const wrong of ['', 'ab', 'z'.repeat(64)])
    await assert.rejects(add(wrong), { code: 'LAYER_KEY_INVALID' }, wrong)
  const made = Array.from({ length: LAYER_KEYS_MAX }, makeKey)
  for (const { hex } of made) await add(hex)
  await assert.rejects(add(makeKey().hex), { code: 'LAYER_KEYS_TOO_MANY' })
  await remove(made[0]!.id)
  await assert.rejects(add(made[1]!.hex), { code: 'LAYER_KEY_KNOWN' })
  for (const { id } of made.slice(1)) await remove(id)
})
