/** Fills a staging object as its bytes arrive, in pieces of any size; at most a page waits in memory. */
import type { FlashError } from '../../hardware.ts'
import type { StagingFacts, StagingObject } from './staging-object.ts'

const PAGE_BYTES = 256

export class StagingWriter {
  readonly object: StagingObject
  readonly #page = new Uint8Array(PAGE_BYTES)
  #received: number

  /** `received`: what an earlier life has written, a multiple of a page. */
  constructor(object: StagingObject, received: number) {
    this.object = object
    this.#received = received
  }

  get facts(): StagingFacts {
    return this.object.facts
  }

  /** Bytes taken so far, those in memory included. */
  get received(): number {
    return this.#received
  }

  /** Takes bytes; the caller has seen to it that they belong to the object. */
  write(bytes: Uint8Array): FlashError | undefined {
    for (let taken = 0; taken < bytes.length; ) {
      const at = this.#received % PAGE_BYTES
      const part = bytes.subarray(taken, taken + PAGE_BYTES - at)
      this.#page.set(part, at)
      this.#received += part.length
      taken += part.length
      if (at + part.length < PAGE_BYTES) continue
      const error = this.object.write(this.#received - PAGE_BYTES, this.#page)
      if (error !== undefined) return error
    }
    return undefined
  }

  /** Writes what still waits in memory. Nothing may be written afterwards. */
  finish(): FlashError | undefined {
    const rest = this.#received % PAGE_BYTES
    if (rest === 0) return undefined
    return this.object.write(this.#received - rest, this.#page.subarray(0, rest))
  }
}
