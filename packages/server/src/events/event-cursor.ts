/**
 * A reader of an account's events: a place in their sequence, which moves on as the reader takes them.
 * Nothing is queued for it, however slow it is; what is no longer kept when it comes there is counted
 * in the next event (`dropped`).
 */
import type { AccountEvent } from '@microvisor/api'
import type { AccountEvents, EventFilter } from './account-events.ts'

/** Events read at once. */
const BATCH = 200

export interface CursorParts {
  readonly events: AccountEvents
  readonly accountSid: string
  readonly filter: EventFilter
  readonly after: number
  /** Looks again after this time even if nobody said that there is something. */
  readonly lookMs: number
  readonly onEnd: () => void
}

export class EventCursor {
  readonly #parts: CursorParts
  #after: number
  #read: AccountEvent[] = []
  #hasNews = true
  #isEnded = false
  #wake: () => void = () => undefined

  constructor(parts: CursorParts) {
    this.#parts = parts
    this.#after = parts.after
  }

  /** There may be more. */
  look(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** Undefined once it has ended. */
  async next(): Promise<AccountEvent | undefined> {
    while (this.#read.length === 0 && !this.#isEnded) {
      if (!this.#hasNews) await this.#news()
      if (!this.#isEnded) await this.#readOn()
    }
    return this.#isEnded ? undefined : this.#read.shift()
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#parts.onEnd()
    this.#wake()
  }

  async #readOn(): Promise<void> {
    const { events, accountSid, filter } = this.#parts
    this.#hasNews = false
    try {
      const dropped = (await events.oldest(accountSid)) - 1 - this.#after
      const found = await events.read(accountSid, this.#after, filter, BATCH)
      this.#hasNews ||= found.events.length === BATCH
      const [first, ...others] = found.events
      if (first !== undefined) this.#read = [dropped > 0 ? { ...first, dropped } : first, ...others]
      this.#after = found.upTo
    } catch {
      // The database does not answer: what is there then is still there when it does.
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), this.#parts.lookMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
