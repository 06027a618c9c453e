/** Engines over the host's cryptography, with keys and random numbers that repeat. */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Engines } from '../hardware.ts'

/** A device's own keys: the same on every bench, unless another device is wanted. */
export const ownSecret = new Uint8Array(32).fill(0x37)

/** Random numbers that repeat from a seed; keys that come of `secret`. */
export class TestEngines implements Engines {
  #state: number
  readonly #keys = new Map<string, KeyObject>()
  readonly #secret: Uint8Array
  readonly #aesKey: Uint8Array

  constructor(seed: number, secret: Uint8Array = ownSecret) {
    this.#state = seed | 1
    this.#secret = secret
    this.#aesKey = createHash('sha256').update(secret).digest()
  }

  devicePublicKey(into: Uint8Array): void {
    into.set(pairOf(this.#secret).getPublicKey())
  }

  signAsDevice(message: Uint8Array, into: Uint8Array): void {
    const key = privateKeyOf(this.#secret)
    into.set(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }))
  }

  agreeAsDevice(publicKey: Uint8Array, into: Uint8Array): boolean {
    return agree(this.#secret, publicKey, into)
  }

  agreeOnce(publicKey: Uint8Array, own: Uint8Array, into: Uint8Array): boolean {
    const secret = new Uint8Array(32)
    this.random(secret)
    secret[0]! &= 0x7f
    own.set(pairOf(secret).getPublicKey())
    return agree(secret, publicKey, into)
  }

  cipher(key: Uint8Array | 'device', counter: Uint8Array, bytes: Uint8Array): void {
    const secret = key === 'device' ? this.#aesKey : key
    bytes.set(createCipheriv('aes-256-ctr', secret, counter).update(bytes))
  }

  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
    const cipher = createCipheriv(gcmOf(key), key, nonce).setAAD(aad)
    return new Uint8Array(
      Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
    )
  }

  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array) {
    try {
      const cipher = createDecipheriv(gcmOf(key), key, nonce).setAAD(aad)
      cipher.setAuthTag(sealed.subarray(-16))
      return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]))
    } catch {
      return undefined
    }
  }

  sha256() {
    const hash = createHash('sha256')
    return {
      update: (bytes: Uint8Array) => void hash.update(bytes),
      finish: (into: Uint8Array) => into.set(hash.digest()),
    }
  }

  verifyP256(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    try {
      const key = this.#keyOf(publicKey)
      return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
    } catch {
      return false
    }
  }

  #keyOf(publicKey: Uint8Array): KeyObject {
    const name = Buffer.from(publicKey).toString('base64url')
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const [x = '', y = ''] = [publicKey.slice(1, 33), publicKey.slice(33)].map((part) =>
      Buffer.from(part).toString('base64url'),
    )
    const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    this.#keys.set(name, key)
    return key
  }

  random(into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) {
      this.#state ^= this.#state << 13
      this.#state ^= this.#state >>> 17
      this.#state ^= this.#state << 5
      into[i] = this.#state
    }
  }
}

function gcmOf(key: Uint8Array): 'aes-128-gcm' | 'aes-256-gcm' {
  return key.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm'
}

function pairOf(secret: Uint8Array) {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(secret)
  return pair
}

function privateKeyOf(secret: Uint8Array): KeyObject {
  const point = pairOf(secret).getPublicKey()
  const part = (from: number) => point.subarray(from, from + 32).toString('base64url')
  const d = Buffer.from(secret).toString('base64url')
  const key = { kty: 'EC', crv: 'P-256', x: part(1), y: part(33), d }
  return createPrivateKey({ key, format: 'jwk' })
}

function agree(secret: Uint8Array, publicKey: Uint8Array, into: Uint8Array): boolean {
  try {
    into.set(pairOf(secret).computeSecret(publicKey))
    return true
  } catch {
    return false
  }
}
