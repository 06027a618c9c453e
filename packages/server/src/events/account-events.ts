/**
 * The account's sequence of events, in the database.
 *
 *   (1) An account's numbers have no gaps and become visible in their order: whoever writes holds the
 *       account's counter until the end of its transaction, and takes it last of all locks.
 *   (2) An event is there exactly if what it tells of is: `record` writes both in one transaction.
 *       Connections come and go in their thousands; `append` writes those in batches, and what it has
 *       not written yet is lost with the process.
 *   (3) An event's deliveries to webhooks are written with it, so no two servers make them twice.
 *   (4) Only the newest events are kept.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AccountEvent, type EventType, eventTypesOf } from '@microvisor/api'
import { and, asc, eq, gt, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { Limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import type { Database, Transaction } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { accountEventNumbers, accountEvents } from '../storage/schema.ts'
import { addDeliveries } from '../webhooks/outbox.ts'
import { type Bus, eventNotices } from './bus.ts'

/** What happened, before it has a number. */
export interface NewEvent {
  readonly accountSid: string
  readonly deviceSid: string | null
  readonly type: EventType
  readonly timestamp: string
  readonly text: string
  readonly data?: Readonly<Record<string, unknown>>
}

export interface EventFilter {
  readonly deviceSid?: string | undefined
  /** Patterns. */
  readonly types?: readonly string[] | undefined
}

type EventRow = typeof accountEvents.$inferSelect

interface Parts {
  readonly db: Database
  readonly bus: Bus
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'eventsLost'>
  readonly limits: Pick<Limits, 'eventsKept' | 'eventsUnwritten'>
  /** There is something to post to webhooks. */
  readonly onDeliveries: () => void
}

/** Rows of one statement. */
const BATCH = 500
/** The oldest are removed once for so many new ones. */
const PRUNE_EVERY = 1000
const RETRY_MS = 1000
/** From one batch of those that come and go to the next. */
const BATCH_MS = 100

