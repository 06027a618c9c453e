import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampled, seed } from '../../../tools/sampling.ts'
import { BundleError } from './bundle-errors.ts'
import { decryptLayer, encryptLayer, layerCounter } from './layer-cipher.ts'
import { encodeManifest, signBody, verifySignature } from './manifest.ts'
import {
  encodeKeyChange,
  type KeyChange,
  parseNewKeys,
  unwrapLayerKey,
  wrapLayerKey,
} from './new-keys.ts'
import {
  agreeOnce,
  counterCipher,
  gcmEngines,
  makeKey,
  makeReceiver,
  sha256,
  verifyP256,
} from './testing/fixtures.ts'

const nothing: KeyChange = {
  deleteSigners: [],
  deleteLayerKeys: [],
  addSigners: [],
  addLayerKeys: [],
}

test('a change of keys comes back as it was made, signed by who made it', () => {
  const signer = makeKey()
  const receiver = makeReceiver()
  const layerKey = randomBytes(32)
  const wrapped = wrapLayerKey(gcmEngines, agreeOnce(receiver.publicKey), layerKey)
  const change = {
    deleteSigners: [1n, 2n ** 64n - 1n],
    deleteLayerKeys: [7n],
    addSigners: [makeKey().publicKey],
    addLayerKeys: [wrapped],
  }
  const parsed = parseNewKeys(encodeManifest(signBody(encodeKeyChange(change), signer, sha256)))
  assert.deepEqual(parsed.change, change)
  verifySignature(parsed, [signer.publicKey], { digest: sha256, verify: verifyP256 })
  const [again] = parsed.change.addLayerKeys
  assert.deepEqual(
    unwrapLayerKey(gcmEngines, receiver.publicKey, receiver.agree, again!),
    new Uint8Array(layerKey),
  )
})

test('a layer key opens for the receiver it was wrapped for, and no other', () => {
  const [receiver, other] = [makeReceiver(), makeReceiver()]
  const wrapped = wrapLayerKey(gcmEngines, agreeOnce(receiver.publicKey), randomBytes(32))
  const { publicKey, agree } = other
  assert.equal(unwrapLayerKey(gcmEngines, publicKey, agree, wrapped), undefined)
  const { receiverId } = wrapLayerKey(gcmEngines, agreeOnce(publicKey), randomBytes(32))
  const relabelled = { ...wrapped, receiverId }
  assert.equal(unwrapLayerKey(gcmEngines, publicKey, agree, relabelled), undefined)
})

test('lists and keys beyond their limits are refused', () => {
  const key = makeKey().publicKey
  const refused = (change: Partial<KeyChange>, code: string) =>
    assert.throws(() => encodeKeyChange({ ...nothing, ...change }), { code })
  refused({ addSigners: Array(17).fill(key) }, 'KEYS_TOO_MANY')
  refused({ deleteSigners: Array(18).fill(1n) }, 'KEYS_TOO_MANY')
  refused({ addSigners: [key.subarray(1)] }, 'KEYS_MALFORMED')
  const wrapped = { receiverId: 1n, senderKey: key, ciphertext: new Uint8Array(47) }
  refused({ addLayerKeys: [wrapped] }, 'KEYS_MALFORMED')
})

test('arbitrary bytes are a change of keys or a BundleError, and nothing else', () => {
  const body = encodeKeyChange({ ...nothing, addSigners: [makeKey().publicKey] })
  const good = encodeManifest(signBody(body, makeKey(), sha256))
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => good.with(at, value)),
  )
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        parseNewKeys(bytes)
      } catch (error) {
        assert.ok(error instanceof BundleError, String(error))
      }
    }),
    { seed, numRuns: sampled(500, 50_000) },
  )
})

test('an encrypted layer can be decrypted whole, and from any multiple of 16', () => {
  const [key, nonce, content] = [randomBytes(32), randomBytes(12), randomBytes(1000)]
  const carried = encryptLayer(counterCipher, key, nonce, content)
  assert.notDeepEqual(carried.subarray(12), content)
  assert.deepEqual(decryptLayer(counterCipher, key, carried), new Uint8Array(content))
  const part = carried.slice(12 + 512, 12 + 600)
  counterCipher(key, layerCounter(nonce, 512), part)
  assert.deepEqual(part, new Uint8Array(content.subarray(512, 600)))
})
