/** HMAC with SHA-256 (RFC 2104) and HKDF with it (RFC 5869), over whatever computes SHA-256. */
import { type Digest, HASH_BYTES } from './digest.ts'
import { joinBytes } from './join-bytes.ts'

const BLOCK_BYTES = 64

export function hmac(digest: Digest, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(key.length > BLOCK_BYTES ? digest([key]) : key)
  const inner = digest([block.map((byte) => byte ^ 0x36), message])
  return digest([block.map((byte) => byte ^ 0x5c), inner])
}

export function hkdfExtract(digest: Digest, salt: Uint8Array, input: Uint8Array): Uint8Array {
  return hmac(digest, salt.length === 0 ? new Uint8Array(HASH_BYTES) : salt, input)
}

/** At most 255 times the length of a hash. */
export function hkdfExpand(
  digest: Digest,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let at = 0, round = 1; at < length; at += HASH_BYTES, round++) {
    block = hmac(digest, key, joinBytes([block, info, Uint8Array.of(round)]))
    output.set(block.subarray(0, Math.min(HASH_BYTES, length - at)), at)
  }
  return output
}
