/**
 * The chip's crypto engines, on the host's. FIPS 180-4 (SHA-256), FIPS 186-5 (ECDSA over P-256),
 * SP 800-56A (ECDH), FIPS 197 with SP 800-38A and 38D (AES in counter mode and GCM).
 *
 * The device's AES key, which a real chip derives from its root key (SAES, DHUK), comes of its
 * private key here: both are made once and leave the device's folder never.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Engines } from '@microvisor/microvisor'
import { type Digest, isPublicKey, SIGNATURE_BYTES } from '@microvisor/protocol'

/** `deviceKey`: the private half of the pair that the device's certificate names. */
export function engines(random: (into: Uint8Array) => void, deviceKey: KeyObject): Engines {
  const ownKey = deviceAesKey(deviceKey)
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
    devicePublicKey: (into) => into.set(pointOf(deviceKey)),
    signAsDevice: (message, into) =>
      into.set(sign('sha256', message, { key: deviceKey, dsaEncoding: 'ieee-p1363' })),
    agreeAsDevice: (publicKey, into) => agree(deviceKey, publicKey, into),
    agreeOnce(publicKey, own, into) {
      const pair = createECDH('prime256v1')
      pair.setPrivateKey(randomScalar(random))
      own.set(pair.getPublicKey())
      if (publicKeyOf(publicKey) === undefined) return false
      into.set(pair.computeSecret(publicKey))
      return true
    },
    cipher(key, counter, bytes) {
      const secret = key === 'device' ? ownKey : key
      bytes.set(createCipheriv('aes-256-ctr', secret, counter).update(bytes))
    },
    ...gcm,
    random,
  }
}

const gcm: Pick<Engines, 'seal' | 'open'> = {
  seal(key, nonce, aad, plain) {
    const cipher = createCipheriv(gcmName(key), key, nonce).setAAD(aad)
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
    return new Uint8Array(Buffer.concat([sealed, cipher.getAuthTag()]))
  },
  open(key, nonce, aad, sealed) {
    if (sealed.length < TAG_BYTES) return undefined
    const cipher = createDecipheriv(gcmName(key), key, nonce).setAAD(aad)
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    try {
      const plain = cipher.update(sealed.subarray(0, -TAG_BYTES))
      return new Uint8Array(Buffer.concat([plain, cipher.final()]))
    } catch {
      return undefined
    }
  },
}

/** A private key of P-256: the top bit clear keeps it below the order, a bit set keeps it off zero. */
function randomScalar(random: (into: Uint8Array) => void): Uint8Array {
  const scalar = new Uint8Array(32)
  random(scalar)
  scalar[0]! &= 0x7f
  scalar[31]! |= 1
  return scalar
}

const TAG_BYTES = 16

function gcmName(key: Uint8Array): 'aes-128-gcm' | 'aes-256-gcm' {
  return key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
}

function deviceAesKey(deviceKey: KeyObject): Uint8Array {
  const secret = deviceKey.export({ type: 'pkcs8', format: 'der' })
  return new Uint8Array(hkdfSync('sha256', secret, '', 'microvisor device hardware key', 32))
}

/** RFC 5480: the point is the last thing in a P-256 SubjectPublicKeyInfo. */
function pointOf(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-65)
}

function agree(privateKey: KeyObject, point: Uint8Array, into: Uint8Array): boolean {
  const publicKey = publicKeyOf(point)
  if (publicKey === undefined) return false
  into.set(diffieHellman({ privateKey, publicKey }))
  return true
}

/** Undefined for what is no point of the curve. */
function publicKeyOf(point: Uint8Array): KeyObject | undefined {
  if (!isPublicKey(point)) return undefined
  const coordinate = (from: number) =>
    Buffer.from(point.subarray(from, from + 32)).toString('base64url')
  const key = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) }
  try {
    return createPublicKey({ format: 'jwk', key })
  } catch {
    return undefined
  }
}

export const hostDigest: Digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKeyOf(publicKey)
  if (key === undefined || signature.length !== SIGNATURE_BYTES) return false
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}
