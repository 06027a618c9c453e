/** API keys: made, listed, changed and deleted by people; who comes with one stands in `identities.ts`. */
import { randomBytes } from 'node:crypto'
import { Problem, type Scope } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { apiKeys } from '../storage/schema.ts'
import { hashToken, makeToken } from './tokens.ts'

export type ApiKeyRow = typeof apiKeys.$inferSelect

const DAY_MS = 86_400_000

export class ApiKeys {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<ApiKeyRow>> {
    return readPage(request, apiKeys, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(apiKeys).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, sid: string): Promise<ApiKeyRow> {
    const [key] = await this.#db.select().from(apiKeys).where(own(accountSid, sid))
    if (key) return key
    throw missing(sid)
  }

  async create(
    accountSid: string,
    facts: {
      FriendlyName: string
      Scopes: readonly Scope[]
      ExpiresInDays?: number | undefined
    },
  ): Promise<{ key: ApiKeyRow; secret: string }> {
    const sid = makeSid('SK', randomBytes(16))
    const secret = makeToken()
    const { FriendlyName, Scopes, ExpiresInDays: days } = facts
    await this.#db.insert(apiKeys).values({
      sid,
      accountSid,
      friendlyName: FriendlyName,
      scopes: [...new Set(Scopes)],
      secretHash: hashToken(secret),
      expiresAt: days === undefined ? null : new Date(Date.now() + days * DAY_MS),
    })
    return { key: await this.fetch(accountSid, sid), secret }
  }

  async update(
    accountSid: string,
    sid: string,
    change: { FriendlyName?: string | undefined; Scopes?: readonly Scope[] | undefined },
  ): Promise<ApiKeyRow> {
    const { FriendlyName, Scopes } = change
    const [key] = await this.#db
      .update(apiKeys)
      .set({
        updatedAt: new Date(),
        ...(FriendlyName !== undefined && { friendlyName: FriendlyName }),
        ...(Scopes !== undefined && { scopes: [...new Set(Scopes)] }),
      })
      .where(own(accountSid, sid))
      .returning()
    if (key) return key
    throw missing(sid)
  }

  async remove(accountSid: string, sid: string): Promise<void> {
    const gone = await this.#db
      .delete(apiKeys)
      .where(own(accountSid, sid))
      .returning({ sid: apiKeys.sid })
    if (gone.length === 0) throw missing(sid)
  }
}

function own(accountSid: string, sid: string) {
  return and(eq(apiKeys.accountSid, accountSid), eq(apiKeys.sid, sid))
}

function missing(sid: string): Problem {
  return new Problem('API_KEY_NOT_FOUND', `This account has no API key ${sid}.`)
}
