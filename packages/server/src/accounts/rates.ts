/** A rate for each of many names: who keeps to it is let through, who does not is told how long to wait. */
import { Pace } from '../gateway/pace.ts'

/** Names remembered; beyond it the one seen longest ago is forgotten, and starts with a full burst. */
const NAMES_MAX = 10_000

export interface RateState {
  readonly limit: number
  readonly remaining: number
  readonly resetSeconds: number
}

export class Rates {
  readonly #perSecond: number
  readonly #burst: number
  readonly #paces = new Map<string, Pace>()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** 0, and one is taken; or the milliseconds to wait, and nothing is taken. */
  take(name: string): number {
    const waitMs = this.waitMs(name)
    if (waitMs === 0) this.count(name)
    return waitMs
  }

  /** In how many milliseconds `name` may come again. */
  waitMs(name: string): number {
    return this.#paces.get(name)?.waitMs(1) ?? 0
  }

  /** What the standard headers say: how many may come at once, now, and when it is all of them again. */
  stateOf(name: string): RateState {
    const pace = this.#paces.get(name)
    const remaining = pace === undefined ? this.#burst : pace.left
    return {
      limit: this.#burst,
      remaining,
      resetSeconds: Math.ceil((this.#burst - remaining) / this.#perSecond),
    }
  }

  count(name: string): void {
    const pace = this.#paces.get(name) ?? new Pace(this.#perSecond, this.#burst)
    this.#paces.delete(name)
    this.#paces.set(name, pace)
    pace.take(1)
    const [oldest] = this.#paces.keys()
    if (this.#paces.size > NAMES_MAX && oldest !== undefined) this.#paces.delete(oldest)
  }
}
