/**
 * Application memory as the kernel may touch it. An address from the application is an allegation:
 * every function here checks the whole range first and says `undefined` or false if the application
 * could not have made that access itself. Nothing else in the kernel reads or writes its memory.
 *
 * Alignment is not checked: the range decides, as the reference has no status for it. Numbers wider
 * than 32 bits are plain numbers below 2^53.
 */
import type { ApplicationWorld } from '../hardware.ts'

const ADDRESS_SPACE = 0x1_0000_0000
const WORD = 0x1_0000_0000

export class ApplicationMemory {
  readonly #world: ApplicationWorld

  constructor(world: ApplicationWorld) {
    this.#world = world
  }

  isReadable(address: number, length: number): boolean {
    return isInAddressSpace(address, length) && this.#world.isReadable(address, length)
  }

  isWritable(address: number, length: number): boolean {
    return isInAddressSpace(address, length) && this.#world.isWritable(address, length)
  }

  read(address: number, length: number): Uint8Array | undefined {
    if (!this.isReadable(address, length)) return undefined
    const bytes = new Uint8Array(length)
    this.#world.read(address, bytes)
    return bytes
  }

  /** Little-endian words from `address` on. */
  readWords(address: number, count: number): number[] | undefined {
    const bytes = this.read(address, 4 * count)
    if (bytes === undefined) return undefined
    const view = new DataView(bytes.buffer)
    return Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true))
  }

  readWord(address: number): number | undefined {
    return this.readWords(address, 1)?.[0]
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (!this.isWritable(address, bytes.length)) return false
    this.#world.write(address, bytes)
    return true
  }

  writeWord(address: number, value: number): boolean {
    return this.write(address, words(value))
  }

  writeDoubleWord(address: number, value: number): boolean {
    return this.write(address, words(value % WORD, Math.floor(value / WORD)))
  }
}

/** Little-endian bytes of unsigned 32-bit words. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => view.setUint32(4 * i, value, true))
  return bytes
}

function isInAddressSpace(address: number, length: number): boolean {
  return address >= 0 && length >= 0 && address + length <= ADDRESS_SPACE
}
