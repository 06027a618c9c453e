/**
 * What a device says of itself when it is asked, and that an independent implementation of COSE
 * (@auth0/cose, with the CBOR of cbor-x) reads and verifies the same.
 */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import { decode, Sign1 } from '@auth0/cose'
import {
  type AttestationErrorCode,
  equalBytes,
  makeToken,
  plainPolicies,
  verifyToken,
} from '@microvisor/protocol'
import { Bench, fuseContents } from '../testing/bench.ts'
import { TestEngines } from '../testing/test-engines.ts'
import { digest, makeApplication, makeImage, smallRegion } from '../testing/trust.ts'

const nonce = Uint8Array.from({ length: 32 }, (_, i) => i)
const engines = new TestEngines(1)
const publicKey = new Uint8Array(65)
engines.devicePublicKey(publicKey)
const verify = engines.verifyP256.bind(engines)
const own = { publicKey, verify }

const image = makeImage(5, 700)
const application = makeApplication([{ region: smallRegion, content: image }])

function ask(bench: Bench, asked = nonce): Uint8Array {
  bench.cloud.send({ case: 'attestationRequest', value: { nonce: asked } })
  bench.run(10)
  return bench.cloud.last('attestation')!.token
}

function installed(signed = application): Bench {
  const bench = new Bench()
  bench.cloud.offer(signed)
  return bench.run(5_000)
}

test('a device answers with what it is, runs, and holds', () => {
  const bench = installed()
  const evidence = verifyToken(ask(bench), { ...own, nonce, deviceSid: fuseContents.deviceSid })
  assert.deepEqual(evidence.nonce, nonce)
  assert.equal(evidence.deviceType, 'Imp201c')
  assert.equal(evidence.debugStatus, 3)
  assert.equal(evidence.issuedAtSeconds, 1_700_000_005)
  assert.equal(evidence.uptimeSeconds, 5)
  assert.deepEqual(evidence.boot, {
    measurement: fuseContents.bootSha256,
    ...{ deviceRatchet: 0, isHidden: true, readoutProtection: 0xcc },
  })
  assert.equal(evidence.kernel.versionText, '0.7.0')
  assert.equal(evidence.kernel.state, 'confirmed')
  const region = new Uint8Array(0x8000).fill(0xff)
  region.set(image)
  assert.deepEqual(evidence.application, {
    manifestHash: application.hash,
    signerId: evidence.application!.signerId,
    ...{ state: 'running', debugger: 'none', isIntact: true },
    layers: [{ ...smallRegion, hash: digest([region]) }],
  })
})

test('what was changed in flash is measured as it is now', () => {
  const bench = installed()
  const before = verifyToken(ask(bench), own)
  bench.hardware.internalFlash.program(0x4000, new Uint8Array(16))
  const after = verifyToken(ask(bench), own)
  assert.equal(after.application!.isIntact, false)
  const hashes = [before, after].map((one) => one.application!.layers[0]!.hash)
  assert.equal(equalBytes(hashes[0]!, hashes[1]!), false)
})

test('without an application there is none; with a debug key it can be debugged', () => {
  const bare = verifyToken(ask(new Bench().run(1_000)), own)
  assert.equal(bare.application, undefined)
  const policies = { ...plainPolicies, debugKey: publicKey }
  const debuggable = makeApplication([{ region: smallRegion, content: image }], policies)
  const evidence = verifyToken(ask(installed(debuggable)), own)
  assert.equal(evidence.application?.debugger, 'possible')
})

test('an independent implementation of COSE verifies it and reads the same claims', async () => {
  const token = ask(installed())
  // A CWT tag (61) in front; behind it is a tagged COSE_Sign1.
  assert.deepEqual([...token.subarray(0, 3)], [0xd8, 0x3d, 0xd2])
  const sign1 = decode(token.subarray(2), Sign1)
  const part = (from: number) => Buffer.from(publicKey.subarray(from, from + 32))
  const jwk = { kty: 'EC', crv: 'P-256', x: part(1).toString('base64url') }
  const key = createPublicKey({
    key: { ...jwk, y: part(33).toString('base64url') },
    format: 'jwk',
  })
  await sign1.verify(key)
  const { Decoder } = await import('cbor-x')
  const claims = new Decoder({ mapsAsObjects: false }).decode(sign1.payload) as Map<number, unknown>
  assert.deepEqual(new Uint8Array(claims.get(10) as Uint8Array), nonce)
  assert.equal(claims.get(265), 'urn:x-microvisor:attestation:1')
  const submodules = claims.get(266) as Map<string, Map<number, unknown>>
  assert.deepEqual([...submodules.keys()].sort(), ['application', 'boot', 'kernel'])
  assert.deepEqual(submodules.get('kernel')!.get(271), ['0.7.0', 16384])
})

test('malice: a replayed token, another device, an edited measurement, a wrong key', () => {
  const token = ask(installed())
  const other = Uint8Array.from({ length: 32 }, () => 7)
  const refusals: [AttestationErrorCode, Uint8Array, Parameters<typeof verifyToken>[1]][] = [
    ['TOKEN_NONCE', token, { ...own, nonce: other }],
    ['TOKEN_DEVICE', token, { ...own, deviceSid: `UV${'0'.repeat(32)}` }],
    ['TOKEN_SIGNATURE', token, { ...own, publicKey: keyOfAnother() }],
    ['TOKEN_MALFORMED', token.subarray(1), own],
    ['TOKEN_MALFORMED', new Uint8Array(20_000), own],
  ]
  for (const [code, bytes, expected] of refusals)
    assert.throws(() => verifyToken(bytes, expected), { code }, code)
  const evidence = verifyToken(token, own)
  const lie = { ...evidence, kernel: { ...evidence.kernel, securityRatchet: 9 } }
  const forged = makeToken(lie, { keyId: new Uint8Array(8), sign: () => new Uint8Array(64) })
  assert.throws(() => verifyToken(forged, own), { code: 'TOKEN_SIGNATURE' })
})

test('malice: no flipped bit of a token passes', () => {
  const token = ask(installed())
  for (let at = 0; at < token.length; at++) {
    const changed = token.slice()
    changed[at]! ^= 1 << (at % 8)
    assert.throws(() => verifyToken(changed, own), { name: 'AttestationError' }, `byte ${at}`)
  }
})

function keyOfAnother(): Uint8Array {
  const key = new Uint8Array(65)
  new TestEngines(1, new Uint8Array(32).fill(0x21)).devicePublicKey(key)
  return key
}
