/**
 * Attestations: an Entity Attestation Token (RFC 9711) in which a device answers a nonce with
 * measurements of all that runs on it, signed by its own key. claims.ts has what each claim means.
 *
 * Whoever verifies has to have the device's public key from somewhere it trusts, such as a certificate
 * that goes back to the device CA; a key beside the token proves nothing.
 */
import { equalBytes, type Verify } from '../digest.ts'
import { TOKEN_BYTES_MAX } from '../limits.ts'
import { AttestationError, type AttestationErrorCode, malformed } from './attestation-error.ts'
import { encodeCbor } from './cbor.ts'
import type { Evidence } from './evidence.ts'
import { readEvidence } from './read-evidence.ts'
import { decodeSign1, makeSign1, type Sign1, signedMessage } from './sign1.ts'
import { claimsOf } from './write-evidence.ts'

export interface TokenSigner {
  /** 8 bytes: the receiver id of the device's key (key-ids.ts). */
  readonly keyId: Uint8Array
  /** r then s, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

export function makeToken(evidence: Evidence, signer: TokenSigner): Uint8Array {
  return makeSign1(encodeCbor(claimsOf(evidence)), signer.keyId, (message) => signer.sign(message))
}

export interface ExpectedToken {
  /** P-256, X9.62 uncompressed. */
  readonly publicKey: Uint8Array
  readonly verify: Verify
  /** None: whatever it answers. */
  readonly nonce?: Uint8Array | undefined
  readonly deviceSid?: string | undefined
}

/** What the token says, once it is proven to be that device's. Throws AttestationError. */
export function verifyToken(token: Uint8Array, expected: ExpectedToken): Evidence {
  const sign1 = openToken(token)
  if (!expected.verify(expected.publicKey, signedMessage(sign1), sign1.signature))
    refuse('TOKEN_SIGNATURE', "The token's signature is not by this key over this content.")
  const evidence = readEvidence(sign1.payload)
  if (expected.nonce !== undefined && !equalBytes(evidence.nonce, expected.nonce))
    refuse('TOKEN_NONCE', 'The token answers another nonce than the one that was sent.')
  if (expected.deviceSid !== undefined && evidence.deviceSid !== expected.deviceSid)
    refuse('TOKEN_DEVICE', `The token is of ${evidence.deviceSid}, not of ${expected.deviceSid}.`)
  return evidence
}

/** What the token says, for who has verified it before. Throws AttestationError. */
export function openEvidence(token: Uint8Array): Evidence {
  return readEvidence(openToken(token).payload)
}

/** The parts of a token, unverified. Throws AttestationError. */
export function openToken(token: Uint8Array): Sign1 {
  if (token.length > TOKEN_BYTES_MAX)
    refuse('TOKEN_MALFORMED', `A token of ${token.length} bytes is longer than ${TOKEN_BYTES_MAX}.`)
  const sign1 = decodeSign1(token)
  if (typeof sign1 === 'string') throw malformed(sign1)
  return sign1
}

function refuse(code: AttestationErrorCode, message: string): never {
  throw new AttestationError(code, message)
}
