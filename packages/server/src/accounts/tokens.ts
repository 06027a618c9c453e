/** Tokens: random texts that open something. The database keeps their hashes, compared in constant time. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 128 random bits, so a plain hash keeps it. */
export function makeToken(): string {
  return randomBytes(16).toString('hex')
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** False for whatever hash there is none of, after the same time. */
export function isToken(token: string, hash: string | undefined): boolean {
  const given = Buffer.from(hashToken(token), 'hex')
  return timingSafeEqual(given, Buffer.from(hash ?? NONE, 'hex')) && hash !== undefined
}

const NONE = '0'.repeat(64)
