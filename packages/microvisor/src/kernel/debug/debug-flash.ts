/** GDB's `load`: pages of the application's internal flash, written on request. */
import { INTERNAL_FLASH_ADDRESS, INTERNAL_FLASH_BYTES } from '@microvisor/protocol'
import { eraseFlash, programFlash } from '../../flash-access.ts'
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

  /** Whole pages, erased and programmed anew. A sentence for people if it cannot be. */
  write(address: number, data: Uint8Array): string | undefined {
    const { eraseBytes } = this.#flash
    const place = `${data.length} bytes at 0x${address.toString(16)}`
    const offset = address - INTERNAL_FLASH_ADDRESS
    if (offset + data.length > INTERNAL_FLASH_BYTES) {
      return `${place} are not all in the application's ${INTERNAL_FLASH_BYTES} bytes of flash.`
    }
    if (offset % eraseBytes !== 0 || data.length % eraseBytes !== 0) {
      return `Flash is written in pages of ${eraseBytes} bytes; ${place} are not whole pages.`
    }
    this.#hasChanged = true
    const error =
      eraseFlash(this.#flash, offset, data.length) ?? programFlash(this.#flash, offset, data)
    return error && `Writing ${place} of flash failed: ${error}.`
  }
}

/** True if it is where the application's flash is. */
export function isFlash(address: number): boolean {
  return (
    address >= INTERNAL_FLASH_ADDRESS && address < INTERNAL_FLASH_ADDRESS + INTERNAL_FLASH_BYTES
  )
}
