/**
 * The audit log. An entry is written before the change is acknowledged; entries of an account are
 * written one after another, also by several servers, because each holds the account's row meanwhile.
 *
 * What somebody means to change is noted before it is done, and its entry takes the place of that. So
 * whenever a server is gone in between, what it leaves is found, and has an entry that says so.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AuditEntry, auditText, unfinished } from '@microvisor/api'
import { and, asc, desc, eq, gt, inArray, lte, notInArray, type SQL, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { sha256Hex } from '../keys/engines.ts'
import type { Database, OpenDatabase, Transaction } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { audit, auditIntents } from '../storage/schema.ts'

export type AuditRow = typeof audit.$inferSelect
type IntentRow = typeof auditIntents.$inferSelect
type Entry = z.output<typeof AuditEntry>

/** Something that was done. */
export interface Deed {
  readonly accountSid: string
  /** SID of who did it. */
  readonly actor: string
  readonly address: string
  readonly requestId: string
  /** Operation id of the route, or a word for what the server did. */
  readonly action: string
  /** Path of what was changed. */
  readonly object: string
  /** As the API shows it; undefined: not there. */
  readonly before?: unknown
  readonly after?: unknown
}

/** Entries that wait for the database, and how long from one attempt to the next. */
const OWED_MAX = 10_000
const OWED_RETRY_MS = 500
/** What is meant for so long has no server any more that does it; how often that is looked for. */
const UNFINISHED_MS = 5 * 60_000
const UNFINISHED_LOOK_MS = 60_000
/** Entries read at once while verifying. */
const BATCH = 1000

export class Audit {
  readonly #db: Database
  readonly #deeds = new Gatherer((all: readonly Deed[]) => this.#write(all), { pauses: false })
  readonly #intents = new Gatherer((all: readonly Deed[]) => this.#announce(all), { pauses: false })
  readonly #dropped = new Gatherer((all: readonly string[]) => this.#drop(all), { pauses: false })
  /** Ids of requests that this server is about. */
  readonly #doing = new Set<string>()
  readonly #look: NodeJS.Timeout

  /** Done, while the database could not be written to. */
  #owed: Deed[] = []
  /** Ids of requests that failed, and of those that were refused: what they meant is still noted. */
  readonly #failed = new Set<string>()
  readonly #refused = new Set<string>()
  #paying: Promise<void> | undefined
  readonly #closing = new AbortController()

  private constructor(db: Database) {
    this.#db = db
    const look = () => this.#settleOld(UNFINISHED_MS).catch(() => undefined)
    this.#look = setInterval(look, UNFINISHED_LOOK_MS).unref()
  }

  /** Of a database that nobody else uses, whatever is found there unfinished will stay so. */
  static async open({ db, isShared }: Pick<OpenDatabase, 'db' | 'isShared'>): Promise<Audit> {
    const log = new Audit(db)
    await log.#settleOld(isShared ? UNFINISHED_MS : 0)
    return log
  }

