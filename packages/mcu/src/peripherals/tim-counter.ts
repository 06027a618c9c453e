/**
 * Where the counter of a timer is within its period, and where it meets a value. RM0456, "Counter
 * modes".
 *
 * `position` counts from the last update on: 0 to ARR upwards, 0 to ARR downwards (CNT is
 * ARR - position), 0 to 2 * ARR - 1 in the middle modes; the encoder modes have position = CNT.
 */
import type { Cell, RegisterFile } from '../registers.ts'
import type { timLayout } from './tim-layout.ts'

/** CMS: matches count on the way down, up, or both. */
const MIDDLE = { down: 1, up: 2 } as const

export class TimCounter {
  readonly #isEncoder: () => boolean
  readonly #cms: Cell
  readonly #dir: Cell
  position = 0
  /** ARR as it is in force. */
  arr = 0xffff

  constructor(registers: RegisterFile<typeof timLayout>, isEncoder: () => boolean) {
    this.#isEncoder = isEncoder
    this.#cms = registers.cell('CR1', 'CMS')
    this.#dir = registers.cell('CR1', 'DIR')
  }

  get isMiddle(): boolean {
    return this.#cms.isSet
  }

  get isDown(): boolean {
    return this.isMiddle ? this.position >= this.arr : this.#dir.isSet
  }

  /** Counts from one update to the next. */
  get period(): number {
    return this.isMiddle ? 2 * this.arr : this.arr + 1
  }

  /** CNT. */
  get count(): number {
    const { position, arr } = this
    if (this.#isEncoder()) return position
    if (this.isMiddle) return position <= arr ? position : 2 * arr - position
    return this.#dir.isSet ? arr - position : position
  }

  set count(count: number) {
    this.position = Math.max(0, Math.min(this.#positionOf(count), this.period - 1))
  }

  /** The direction is another, the count as it was. */
  turn(count: number): void {
    this.position = Math.max(0, this.#positionOf(count))
  }

  /** Another ARR at once: the counter keeps its count; one that is beyond goes on at the end. */
  reload(arr: number): void {
    const { count } = this
    this.arr = arr
    this.position = Math.max(0, Math.min(this.#positionOf(count), Math.max(0, this.period - 1)))
  }

  /** One step of an encoder; true if it went around. */
  step(direction: 1 | -1): boolean {
    const next = this.position + direction
    this.position = next < 0 ? this.arr : next > this.arr ? 0 : next
    return this.position !== next
  }

  /** The way from `from` to `to` meets CNT equal to `value`, as far as CMS lets that count. */
  meets(from: number, to: number, value: number): boolean {
    if (value > this.arr) return false
    const { period } = this
    if (!this.isMiddle) return passes(from, to, this.#positionOf(value), period)
    const mode = this.#cms.value
    const isUp = mode !== MIDDLE.down && passes(from, to, value, period)
    return isUp || (mode !== MIDDLE.up && passes(from, to, 2 * this.arr - value, period))
  }

  /** The next position from here on, in this period or the next, at which CNT equals `value`. */
  nextMatch(value: number): number {
    if (value > this.arr) return Infinity
    if (!this.isMiddle) return this.#beyond(this.#positionOf(value))
    const mode = this.#cms.value
    const up = mode === MIDDLE.down ? Infinity : this.#beyond(value)
    return mode === MIDDLE.up ? up : Math.min(up, this.#beyond(2 * this.arr - value))
  }

  /** The same for a comparison with `value` that changes. */
  nextEdge(value: number): number {
    const { period } = this
    const next = this.#beyond(period)
    const places = this.isMiddle ? [value, 2 * this.arr - value] : [this.#positionOf(value)]
    return places
      .filter((place) => place >= 0 && place <= period)
      .reduce((best, place) => Math.min(best, this.#beyond(place)), next)
  }

  /** The same for the end of the period; in the middle modes its upper end, too. */
  get nextUpdate(): number {
    const end = this.#beyond(this.period)
    return this.isMiddle ? Math.min(end, this.#beyond(this.arr)) : end
  }

  #beyond(place: number): number {
    return place <= this.position ? place + this.period : place
  }

  #positionOf(count: number): number {
    if (this.#isEncoder()) return count
    if (!this.isMiddle && this.#dir.isSet) return this.arr - count
    return count
  }
}

/** The way from `from` (excluded) to `to` (included) meets `place`, modulo `period`. */
export function passes(from: number, to: number, place: number, period: number): boolean {
  return Math.floor((to - place) / period) > Math.floor((from - place) / period)
}
