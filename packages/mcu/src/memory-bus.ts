/**
 * What a bus master other than the CPU reaches: flash and SRAM where their attribution lets it,
 * peripherals through their bus. RM0456, "System architecture" and "Global TrustZone controller".
 *
 * A non-secure access to secure memory and one to nothing end with a bus error, which DMA shows in
 * its error flags. Flash is read only.
 */
import { type AccessSize, type Bus, BusFault, type Master } from './bus.ts'
import type { Attribution, MemoryRange } from './cpu/cpu.ts'
import type { SystemBus } from './wiring.ts'

export interface MemoryBusParts {
  readonly bytes: Uint8Array
  readonly ranges: readonly MemoryRange[]
  readonly peripherals: Bus
  attributionOf(address: number): Attribution
  /** Bytes of plain memory were changed. */
  changed(address: number, length: number): void
}

export class MemoryBus implements SystemBus {
  fault: BusFault = BusFault.none
  readonly #parts: MemoryBusParts
  readonly #view: DataView
  /** The range of the last access: most go where the one before went. */
  #last: MemoryRange | undefined

  constructor(parts: MemoryBusParts) {
    this.#parts = parts
    const { buffer, byteOffset, byteLength } = parts.bytes
    this.#view = new DataView(buffer, byteOffset, byteLength)
  }

  read(address: number, size: AccessSize, master: Master): number {
    this.fault = BusFault.none
    const range = this.#rangeOf(address)
    if (range === undefined) {
      const { peripherals } = this.#parts
      const value = peripherals.read(address, size, master)
      this.fault = peripherals.fault
      return value
    }
    if (!this.#isAllowed(address, size, master)) return 0
    const at = address - range.base + (range.backing ?? range.base)
    if (size === 4) return this.#view.getUint32(at, true)
    return size === 2 ? this.#view.getUint16(at, true) : this.#view.getUint8(at)
  }

  write(address: number, size: AccessSize, value: number, master: Master): void {
    this.fault = BusFault.none
    const range = this.#rangeOf(address)
    if (range === undefined) {
      const { peripherals } = this.#parts
      peripherals.write(address, size, value, master)
      this.fault = peripherals.fault
      return
    }
    if (!this.#isAllowed(address, size, master)) return
    if (range.kind === 'flash') {
      this.fault = BusFault.error
      return
    }
    if (size === 4) this.#view.setUint32(address, value, true)
    else if (size === 2) this.#view.setUint16(address, value, true)
    else this.#view.setUint8(address, value)
    this.#parts.changed(address, size)
  }

  #isAllowed(address: number, size: AccessSize, { isSecure }: Master): boolean {
    const { attributionOf } = this.#parts
    const isMisaligned = (address & (size - 1)) !== 0
    const attribution = attributionOf(address)
    const isForbidden = !isSecure && attribution !== 'non-secure'
    if (isMisaligned || isForbidden || attribution === 'hidden') {
      this.fault = BusFault.error
    }
    return this.fault === BusFault.none
  }

  #rangeOf(address: number): MemoryRange | undefined {
    const last = this.#last
    if (last !== undefined && address >= last.base && address - last.base < last.size) return last
    const found = this.#parts.ranges.find(
      ({ base, size }) => address >= base && address - base < size,
    )
    if (found !== undefined) this.#last = found
    return found
  }
}
