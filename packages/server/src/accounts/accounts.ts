/**
 * Accounts and who may act for them. The first start makes one account; its credentials are written
 * to `credentials.json` for the owner of the data folder, and the database keeps only a hash.
 *
 * The file comes first: an account without it would be one that nobody can use. Deleting the file
 * makes a new token at the next start, which is how a lost or leaked one is replaced.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Problem } from '@microvisor/api'
import { isSid, makeSid, parseSid } from '@microvisor/protocol'
import { asc, eq } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { writeDurably } from '../storage/durable-file.ts'
import { accounts } from '../storage/schema.ts'
import { UsageError } from '../usage-error.ts'

export interface Credentials {
  readonly accountSid: string
  readonly authToken: string
}

/** Who is behind a request. */
export interface Caller {
  readonly accountSid: string
}

export class Accounts {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Throws Problem unless user name and password are an account's. */
  async authenticate(user: string, password: string): Promise<Caller> {
    const sid = isSid(user, 'AC') ? parseSid(user, 'AC') : ''
    const [account] = await this.#db.select().from(accounts).where(eq(accounts.sid, sid)).limit(1)
    // Compared even without an account, so that the time says nothing about which exist.
    const isRight = timingSafeEqual(
      hash(password),
      Buffer.from(account?.authTokenHash ?? NONE, 'hex'),
    )
    if (account === undefined || !isRight)
      throw new Problem(
        'CREDENTIALS_WRONG',
        sid !== ''
          ? `The Account SID ${user} and the Auth Token sent do not belong together.`
          : 'The user name sent is not an Account SID (AC and 32 hexadecimal digits).',
      )
    return { accountSid: account.sid }
  }

  /** The first account, made or given a new token if there is none, or no file that says it. */
  async openFirst(path: string): Promise<Credentials> {
    const [known] = await this.#db.select().from(accounts).orderBy(asc(accounts.createdAt)).limit(1)
    const credentials = (await readCredentials(path)) ?? {
      accountSid: known?.sid ?? makeSid('AC', randomBytes(16)),
      authToken: randomBytes(16).toString('hex'),
    }
    const { accountSid, authToken } = credentials
    const content = { account_sid: accountSid, auth_token: authToken }
    await writeDurably(path, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
    const authTokenHash = hash(authToken).toString('hex')
    await this.#db
      .insert(accounts)
      .values({ sid: accountSid, authTokenHash })
      .onConflictDoUpdate({ target: accounts.sid, set: { authTokenHash } })
    return credentials
  }
}

/** A token has 128 random bits, so a plain hash keeps it. */
function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

const NONE = '0'.repeat(64)

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
