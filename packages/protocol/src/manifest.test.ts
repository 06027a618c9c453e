import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BundleError, type BundleErrorCode } from './bundle-errors.ts'
import { toHex } from './hex.ts'
import { encodeKernelBody, type KernelMeta, parseKernelManifest } from './kernel-manifest.ts'
import { describeLayer } from './layers.ts'
import {
  type AppPolicies,
  encodeAppBody,
  encodeManifest,
  keyId,
  parseAppManifest,
  parseSignedBody,
  plainPolicies,
  signBody,
  signingMessage,
  unsigned,
  verifySignature,
} from './manifest.ts'
import {
  fuzzing,
  makeKey,
  mutationsOf,
  sha256,
  verifyP256,
  wholeFlash,
} from './testing/fixtures.ts'

const engines = { digest: sha256, verify: verifyP256 }
const layer = describeLayer(wholeFlash, Uint8Array.of(1, 2, 3), sha256)
const body = encodeAppBody([layer], plainPolicies)
const key = makeKey()

const meta: KernelMeta = {
  securityRatchet: 2,
  deviceType: 'Imp201c',
  versionText: '0.7.0',
  versionNumber: 700,
}
const kernelLayer = { region: 'Kernel', encryptedWithKeyId: 0n, fetchHash: sha256([]) } as const

test('every policy comes out as it went in', () => {
  const number = fc.integer({ min: 0, max: 0xffff_ffff })
  const publicKey = fc.option(fc.constant(key.publicKey), { nil: undefined })
  const plain = { noNullPrototype: true } as const
  const crash = { minimumRestartMs: number, maximumRestartMs: number, includeStackBytes: number }
  const update = { maximumPolitenessSeconds: number, minimumKernelVersion: number }
  const connectivity = { connectionGraceSeconds: number, minimumCheckInSeconds: number }
  const policies: fc.Arbitrary<AppPolicies> = fc.record(
    {
      debugKey: publicKey,
      crash: fc.record({ ...crash, reportKey: publicKey }, plain),
      update: fc.record(update, plain),
      connectivity: fc.record(connectivity, plain),
    },
    plain,
  )
  fc.assert(
    fc.property(policies, (given) => {
      const bytes = encodeManifest(unsigned(encodeAppBody([layer], given)))
      assert.deepEqual(parseAppManifest(bytes).policies, given)
    }),
  )
})

test('a debug key is written as field 2 of the debug policy, and nothing else is added', () => {
  const withKey = encodeAppBody([layer], { ...plainPolicies, debugKey: key.publicKey })
  const policy = `12431241${toHex(key.publicKey)}`
  assert.equal(toHex(withKey), toHex(body).replace(/22002a00$/, `${policy}22002a00`))
})

test('the message that is signed is a fixed prefix, a zero byte, and the body', () => {
  const message = Buffer.from(signingMessage(Uint8Array.of(0xaa)))
  assert.equal(message.toString('latin1'), 'twlo-mv-manifest-v1\0\xaa')
})

test('a key id is the first 8 bytes of the hash over two zero bytes and the key', () => {
  const hash = sha256([new Uint8Array(2), key.publicKey])
  assert.equal(keyId(key.publicKey, sha256), Buffer.from(hash).readBigUInt64BE())
})

test('a signature is accepted from its key only, and for its body only', () => {
  const signed = parseAppManifest(encodeManifest(signBody(body, key, sha256)))
  assert.equal(signed.signature.length, 64)
  verifySignature(signed, [makeKey().publicKey, key.publicKey], engines)
  refuses('MANIFEST_SIGNER_UNKNOWN', () => verifySignature(signed, [makeKey().publicKey], engines))
  refuses('MANIFEST_UNSIGNED', () => verifySignature(unsigned(body), [key.publicKey], engines))
  const changed = { ...signed, body: body.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) }
  refuses('MANIFEST_SIGNATURE_WRONG', () => verifySignature(changed, [key.publicKey], engines))
})

test('the body is kept byte for byte, however it is encoded', () => {
  const unusual = concat(Buffer.from('2a002200', 'hex'), body.subarray(0, -4))
  assert.deepEqual(parseAppManifest(encodeManifest(unsigned(unusual))).body, unusual)
  const { signature, signerId } = signBody(unusual, key, sha256)
  const parsed = parseAppManifest(encodeManifest({ body: unusual, signature, signerId }))
  verifySignature(parsed, [key.publicKey], engines)
})

