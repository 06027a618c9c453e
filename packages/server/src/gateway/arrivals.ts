/**
 * How often each device connects. One that comes back at once, again and again (a bad antenna, an
 * application that resets its chip), is told to wait before it costs more than a handshake.
 */
import { Pace } from './pace.ts'

export interface ArrivalLimits {
  readonly arrivalsPerMinute: number
  readonly arrivalBurst: number
  readonly connections: number
}

export class Arrivals {
  readonly #limits: ArrivalLimits
  /** In the order of arrival; the first has not come for the longest. */
  readonly #paces = new Map<string, Pace>()

  constructor(limits: ArrivalLimits) {
    this.#limits = limits
  }

  /** A device has come. In how many milliseconds it may; 0: now. One that may not is not counted. */
  take(deviceSid: string): number {
    const { arrivalsPerMinute, arrivalBurst, connections } = this.#limits
    const pace = this.#paces.get(deviceSid) ?? new Pace(arrivalsPerMinute / 60, arrivalBurst)
    this.#paces.delete(deviceSid)
    this.#paces.set(deviceSid, pace)
    for (const oldest of this.#paces.keys()) {
      if (this.#paces.size <= connections) break
      this.#paces.delete(oldest)
    }
    const waitMs = pace.waitMs(1)
    if (waitMs === 0) pace.take(1)
    return waitMs
  }
}
