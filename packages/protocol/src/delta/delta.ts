/**
 * Deltas: one content told by another. The format of transfers between cloud and device, in both
 * directions; with no base it is a plain compression.
 *
 * A delta is one arithmetic-coded sequence of
 *
 *   copy from the base   where, how many bytes, and each byte that is different: code that has moved
 *                        is nearly the same, but for the addresses in it
 *   copy from the output already made: how far back, how many bytes
 *   literal              bytes that are in neither
 *
 * until the output is complete; its length and hash are known from elsewhere. Whoever applies one
 * needs the base and what it has made so far for reading at any place (both lie in flash), and
 * memory for the models: MODEL_BYTES_MAX, whatever the sizes.
 *
 * One class does both directions: with a writer it encodes the operations it is given, with a reader
 * it finds them out. So the two cannot drift apart.
 */
import { Mixed, Numbers, SureBits } from './models.ts'
import type { BitCoder } from './range-coder.ts'

/** The kernel's global object is a context's, where each look at it is slow: it is looked at once. */
const { clz32, imul, min } = Math

export const OPERATIONS = { base: 0, literal: 1, output: 2 } as const
export type Operation = (typeof OPERATIONS)[keyof typeof OPERATIONS]

/** Bytes alike in a row after which nothing but the next difference is expected. */
const CALM = 32

export class DeltaModels {
  readonly #operations = new SureBits(3 * 4)
  readonly #lengths = new Numbers(4)
  readonly #seeks = new Numbers(2)
  readonly #calm = new SureBits(32, { start: 65_000, rate: 7 })
  readonly #same = new Mixed({ tables: 4, entries: 1024, sets: 4, learningRate: 6 })
  readonly #difference = new Mixed({ tables: 3, entries: 1024, sets: 8, learningRate: 8 })
  readonly #literal = new Mixed({ tables: 4, entries: 4096, sets: 16, learningRate: 6 })
  readonly #contexts = new Int32Array(4)
  #lastOperation: number = OPERATIONS.base
  /** Of the copy from the base under way: which of the last 8 bytes were different; how many were not since. */
  #history = 0
  #alike = 0
  #lastDifference = 0
  #beforeLast = 0
  /** The last four bytes of the output. */
  #recent = 0

  get stateBytes(): number {
    const bits = [this.#operations, this.#lengths, this.#seeks, this.#calm]
    const mixed = [this.#same, this.#difference, this.#literal]
    const states = [...bits, ...mixed].map(({ stateBytes }) => stateBytes)
    return states.reduce((sum, bytes) => sum + bytes, this.#contexts.byteLength)
  }

  operation(coder: BitCoder, value: Operation): Operation {
    const row = this.#lastOperation * 4
    const isBase = this.#operations.code(coder, row, value === OPERATIONS.base ? 1 : 0)
    let found: Operation = OPERATIONS.base
    if (!isBase) {
      const given = value === OPERATIONS.output ? 1 : 0
      found = this.#operations.code(coder, row + 1, given) ? OPERATIONS.output : OPERATIONS.literal
    }
    this.#lastOperation = found
    return found
  }

  /** Bytes of an operation, at least one. */
  length(coder: BitCoder, operation: Operation, value: number): number {
    return this.#lengths.code(coder, operation, value - 1) + 1
  }

  /** How far the copy begins from where the last one from the base would go on; either way. */
  seek(coder: BitCoder, value: number): number {
    const folded = value < 0 ? -2 * value - 1 : 2 * value
    const found = this.#seeks.code(coder, 0, folded)
    return found & 1 ? -(found + 1) / 2 : found / 2
  }

  /** How far back in the output, at least one. */
  distance(coder: BitCoder, value: number): number {
    return this.#seeks.code(coder, 1, value - 1) + 1
  }

  /** A byte of a copy from the base, where `old` and the byte before it lie. */
  copied(coder: BitCoder, old: number, before: number, place: number, value: number): number {
    const isSame = this.#isSame(coder, old, before, place, value === old ? 1 : 0)
    this.#history = ((this.#history << 1) | (isSame ? 0 : 1)) & 0xff
    this.#alike = isSame ? this.#alike + 1 : 0
    const found = isSame ? old : (old + this.#differing(coder, old, before, value - old)) & 0xff
    this.produced(found)
    return found
  }

  literal(coder: BitCoder, place: number, value: number): number {
    const contexts = this.#contexts
    const recent = this.#recent
    contexts[0] = (place & 3) + 1
    contexts[1] = ((recent & 0xff) << 2) + 0x1_0000 + (place & 1)
    contexts[2] = (recent & 0xffff) + 0x2_0000
    contexts[3] = imul(recent & 0xff_ffff, 0x0100_0193) + 0x3000_0000
    let node = 1
    while (node < 0x100) {
      const depth = 31 - clz32(node)
      const set = depth * 2 + (place & 1)
      const given = (value >> (7 - depth)) & 1
      node = (node << 1) | this.#literal.code(coder, contexts, node, set, given)
    }
    const found = node & 0xff
    this.produced(found)
    return found
  }

  /** The output has grown by this byte. */
  produced(byte: number): void {
    this.#recent = (this.#recent << 8) | byte
  }

  /** A copy from the base begins. */
  begin(): void {
    this.#history = 0
    this.#alike = 0
  }

  #isSame(coder: BitCoder, old: number, before: number, place: number, value: number): number {
    if (this.#alike >= CALM) {
      const row = (min(31, 31 - clz32(this.#alike)) * 2) % 32
      return this.#calm.code(coder, row + (place & 1), value)
    }
    const contexts = this.#contexts
    contexts[0] = this.#history
    contexts[1] = (old << 1) + (place & 1) + 0x1000
    contexts[2] = (before << 8) + old + 0x1_0000 + ((place & 1) << 20)
    contexts[3] = (this.#history & 15) + ((place & 3) << 4) + (this.#lastDifference << 6) + 0x4_0000
    return this.#same.code(coder, contexts, 1, place & 3, value)
  }

  #differing(coder: BitCoder, old: number, before: number, value: number): number {
    const contexts = this.#contexts
    contexts[0] = this.#lastDifference + 0x100
    contexts[1] = (this.#lastDifference << 8) + this.#beforeLast + 0x1_0000
    contexts[2] = (old << 8) + before + 0x2_0000
    let node = 1
    while (node < 0x100) {
      const depth = 31 - clz32(node)
      const given = (value >> (7 - depth)) & 1
      node = (node << 1) | this.#difference.code(coder, contexts, node, depth, given)
    }
    this.#beforeLast = this.#lastDifference
    this.#lastDifference = node & 0xff
    return node & 0xff
  }
}
