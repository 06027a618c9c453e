/** Blocks of memory on their way to the device, each told by a delta to what is there already. */
import { createHash } from 'node:crypto'
import { DEBUG_BLOCK_BYTES_MAX, DEBUG_RANGES_MAX, makeDelta } from '@microvisor/protocol'
import type { MemoryPart } from './changes.ts'
import type { Ask } from './debug-client.ts'

/** In the device's memory, when the block's turn comes. */
type Base = MemoryPart

export class Blocks {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** Resolves when it is written; it is on its way when this returns. */
  async write({ address, data }: MemoryPart, base?: Base): Promise<void> {
    const from = base?.data ?? new Uint8Array(0)
    const value = { address, length: data.length, delta: makeDelta(from, data), hash: sha256(data) }
    const range = base && { base: { address: base.address, length: from.length } }
    await this.#ask({ case: 'writeBlock', value: { ...value, ...range } }, 'done')
  }

  /** SHA-256 of what the device has in the place of each part; empty where there is no memory. */
  async hashes(parts: readonly MemoryPart[]): Promise<Uint8Array[]> {
    const ranges = parts.map(({ address, data }) => ({ address, length: data.length }))
    const answers = inPieces(ranges, DEBUG_RANGES_MAX).map((piece) =>
      this.#ask({ case: 'hashMemory', value: { ranges: piece } }, 'memoryHashed'),
    )
    return (await Promise.all(answers)).flatMap(({ hashes }) => hashes)
  }
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest()
}

/** Of no more bytes than a block has, one after another. */
export function inBlocks({ address, data }: MemoryPart): MemoryPart[] {
  const parts: MemoryPart[] = []
  for (let at = 0; at < data.length; at += DEBUG_BLOCK_BYTES_MAX) {
    parts.push({ address: address + at, data: data.subarray(at, at + DEBUG_BLOCK_BYTES_MAX) })
  }
  return parts
}

function inPieces<T>(list: readonly T[], most: number): T[][] {
  const pieces: T[][] = []
  for (let at = 0; at < list.length; at += most) pieces.push(list.slice(at, at + most))
  return pieces
}
