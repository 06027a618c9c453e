/**
 * The newest lines of each device's log, kept in the database where the settings want some. Lines are
 * written together, a little later; what has not been written is lost with the process, as all lines
 * are where none are kept.
 */
import type { DeviceEvent } from '@microvisor/api'
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { deviceLogLines as lines } from '../storage/schema.ts'

export type LogLineRow = typeof lines.$inferSelect

const WRITE_MS = 200
/** Lines that wait to be written; of more, the oldest are lost. */
const WAITING_MAX = 20_000
const BATCH = 1000

export class LogTail {
  readonly #db: Database
  readonly #log: Logger
  readonly #kept: number
  #waiting: DeviceEvent[] = []
  #writing: Promise<void> | undefined

  /** `kept`: lines of one device; 0: none. */
  constructor(db: Database, log: Logger, kept: number) {
    this.#db = db
    this.#log = log
    this.#kept = kept
  }

  add(event: DeviceEvent): void {
    if (this.#kept === 0 || event.type !== 'app_logging') return
    this.#waiting.push(event)
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift()
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
  }

  list(deviceSid: string, request: PageRequest): Promise<PageOf<LogLineRow>> {
    const columns = { seq: lines.seq, accountSid: lines.deviceSid }
    return readPage(request, columns, deviceSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(lines).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async close(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, WRITE_MS))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      for (const [sid, own] of Map.groupBy(batch, ({ device_sid }) => device_sid))
        await this.#writeOf(sid, own.slice(-this.#kept)).catch((error: unknown) => {
          // A device that was removed meanwhile.
          if (sqlStateOf(error) === SqlState.foreignKeyViolation) return
          this.#log.warn({ event: 'log lines not kept', device: sid, err: error })
        })
    }
  }

  async #writeOf(deviceSid: string, events: readonly DeviceEvent[]): Promise<void> {
    await this.#db.insert(lines).values(
      events.map(({ timestamp, text, dropped = 0 }) => ({
        ...{ deviceSid, at: timestamp, dropped },
        // What PostgreSQL's text cannot hold.
        text: text.replaceAll('\0', '\uFFFD'),
      })),
    )
    const own = eq(lines.deviceSid, deviceSid)
    const oldest = sql`(SELECT ${lines.seq} FROM ${lines} WHERE ${own} ORDER BY ${lines.seq} DESC OFFSET ${this.#kept - 1} LIMIT 1)`
    await this.#db.delete(lines).where(and(own, lt(lines.seq, oldest)))
  }
}
