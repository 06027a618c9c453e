/** The chip's crypto engines, on the host's. FIPS 180-4 (SHA-256), FIPS 186-5 (ECDSA over P-256). */
import { createHash, createPublicKey, verify } from 'node:crypto'
import type { Engines } from '@microvisor/microvisor'
import { type Digest, isPublicKey, SIGNATURE_BYTES } from '@microvisor/protocol'

export function engines(random: (into: Uint8Array) => void): Engines {
  return {
    sha256() {
      const hash = createHash('sha256')
      return {
        update: (bytes) => {
          hash.update(bytes)
        },
        finish: (into) => into.set(hash.digest()),
      }
    },
    verifyP256,
    random,
  }
}

export const hostDigest: Digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (!isPublicKey(publicKey) || signature.length !== SIGNATURE_BYTES) return false
  const coordinate = (from: number) =>
    Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url')
  try {
    const key = createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) },
    })
    return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    // Not a point of the curve.
    return false
  }
}
