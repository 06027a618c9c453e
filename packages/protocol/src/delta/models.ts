/**
 * What the coder expects: adaptive bits, whole numbers made of them, and bytes whose bits are
 * predicted from several contexts at once, mixed by a small network that learns which to trust.
 *
 * Integers only, so that every machine computes the same. All state of a codec together is below
 * MODEL_BYTES_MAX.
 */
import type { BitCoder } from './range-coder.ts'

/** The kernel's global object is a context's, where each look at it is slow: it is looked at once. */
const { clz32, floor, imul, max, min } = Math

/** State of all models of one codec, constant tables not counted. */
export const MODEL_BYTES_MAX = 56 * 1024

/** A chance of 12 bits above a count of 4: it moves fast at first, slowly when it is settled. */
const UNKNOWN = 2048 << 4
const SETTLED = 15
/** 65,536 / (n + 1.6): how far a chance moves at the n-th time. */
const steps = Int32Array.from({ length: 16 }, (_, n) => floor(655_360 / (10 * n + 16)))
steps[SETTLED] = floor(65_536 / 20)

function learn(table: Uint16Array, index: number, bit: number): void {
  const state = table[index]!
  const count = state & 15
  const chance = state >> 4
  const moved = chance + ((((bit << 12) - bit - chance) * steps[count]!) >> 16)
  table[index] = (moved << 4) | (count < SETTLED ? count + 1 : SETTLED)
}

/** 4096 / (1 + e^-x), x from -8 to 8 in steps of 1/2. */
const logistic = [
  1, 2, 4, 6, 10, 17, 28, 45, 74, 120, 194, 311, 488, 747, 1102, 1546, 2048, 2550, 2994, 3349, 3608,
  3785, 3902, 3976, 4022, 4051, 4068, 4079, 4086, 4090, 4092, 4094, 4095,
]

/** From the logistic domain (256 to the unit) to a chance of 12 bits. */
function squash(x: number): number {
  if (x > 2047) return 4095
  if (x < -2047) return 1
  const at = (x >> 7) + 16
  const weight = x & 127
  return (logistic[at]! * (128 - weight) + logistic[at + 1]! * weight + 64) >> 7
}

/** The inverse of `squash`. */
const stretched = makeStretched()

function makeStretched(): Int16Array {
  const table = new Int16Array(4096)
  let from = 0
  for (let x = -2047; x <= 2047; x++) {
    const to = squash(x)
    for (let chance = from; chance <= to; chance++) table[chance] = x
    from = to + 1
  }
  table.fill(2047, from)
  return table
}

const even = { start: 0x8000, rate: 4 }

/** Bits, each with a chance of its own, of 16 bits: for what is nearly always the same. */
export class SureBits {
  readonly #chances: Uint16Array
  readonly #rate: number

  /** `rate`: each bit moves its chance by 1 / 2^rate of what is missing. */
  constructor(size: number, { start, rate } = even) {
    this.#chances = new Uint16Array(size).fill(start)
    this.#rate = rate
  }

  get stateBytes(): number {
    return this.#chances.byteLength
  }

  code(coder: BitCoder, index: number, value: number): number {
    const chance = this.#chances[index]!
    const bit = coder.code(min(max(chance, 16), 65_520), value)
    this.#chances[index] = chance + (((bit === 1 ? 65_535 : 0) - chance) >> this.#rate)
    return bit
  }
}

/** Whole numbers from 0 to 2^31: how many bits they have, then the bits, the upper three learnt. */
export class Numbers {
  readonly #lengths: SureBits
  readonly #upper: SureBits

  constructor(contexts: number) {
    this.#lengths = new SureBits(contexts * 32)
    this.#upper = new SureBits(contexts * 32 * 8)
  }

  get stateBytes(): number {
    return this.#lengths.stateBytes + this.#upper.stateBytes
  }

  code(coder: BitCoder, context: number, value: number): number {
    const wanted = 31 - clz32(value + 1)
    let length = 0
    while (length < 31 && this.#lengths.code(coder, context * 32 + length, wanted > length ? 1 : 0))
      length++
    let result = 1
    for (let bit = length - 1; bit >= 0; bit--) {
      const given = ((value + 1) >>> bit) & 1
      const depth = length - 1 - bit
      const place = (context * 32 + length) * 8 + result
      const read = depth < 3 ? this.#upper.code(coder, place, given) : coder.code(0x8000, given)
      result = ((result << 1) | read) >>> 0
    }
    return result - 1
  }
}

/** Bits of symbols, each predicted by several tables; what to make of them is learnt, too. */
export class Mixed {
  readonly #tables: Uint16Array[]
  readonly #mask: number
  readonly #weights: Int32Array
  readonly #inputs: Int32Array
  readonly #places: Int32Array
  readonly #learningRate: number

  /** `entries`: of each table, a power of two. `sets`: of weights, one for each kind of bit. */
  constructor(options: { tables: number; entries: number; sets: number; learningRate: number }) {
    const { tables, entries, sets, learningRate } = options
    this.#tables = Array.from({ length: tables }, () => new Uint16Array(entries).fill(UNKNOWN))
    this.#mask = entries - 1
    // All tables together have the say of one and a half.
    this.#weights = new Int32Array(sets * tables).fill(floor(98_304 / tables))
    this.#inputs = new Int32Array(tables)
    this.#places = new Int32Array(tables)
    this.#learningRate = learningRate
  }

  get stateBytes(): number {
    const states = [...this.#tables, this.#weights, this.#inputs, this.#places]
    return states.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** `contexts`: a hash for each table; `node`: which bit of the symbol, and what came before it. */
  code(coder: BitCoder, contexts: Int32Array, node: number, set: number, value: number): number {
    const chance = this.#predict(contexts, node, set)
    const bit = coder.code(min(max(chance << 4, 24), 65_512), value)
    this.#learn(bit, chance, set)
    return bit
  }

  #predict(contexts: Int32Array, node: number, set: number): number {
    const tables = this.#tables
    const weights = this.#weights
    let sum = 0
    for (let i = 0; i < tables.length; i++) {
      const mixed = imul(contexts[i]! + imul(node, 0x2c1b_3c6d), 0x9e37_79b1)
      const place = (mixed >>> 13) & this.#mask
      const input = stretched[tables[i]![place]! >> 4]!
      this.#places[i] = place
      this.#inputs[i] = input
      sum += weights[set * tables.length + i]! * input
    }
    return squash(floor(sum / 65_536))
  }

  #learn(bit: number, chance: number, set: number): void {
    const tables = this.#tables
    const error = ((bit << 12) - chance) * this.#learningRate
    for (let i = 0; i < tables.length; i++) {
      const at = set * tables.length + i
      this.#weights[at] = this.#weights[at]! + ((this.#inputs[i]! * error + 0x8000) >> 16)
      learn(tables[i]!, this.#places[i]!, bit)
    }
  }
}
