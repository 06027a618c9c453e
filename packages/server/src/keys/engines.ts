/** The host's cryptography in the form that protocol asks for. */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPublicKey,
  verify as verifySync,
  type X509Certificate,
} from 'node:crypto'
import {
  type Digest,
  type GcmEngines,
  type HpkeAgreement,
  isPublicKey,
  type Verify,
} from '@microvisor/protocol'

export const digest: Digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export function sha256Hex(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

export const verify: Verify = (publicKey, message, signature) => {
  if (!isPublicKey(publicKey) || signature.length !== 64) return false
  try {
    const coordinate = (from: number) =>
      Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url')
    const key = createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) },
    })
    return verifySync('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  } catch {
    // A point that is not on the curve.
    return false
  }
}

/** AES-128-GCM, for HPKE. */
export const gcm: GcmEngines = {
  digest,
  seal(key, nonce, aad, plain) {
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, aad, sealed) {
    const cipher = createDecipheriv('aes-128-gcm', key, nonce).setAAD(aad)
    cipher.setAuthTag(sealed.subarray(-16))
    try {
      return Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()])
    } catch {
      return undefined
    }
  },
}

/** With a pair made for this once. Undefined where `receiver` is no point of the curve. */
export function agreeOnce(receiver: Uint8Array): HpkeAgreement | undefined {
  const pair = createECDH('prime256v1')
  const sender = pair.generateKeys()
  try {
    return { sender, receiver, shared: pair.computeSecret(receiver) }
  } catch {
    return undefined
  }
}

/** The P-256 key of a certificate, X9.62 uncompressed. */
export function publicKeyOf({ publicKey }: X509Certificate): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinates = [x, y].map((part) => Buffer.from(part, 'base64url'))
  return new Uint8Array(Buffer.concat([Buffer.of(4), ...coordinates]))
}
