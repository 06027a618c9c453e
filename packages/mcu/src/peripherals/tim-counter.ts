/**
 * Where the counter of a timer is within its period, and where it meets a value. RM0456, "Counter
 * modes".
 *
 * `position` counts from the last update on: 0 to ARR upwards, 0 to ARR downwards (CNT is
 * ARR - position), 0 to 2 * ARR - 1 in the middle modes; the encoder modes have position = CNT.
 */
import type { RegisterFile } from '../registers.ts'
import type { timLayout } from './tim-layout.ts'

export class TimCounter {
  readonly #registers: RegisterFile<typeof timLayout>
  readonly #isEncoder: () => boolean
  position = 0
  /** ARR as it is in force. */
  arr = 0xffff

  constructor(registers: RegisterFile<typeof timLayout>, isEncoder: () => boolean) {
    this.#registers = registers
    this.#isEncoder = isEncoder
  }

  get isMiddle(): boolean {
    return this.#registers.get('CR1', 'CMS') !== 0
  }

  get isDown(): boolean {
    return this.isMiddle ? this.position >= this.arr : this.#registers.is('CR1', 'DIR')
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
    return this.#registers.is('CR1', 'DIR') ? arr - position : position
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

  /** Positions at which CNT equals `value`, as far as CMS lets them count. */
  matchPlaces(value: number): readonly number[] {
    if (value > this.arr) return []
    if (!this.isMiddle) return [this.#positionOf(value)]
    const mode = this.#registers.get('CR1', 'CMS')
    const up = [value]
    const down = [2 * this.arr - value]
    return mode === 1 ? down : mode === 2 ? up : [...up, ...down]
  }

  /** Positions at which a comparison with `value` changes. */
  edgePlaces(value: number): readonly number[] {
    const places = this.isMiddle ? [value, 2 * this.arr - value] : [this.#positionOf(value)]
    return [this.period, ...places.filter((place) => place >= 0 && place <= this.period)]
  }

  #positionOf(count: number): number {
    if (this.#isEncoder()) return count
    if (!this.isMiddle && this.#registers.is('CR1', 'DIR')) return this.arr - count
    return count
  }
}

/** The way from `from` (excluded) to `to` (included) meets `place`, modulo `period`. */
export function passes(from: number, to: number, place: number, period: number): boolean {
  return Math.floor((to - place) / period) > Math.floor((from - place) / period)
}
