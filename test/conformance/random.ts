/** Repeatable choices for test cases. */
import { seededRandom } from '../../packages/mcu/src/seeded-random.ts'

const EDGES = [
  ...[0, 1, 2, 0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x7fff_fffe],
  ...[0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xffff_ff80, 0xffff_8000],
  ...[0x5555_5555, 0xaaaa_aaaa, 0x0001_0001, 0x8000_8000, 31, 32, 33],
]

export class Random {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededRandom(seed)
  }

  word(): number {
    return this.#next()
  }

  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  /** A value such as instructions find interesting. */
  operand(): number {
    switch (this.below(8)) {
      case 0:
      case 1:
      case 2:
        return this.pick(EDGES)
      case 3:
        return this.below(64)
      case 4:
        return (1 << this.below(32)) >>> 0
      case 5:
        return this.word() >>> this.below(32)
      default:
        return this.word()
    }
  }
}
