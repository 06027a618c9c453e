/**
 * SysTick: the 24-bit down counter of each security state. Armv8-M ARM, B11.
 *
 * Nothing counts: the current value follows from the cycle at which it was last loaded, and one
 * event is asked for at the cycle of the next wrap. The external clock is HCLK / 8 (RM0456,
 * "SysTick calibration value register").
 */
import type { Scheduler } from '../bus.ts'

const CSR = { ENABLE: 1, TICKINT: 2, CLKSOURCE: 4, COUNTFLAG: 1 << 16 } as const
const EXTERNAL_DIVIDER = 8
const MASK = 0xff_ffff

export interface SysTickState {
  readonly csr: number
  readonly reload: number
  readonly value: number
  readonly since: number
  readonly flag: boolean
  readonly due: number
}

export class SysTick {
  readonly #scheduler: Scheduler
  readonly #expired: () => void
  readonly #earlier: (cycle: number) => void
  #csr = 0
  #reload = 0
  /** Value at `#since`; counts down from there while enabled. */
  #value = 0
  #since = 0
  #flag = false
  /** Cycle of the next wrap; -1 for none. */
  #due = -1
  #cancel: (() => void) | undefined

  /** `expired` pends the exception; `earlier` shortens the run to an event's cycle. */
  constructor(scheduler: Scheduler, expired: () => void, earlier: (cycle: number) => void) {
    this.#scheduler = scheduler
    this.#expired = expired
    this.#earlier = earlier
  }

  reset(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#due = -1
    this.#csr = 0
    this.#reload = 0
    this.#value = 0
    this.#flag = false
  }

  /** Brought up to now, so that equal counters are saved alike. */
  save(): SysTickState {
    this.#freeze()
    return {
      ...{ csr: this.#csr, reload: this.#reload, value: this.#value, since: this.#since },
      ...{ flag: this.#flag, due: this.#due },
    }
  }

  restore({ csr, reload, value, since, flag, due }: SysTickState): void {
    this.reset()
    this.#csr = csr
    this.#reload = reload
    this.#value = value
    this.#since = since
    this.#flag = flag
    if (due >= 0) this.#expectAt(due)
  }

  get control(): number {
    const value = this.#csr | (this.#flag ? CSR.COUNTFLAG : 0)
    this.#flag = false
    return value
  }

  set control(value: number) {
    this.#freeze()
    this.#csr = value & (CSR.ENABLE | CSR.TICKINT | CSR.CLKSOURCE)
    this.#schedule()
  }

  get reload(): number {
    return this.#reload
  }

  set reload(value: number) {
    this.#freeze()
    this.#reload = value & MASK
    this.#schedule()
  }

  get current(): number {
    this.#freeze()
    return this.#value
  }

  /** Any write clears the counter and COUNTFLAG. */
  clear(): void {
    this.#freeze()
    this.#value = 0
    this.#flag = false
    this.#schedule()
  }

  get #divider(): number {
    return this.#csr & CSR.CLKSOURCE ? 1 : EXTERNAL_DIVIDER
  }

  /** Brings value and `since` up to now. */
  #freeze(): void {
    const now = this.#scheduler.now
    if ((this.#csr & CSR.ENABLE) === 0) {
      this.#since = now
      return
    }
    const ticks = Math.floor((now - this.#since) / this.#divider)
    this.#since += ticks * this.#divider
    if (ticks <= this.#value) this.#value -= ticks
    else if (this.#reload === 0) this.#value = 0
    else {
      const period = this.#reload + 1
      this.#value = (period - ((ticks - this.#value) % period)) % period
    }
  }

  /** The event is due when the counter goes from 1 to 0. */
  #schedule(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#due = -1
    if ((this.#csr & CSR.ENABLE) === 0) return
    const ticks = this.#value > 0 ? this.#value : this.#reload > 0 ? this.#reload + 1 : 0
    if (ticks === 0) return
    this.#expectAt(this.#since + ticks * this.#divider)
  }

  #expectAt(cycle: number): void {
    this.#due = cycle
    this.#cancel = this.#scheduler.at(cycle, () => this.#wrap())
    this.#earlier(cycle)
  }

  #wrap(): void {
    this.#freeze()
    this.#flag = true
    if (this.#csr & CSR.TICKINT) this.#expired()
    this.#schedule()
  }
}
