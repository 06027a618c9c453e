/** Making deltas: the server's side. Takes memory for both contents and their indexes. */
import { DeltaModels, OPERATIONS } from './delta.ts'
import { findMatches, type Match, Places } from './matches.ts'
import { BitWriter } from './range-coder.ts'

/** A repetition has to be so long to be told as one. */
const REPEAT_BYTES_MIN = 4

export function makeDelta(base: Uint8Array, fresh: Uint8Array): Uint8Array {
  return new DeltaMaker(base, fresh).make()
}

class DeltaMaker {
  readonly #base: Uint8Array
  readonly #fresh: Uint8Array
  readonly #coder = new BitWriter()
  readonly #models = new DeltaModels()
  readonly #places: Places
  #at = 0
  #baseAt = 0

  constructor(base: Uint8Array, fresh: Uint8Array) {
    this.#base = base
    this.#fresh = fresh
    this.#places = new Places(fresh)
  }

  make(): Uint8Array {
    for (const match of findMatches(this.#base, this.#fresh)) {
      this.#fill(match.newStart)
      this.#copy(match)
    }
    this.#fill(this.#fresh.length)
    return this.#coder.finish()
  }

  #copy({ oldStart, bytes }: Match): void {
    const coder = this.#coder
    const models = this.#models
    models.operation(coder, OPERATIONS.base)
    models.seek(coder, oldStart - this.#baseAt)
    models.length(coder, OPERATIONS.base, bytes)
    models.begin()
    for (let i = 0; i < bytes; i++) {
      const old = this.#base[oldStart + i]!
      const before = this.#base[oldStart + i - 1] ?? 0
      models.copied(coder, old, before, this.#at + i, this.#fresh[this.#at + i]!)
    }
    this.#at += bytes
    this.#baseAt = oldStart + bytes
  }

  /** What the base does not have, up to `end`: literals, and repetitions of the output. */
  #fill(end: number): void {
    // What stands in for something else of the same length leaves the alignment as it was.
    this.#baseAt += end - this.#at
    let from = this.#at
    for (let at = from; at < end; ) {
      const repeat = this.#repeatAt(at, end)
      if (repeat === undefined) {
        at++
        continue
      }
      this.#literal(from, at)
      this.#repeat(at, repeat)
      at += repeat.bytes
      from = at
    }
    this.#literal(from, end)
    this.#at = end
  }

  #repeatAt(at: number, end: number): { start: number; bytes: number } | undefined {
    this.#places.index(at)
    const found = this.#places.longest(this.#fresh, at, at)
    const bytes = Math.min(found.bytes, end - at)
    if (bytes < REPEAT_BYTES_MIN) return undefined
    // It is worth waiting one byte for a clearly longer one.
    this.#places.index(at + 1)
    const later = this.#places.longest(this.#fresh, at + 1, at + 1)
    if (Math.min(later.bytes, end - at - 1) > bytes + 1) return undefined
    return { start: found.start, bytes }
  }

  #repeat(at: number, { start, bytes }: { start: number; bytes: number }): void {
    this.#models.operation(this.#coder, OPERATIONS.output)
    this.#models.distance(this.#coder, at - start)
    this.#models.length(this.#coder, OPERATIONS.output, bytes)
    for (let i = 0; i < bytes; i++) this.#models.produced(this.#fresh[at + i]!)
  }

  #literal(from: number, end: number): void {
    if (end === from) return
    this.#models.operation(this.#coder, OPERATIONS.literal)
    this.#models.length(this.#coder, OPERATIONS.literal, end - from)
    for (let at = from; at < end; at++) this.#models.literal(this.#coder, at, this.#fresh[at]!)
  }
}