  /**
   * Does what `meant` says, noted before and in the log after. `done`: what it turns out to have been. Throws
   * what `work` throws; `isRefusal` tells what of that means that nothing was done.
   */
  async record<T>(
    meant: Deed,
    work: () => Promise<T>,
    done: (result: T) => Promise<Deed>,
    isRefusal: (error: unknown) => boolean,
  ): Promise<T> {
    const { requestId } = meant
    const owing = (to: Set<string>) => (error: unknown) => {
      this.#owe(to, requestId)
      throw error
    }
    this.#doing.add(requestId)
    try {
      // It may be noted all the same.
      await this.#intents.ask(meant).catch(owing(this.#refused))
      const result = await work().catch(async (error: unknown) => {
        if (!isRefusal(error)) return owing(this.#failed)(error)
        await this.#dropped.ask(requestId).catch(() => this.#owe(this.#refused, requestId))
        throw error
      })
      const deed = await done(result).catch(owing(this.#failed))
      await this.append(deed)
      return result
    } finally {
      this.#doing.delete(requestId)
    }
  }

  #owe(to: Set<string>, requestId: string): void {
    if (to.size < OWED_MAX) to.add(requestId)
    this.#paying ??= this.#pay()
  }

  /**
   * Durable once it resolves. Where it throws the deed is not acknowledged, but may have been done just
   * before the database went away: its entry follows as soon as that is back.
   */
  async append(deed: Deed): Promise<void> {
    try {
      await this.#deeds.ask(deed)
    } catch (error) {
      if (this.#owed.length < OWED_MAX) this.#owed.push(deed)
      this.#paying ??= this.#pay()
      throw error
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#look)
    this.#closing.abort()
    await this.#paying
  }

  async #pay(): Promise<void> {
    const { signal } = this.#closing
    const owes = () => this.#owed.length + this.#refused.size + this.#failed.size > 0
    while (owes() && !signal.aborted) {
      await sleep(OWED_RETRY_MS, undefined, { signal }).catch(() => undefined)
      await this.#payAll().catch(() => undefined)
    }
    this.#paying = undefined
  }

  /** In this order: what was done is not unfinished. */
  async #payAll(): Promise<void> {
    const due = this.#owed.slice()
    if (due.length > 0) await this.#writeMissing(due)
    this.#owed = this.#owed.slice(due.length)
    const refused = [...this.#refused]
    if (refused.length > 0) await this.#drop(refused)
    for (const id of refused) this.#refused.delete(id)
    const failed = [...this.#failed]
    if (failed.length > 0) await this.#settle(inArray(auditIntents.requestId, failed))
    for (const id of failed) this.#failed.delete(id)
  }

  /** What failed may have been written all the same, if the connection was lost at the end of it. */
  async #writeMissing(deeds: readonly Deed[]): Promise<void> {
    const ids = deeds.map(({ requestId }) => requestId)
    const known = await this.#db
      .select({ requestId: audit.requestId, action: audit.action })
      .from(audit)
      .where(inArray(audit.requestId, ids))
    const keys = new Set(known.map(keyOf))
    const missing = deeds.filter((deed) => !keys.has(keyOf(deed)))
    if (missing.length > 0) await this.#write(missing)
  }

  async #announce(all: readonly Deed[]): Promise<undefined[]> {
    const at = new Date()
    const rows = all.map(({ before, after: _, ...facts }) => ({
      ...facts,
      at,
      before: text(before),
    }))
    await this.#db.insert(auditIntents).values(rows)
    return all.map(() => undefined)
  }

  async #drop(requestIds: readonly string[]): Promise<undefined[]> {
    await this.#db.delete(auditIntents).where(inArray(auditIntents.requestId, [...requestIds]))
    return requestIds.map(() => undefined)
  }

  /** What was done at the same time is one transaction, in the order in which it came. */
  async #write(all: readonly Deed[]): Promise<undefined[]> {
    const rows = all.map(({ before, after, ...facts }) => ({
      ...{ ...facts, before: text(before), after: text(after) },
    }))
    const requestIds = all.map(({ requestId }) => requestId)
    // By SID, so that no two servers wait for each other's accounts.
    const byAccount = [...Map.groupBy(rows, ({ accountSid }) => accountSid)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )
    await this.#db.transaction(async (tx) => {
      for (const [accountSid, some] of byAccount) await extend(tx, accountSid, async () => some)
      await tx.delete(auditIntents).where(inArray(auditIntents.requestId, requestIds))
    })
    return all.map(() => undefined)
  }

  /** Entries for what was meant so long ago, and which nobody does any more. */
  #settleOld(agoMs: number): Promise<void> {
    const known = [...this.#doing, ...this.#owed.map(idOf), ...this.#refused]
    const isOld = lte(auditIntents.at, new Date(Date.now() - agoMs))
    return this.#settle(and(isOld, notInArray(auditIntents.requestId, known)))
  }

  async #settle(isLeft: SQL | undefined): Promise<void> {
    const left = await this.#db
      .selectDistinct({ accountSid: auditIntents.accountSid })
      .from(auditIntents)
      .where(isLeft)
    for (const { accountSid } of left)
      await this.#db.transaction((tx) =>
        extend(tx, accountSid, async () => {
          const rows = await tx
            .delete(auditIntents)
            .where(and(isLeft, eq(auditIntents.accountSid, accountSid)))
            .returning()
          rows.sort((a, b) => a.at.getTime() - b.at.getTime())
          return rows.map(({ at: _, ...facts }: IntentRow) => ({
            ...{ ...facts, after: text(unfinished) },
          }))
        }),
      )
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<AuditRow>> {
    return readPage(request, audit, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(audit).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async verify(accountSid: string) {
    let last = { number: 0, hash: '' }
    for (;;) {
      const rows = await this.#db
        .select()
        .from(audit)
        .where(and(eq(audit.accountSid, accountSid), gt(audit.number, last.number)))
        .orderBy(asc(audit.number))
        .limit(BATCH)
      for (const row of rows) {
        if (row.number !== last.number + 1 || row.hash !== hashOf(last.hash, row))
          return { entries: last.number, intact: false, broken_at: row.number, last_hash: null }
        last = row
      }
      if (rows.length < BATCH) break
    }
    const { number, hash } = last
    return {
      entries: number,
      intact: true,
      broken_at: null,
      last_hash: hash === '' ? null : `sha256:${hash}`,
    }
  }
}

const keyOf = ({ requestId, action }: Pick<Deed, 'requestId' | 'action'>) =>
  `${requestId} ${action}`

const idOf = ({ requestId }: Deed) => requestId

type NewEntry = Omit<AuditRow, 'seq' | 'number' | 'at' | 'hash'>

/** Entries of one account behind those that there are; `find` is asked once nobody else can write any. */
async function extend(
  tx: Transaction,
  accountSid: string,
  find: () => Promise<readonly NewEntry[]>,
): Promise<void> {
  await tx.execute(sql`SELECT 1 FROM accounts WHERE sid = ${accountSid} FOR UPDATE`)
  const entries = await find()
  if (entries.length === 0) return
  const [last] = await tx
    .select({ number: audit.number, hash: audit.hash })
    .from(audit)
    .where(eq(audit.accountSid, accountSid))
    .orderBy(desc(audit.number))
    .limit(1)
  await tx.insert(audit).values(chained(entries, last ?? { number: 0, hash: '' }))
}

/** Each entry's hash is over the one before. */
function chained(entries: readonly NewEntry[], last: { number: number; hash: string }) {
  const at = new Date()
  let { number, hash } = last
  return entries.map((entry) => {
    const row = { ...entry, number: ++number, at }
    hash = hashOf(hash, row)
    return { ...row, hash }
  })
}

/** As the log keeps what was there; empty: nothing. */
function text(shown: unknown): string {
  return shown === undefined ? '' : JSON.stringify(shown)
}

export function showEntry(row: AuditRow): Entry {
  return { account_sid: row.accountSid, ...factsOf(row), hash: `sha256:${row.hash}` }
}

function hashOf(previous: string, row: Omit<AuditRow, 'hash' | 'seq'>): string {
  return sha256Hex(auditText(previous, factsOf(row)))
}

function factsOf(row: Omit<AuditRow, 'hash' | 'seq'>) {
  const { number, at, actor, address, requestId, action, object, before, after } = row
  const timestamp = at.toISOString()
  return { number, timestamp, actor, address, request_id: requestId, action, object, before, after }
}
