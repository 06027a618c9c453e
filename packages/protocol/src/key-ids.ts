/**
 * Ids of keys: the first 8 bytes, big-endian, of the SHA-256 over a tag of two bytes and the key. The
 * tag keeps keys of different uses apart; that of signers is the original's, the others are ours.
 */
import type { Digest } from './digest.ts'

export const keyTags = {
  /** Signs manifests: a P-256 public key. */
  signer: 0,
  /** Decrypts layers: an AES-256 key. */
  layer: 1,
  /** Receives layer keys: a P-256 public key. */
  receiver: 2,
} as const

export type KeyUse = keyof typeof keyTags

export function keyIdOf(use: KeyUse, key: Uint8Array, digest: Digest): bigint {
  const hash = digest([Uint8Array.of(0, keyTags[use]), key])
  return hash.subarray(0, 8).reduce((id, byte) => (id << 8n) | BigInt(byte), 0n)
}
