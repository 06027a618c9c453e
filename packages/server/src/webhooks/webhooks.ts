/** Webhooks as their owners know them: made, changed, given new secrets, deleted. Secrets are sealed. */
import { randomBytes } from 'node:crypto'
import { Problem, WEBHOOKS_MAX } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, count, eq, sql } from 'drizzle-orm'
import type { MasterKeys } from '../keys/master-keys.ts'
import { type Egress, EgressError } from '../managed/egress.ts'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { accounts, webhooks } from '../storage/schema.ts'
import { makeSecret } from './signature.ts'

export type WebhookRow = typeof webhooks.$inferSelect

const HOUR_MS = 3_600_000
const CHECK_MS = 5000

export interface WebhookChange {
  readonly TargetUrl?: string | undefined
  readonly Events?: string[] | undefined
  readonly FriendlyName?: string | undefined
  readonly Enabled?: boolean | undefined
}

interface Parts {
  readonly db: Database
  readonly masterKeys: MasterKeys
  readonly egress: Pick<Egress, 'check'>
}

export class Webhooks {
  readonly #db: Database
  readonly #masterKeys: MasterKeys
  readonly #egress: Parts['egress']

  constructor({ db, masterKeys, egress }: Parts) {
    this.#db = db
    this.#masterKeys = masterKeys
    this.#egress = egress
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<WebhookRow>> {
    return readPage(request, webhooks, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(webhooks).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, sid: string): Promise<WebhookRow> {
    const [webhook] = await this.#db.select().from(webhooks).where(own(accountSid, sid))
    if (webhook) return webhook
    throw missing(sid)
  }

  async create(
    accountSid: string,
    facts: { TargetUrl: string; Events: string[]; FriendlyName: string },
  ): Promise<{ webhook: WebhookRow; secret: string }> {
    await this.#checkTarget(facts.TargetUrl)
    const sid = makeSid('WH', randomBytes(16))
    const secret = makeSecret()
    await this.#db.transaction(async (tx) => {
      // One at a time, so that the limit holds.
      await tx.execute(sql`SELECT 1 FROM ${accounts} WHERE sid = ${accountSid} FOR UPDATE`)
      const isOwn = eq(webhooks.accountSid, accountSid)
      const [held] = await tx.select({ webhooks: count() }).from(webhooks).where(isOwn)
      if ((held?.webhooks ?? 0) >= WEBHOOKS_MAX)
        throw new Problem('WEBHOOKS_TOO_MANY', `This account has ${WEBHOOKS_MAX} webhooks.`)
      await tx.insert(webhooks).values({
        sid,
        accountSid,
        friendlyName: facts.FriendlyName,
        url: facts.TargetUrl,
        events: facts.Events,
        secret: this.#masterKeys.seal(secret, purposeOf(sid)),
      })
    })
    return { webhook: await this.fetch(accountSid, sid), secret }
  }

  async update(accountSid: string, sid: string, change: WebhookChange): Promise<WebhookRow> {
    const { TargetUrl, Events, FriendlyName, Enabled } = change
    await this.fetch(accountSid, sid)
    if (TargetUrl !== undefined) await this.#checkTarget(TargetUrl)
    await this.#db
      .update(webhooks)
      .set({
        updatedAt: new Date(),
        ...(TargetUrl !== undefined && { url: TargetUrl, failures: 0, lastError: null }),
        ...(Events !== undefined && { events: Events }),
        ...(FriendlyName !== undefined && { friendlyName: FriendlyName }),
        ...(Enabled !== undefined && { enabled: Enabled, failures: 0, lastError: null }),
      })
      .where(own(accountSid, sid))
    return this.fetch(accountSid, sid)
  }

  async remove(accountSid: string, sid: string): Promise<void> {
    const gone = await this.#db.delete(webhooks).where(own(accountSid, sid)).returning()
    if (gone.length === 0) throw missing(sid)
  }

  async rotate(
    accountSid: string,
    sid: string,
    overlapHours: number,
  ): Promise<{ webhook: WebhookRow; secret: string }> {
    const { secret: previous } = await this.fetch(accountSid, sid)
    const secret = makeSecret()
    const isOverlapping = overlapHours > 0
    await this.#db
      .update(webhooks)
      .set({
        updatedAt: new Date(),
        secret: this.#masterKeys.seal(secret, purposeOf(sid)),
        previousSecret: isOverlapping ? previous : null,
        previousSecretExpiresAt: isOverlapping
          ? new Date(Date.now() + overlapHours * HOUR_MS)
          : null,
      })
      .where(own(accountSid, sid))
    return { webhook: await this.fetch(accountSid, sid), secret }
  }

  /** What signs now: the newest first. */
  async secretsOf(webhook: WebhookRow): Promise<string[]> {
    const { sid, secret, previousSecret, previousSecretExpiresAt } = webhook
    const isOver = (previousSecretExpiresAt?.getTime() ?? 0) <= Date.now()
    const sealed = [secret, ...(previousSecret === null || isOver ? [] : [previousSecret])]
    return Promise.all(sealed.map((text) => this.#masterKeys.open(text, purposeOf(sid))))
  }

  /** Seals what is under an older master key anew. */
  async resealAll(): Promise<number> {
    let resealed = 0
    for (const row of await this.#db.select().from(webhooks)) {
      const { sid, secret, previousSecret } = row
      const isOld = [secret, previousSecret].some((one) => one && !this.#masterKeys.isCurrent(one))
      if (!isOld) continue
      const anew = async (text: string) =>
        this.#masterKeys.seal(await this.#masterKeys.open(text, purposeOf(sid)), purposeOf(sid))
      await this.#db
        .update(webhooks)
        .set({
          secret: await anew(secret),
          previousSecret: previousSecret && (await anew(previousSecret)),
        })
        .where(and(eq(webhooks.sid, sid), eq(webhooks.secret, secret)))
      resealed++
    }
    return resealed
  }

  /** A name that is not known yet may become so; one that leads inside is refused at once. */
  async #checkTarget(target: string): Promise<void> {
    const { hostname, port } = new URL(target)
    const host = hostname.replace(/^\[|\]$/g, '')
    const signal = AbortSignal.timeout(CHECK_MS)
    try {
      await this.#egress.check({ host, port: Number(port) || 443, signal })
    } catch (error) {
      if (error instanceof EgressError && error.code === 'REFUSED')
        throw new Problem('WEBHOOK_TARGET_REFUSED', `${target}: ${error.message}`)
    }
  }
}

function own(accountSid: string, sid: string) {
  return and(eq(webhooks.accountSid, accountSid), eq(webhooks.sid, sid))
}

function purposeOf(sid: string): string {
  return `secret of webhook ${sid}`
}

function missing(sid: string): Problem {
  return new Problem('WEBHOOK_NOT_FOUND', `This account has no webhook ${sid}.`)
}
