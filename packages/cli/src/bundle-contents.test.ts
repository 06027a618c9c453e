import assert from 'node:assert/strict'
import { createCipheriv, createPublicKey, verify as verifySignatureOf } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  decryptLayer,
  parseBundle,
  plainPolicies,
  signingMessage,
  toHex,
} from '@microvisor/protocol'
import { contentsOf, readLayerKey } from './bundle-contents.ts'
import { bundleImage, sha256 } from './bundling.ts'
import { describeInspection, inspectBundle } from './inspection.ts'
import { createLayerKey, createSigningKey } from './key-files.ts'

const image = readFileSync(
  fileURLToPath(new URL('../../../samples/prebuilt/blink.bin', import.meta.url)),
)
const folder = mkdtempSync(join(tmpdir(), 'microvisor-contents-'))
after(() => rmSync(folder, { recursive: true }))
const files = join(folder, 'files.img')
writeFileSync(files, Buffer.alloc(5000, 'fs'))

test('layers go where the flags say, up to the end of their content unless told otherwise', () => {
  const flags = {
    layer: [`external@0x1000=${files}`, `internal@0x80000+0x4000=${files}`],
    'image-size': '0x80000',
  }
  const { manifest } = parseBundle(bundle(flags), sha256)
  assert.deepEqual(
    manifest.layers.map(({ place, start, size }) => [place, start, size]),
    [
      ['internal', 0, 0x8_0000],
      ['external', 0x1000, 0x2000],
      ['internal', 0x8_0000, 0x4000],
    ],
  )
})

test('a bundle signed with a key of ones own says so, and openssl would agree', () => {
  const made = createSigningKey(join(folder, 'release'))
  const file = bundle({ 'signing-key': made.files[0]! })
  const { manifest } = parseBundle(file, sha256)
  const key = createPublicKey(readFileSync(made.files[1]!))
  const message = signingMessage(manifest.body)
  const { signature } = manifest
  assert.ok(verifySignatureOf('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature))
  const found = inspectBundle(file)
  assert.equal(found.signer_id, made.key_id)
  assert.match(describeInspection(found), new RegExp(`signed by +${made.key_id}`))
})

test('an encrypted layer is carried as ciphertext that the key opens', () => {
  const made = createLayerKey(join(folder, 'fleet'))
  const { manifest, layers } = parseBundle(bundle({ 'layer-key': made.files[0]! }), sha256)
  const [layer] = manifest.layers
  const carried = layers.get(toHex(layer!.fetchHash))!
  const cipher = (key: Uint8Array, counter: Uint8Array, bytes: Uint8Array) =>
    bytes.set(createCipheriv('aes-256-ctr', key, counter).update(bytes))
  const plain = decryptLayer(cipher, readLayerKey(made.files[0]!), carried)
  assert.deepEqual(Buffer.from(plain), image)
  assert.equal(
    inspectBundle(bundle({ 'layer-key': made.files[0]! })).layers[0]?.encrypted_with,
    made.key_id,
  )
})

test('what cannot be meant is refused with what would be right', () => {
  assert.throws(() => bundle({ layer: ['files.img'] }), { code: 'WRONG_USAGE' })
  assert.throws(() => bundle({ layer: [`external@x=${files}`] }), { code: 'WRONG_USAGE' })
  assert.throws(() => bundle({ layer: [`external@0=${files}`, `external@0=${files}`] }), {
    code: 'LAYERS_OVERLAP',
  })
  assert.throws(() => bundle({ 'layer-key': files }), { code: 'KEY_UNUSABLE' })
  assert.throws(() => bundle({ 'signing-key': files }), { code: 'KEY_UNUSABLE' })
  assert.throws(() => createLayerKey(join(folder, 'fleet')), { code: 'EEXIST' })
})

function bundle(flags: Parameters<typeof contentsOf>[0]): Uint8Array {
  return bundleImage('blink.bin', image, plainPolicies, contentsOf(flags))
}
