/**
 * Application memory as the kernel may touch it. An address from the application is an allegation:
 * every function here checks the whole range first and says `undefined` or false if the application
 * could not have made that access itself. Nothing else in the kernel reads or writes its memory.
 *
 * Alignment is not checked: the range decides, as the reference has no status for it. Numbers wider
 * than 32 bits are plain numbers below 2^53.
 */
import {
  decodeStruct,
  encodeStruct,
  Status,
  type StructName,
  type StructValue,
  structs,
} from '@microvisor/protocol'
import type { ApplicationWorld } from '../hardware.ts'

const ADDRESS_SPACE = 0x1_0000_0000
const WORD = 0x1_0000_0000

export class ApplicationMemory {
  readonly #world: ApplicationWorld

  constructor(world: ApplicationWorld) {
    this.#world = world
  }

  /** An empty range is always readable, wherever it is. */
  isReadable(address: number, length: number): boolean {
    if (length === 0) return true
    return isInAddressSpace(address, length) && this.#world.isReadable(address, length)
  }

  isWritable(address: number, length: number): boolean {
    if (length === 0) return true
    return isInAddressSpace(address, length) && this.#world.isWritable(address, length)
  }

  read(address: number, length: number): Uint8Array | undefined {
    if (!this.isReadable(address, length)) return undefined
    const bytes = new Uint8Array(length)
    if (length > 0) this.#world.read(address, bytes)
    return bytes
  }

  readWord(address: number): number | undefined {
    const bytes = this.read(address, 4)
    return bytes && new DataView(bytes.buffer).getUint32(0, true)
  }

  readStruct<Name extends StructName>(name: Name, address: number): StructValue<Name> | undefined {
    const bytes = this.read(address, structs[name].bytes)
    return bytes && decodeStruct(name, bytes)
  }

  write(address: number, bytes: Uint8Array): boolean {
    if (!this.isWritable(address, bytes.length)) return false
    if (bytes.length > 0) this.#world.write(address, bytes)
    return true
  }

  writeWord(address: number, value: number): boolean {
    return this.write(address, words(value))
  }

  writeDoubleWord(address: number, value: number): boolean {
    return this.write(address, words(value % WORD, Math.floor(value / WORD)))
  }

  writeStruct<Name extends StructName>(
    name: Name,
    address: number,
    value: StructValue<Name>,
  ): boolean {
    return this.write(address, encodeStruct(name, value))
  }

  /** Gives up the handle at `address`: `remove` takes it, and 0 is left in its place. */
  consumeHandle(address: number, remove: (handle: number) => boolean) {
    if (!this.isWritable(address, 4)) return Status.PARAMETERFAULT
    const handle = this.readWord(address)
    if (handle === undefined) return Status.PARAMETERFAULT
    if (!remove(handle)) return Status.INVALIDHANDLE
    this.writeWord(address, 0)
    return Status.OKAY
  }
}

/** Little-endian bytes of unsigned 32-bit words. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true)
  return bytes
}

function isInAddressSpace(address: number, length: number): boolean {
  return address >= 0 && length >= 0 && address + length <= ADDRESS_SPACE
}
