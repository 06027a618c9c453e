/**
 * HPKE, RFC 9180: base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, one message a
 * context. The curve and the cipher are handed in, so that a chip's engines and a host's both serve.
 *
 * It carries layer keys to devices (NewKeys) and crash reports to their readers.
 */
import type { Digest } from './digest.ts'
import { hkdfExpand, hkdfExtract } from './hkdf.ts'
import { joinBytes } from './join-bytes.ts'
import { encodeUtf8 } from './text.ts'

export interface GcmEngines {
  readonly digest: Digest
  /** AES-128-GCM; the tag of 16 bytes follows the ciphertext. */
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array
  /** Undefined if the tag does not fit. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
}

/** One agreement: X coordinate of the shared point, the sender's and the receiver's public keys. */
export interface HpkeAgreement {
  readonly shared: Uint8Array
  readonly sender: Uint8Array
  readonly receiver: Uint8Array
}

/** RFC 9180, section 7: DHKEM(P-256, HKDF-SHA256) is 0x0010, HKDF-SHA256 and AES-128-GCM are 1. */
const KEM_SUITE = Uint8Array.of(0x4b, 0x45, 0x4d, 0x00, 0x10)
const HPKE_SUITE = Uint8Array.of(0x48, 0x50, 0x4b, 0x45, 0x00, 0x10, 0x00, 0x01, 0x00, 0x01)
const MODE_BASE = Uint8Array.of(0)
const NONE = new Uint8Array(0)

/** What the receiver opens; the sender's public key goes beside it. */
export function hpkeSeal(
  engines: GcmEngines,
  agreement: HpkeAgreement,
  info: Uint8Array,
  plain: Uint8Array,
  aad: Uint8Array = NONE,
): Uint8Array {
  const { key, nonce } = schedule(engines.digest, agreement, info)
  return engines.seal(key, nonce, aad, plain)
}

/** Undefined if it was not sealed for this receiver by this sender, or was changed. */
export function hpkeOpen(
  engines: GcmEngines,
  agreement: HpkeAgreement,
  info: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array = NONE,
): Uint8Array | undefined {
  const { key, nonce } = schedule(engines.digest, agreement, info)
  return engines.open(key, nonce, aad, sealed)
}

/** RFC 9180, sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule). */
function schedule(digest: Digest, agreement: HpkeAgreement, info: Uint8Array) {
  const { shared, sender, receiver } = agreement
  const eae = labeledExtract(digest, KEM_SUITE, NONE, 'eae_prk', shared)
  const context = joinBytes([sender, receiver])
  const secret = labeledExpand(digest, KEM_SUITE, eae, 'shared_secret', context, 32)
  const keyContext = joinBytes([
    MODE_BASE,
    labeledExtract(digest, HPKE_SUITE, NONE, 'psk_id_hash', NONE),
    labeledExtract(digest, HPKE_SUITE, NONE, 'info_hash', info),
  ])
  const root = labeledExtract(digest, HPKE_SUITE, secret, 'secret', NONE)
  return {
    key: labeledExpand(digest, HPKE_SUITE, root, 'key', keyContext, 16),
    nonce: labeledExpand(digest, HPKE_SUITE, root, 'base_nonce', keyContext, 12),
  }
}

function labeledExtract(
  digest: Digest,
  suite: Uint8Array,
  salt: Uint8Array,
  label: string,
  input: Uint8Array,
): Uint8Array {
  return hkdfExtract(
    digest,
    salt,
    joinBytes([encodeUtf8('HPKE-v1'), suite, encodeUtf8(label), input]),
  )
}

function labeledExpand(
  digest: Digest,
  suite: Uint8Array,
  key: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const prefix = joinBytes([Uint8Array.of(length >> 8, length & 0xff), encodeUtf8('HPKE-v1')])
  return hkdfExpand(digest, key, joinBytes([prefix, suite, encodeUtf8(label), context]), length)
}