const wrong: [string, Uint8Array, BundleErrorCode, RegExp][] = [
  ['no body', Uint8Array.of(), 'MANIFEST_BODY_MISSING', /no body/],
  ['a signature of 63 bytes', envelope(1n, body, 63), 'MANIFEST_SIGNATURE_MALFORMED', /63 bytes/],
  ['a signature in DER', envelope(1n, body, 71), 'MANIFEST_SIGNATURE_MALFORMED', /71 bytes/],
  [
    'a signature without a signer',
    envelope(0n, body, 64),
    'MANIFEST_SIGNATURE_MALFORMED',
    /names no signer/,
  ],
  [
    'a signer without a signature',
    envelope(5n, body, 0),
    'MANIFEST_SIGNATURE_MALFORMED',
    /0000000000000005 but has no signature/,
  ],
  [
    'a field unknown to the envelope',
    concat(envelope(0n, body, 0), Uint8Array.of(0x20, 1)),
    'MANIFEST_FIELD_UNKNOWN',
    /number 4 in manifest/,
  ],
  [
    'a field unknown to the body',
    envelope(0n, concat(body, Uint8Array.of(0x30, 1)), 0),
    'MANIFEST_FIELD_UNKNOWN',
    /number 6 in body/,
  ],
  [
    'a policy that is not known',
    envelope(0n, concat(body, Buffer.from('22021801', 'hex')), 0),
    'MANIFEST_FIELD_UNKNOWN',
    /number 3 in body.update/,
  ],
  [
    'a region that is not known',
    envelope(0n, concat(body, Buffer.from('0a060a041a020801', 'hex')), 0),
    'MANIFEST_FIELD_UNKNOWN',
    /number 3 in body.layers.1.target/,
  ],
  [
    'a debug key that is compressed',
    envelope(0n, concat(body, Buffer.from(`12231221${'02'.repeat(33)}`, 'hex')), 0),
    'MANIFEST_KEY_MALFORMED',
    /debug_auth_pubkey has 33 bytes and begins with 2/,
  ],
]

for (const [what, bytes, code, message] of wrong) {
  test(`a manifest with ${what} is refused: ${code}`, () => {
    refuses(code, () => parseAppManifest(bytes), message)
  })
}

test('a manifest may have 64 KiB, and not a byte more', () => {
  const most = unsigned(new Uint8Array(65_536 - 4))
  assert.equal(encodeManifest(most).length, 65_536)
  assert.equal(parseSignedBody(encodeManifest(most)).body.length, 65_532)
  refuses('MANIFEST_TOO_LARGE', () => encodeManifest(unsigned(new Uint8Array(65_533))), /65537/)
  refuses('MANIFEST_TOO_LARGE', () => parseSignedBody(new Uint8Array(65_537)), /65537/)
})

test("a kernel's manifest comes out as it went in, and is signed alike", () => {
  const layers = [kernelLayer, { ...kernelLayer, region: 'NSC' as const }]
  const bytes = encodeManifest(signBody(encodeKernelBody(layers, meta), key, sha256))
  const parsed = parseKernelManifest(bytes)
  assert.deepEqual(parsed.layers, layers)
  assert.deepEqual(parsed.meta, meta)
  verifySignature(parsed, [key.publicKey], engines)
})

const wrongKernels: [string, string, BundleErrorCode][] = [
  ['no layers', '1200', 'LAYERS_NONE'],
  ['a layer for no region', `0a221a20${'00'.repeat(32)}1200`, 'KERNEL_LAYER_REGION'],
  ['a layer for region 9', `0a2408091a20${'00'.repeat(32)}1200`, 'KERNEL_LAYER_REGION'],
  ['two layers for one region', `0a2408011a20${'00'.repeat(32)}`.repeat(2), 'KERNEL_LAYER_REGION'],
  ['a short hash', '0a0608011a020000', 'LAYER_HASH_LENGTH'],
  ['no meta part', `0a2408011a20${'00'.repeat(32)}`, 'KERNEL_META_MISSING'],
  ['no device type', `0a2408011a20${'00'.repeat(32)}1200`, 'KERNEL_META_MISSING'],
]

for (const [what, hex, code] of wrongKernels) {
  test(`a kernel's manifest with ${what} is refused: ${code}`, () => {
    refuses(code, () => parseKernelManifest(envelope(0n, Buffer.from(hex, 'hex'), 0)))
  })
}

test("whatever a kernel's manifest holds, the answer is a manifest or a BundleError", () => {
  const bytes = encodeManifest(unsigned(encodeKernelBody([kernelLayer], meta)))
  fc.assert(
    fc.property(mutationsOf(bytes), (mutation) => {
      try {
        parseKernelManifest(mutation)
      } catch (error) {
        assert.ok(error instanceof BundleError, String(error))
      }
    }),
    fuzzing,
  )
})

function refuses(code: BundleErrorCode, act: () => unknown, message = /./): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof BundleError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  })
}

function envelope(signerId: bigint, bytes: Uint8Array, signatureBytes: number): Uint8Array {
  return encodeManifest({
    signerId,
    body: bytes,
    signature: new Uint8Array(signatureBytes).fill(1),
  })
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
