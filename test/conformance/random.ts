/** Repeatable choices for test cases. */
import { seededRandom } from '../../packages/mcu/src/seeded-random.ts'

const EDGES = [
  ...[0, 1, 2, 0xffff_ffff, 0xffff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x7fff_fffe],
  ...[0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xffff_ff80, 0xffff_8000],
  ...[0x5555_5555, 0xaaaa_aaaa, 0x0001_0001, 0x8000_8000, 31, 32, 33],
]

const FLOAT_EDGES = [
  ...[0, 1, 0x7f_ffff, 0x80_0000, 0x80_0001, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fa0_0001],
  ...[0x7fc0_0000, 0x7fc1_2345, 0x3f80_0000, 0x3f80_0001, 0x3f7f_ffff, 0x3f00_0000, 0x3fc0_0000],
  ...[0x4b00_0000, 0x4b80_0001, 0x4f00_0000, 0x4eff_ffff, 0x4f7f_ffff, 0x4f80_0000, 0x477f_e000],
  ...[0x477f_f000, 0x3380_0000, 0x3880_0000, 0x387f_c000, 0x3300_0000, 0x7c00_fc00, 0x7e01_7d01],
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

  /** A single-precision number of any kind, often close enough to others for a sum. */
  float(): number {
    const sign = this.chance(50) ? 0x8000_0000 : 0
    const fraction = this.chance(50) ? this.word() & 0x7f_ffff : (this.word() & 0xff) << 15
    switch (this.below(6)) {
      case 0:
        return (this.pick(FLOAT_EDGES) | sign) >>> 0
      case 1:
        return this.operand()
      case 2:
        return (sign | (this.between(0, 254) << 23) | fraction) >>> 0
      default:
        return (sign | (this.between(118, 136) << 23) | fraction) >>> 0
    }
  }

  /** Often the modes that programs run in. */
  fpscr(): number {
    return this.chance(40) ? 0 : (this.word() & 0xf7c0_009f) >>> 0
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
