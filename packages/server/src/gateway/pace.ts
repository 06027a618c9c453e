/** A token bucket: how long to wait so that, after a first burst, a rate is kept. */
export class Pace {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at = performance.now()

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
  }

  /** In how many milliseconds `count` tokens are there, if nobody takes any. 0: now. */
  waitMs(count: number): number {
    this.take(0)
    return Math.max(0, Math.ceil(((count - this.#tokens) / this.#perSecond) * 1000))
  }

  /** Whole tokens that are there now. */
  get left(): number {
    this.take(0)
    return Math.max(0, Math.floor(this.#tokens))
  }

  /** Takes tokens, and says in how many milliseconds they are really there. 0: now. */
  take(count: number): number {
    const now = performance.now()
    const earned = ((now - this.#at) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, this.#tokens + earned) - count
    this.#at = now
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens / this.#perSecond) * 1000)
  }
}
