/** Why a token is not believed. Codes are permanent; `fix` says what to do. */
export const attestationErrors = {
  TOKEN_MALFORMED: 'Take the token as it came: `devices attest` writes it with --out.',
  TOKEN_SIGNATURE: 'Ask the device again; a token that was changed cannot be repaired.',
  TOKEN_KEY: 'Verify with the certificate of the device that has signed it.',
  TOKEN_NONCE: 'Ask the device again with a nonce of your own: this token answers another request.',
  TOKEN_DEVICE: 'Ask the device that is meant: this token is from another one.',
} as const

export type AttestationErrorCode = keyof typeof attestationErrors

export class AttestationError extends Error {
  override readonly name = 'AttestationError'
  readonly code: AttestationErrorCode
  readonly fix: string

  constructor(code: AttestationErrorCode, message: string) {
    super(message)
    this.code = code
    this.fix = attestationErrors[code]
  }
}

export function malformed(why: string): AttestationError {
  return new AttestationError('TOKEN_MALFORMED', `The token cannot be read: ${why}.`)
}
