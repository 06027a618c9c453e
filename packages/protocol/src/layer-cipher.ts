/**
 * Encrypted layers: AES-256 in counter mode, 12 bytes of nonce first.
 *
 *   nonce 12 | content, XORed with the key stream of nonce | counter (32 bits, from 0)
 *
 * Counter mode lets a device decrypt any part by itself, again and again, while it installs. It needs
 * no tag: the manifest, which is signed, has the hash of the ciphertext (`fetch_hash`) and of the
 * content in its region (`measurement_hash`).
 */
export const LAYER_KEY_BYTES = 32
export const LAYER_NONCE_BYTES = 12

/** AES-256-CTR in place, from a counter block of 16 bytes. */
export type CounterCipher = (key: Uint8Array, counter: Uint8Array, bytes: Uint8Array) => void

/** What an encrypted layer of this content is carried as. */
export function encryptLayer(
  cipher: CounterCipher,
  key: Uint8Array,
  nonce: Uint8Array,
  content: Uint8Array,
): Uint8Array {
  const carried = new Uint8Array(LAYER_NONCE_BYTES + content.length)
  carried.set(nonce)
  const body = carried.subarray(LAYER_NONCE_BYTES)
  body.set(content)
  cipher(key, layerCounter(nonce, 0), body)
  return carried
}

/** The content of an encrypted layer. */
export function decryptLayer(
  cipher: CounterCipher,
  key: Uint8Array,
  carried: Uint8Array,
): Uint8Array {
  const content = carried.slice(LAYER_NONCE_BYTES)
  cipher(key, layerCounter(carried.subarray(0, LAYER_NONCE_BYTES), 0), content)
  return content
}

/** The counter block for content from this offset, a multiple of 16. */
export function layerCounter(nonce: Uint8Array, offset: number): Uint8Array {
  const counter = new Uint8Array(16)
  counter.set(nonce)
  new DataView(counter.buffer).setUint32(LAYER_NONCE_BYTES, offset / 16)
  return counter
}
