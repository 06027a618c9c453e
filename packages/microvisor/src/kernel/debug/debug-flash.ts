/** GDB's `load`: pages of the application's internal flash, erased and programmed on request. */
import { INTERNAL_FLASH_ADDRESS, INTERNAL_FLASH_BYTES } from '@microvisor/protocol'
import type { Flash } from '../../hardware.ts'

export class DebugFlash {
  readonly #flash: Flash
  #hasChanged = false

  constructor(flash: Flash) {
    this.#flash = flash
  }

  /** Flash is no longer what the installed manifest says. */
  get hasChanged(): boolean {
    return this.#hasChanged
  }

  /** Whole pages. A sentence for people if it cannot be. */
  erase(address: number, length: number): string | undefined {
    const { eraseBytes } = this.#flash
    const offset = address - INTERNAL_FLASH_ADDRESS
    const problem = outside(offset, length)
    if (problem !== undefined) return problem
    if (offset % eraseBytes !== 0 || length % eraseBytes !== 0) {
      return `Flash is erased in pages of ${eraseBytes} bytes; ${length} bytes at 0x${address.toString(16)} are not whole pages.`
    }
    this.#hasChanged = true
    for (let at = offset; at < offset + length; at += eraseBytes) {
      const error = this.#flash.erase(at)
      if (error !== undefined) return `Erasing flash failed: ${error}.`
    }
    return undefined
  }

  /** Erased quad-words; a last one that is not full is filled up with 0xFF. */
  program(address: number, data: Uint8Array): string | undefined {
    const { programBytes } = this.#flash
    const offset = address - INTERNAL_FLASH_ADDRESS
    const problem = outside(offset, data.length)
    if (problem !== undefined) return problem
    if (offset % programBytes !== 0) {
      return `Flash is programmed in units of ${programBytes} bytes; 0x${address.toString(16)} is not the start of one.`
    }
    this.#hasChanged = true
    for (let at = 0; at < data.length; at += programBytes) {
      const unit = new Uint8Array(programBytes).fill(0xff)
      unit.set(data.subarray(at, at + programBytes))
      const error = this.#flash.program(offset + at, unit)
      if (error !== undefined) return `Programming flash at offset ${offset + at} failed: ${error}.`
    }
    return undefined
  }
}

function outside(offset: number, length: number): string | undefined {
  if (offset >= 0 && offset + length <= INTERNAL_FLASH_BYTES) return undefined
  return `${length} bytes at offset ${offset} are not in the application's ${INTERNAL_FLASH_BYTES} bytes of flash.`
}
