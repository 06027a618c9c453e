/** Two ways to say "so many a second". */
import type { Clock } from '../hardware.ts'

const SECOND = 1_000_000

/** After a burst of as many, a bucket of tokens that fills steadily. */
export class RateLimit {
  readonly #clock: Clock
  readonly #perSecond: number
  #tokens: number
  #filledAt: number

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#filledAt = clock.microseconds()
  }

  /** Takes one: 0 if there was one, otherwise how many microseconds until there will be. */
  take(): number {
    const now = this.#clock.microseconds()
    const filled = this.#tokens + ((now - this.#filledAt) * this.#perSecond) / SECOND
    this.#tokens = Math.min(this.#perSecond, filled)
    this.#filledAt = now
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * SECOND) / this.#perSecond)
    this.#tokens--
    return 0
  }
}

/** So many, and then none until a second has passed since the first of them. */
export class WindowLimit {
  readonly #clock: Clock
  readonly #perSecond: number
  #count = 0
  #beganAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock
    this.#perSecond = perSecond
  }

  /** False if it is too early. */
  take(): boolean {
    const now = this.#clock.microseconds()
    if (now - this.#beganAt >= SECOND) {
      this.#beganAt = now
      this.#count = 0
    }
    if (this.#count >= this.#perSecond) return false
    this.#count++
    return true
  }
}