export class AccountEvents {
  readonly #parts: Parts
  #waiting: NewEvent[] = []
  #writing: Promise<void> | undefined
  #lastBatchAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Soon, together with others. */
  append(event: NewEvent): void {
    this.#waiting.push(event)
    if (this.#waiting.length > this.#parts.limits.eventsUnwritten) {
      this.#waiting.shift()
      this.#parts.metrics.eventsLost(1)
    }
    this.#writing ??= this.#writeWaiting().finally(() => {
      this.#writing = undefined
    })
  }

  /** Does work, and writes the events that tell of it: both or neither. */
  async record<T>(
    work: (tx: Transaction) => Promise<{ result: T; events: readonly NewEvent[] }>,
  ): Promise<T> {
    const { result, events, deliveries } = await this.#parts.db.transaction(async (tx) => {
      const done = await work(tx)
      return { ...done, deliveries: await this.#write(tx, done.events) }
    })
    this.#announce(events)
    if (deliveries > 0) this.#parts.onDeliveries()
    return result
  }

  list(
    accountSid: string,
    request: PageRequest,
    filter: EventFilter,
  ): Promise<PageOf<AccountEvent>> {
    const found = readPage(request, accountEvents, accountSid, ({ where, orderBy, limit }) =>
      this.#parts.db
        .select()
        .from(accountEvents)
        .where(and(where, matching(filter)))
        .orderBy(orderBy)
        .limit(limit),
    )
    return found.then((page) => ({ ...page, items: page.items.map(showEvent) }))
  }

  /** Those behind `after`, oldest first, as far as they are kept; and from where to read on. */
  async read(accountSid: string, after: number, filter: EventFilter, limit: number) {
    const { db } = this.#parts
    const last = await this.last(accountSid)
    const own = eq(accountEvents.accountSid, accountSid)
    const rows = await db
      .select()
      .from(accountEvents)
      .where(and(own, gt(accountEvents.seq, after), lte(accountEvents.seq, last), matching(filter)))
      .orderBy(asc(accountEvents.seq))
      .limit(limit)
    const upTo = rows.length < limit ? Math.max(last, after) : (rows.at(-1)?.seq ?? after)
    return { events: rows.map(showEvent), upTo }
  }

  /** The number of the newest event; 0: there was none. */
  async last(accountSid: string): Promise<number> {
    const [row] = await this.#parts.db
      .select({ last: accountEventNumbers.last })
      .from(accountEventNumbers)
      .where(eq(accountEventNumbers.accountSid, accountSid))
    return row?.last ?? 0
  }

  /** The number of the oldest event that is kept; one more than the newest if none is. */
  async oldest(accountSid: string): Promise<number> {
    const [row] = await this.#parts.db
      .select({ seq: accountEvents.seq })
      .from(accountEvents)
      .where(eq(accountEvents.accountSid, accountSid))
      .orderBy(asc(accountEvents.seq))
      .limit(1)
    return row?.seq ?? (await this.last(accountSid)) + 1
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
  }

  async #writeWaiting(): Promise<void> {
    // The next turn of the loop: whatever happens in this one goes together.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const earlyMs = this.#lastBatchAt + BATCH_MS - performance.now()
      if (earlyMs > 0 && !this.#isClosed) await sleep(earlyMs)
      this.#lastBatchAt = performance.now()
      const events = this.#waiting.splice(0, BATCH)
      try {
        await this.record(async () => ({ result: undefined, events }))
      } catch (error) {
        this.#parts.log.warn({ event: 'events not written', events: events.length, err: error })
        if (this.#isClosed) return this.#parts.metrics.eventsLost(events.length)
        this.#waiting.unshift(...events)
        await sleep(RETRY_MS)
      }
    }
  }

  /** Returns how many deliveries were made. */
  async #write(tx: Transaction, events: readonly NewEvent[]): Promise<number> {
    let deliveries = 0
    for (const [accountSid, own] of Map.groupBy(events, (event) => event.accountSid)) {
      const last = await takeNumbers(tx, accountSid, own.length)
      const rows = own.map((event, i) => rowOf(event, last - own.length + 1 + i))
      await tx.insert(accountEvents).values(rows)
      deliveries += await addDeliveries(tx, accountSid, rows.map(showEvent))
      if (last % PRUNE_EVERY < own.length) await this.#prune(tx, accountSid, last)
    }
    return deliveries
  }

  async #prune(tx: Transaction, accountSid: string, last: number): Promise<void> {
    const oldest = last - this.#parts.limits.eventsKept
    const own = eq(accountEvents.accountSid, accountSid)
    await tx.delete(accountEvents).where(and(own, lte(accountEvents.seq, oldest)))
  }

  #announce(events: readonly NewEvent[]): void {
    for (const accountSid of new Set(events.map((event) => event.accountSid)))
      this.#parts.bus.publish(eventNotices(accountSid), { kind: 'written' })
  }
}

/** Takes `count` numbers, and holds the account's counter until the transaction ends; the last one. */
async function takeNumbers(tx: Transaction, accountSid: string, count: number): Promise<number> {
  const [row] = await tx
    .insert(accountEventNumbers)
    .values({ accountSid, last: count })
    .onConflictDoUpdate({
      target: accountEventNumbers.accountSid,
      set: { last: sql`${accountEventNumbers.last} + ${count}` },
    })
    .returning({ last: accountEventNumbers.last })
  return row!.last
}

function rowOf(event: NewEvent, seq: number): EventRow {
  const { accountSid, deviceSid, type, timestamp, text, data = {} } = event
  const body = { type, timestamp, account_sid: accountSid, device_sid: deviceSid, text, data }
  return { accountSid, seq, type, deviceSid, body }
}

function showEvent({ seq, body }: EventRow): AccountEvent {
  const { type, timestamp, account_sid, device_sid, text, data } = body
  return { id: String(seq), type, timestamp, account_sid, device_sid, text, data }
}

function matching({ deviceSid, types }: EventFilter): SQL | undefined {
  return and(
    deviceSid === undefined ? undefined : eq(accountEvents.deviceSid, deviceSid),
    types === undefined ? undefined : inArray(accountEvents.type, eventTypesOf(types)),
  )
}
