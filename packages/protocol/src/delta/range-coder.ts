/**
 * Binary arithmetic coding, carry-less, with 32 bits of range: the two directions behind one
 * interface, so that a model is written once and both sides keep the same state.
 */

/** The chance that a bit is 1, of 65,536; from 1 to 65,535. */
export type Chance = number

export interface BitCoder {
  /** Writes `bit`, or ignores it and reads one. Says which it was. */
  code(chance: Chance, bit: number): number
}

export class BitWriter implements BitCoder {
  #low = 0
  #high = 0xffff_ffff
  readonly #bytes: number[] = []

  code(chance: Chance, bit: number): number {
    const middle = split(this.#low, this.#high, chance)
    if (bit === 1) this.#high = middle
    else this.#low = middle + 1
    while ((this.#low ^ this.#high) >>> 24 === 0) {
      this.#bytes.push(this.#high >>> 24)
      this.#low = (this.#low << 8) >>> 0
      this.#high = ((this.#high << 8) | 0xff) >>> 0
    }
    return bit
  }

  /** All of it. Bytes that the reader takes as zeros anyway are left out. */
  finish(): Uint8Array {
    // The shortest value within the range.
    for (let shift = 24; shift >= 0; shift -= 8) {
      const value = shift === 0 ? this.#high : ((this.#high >>> shift) << shift) >>> 0
      if (value < this.#low && shift > 0) continue
      for (let at = 24; at >= shift; at -= 8) this.#bytes.push((value >>> at) & 0xff)
      break
    }
    while (this.#bytes.at(-1) === 0) this.#bytes.pop()
    return Uint8Array.from(this.#bytes)
  }
}

export class BitReader implements BitCoder {
  #low = 0
  #high = 0xffff_ffff
  #value = 0
  readonly #next: () => number

  /** `next` gives one byte after another, and zeros behind the end. */
  constructor(next: () => number) {
    this.#next = next
    for (let i = 0; i < 4; i++) this.#value = ((this.#value << 8) | next()) >>> 0
  }

  code(chance: Chance): number {
    const middle = split(this.#low, this.#high, chance)
    const bit = this.#value <= middle ? 1 : 0
    if (bit === 1) this.#high = middle
    else this.#low = middle + 1
    while ((this.#low ^ this.#high) >>> 24 === 0) {
      this.#low = (this.#low << 8) >>> 0
      this.#high = ((this.#high << 8) | 0xff) >>> 0
      this.#value = ((this.#value << 8) | this.#next()) >>> 0
    }
    return bit
  }
}

/** Where the range of 1 ends: it is never empty, nor is that of 0. */
function split(low: number, high: number, chance: Chance): number {
  const range = high - low
  return low + (range >>> 16) * chance + (((range & 0xffff) * chance) >>> 16)
}
