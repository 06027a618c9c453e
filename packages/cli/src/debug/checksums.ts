/**
 * GDB's `compare-sections`: it asks for the checksum of one section after another. Worked out next to
 * the device, and those that it is going to ask for come along with the first.
 */
import { DEBUG_HASH_BYTES_MAX, DEBUG_RANGES_MAX, HashKind } from '@microvisor/protocol'
import type { Ask } from './debug-client.ts'
import type { Range } from './habits.ts'

export class Checksums {
  readonly #ask: Ask
  #expected: readonly Range[] = []
  /** CRC-32; undefined where memory ends. */
  readonly #known = new Map<string, number | undefined>()

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** These will be asked for together. */
  expect(ranges: readonly Range[]): void {
    this.#expected = ranges
  }

  /** Memory is not what it was. */
  forget(): void {
    this.#known.clear()
  }

  async of(range: Range): Promise<number | undefined> {
    if (!this.#known.has(nameOf(range))) await this.#fetch(range)
    return this.#known.get(nameOf(range))
  }

  async #fetch(range: Range): Promise<void> {
    const isExpected = this.#expected.some((each) => nameOf(each) === nameOf(range))
    const bytes = this.#expected.reduce((sum, { length }) => sum + length, 0)
    const isFew = this.#expected.length <= DEBUG_RANGES_MAX && bytes <= DEBUG_HASH_BYTES_MAX
    const ranges = isExpected && isFew ? [...this.#expected] : [range]
    const value = { ranges, kind: HashKind.CRC32 }
    const { hashes } = await this.#ask({ case: 'hashMemory', value }, 'memoryHashed')
    for (const [index, each] of ranges.entries()) {
      const hash = Buffer.from(hashes[index] ?? [])
      this.#known.set(nameOf(each), hash.length === 4 ? hash.readUInt32BE() : undefined)
    }
  }
}

function nameOf({ address, length }: Range): string {
  return `${address},${length}`
}
