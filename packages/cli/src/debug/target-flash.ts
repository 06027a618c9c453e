/** Flash of the target: compared by hashes, and programmed. */
import { DEBUG_RANGES_MAX, type DebugRequestInit } from '@microvisor/protocol'
import type { Reply } from './debug-client.ts'
import type { MemoryCache } from './memory-cache.ts'

export interface FlashPart {
  readonly address: number
  readonly data: Uint8Array
  readonly hash: Uint8Array
}

export type Answer = 'attached' | 'memoryRead' | 'done' | 'stopped' | 'memoryHashed'

type Ask = <Case extends Answer>(request: DebugRequestInit, kind: Case) => Promise<Reply<Case>>

/** Bytes programmed with one request. */
const PROGRAM_BYTES = 32_768

export class TargetFlash {
  readonly #memory: MemoryCache
  readonly #ask: Ask

  constructor(memory: MemoryCache, ask: Ask) {
    this.#memory = memory
    this.#ask = ask
  }

  /** Of ranges of flash: which of them hold exactly these bytes. What does is known from here on. */
  async compare(parts: readonly FlashPart[]): Promise<FlashPart[]> {
    const batches: FlashPart[][] = []
    for (let at = 0; at < parts.length; at += DEBUG_RANGES_MAX) {
      batches.push(parts.slice(at, at + DEBUG_RANGES_MAX))
    }
    return (await Promise.all(batches.map((batch) => this.#compareBatch(batch)))).flat()
  }

  async #compareBatch(parts: readonly FlashPart[]): Promise<FlashPart[]> {
    const ranges = parts.map(({ address, data }) => ({ address, length: data.length }))
    const { hashes } = await this.#ask({ case: 'hashMemory', value: { ranges } }, 'memoryHashed')
    return parts.filter(({ address, data, hash }, index) => {
      const isSame = Buffer.from(hashes[index] ?? []).equals(hash)
      if (isSame) this.#memory.put(address, data)
      return isSame
    })
  }

  /** Whole pages, erased and programmed anew: everything is on its way at once. */
  async load(address: number, bytes: Uint8Array): Promise<void> {
    this.#memory.forgetAll()
    const length = bytes.length
    const answers = [this.#ask({ case: 'eraseFlash', value: { address, length } }, 'done')]
    for (let at = 0; at < length; at += PROGRAM_BYTES) {
      const data = bytes.subarray(at, at + PROGRAM_BYTES)
      answers.push(
        this.#ask({ case: 'programFlash', value: { address: address + at, data } }, 'done'),
      )
    }
    await Promise.all(answers)
    this.#memory.put(address, bytes)
  }
}
