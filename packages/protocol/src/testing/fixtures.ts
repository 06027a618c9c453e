/** What the tests of this package share: the host's cryptography in the shapes of digest.ts, images, mutations. */

import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
} from 'node:crypto'
import fc from 'fast-check'
import { sampled, seed } from '../../../../tools/sampling.ts'
import type { Digest, Sign, Verify } from '../digest.ts'
import type { GcmEngines, HpkeAgreement } from '../hpke.ts'
import type { CounterCipher } from '../layer-cipher.ts'
import { INTERNAL_FLASH_BYTES } from '../limits.ts'

export const sha256: Digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

export const gcmEngines: GcmEngines = {
  digest: sha256,
  seal(key, nonce, aad, plain) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    return new Uint8Array(
      Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
    )
  },
  open(key, nonce, aad, sealed) {
    const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    try {
      cipher.setAuthTag(sealed.subarray(-16))
      return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]))
    } catch {
      return undefined
    }
  },
}

export const counterCipher: CounterCipher = (key, counter, bytes) => {
  bytes.set(createCipheriv('aes-256-ctr', key, counter).update(bytes))
}

/** Somebody who can be sent secrets. */
export function makeReceiver() {
  const pair = createECDH('prime256v1')
  const publicKey = new Uint8Array(pair.generateKeys())
  return {
    publicKey,
    agree: (sender: Uint8Array) => new Uint8Array(pair.computeSecret(sender)),
  }
}

/** What a sender does who has the receiver's public key. */
export function agreeOnce(receiver: Uint8Array): HpkeAgreement {
  const pair = createECDH('prime256v1')
  const sender = new Uint8Array(pair.generateKeys())
  return { sender, receiver, shared: new Uint8Array(pair.computeSecret(receiver)) }
}

export const wholeFlash = { place: 'internal', start: 0, size: INTERNAL_FLASH_BYTES } as const

/** A fresh P-256 key: its public half as a point, and signing with the private one. */
export function makeKey(): { publicKey: Uint8Array; sign: Sign } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([
    Buffer.of(4),
    ...[x, y].map((part) => Buffer.from(part!, 'base64url')),
  ])
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return {
    publicKey: new Uint8Array(point),
    sign: (message) =>
      new Uint8Array(
        sign('sha256', message, { key: createPrivateKey(pem), dsaEncoding: 'ieee-p1363' }),
      ),
  }
}

export const verifyP256: Verify = (publicKey, message, signature) => {
  const part = (from: number) =>
    Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url')
  const key = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: part(1), y: part(33) },
    format: 'jwk',
  })
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** Bytes made from `original` by a few changes: overwritten, inserted, removed, doubled, cut off. */
export function mutationsOf(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.double({ min: 0, max: 1, noNaN: true })
  const change = fc.oneof(
    fc.record({
      kind: fc.constant('overwrite' as const),
      place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      kind: fc.constant('insert' as const),
      place,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    }),
    fc.record({
      kind: fc.constant('remove' as const),
      place,
      count: fc.integer({ min: 1, max: 32 }),
    }),
    fc.record({
      kind: fc.constant('double' as const),
      place,
      count: fc.integer({ min: 1, max: 128 }),
    }),
    fc.record({ kind: fc.constant('cut' as const), place }),
  )
  return fc
    .array(change, { minLength: 1, maxLength: 4 })
    .map((changes) => changes.reduce(apply, original))
}

/** Runs of a property: sampled, or many in the slow tests. */
export const fuzzing = { numRuns: sampled(1500, 100_000), seed }

type Change =
  | { kind: 'overwrite' | 'insert'; place: number; bytes: Uint8Array }
  | { kind: 'remove' | 'double'; place: number; count: number }
  | { kind: 'cut'; place: number }

function apply(bytes: Uint8Array, change: Change): Uint8Array {
  const at = Math.floor(change.place * bytes.length)
  const before = bytes.subarray(0, at)
  switch (change.kind) {
    case 'cut':
      return before.slice()
    case 'insert':
      return join(before, change.bytes, bytes.subarray(at))
    case 'overwrite':
      return join(before, change.bytes, bytes.subarray(at + change.bytes.length))
    case 'remove':
      return join(before, bytes.subarray(at + change.count))
    case 'double':
      return join(before, bytes.subarray(at, at + change.count), bytes.subarray(at))
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
