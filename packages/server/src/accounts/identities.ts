/**
 * Who is behind a request: an account by its token, an API key by its secret, a user by the token of a
 * session. How often each may
 * come, and how often an address may be wrong, is limited in each server process.
 */
import { allows, Problem, type Route, type Scope } from '@microvisor/api'
import { isSid, parseSid } from '@microvisor/protocol'
import { eq } from 'drizzle-orm'
import type { Credentials } from '../http/credentials.ts'
import type { Database } from '../storage/database.ts'
import { accounts, apiKeys } from '../storage/schema.ts'
import { type RateState, Rates } from './rates.ts'
import { isToken } from './tokens.ts'
import type { Users } from './users.ts'

/** Who is behind a request. */
export interface Caller {
  readonly accountSid: string
  /** SID of the account, key or user that acts. */
  readonly actor: string
  readonly scopes: readonly Scope[]
}

export interface IdentityLimits {
  readonly requestsPerSecond: number
  readonly requestBurst: number
  readonly wrongCredentialsPerSecond: number
  readonly wrongCredentialsBurst: number
}

const USE_NOTED_MS = 60_000

export class Identities {
  readonly #db: Database
  readonly #users: Users
  readonly #requests: Rates
  readonly #mistakes: Rates

  constructor(db: Database, users: Users, limits: IdentityLimits) {
    this.#db = db
    this.#users = users
    this.#requests = new Rates(limits.requestsPerSecond, limits.requestBurst)
    this.#mistakes = new Rates(limits.wrongCredentialsPerSecond, limits.wrongCredentialsBurst)
  }

  /** Throws Problem unless user name and password belong together, or the token is a session's. */
  authenticate(shown: Credentials, address: string): Promise<Caller> {
    return this.atARate(address, () => {
      if ('token' in shown) return this.#bySession(shown.token)
      const { user, password } = shown
      return isSid(user, 'SK')
        ? this.#byKey(parseSid(user, 'SK'), password)
        : this.#byAccount(user, password)
    })
  }

  /** Lets an address prove itself, unless it was wrong too often. */
  async atARate<T>(address: string, prove: () => Promise<T>): Promise<T> {
    if (this.#mistakes.waitMs(address) > 0)
      throw new Problem('TOO_MANY_REQUESTS', `Too many wrong credentials came from ${address}.`)
    try {
      return await prove()
    } catch (error) {
      if (error instanceof Problem) this.#mistakes.count(address)
      throw error
    }
  }

  /** Throws Problem if the caller may not do this, or not that often. */
  admit({ actor, scopes }: Caller, route: Pick<Route, 'method' | 'path' | 'scope'>): void {
    if (!allows(scopes, route.scope))
      throw new Problem(
        'SCOPE_MISSING',
        `${route.method} ${route.path} takes the scope ${route.scope}; ${actor} has ${scopes.join(', ')}.`,
      )
    const waitMs = this.#requests.take(actor)
    if (waitMs > 0)
      throw new Problem(
        'TOO_MANY_REQUESTS',
        `${actor} may send its next request in ${waitMs} ms.`,
        {
          retry_after_seconds: Math.ceil(waitMs / 1000),
        },
      )
  }

  /** How much of its rate somebody has left. */
  rateOf({ actor }: Caller): RateState {
    return this.#requests.stateOf(actor)
  }

  async #bySession(token: string): Promise<Caller> {
    const caller = await this.#users.callerOf(token)
    if (caller) return caller
    throw new Problem('CREDENTIALS_WRONG', 'There is no session with this token, or it has ended.')
  }

  async #byAccount(user: string, password: string): Promise<Caller> {
    const sid = isSid(user, 'AC') ? parseSid(user, 'AC') : ''
    const [account] = await this.#db.select().from(accounts).where(eq(accounts.sid, sid)).limit(1)
    if (!isToken(password, account?.authTokenHash) || account === undefined)
      throw new Problem(
        'CREDENTIALS_WRONG',
        sid !== ''
          ? `The Account SID ${user} and the Auth Token sent do not belong together.`
          : 'The user name sent is neither an Account SID (AC and 32 hexadecimal digits) nor that of an API key (SK).',
      )
    return { accountSid: account.sid, actor: account.sid, scopes: ['admin'] }
  }

  async #byKey(sid: string, secret: string): Promise<Caller> {
    const [key] = await this.#db.select().from(apiKeys).where(eq(apiKeys.sid, sid)).limit(1)
    if (!isToken(secret, key?.secretHash) || key === undefined)
      throw new Problem(
        'CREDENTIALS_WRONG',
        `The API key ${sid} and the secret sent do not belong together.`,
      )
    const now = Date.now()
    if (key.expiresAt !== null && key.expiresAt.getTime() <= now)
      throw new Problem('KEY_EXPIRED', `API key ${sid} expired on ${key.expiresAt.toISOString()}.`)
    if (now - (key.usedAt?.getTime() ?? 0) > USE_NOTED_MS)
      await this.#db
        .update(apiKeys)
        .set({ usedAt: new Date(now) })
        .where(eq(apiKeys.sid, sid))
    return { accountSid: key.accountSid, actor: sid, scopes: key.scopes as Scope[] }
  }
}
