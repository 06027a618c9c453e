/**
 * Deliveries in the database: which are due, who is at them, what came of them. A server claims what
 * it is about to post for a while; if it dies meanwhile, the claim ends and another goes on. Times are
 * the database's, so servers' clocks do not matter.
 */
import { Problem } from '@microvisor/api'
import { and, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import type { Limits } from '../limits.ts'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { webhookDeliveries as deliveries, webhooks } from '../storage/schema.ts'
import { newDelivery } from './outbox.ts'
import type { Outcome } from './sender.ts'

export type DeliveryRow = typeof deliveries.$inferSelect

/** So that what failed together is not tried together again. */
const JITTER = 0.1
const NOW = sql`now()`
/** Webhooks looked after at once; there are at most so many in an account. */
const WEBHOOKS_AT_ONCE = 256

export class Deliveries {
  readonly #db: Database
  readonly #limits: Limits

  constructor(db: Database, limits: Limits) {
    this.#db = db
    this.#limits = limits
  }

  list(
    webhookSid: string,
    request: PageRequest & { readonly State?: DeliveryRow['state'] | undefined },
  ): Promise<PageOf<DeliveryRow>> {
    const { State } = request
    const columns = { seq: deliveries.seq, accountSid: deliveries.webhookSid }
    const isAsked = State === undefined ? undefined : eq(deliveries.state, State)
    return readPage(request, columns, webhookSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(deliveries).where(and(where, isAsked)).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(webhookSid: string, sid: string): Promise<DeliveryRow> {
    const [row] = await this.#db.select().from(deliveries).where(own(webhookSid, sid))
    if (row) return row
    throw new Problem('DELIVERY_NOT_FOUND', `Webhook ${webhookSid} has no delivery ${sid}.`)
  }

  /** Due now, as if it had not been tried. */
  async renew(webhookSid: string, sid: string): Promise<DeliveryRow> {
    await this.#db
      .update(deliveries)
      .set({ state: 'pending', attempts: 0, nextAt: NOW as unknown as Date, deliveredAt: null })
      .where(own(webhookSid, sid))
    return this.fetch(webhookSid, sid)
  }

  /** A delivery that its maker posts himself. */
  async claimNew(webhookSid: string, type: string, body: string): Promise<DeliveryRow> {
    const row = { ...newDelivery(webhookSid, type), body, attempts: 1, claimedUntil: this.#lease() }
    const [made] = await this.#db
      .insert(deliveries)
      .values(row as never)
      .returning()
    return made!
  }

  /** Which webhooks have something to post now. */
  async due(): Promise<string[]> {
    const rows = await this.#db
      .selectDistinct({ sid: deliveries.webhookSid })
      .from(deliveries)
      .innerJoin(webhooks, eq(webhooks.sid, deliveries.webhookSid))
      .where(and(isDue(), eq(webhooks.enabled, true)))
      .limit(WEBHOOKS_AT_ONCE)
    return rows.map(({ sid }) => sid)
  }

  /** The oldest that are due, no one else's from now on. */
  async claim(webhookSid: string, atMost: number): Promise<DeliveryRow[]> {
    const chosen = this.#db
      .select({ sid: deliveries.sid })
      .from(deliveries)
      .where(and(eq(deliveries.webhookSid, webhookSid), isDue()))
      .orderBy(deliveries.seq)
      .limit(atMost)
      .for('update', { skipLocked: true })
    return this.#db
      .update(deliveries)
      .set({
        claimedUntil: this.#lease() as unknown as Date,
        attempts: sql`${deliveries.attempts} + 1`,
      })
      .where(sql`${deliveries.sid} IN ${chosen}`)
      .returning()
  }

  /** Notes what came of an attempt; `isOnly`: there is no other. */
  async finish(delivery: DeliveryRow, outcome: Outcome, isOnly: boolean): Promise<DeliveryRow> {
    const isTaken = outcome.error === undefined
    const waitS = this.#limits.webhookRetrySeconds[delivery.attempts - 1]
    const state = isTaken ? 'delivered' : isOnly || waitS === undefined ? 'dead' : 'pending'
    const spread = 1 + JITTER * (2 * Math.random() - 1)
    await this.#db.transaction(async (tx) => {
      await tx
        .update(deliveries)
        .set({
          state,
          claimedUntil: null,
          status: outcome.status,
          error: outcome.error ?? null,
          nextAt: sql`now() + make_interval(secs => ${(waitS ?? 0) * spread})`,
          ...(isTaken && { deliveredAt: new Date() }),
        })
        .where(eq(deliveries.sid, delivery.sid))
      await tx
        .update(webhooks)
        .set(
          isTaken
            ? { failures: 0, lastError: null, deliveredAt: new Date() }
            : { failures: sql`${webhooks.failures} + 1`, lastError: outcome.error ?? null },
        )
        .where(eq(webhooks.sid, delivery.webhookSid))
    })
    return this.fetch(delivery.webhookSid, delivery.sid)
  }

  /** It was not tried after all. */
  async release({ sid }: DeliveryRow): Promise<void> {
    await this.#db
      .update(deliveries)
      .set({ claimedUntil: null, attempts: sql`${deliveries.attempts} - 1` })
      .where(eq(deliveries.sid, sid))
  }

  /** Milliseconds until something is due again; undefined: nothing waits. */
  async nextInMs(): Promise<number | undefined> {
    const [row] = await this.#db
      .select({
        seconds: sql<number>`extract(epoch from min(greatest(${deliveries.nextAt}, ${deliveries.claimedUntil})) - now())::float`,
      })
      .from(deliveries)
      .innerJoin(webhooks, eq(webhooks.sid, deliveries.webhookSid))
      .where(and(eq(deliveries.state, 'pending'), eq(webhooks.enabled, true)))
    const seconds = row?.seconds
    return seconds === undefined || seconds === null ? undefined : Number(seconds) * 1000
  }

  /** How many should have been posted a minute ago and were not tried since. */
  async overdue(): Promise<number> {
    const isLate = sql`${deliveries.nextAt} < now() - interval '1 minute'`
    const rows = await this.#db
      .select({ sid: deliveries.sid })
      .from(deliveries)
      .innerJoin(webhooks, eq(webhooks.sid, deliveries.webhookSid))
      // One that failed last is late for reasons of its own.
      .where(and(isDue(), isLate, eq(webhooks.enabled, true), eq(webhooks.failures, 0)))
      .limit(1000)
    return rows.length
  }

  /** Gives up what waits beyond the backlog, and forgets what is done beyond what is kept. */
  async prune(): Promise<void> {
    const { webhookBacklog, webhookDeliveriesKept } = this.#limits
    const all = await this.#db.select({ sid: webhooks.sid }).from(webhooks)
    for (const { sid } of all) {
      const waiting = and(eq(deliveries.webhookSid, sid), eq(deliveries.state, 'pending'))
      const lastWaiting = await this.#seqOf(waiting, webhookBacklog)
      if (lastWaiting !== undefined)
        await this.#db
          .update(deliveries)
          .set({ state: 'dead', error: `more than ${webhookBacklog} were waiting` })
          .where(and(waiting, lt(deliveries.seq, lastWaiting)))
      const done = and(eq(deliveries.webhookSid, sid), sql`${deliveries.state} <> 'pending'`)
      const lastDone = await this.#seqOf(done, webhookDeliveriesKept)
      if (lastDone !== undefined)
        await this.#db.delete(deliveries).where(and(done, lt(deliveries.seq, lastDone)))
    }
  }

  /** Of the newest `kept`, the oldest. */
  async #seqOf(which: SQL | undefined, kept: number): Promise<number | undefined> {
    const [row] = await this.#db
      .select({ seq: deliveries.seq })
      .from(deliveries)
      .where(which)
      .orderBy(desc(deliveries.seq))
      .offset(kept - 1)
      .limit(1)
    return row?.seq
  }

  /** Longer than an attempt may take. */
  #lease(): SQL {
    return sql`now() + make_interval(secs => ${(3 * this.#limits.webhookMs) / 1000})`
  }
}

function isDue(): SQL | undefined {
  return and(
    eq(deliveries.state, 'pending'),
    sql`${deliveries.nextAt} <= now()`,
    sql`(${deliveries.claimedUntil} IS NULL OR ${deliveries.claimedUntil} < now())`,
  )
}

function own(webhookSid: string, sid: string) {
  return and(eq(deliveries.webhookSid, webhookSid), eq(deliveries.sid, sid))
}
