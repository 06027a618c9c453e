/** Where branches of a case may go: undefined instructions, near or far. */
import type { Row } from '../../packages/mcu/src/cpu/table/row.ts'
import type { Chunk } from './chunk.ts'
import type { Draft } from './draft.ts'
import { HIGH_SEA, LOW_SEA } from './layout.ts'
import type { Random } from './random.ts'

/** What a step finds around it. */
export interface Context {
  readonly row: Row
  readonly random: Random
  readonly draft: Draft
  readonly chunk: Chunk
  readonly address: number
  readonly isInIt: boolean
  /** The only step of its case. */
  readonly isAlone: boolean
}

/** Where there is no code on either machine: no memory, and execute-never by default. */
const NOWHERE = [0x2840_0000, 0x2ff0_0000, 0x4f00_0000, 0x6000_0000, 0xa000_0000, 0xe000_0000]

/** An address of filler, with bit 0 set, or now and then not, or none of code. */
export function codeAddress(context: Context): number {
  const { random, chunk, address } = context
  if (random.chance(6)) return random.pick(NOWHERE) + 4 * random.below(0x1_0000) + 1
  let to = chooseTarget(context)
  if (!isInSea(to)) {
    to = address + 8 + 2 * random.below(60)
    chunk.reserve(to + 2)
  }
  // QEMU takes a misaligned address for a fault before it looks at the Thumb bit.
  return to % 4 !== 0 || random.chance(85) ? to | 1 : to
}

/** Inside the case or in one of the seas. */
export function chooseTarget({ random, chunk, address }: Context): number {
  const within = (low: number, high: number) => low + 2 * random.below((high - low) / 2)
  switch (random.below(4)) {
    case 0:
      return within(LOW_SEA.start, LOW_SEA.end)
    case 1:
      return within(HIGH_SEA.start, HIGH_SEA.end)
    default:
      return within(chunk.start, address + 200)
  }
}

export function isInSea(address: number): boolean {
  return [LOW_SEA, HIGH_SEA].some(({ start, end }) => address >= start && address < end)
}
