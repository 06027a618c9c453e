/**
 * What a stop is to bring with it: the top of the stack, what the GDB server itself reads at every stop,
 * and what GDB looked at after the last one.
 */
import { isFlash, isSram } from './memory-cache.ts'

export interface Range {
  readonly address: number
  readonly length: number
}

/** Of the stack. */
const STACK_BYTES = 1024
const HABITS_MAX = { ranges: 24, bytes: 4096 } as const
const STANDING_MAX = { ranges: 36, bytes: 4096 } as const
/** Ranges with no more than this between them are one. */
const GAP_BYTES = 64

export class Habits {
  readonly #looked = new Map<number, number>()
  readonly #standing = new Map<number, number>()

  /** GDB has looked there. */
  note(address: number, length: number): void {
    if (!isFlash(address)) keep(this.#looked, address, length)
  }

  /** To be brought along until `forgetStanding`. */
  stand(address: number, length: number): void {
    keep(this.#standing, address, length)
  }

  forgetStanding(): void {
    this.#standing.clear()
  }

  forget(): void {
    this.#looked.clear()
  }

  view(sp: number) {
    const isOnStack = ({ address, length }: Range) =>
      address >= sp && address + length <= sp + STACK_BYTES
    const isWanted = (range: Range) => isSram(range.address, range.length) && !isOnStack(range)
    const standing = limited(merged(rangesOf(this.#standing).filter(isWanted)), STANDING_MAX)
    const looked = limited(rangesOf(this.#looked).filter(isWanted), HABITS_MAX)
    return { stackBytes: STACK_BYTES, ranges: [...standing, ...looked] }
  }
}

function keep(ranges: Map<number, number>, address: number, length: number): void {
  ranges.set(address, Math.max(length, ranges.get(address) ?? 0))
}

function rangesOf(ranges: ReadonlyMap<number, number>): Range[] {
  return [...ranges].map(([address, length]) => ({ address, length }))
}

function merged(ranges: readonly Range[]): Range[] {
  const parts: Range[] = []
  for (const { address, length } of ranges.toSorted((a, b) => a.address - b.address)) {
    const last = parts.at(-1)
    if (last !== undefined && address <= last.address + last.length + GAP_BYTES) {
      const end = Math.max(address + length, last.address + last.length)
      parts[parts.length - 1] = { address: last.address, length: end - last.address }
    } else parts.push({ address, length })
  }
  return parts
}

function limited(ranges: readonly Range[], most: { ranges: number; bytes: number }): Range[] {
  let bytes = 0
  return ranges
    .filter(({ length }) => {
      bytes += length
      return bytes <= most.bytes
    })
    .slice(0, most.ranges)
}
