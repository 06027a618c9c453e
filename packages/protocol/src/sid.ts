/**
 * SIDs, the names of things in the platform: two letters that say what it is, 32 hexadecimal digits
 * that say which. Digits of either case mean the same SID; it is kept in lower case.
 */
import { toHex } from './hex.ts'

/** What the first two letters of a SID stand for. */
export const sidKinds = {
  AC: 'account',
  SK: 'API key',
  UV: 'device',
  KA: 'app',
  US: 'user',
  SS: 'session',
  WH: 'webhook',
  WD: 'delivery',
  RO: 'roll-out',
} as const

export type SidPrefix = keyof typeof sidKinds
export type Sid<Prefix extends SidPrefix = SidPrefix> = `${Prefix}${string}`

/** Characters of a SID. */
export const SID_LENGTH = 34

/** A text that was given as a SID and is none. */
export class SidError extends Error {
  readonly code = 'SID_INVALID'
  override readonly name = 'SidError'
}

/** The SID in its kept form. Throws SidError with what is wrong. */
export function parseSid<Prefix extends SidPrefix>(text: string, prefix: Prefix): Sid<Prefix> {
  const problem = problemOf(text, prefix)
  if (problem !== undefined) throw new SidError(problem)
  return `${prefix}${text.slice(2).toLowerCase()}`
}

/** True if `parseSid` accepts the text. */
export function isSid<Prefix extends SidPrefix>(text: string, prefix: Prefix): text is Sid<Prefix> {
  return problemOf(text, prefix) === undefined
}

/** The SID of 16 bytes, usually random ones. */
export function makeSid<Prefix extends SidPrefix>(prefix: Prefix, bytes: Uint8Array): Sid<Prefix> {
  if (bytes.length !== 16) throw new RangeError(`a SID is made of 16 bytes, not of ${bytes.length}`)
  return `${prefix}${toHex(bytes)}`
}

function problemOf(text: string, prefix: SidPrefix): string | undefined {
  const kind = sidKinds[prefix]
  const shown = `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`
  const form = `The SID of ${/^[aA]/.test(kind) ? 'an' : 'a'} ${kind} is ${prefix} and 32 hexadecimal digits.`
  const own = text.slice(0, 2)
  if (Object.hasOwn(sidKinds, own) && own !== prefix)
    return `${shown} is the SID of another kind of thing (${sidKinds[own as SidPrefix]}). ${form}`
  if (own !== prefix) return `${shown} does not begin with ${prefix}. ${form}`
  if (text.length !== SID_LENGTH)
    return `${shown} has ${text.length} characters instead of ${SID_LENGTH}. ${form}`
  if (!/^[0-9a-fA-F]{32}$/.test(text.slice(2)))
    return `${shown} has characters that are not hexadecimal digits. ${form}`
  return undefined
}
