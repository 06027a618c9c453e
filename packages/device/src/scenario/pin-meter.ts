/** Frequency and duty cycle of a pin, from its edges. */

/** Edges kept: a jittering clock is averaged over half as many periods. */
const EDGES_KEPT = 64
/** Without an edge for this long, a pin has no frequency. */
const QUIET_PERIODS = 3

export class PinMeter {
  readonly #now: () => number
  readonly #carrierHz: () => number | undefined
  readonly #rises: number[] = []
  #falls: number[] = []
  #isHigh: boolean
  edges = 0

  /** `carrierHz`: the frequency of a clock on the pin that is too fast for edges. */
  constructor(isHigh: boolean, now: () => number, carrierHz: () => number | undefined) {
    this.#isHigh = isHigh
    this.#now = now
    this.#carrierHz = carrierHz
  }

  get isHigh(): boolean {
    return this.#isHigh
  }

  changed(isHigh: boolean): void {
    this.#isHigh = isHigh
    this.edges++
    const times = isHigh ? this.#rises : this.#falls
    times.push(this.#now())
    if (times.length > EDGES_KEPT) times.shift()
  }

  /** 0 while nothing moves. */
  get hertz(): number {
    const carrier = this.#carrierHz()
    if (carrier !== undefined) return carrier
    const count = this.#rises.length - 1
    if (count < 1) return 0
    const period = (this.#rises[count]! - this.#rises[0]!) / count
    const last = Math.max(this.#rises[count]!, this.#falls.at(-1) ?? 0)
    return this.#now() - last > QUIET_PERIODS * period ? 0 : 1 / period
  }

  /** Share of the last whole period that it was high, in percent. */
  get dutyPercent(): number {
    if (this.#carrierHz() !== undefined) return 50
    const to = this.#rises.at(-1)
    const from = this.#rises.at(-2)
    if (this.hertz === 0 || to === undefined || from === undefined) return this.#isHigh ? 100 : 0
    const fall = this.#falls.findLast((at) => at > from && at <= to) ?? to
    return (100 * (fall - from)) / (to - from)
  }
}
