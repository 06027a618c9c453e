/**
 * What is known of the device's memory without asking. SRAM is forgotten whenever the application
 * runs; flash only when somebody writes it; registers of peripherals are never kept.
 */
import { DEBUG_MEMORY_BYTES_MAX } from '@microvisor/protocol'
import { joined, type MemoryPart } from './changes.ts'

const BLOCK_BYTES = 64
const ALL_KNOWN = (1n << BigInt(BLOCK_BYTES)) - 1n
const FLASH = { base: 0x0800_0000, end: 0x0810_0000 } as const
const SRAM = [
  { base: 0x2000_0000, end: 0x2008_0000 },
  { base: 0x2800_0000, end: 0x2800_4000 },
] as const

/** Read at least this much where memory has no side effects. */
const SRAM_READ_BYTES = 256
const FLASH_READ_BYTES = 1024

interface Block {
  readonly bytes: Uint8Array
  /** A bit for each byte that is known, from the lowest on. */
  known: bigint
}

export function isFlash(address: number): boolean {
  return address >= FLASH.base && address < FLASH.end
}

/** True if all of it is the application's SRAM. */
export function isSram(address: number, length: number): boolean {
  return SRAM.some(({ base, end }) => address >= base && address + length <= end)
}

export class MemoryCache {
  readonly #blocks = new Map<number, Block>()

  /** The bytes, if all are known. */
  get(address: number, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const { block, offset, count } = this.#piece(address + done, length - done)
      const mask = maskOf(offset, count)
      if (block === undefined || (block.known & mask) !== mask) return undefined
      bytes.set(block.bytes.subarray(offset, offset + count), done)
      done += count
    }
    return bytes
  }

  put(address: number, bytes: Uint8Array): void {
    if (!isFlash(address) && !isSram(address, bytes.length)) return
    for (let done = 0; done < bytes.length; ) {
      const at = address + done
      const { block, offset, count, number } = this.#piece(at, bytes.length - done)
      const known = block ?? { bytes: new Uint8Array(BLOCK_BYTES), known: 0n }
      known.bytes.set(bytes.subarray(done, done + count), offset)
      known.known |= maskOf(offset, count)
      this.#blocks.set(number, known)
      done += count
    }
  }

  /** Of SRAM, whole blocks: somebody has stored there. */
  forget(address: number, length: number): void {
    const [first, last] = [address, address + length - 1].map((at) => Math.floor(at / BLOCK_BYTES))
    for (const number of this.#blocks.keys()) {
      if (number >= first! && number <= last! && !isFlash(number * BLOCK_BYTES))
        this.#blocks.delete(number)
    }
  }

  /** The application has run. */
  forgetSram(): void {
    for (const number of this.#blocks.keys()) {
      if (!isFlash(number * BLOCK_BYTES)) this.#blocks.delete(number)
    }
  }

  forgetAll(): void {
    this.#blocks.clear()
  }

  /** The longest stretch of flash that is known, of so many bytes around a place. */
  flashAround({ address, data }: MemoryPart, bytes: number): MemoryPart | undefined {
    const [first, last] = [address - bytes / 2, address + data.length + bytes / 2].map((at) =>
      Math.floor(at / BLOCK_BYTES),
    )
    const runs = this.#flashRuns((number) => number >= first! && number < last!)
    return runs.reduce<MemoryPart | undefined>(
      (best, run) => (best === undefined || run.data.length > best.data.length ? run : best),
      undefined,
    )
  }

  /** What is known of flash, and is not known any more from here on. */
  takeFlash(): MemoryPart[] {
    const runs = this.#flashRuns(() => true)
    for (const number of this.#blocks.keys()) {
      if (isFlash(number * BLOCK_BYTES)) this.#blocks.delete(number)
    }
    return runs
  }

  #flashRuns(isWanted: (number: number) => boolean): MemoryPart[] {
    const numbers = [...this.#blocks]
      .filter(([number, { known }]) => isFlash(number * BLOCK_BYTES) && known === ALL_KNOWN)
      .map(([number]) => number)
      .filter(isWanted)
      .sort((a, b) => a - b)
    return joined(
      numbers.map((number) => ({
        address: number * BLOCK_BYTES,
        data: this.#blocks.get(number)!.bytes,
      })),
    )
  }

  #piece(address: number, length: number) {
    const number = Math.floor(address / BLOCK_BYTES)
    const offset = address % BLOCK_BYTES
    const count = Math.min(length, BLOCK_BYTES - offset)
    return { number, offset, count, block: this.#blocks.get(number) }
  }
}

function maskOf(offset: number, count: number): bigint {
  return ((1n << BigInt(count)) - 1n) << BigInt(offset)
}

/** More than is asked for, where that costs nothing: whole pieces of SRAM and flash. */
export function rangeAround(address: number, length: number): { address: number; length: number } {
  const isPlain = isSram(address, length)
  const piece = isFlash(address) ? FLASH_READ_BYTES : isPlain ? SRAM_READ_BYTES : 0
  if (piece === 0) return { address, length }
  const start = address - (address % piece)
  const end = Math.ceil((address + length) / piece) * piece
  return { address: start, length: Math.min(end - start, DEBUG_MEMORY_BYTES_MAX) }
}
