/**
 * The audit log. An entry is written before the change is acknowledged; entries of an account are
 * written one after another, also by several servers, because each holds the account's row meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AuditEntry, auditText } from '@microvisor/api'
import { and, asc, desc, eq, gt, inArray, sql } from 'drizzle-orm'
import type { z } from 'zod'
import { sha256Hex } from '../keys/engines.ts'
import type { Database } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { audit } from '../storage/schema.ts'

export type AuditRow = typeof audit.$inferSelect
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
/** Entries read at once while verifying. */
const BATCH = 1000

export class Audit {
  readonly #db: Database
  readonly #deeds = new Gatherer((all: readonly Deed[]) => this.#write(all), { pauses: false })

  /** Done, while the database could not be written to. */
  #owed: Deed[] = []
  #paying: Promise<void> | undefined
  readonly #closing = new AbortController()

  constructor(db: Database) {
    this.#db = db
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
    this.#closing.abort()
    await this.#paying
  }

  async #pay(): Promise<void> {
    const { signal } = this.#closing
    while (this.#owed.length > 0 && !signal.aborted) {
      await sleep(OWED_RETRY_MS, undefined, { signal }).catch(() => undefined)
      const due = this.#owed.slice()
      await this.#writeMissing(due).then(
        () => {
          this.#owed = this.#owed.slice(due.length)
        },
        () => undefined,
      )
    }
    this.#paying = undefined
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

  /** What was done at the same time is one transaction, in the order in which it came. */
  async #write(all: readonly Deed[]): Promise<undefined[]> {
    const at = new Date()
    // By SID, so that no two servers wait for each other's accounts.
    const byAccount = [...Map.groupBy(all, ({ accountSid }) => accountSid)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )
    await this.#db.transaction(async (tx) => {
      for (const [accountSid, deeds] of byAccount) {
        await tx.execute(sql`SELECT 1 FROM accounts WHERE sid = ${accountSid} FOR UPDATE`)
        const [last] = await tx
          .select({ number: audit.number, hash: audit.hash })
          .from(audit)
          .where(eq(audit.accountSid, accountSid))
          .orderBy(desc(audit.number))
          .limit(1)
        await tx.insert(audit).values(chained(deeds, at, last ?? { number: 0, hash: '' }))
      }
    })
    return all.map(() => undefined)
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

/** Each entry's hash is over the one before. */
function chained(deeds: readonly Deed[], at: Date, last: { number: number; hash: string }) {
  let { number, hash } = last
  return deeds.map((deed) => {
    const { before, after, ...facts } = deed
    const row = {
      ...facts,
      number: ++number,
      at,
      before: before === undefined ? '' : JSON.stringify(before),
      after: after === undefined ? '' : JSON.stringify(after),
    }
    hash = hashOf(hash, row)
    return { ...row, hash }
  })
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
