/** The code of one case while it grows: steps from `entry` on, undefined instructions around. */
import { halfwordsOf } from './encode.ts'
import { FILLER } from './image.ts'

export class Chunk {
  readonly start: number
  readonly entry: number
  /** Halfwords by address; whatever is not in here is filler. */
  readonly halfwords = new Map<number, number>()
  /** First address after the steps so far. */
  end: number
  /** First address that need not be filler. */
  limit: number

  constructor(start: number, before: number) {
    this.start = start
    this.entry = start + before
    this.end = this.entry
    this.limit = this.entry
  }

  append(word: number, length: 2 | 4): void {
    for (const halfword of halfwordsOf(word, length)) {
      this.halfwords.set(this.end, halfword)
      this.end += 2
    }
    this.reserve(this.end)
  }

  reserve(limit: number): void {
    this.limit = Math.max(this.limit, limit)
  }

  finish(): number[] {
    const count = (this.limit - this.start) / 2
    return Array.from(
      { length: count },
      (_, at) => this.halfwords.get(this.start + at * 2) ?? FILLER,
    )
  }
}
