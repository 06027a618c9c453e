/** Attestations for people, and verified without a server: by the device CA alone. */
import { createPublicKey, verify as verifyWith, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Attestation } from '@microvisor/api'
import {
  AttestationError,
  type Evidence,
  formatWord,
  fromHex,
  openToken,
  toHex,
  type Verify,
  verifyToken,
} from '@microvisor/protocol'
import { usageError } from './errors.ts'
import { facts, table } from './output.ts'

export interface VerifyOptions {
  /** PEM file of the device CA. */
  readonly ca: string
  readonly nonce?: string | undefined
  readonly device?: string | undefined
}

/** Throws AttestationError where the token proves nothing. */
export function verifyAttestation(token: Uint8Array, options: VerifyOptions): Evidence {
  const { certificate } = openToken(token)
  if (certificate === undefined)
    throw new AttestationError('TOKEN_KEY', 'The token has no certificate of its device with it.')
  const device = new X509Certificate(certificate)
  const authority = new X509Certificate(readFileSync(options.ca))
  if (!device.checkIssued(authority) || !device.verify(authority.publicKey))
    throw new AttestationError(
      'TOKEN_KEY',
      `The certificate of ${device.subject} does not go back to ${authority.subject}.`,
    )
  const sid = device.subject.replace(/^CN=/, '')
  if (options.device !== undefined && options.device.toLowerCase() !== sid.toLowerCase())
    throw new AttestationError('TOKEN_DEVICE', `The token is of ${sid}, not of ${options.device}.`)
  return verifyToken(token, {
    publicKey: pointOf(device),
    verify,
    nonce: readNonce(options.nonce),
    deviceSid: sid,
  })
}

export function readNonce(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined
  const nonce = fromHex(text)
  if (nonce !== undefined && nonce.length > 0) return nonce
  throw usageError(`\`${text}\` is no nonce.`, 'give 8 to 64 bytes in hexadecimal.')
}

/** Finds a token in a file: its bytes, or the JSON that the API answers with. */
export function readToken(file: string): Uint8Array {
  const bytes = readFileSync(file)
  if (bytes[0] !== '{'.charCodeAt(0)) return bytes
  const { token } = JSON.parse(bytes.toString('utf8')) as { token?: unknown }
  return Buffer.from(String(token), 'base64url')
}

export function describeAttestation(attestation: Attestation): string {
  const { findings, trusted } = attestation
  const rows = findings.map((finding) => ({ ...finding }))
  return [
    trusted ? 'Everything is as expected.' : 'Not everything is as expected.',
    table(rows, [
      { title: 'PART', value: ({ subject }) => subject },
      { title: 'VERDICT', value: ({ verdict }) => verdict },
      { title: 'WHY', value: ({ detail }) => detail },
    ]),
  ].join('\n')
}

export function describeEvidence(evidence: Evidence): string {
  const { boot, kernel, application } = evidence
  const lines = facts([
    ['device', evidence.deviceSid],
    ['type', evidence.deviceType],
    ['made', evidence.issuedAtSeconds && new Date(evidence.issuedAtSeconds * 1000).toISOString()],
    ['nonce', toHex(evidence.nonce)],
    [
      'debug port',
      ['enabled', 'disabled', 'disabled since boot', 'disabled for good'][evidence.debugStatus],
    ],
    ['boot', `${toHex(boot.measurement)}, ${boot.isHidden ? 'hidden' : 'NOT hidden'}`],
    [
      'kernel',
      `${kernel.versionText}, ${kernel.state}, ratchet ${kernel.securityRatchet} (device ${boot.deviceRatchet})`,
    ],
    ['kernel manifest', toHex(kernel.manifestHash)],
    [
      'application',
      application &&
        `${application.state}, ${application.isIntact ? 'intact' : 'CHANGED'}, debugger ${application.debugger}`,
    ],
    ['its manifest', application && toHex(application.manifestHash)],
  ])
  if (application === undefined) return lines
  const layers = table(
    [...application.layers],
    [
      { title: 'LAYER', value: ({ place, start }) => `${place} ${formatWord(start)}` },
      { title: 'BYTES', value: ({ size }) => size },
      { title: 'SHA-256', value: ({ hash }) => toHex(hash) },
    ],
  )
  return `${lines}\n${layers}`
}

/** For machines: bytes in hexadecimal. */
export function evidenceAsJson(evidence: Evidence): unknown {
  return JSON.parse(
    JSON.stringify(evidence, (_, value) => (value instanceof Uint8Array ? toHex(value) : value)),
  )
}

const verify: Verify = (publicKey, message, signature) => {
  const coordinate = (from: number) =>
    Buffer.from(publicKey.subarray(from, from + 32)).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33) }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verifyWith('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function pointOf({ publicKey }: X509Certificate): Uint8Array {
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinates = [x, y].map((part) => Buffer.from(part, 'base64url'))
  return new Uint8Array(Buffer.concat([Buffer.of(4), ...coordinates]))
}
