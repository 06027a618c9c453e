/** Flash of the target: compared by hashes, and programmed with as few bytes as can be. */
import { setImmediate as turn } from 'node:timers/promises'
import { type Blocks, inBlocks, sha256 } from './blocks.ts'
import { joined, type MemoryPart } from './changes.ts'
import type { MemoryCache } from './memory-cache.ts'

/** Of what lies in flash, so much is searched for pieces of a new block. */
const BASE_BYTES_MAX = 262_144

export class TargetFlash {
  readonly #memory: MemoryCache
  readonly #blocks: Blocks

  constructor(memory: MemoryCache, blocks: Blocks) {
    this.#memory = memory
    this.#blocks = blocks
  }

  /** Which of these parts flash holds exactly so. That is known from here on. */
  async compare(parts: readonly MemoryPart[]): Promise<MemoryPart[]> {
    const hashes = await this.#blocks.hashes(parts)
    const same = parts.filter(({ data }, index) => sha256(data).equals(hashes[index]!))
    for (const { address, data } of same) this.#memory.put(address, data)
    return same
  }

  /** The device may have been at work meanwhile: what is no longer so is forgotten. */
  async verify(): Promise<void> {
    const known = this.#memory.takeFlash()
    await this.compare(known.flatMap(inBlocks))
  }

  /** Whole pages, in order. What they hold already is not sent; the rest is on its way at once. */
  async program(pages: readonly MemoryPart[]): Promise<void> {
    await this.compare(pages.filter(({ address, data }) => !this.#known(address, data.length)))
    const others = pages.filter(
      ({ address, data }) => !this.#known(address, data.length)?.equals(data),
    )
    const answers: Promise<void>[] = []
    for (const block of joined(others).flatMap(inBlocks)) {
      const answer = this.#blocks.write(block, this.#memory.flashAround(block, BASE_BYTES_MAX))
      answer.catch(() => undefined)
      answers.push(answer)
      // When the next block's turn comes, this one is there.
      this.#memory.put(block.address, block.data)
      await turn()
    }
    try {
      await Promise.all(answers)
    } catch (error) {
      this.#memory.forgetAll()
      throw error
    }
  }

  #known(address: number, length: number): Buffer | undefined {
    const bytes = this.#memory.get(address, length)
    return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}
