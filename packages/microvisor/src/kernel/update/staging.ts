/**
 * Writing a layer to the staging half of external flash as it arrives, in pieces of any size.
 * Sectors are erased as the writing reaches them; at most one page waits in memory.
 */
import { isBlank, programFlash, readFlash } from '../../flash-access.ts'
import { externalLayout } from '../../flash-layout.ts'
import type { Flash, FlashError } from '../../hardware.ts'
import type { StagedLayer } from './journal.ts'

const { staging } = externalLayout

export class StagingWriter {
  readonly offset: number
  readonly #flash: Flash
  readonly #page: Uint8Array
  #received = 0

  constructor(flash: Flash, offset: number) {
    this.#flash = flash
    this.offset = offset
    this.#page = new Uint8Array(flash.programBytes)
  }

  /** Bytes taken so far, those in memory included. */
  get received(): number {
    return this.#received
  }

  get roomBytes(): number {
    return staging.offset + staging.size - this.offset - this.#received
  }

  /** Takes bytes; the caller has seen to it that there is room. */
  write(bytes: Uint8Array): FlashError | undefined {
    for (let taken = 0; taken < bytes.length; ) {
      const at = this.#received % this.#page.length
      const part = bytes.subarray(taken, taken + this.#page.length - at)
      this.#page.set(part, at)
      this.#received += part.length
      taken += part.length
      if (at + part.length < this.#page.length) continue
      const error = this.#programPage(this.#page)
      if (error !== undefined) return error
    }
    return undefined
  }

  /** Writes what still waits in memory. Nothing may be written afterwards. */
  finish(): FlashError | undefined {
    const rest = this.#received % this.#page.length
    return rest === 0 ? undefined : this.#programPage(this.#page.subarray(0, rest))
  }

  #programPage(page: Uint8Array): FlashError | undefined {
    const { eraseBytes, programBytes } = this.#flash
    const at = this.offset + Math.floor((this.#received - 1) / programBytes) * programBytes
    if (at % eraseBytes === 0 && !isBlank(readFlash(this.#flash, at, eraseBytes))) {
      const error = this.#flash.erase(at)
      if (error !== undefined) return error
    }
    return programFlash(this.#flash, at, page)
  }
}

/** Where the next layer can be staged: behind all that are. */
export function nextStagingOffset(staged: Iterable<StagedLayer>, sectorBytes: number): number {
  let next: number = staging.offset
  for (const { offset, bytes } of staged) {
    next = Math.max(next, offset + Math.ceil(bytes / sectorBytes) * sectorBytes)
  }
  return next
}
