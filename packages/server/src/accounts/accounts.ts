/**
 * Accounts. The first start makes one account; its credentials are written
 * to `credentials.json` for the owner of the data folder, and the database keeps only a hash.
 *
 * The file comes first: an account without it would be one that nobody can use. Deleting the file
 * makes a new token at the next start, which is how a lost or leaked one is replaced.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isSid, makeSid, parseSid } from '@microvisor/protocol'
import { asc } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { createDurably } from '../storage/durable-file.ts'
import { accounts } from '../storage/schema.ts'
import { UsageError } from '../usage-error.ts'
import { hashToken, makeToken } from './tokens.ts'

export interface Credentials {
  readonly accountSid: string
  readonly authToken: string
}

export class Accounts {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The first account, made or given a new token if there is none, or no file that says it. */
  async openFirst(path: string): Promise<Credentials> {
    const [known] = await this.#db.select().from(accounts).orderBy(asc(accounts.createdAt)).limit(1)
    const had = await readCredentials(path)
    if (had === undefined) {
      const account_sid = known?.sid ?? makeSid('AC', randomBytes(16))
      const content = { account_sid, auth_token: makeToken() }
      await createDurably(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    }
    // Another server that starts at the same time may have been faster.
    const credentials = had ?? (await readCredentials(path))
    if (credentials === undefined) throw new Error(`${path} is gone right after it was written`)
    const { accountSid, authToken } = credentials
    const authTokenHash = hashToken(authToken)
    await this.#db
      .insert(accounts)
      .values({ sid: accountSid, authTokenHash })
      .onConflictDoUpdate({ target: accounts.sid, set: { authTokenHash } })
    return credentials
  }
}

async function readCredentials(path: string): Promise<Credentials | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const { account_sid, auth_token } = parse(text) as Record<string, unknown>
  if (typeof account_sid === 'string' && isSid(account_sid, 'AC') && isToken(auth_token))
    return { accountSid: parseSid(account_sid, 'AC'), authToken: auth_token }
  throw new UsageError(
    'KEYS_UNREADABLE',
    `${path} does not hold an account_sid and an auth_token of 32 characters or more.`,
    'Correct it, or delete it: the next start then makes a new token.',
  )
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 32 && value.length <= 128
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
