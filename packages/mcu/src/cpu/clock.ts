/** Cycles: exact at every instruction, though the loop only counts a slice down in COUNT. */
import { WORDS } from './layout.ts'
import type { State } from './state.ts'

/** COUNT is a 32-bit word. */
const LONGEST_SLICE = 0x3fff_ffff

export class Clock {
  readonly #state: State
  /** Cycle at which COUNT would reach zero. */
  #end = 0
  #limit = 0
  isRunning = false

  constructor(state: State) {
    this.#state = state
  }

  get cycles(): number {
    return this.#end - this.#state.get(WORDS.COUNT)
  }

  get limit(): number {
    return this.#limit
  }

  /** The cycle of a snapshot. */
  restore(cycles: number): void {
    this.#setCount(0, cycles)
  }

  /** Begins a run; `cycle` may be in the past. */
  limitTo(cycle: number): void {
    this.#limit = cycle
  }

  /** Sets COUNT for the next slice; false if there is nothing left. */
  startSlice(longest: number): boolean {
    const { cycles } = this
    const length = Math.min(this.#limit - cycles, longest, LONGEST_SLICE)
    if (!(length > 0)) return false
    this.#setCount(length, cycles)
    return true
  }

  /** An instruction that did not complete takes its cycle all the same. */
  countAborted(): void {
    const count = this.#state.get(WORDS.COUNT)
    if (count > 0) this.#state.set(WORDS.COUNT, count - 1)
  }

  /** The instruction under way is always finished: one is left for it. */
  stopAt(cycle: number): void {
    if (cycle >= this.#limit) return
    this.#limit = cycle
    if (!this.isRunning) return
    const { cycles } = this
    const left = Math.max(Math.ceil(cycle) - cycles, 1)
    if (left < this.#state.get(WORDS.COUNT)) this.#setCount(left, cycles)
  }

  /** The slice under way ends with this instruction. */
  endSlice(): void {
    this.#setCount(1, this.cycles)
  }

  skipTo(cycle: number): void {
    const { cycles } = this
    if (cycle > cycles) this.#setCount(0, cycle)
  }

  #setCount(count: number, cycles: number): void {
    const whole = Math.ceil(count)
    this.#state.set(WORDS.COUNT, whole)
    this.#end = cycles + whole
  }
}
