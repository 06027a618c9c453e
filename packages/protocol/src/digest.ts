/**
 * The cryptography that this package is handed, so that the same rules run over the engines of the
 * chip, of the host, and of a key store.
 */

/** SHA-256 of the parts, one after another. */
export type Digest = (parts: readonly Uint8Array[]) => Uint8Array

/** ECDSA over P-256 with SHA-256 of `message`: r then s, 32 bytes each, big-endian. */
export type Sign = (message: Uint8Array) => Uint8Array

/** True if `signature` is one of `message`. Answers false, and does not throw, for anything malformed. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

export const HASH_BYTES = 32
export const SIGNATURE_BYTES = 64
/** A P-256 public key in X9.62 uncompressed form: 4, X, Y. */
export const PUBLIC_KEY_BYTES = 65

/** True for the form of an uncompressed P-256 point; whether it lies on the curve is not checked. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return bytes.length === PUBLIC_KEY_BYTES && bytes[0] === 4
}

/** True if both hold the same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
