/** Those who follow the events of an account: each with a place of its own, and only so many at once. */
import { Problem } from '@microvisor/api'
import type { AccountEvents, EventFilter } from './account-events.ts'
import { type Bus, eventNotices } from './bus.ts'
import { EventCursor } from './event-cursor.ts'

interface Parts {
  readonly events: AccountEvents
  readonly bus: Bus
  readonly limits: { readonly eventReadersPerAccount: number; readonly eventHeartbeatMs: number }
}

export class EventReaders {
  readonly #parts: Parts
  readonly #open = new Map<string, Set<EventCursor>>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `after` undefined: only what happens from now on. */
  async open(
    accountSid: string,
    filter: EventFilter,
    after: number | undefined,
  ): Promise<EventCursor> {
    const { events, bus, limits } = this.#parts
    const open = this.#open.get(accountSid) ?? new Set()
    if (open.size >= limits.eventReadersPerAccount)
      throw new Problem(
        'TOO_MANY_LISTENERS',
        `Account ${accountSid} has ${open.size} readers of its events; no more are allowed.`,
      )
    const last = await events.last(accountSid)
    const cursor = new EventCursor({
      ...{ events, accountSid, filter, lookMs: limits.eventHeartbeatMs },
      // One from the future is of a database that was put back since.
      after: Math.min(after ?? last, last),
      onEnd: () => {
        for (const stop of stops) stop()
        open.delete(cursor)
        if (open.size === 0) this.#open.delete(accountSid)
      },
    })
    const stops = [
      bus.subscribe(eventNotices(accountSid), () => cursor.look()),
      bus.onReturn(() => cursor.look()),
    ]
    this.#open.set(accountSid, open.add(cursor))
    await bus.settle()
    return cursor
  }

  endAll(): void {
    for (const open of [...this.#open.values()]) for (const cursor of [...open]) cursor.end()
  }
}
