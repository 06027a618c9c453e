/**
 * A ring of bytes in a buffer of the application, which stays the application's memory: it may write
 * into it at any time, so nothing that is read from here is believed before it was checked. Where the
 * content begins and how much there is, the kernel keeps for itself.
 */
import type { ApplicationMemory } from '../application-memory.ts'

export interface BufferPlace {
  readonly address: number
  readonly bytes: number
}

export class BufferRing {
  readonly #memory: ApplicationMemory
  readonly #place: BufferPlace
  #first = 0
  #used = 0

  constructor(memory: ApplicationMemory, place: BufferPlace) {
    this.#memory = memory
    this.#place = place
  }

  get used(): number {
    return this.#used
  }

  get free(): number {
    return this.#place.bytes - this.#used
  }

  /** Adds behind what is there. The caller has looked whether it fits. */
  write(content: Uint8Array): void {
    const { address, bytes } = this.#place
    const at = (this.#first + this.#used) % bytes
    const untilEnd = bytes - at
    this.#memory.write(address + at, content.subarray(0, untilEnd))
    this.#memory.write(address, content.subarray(untilEnd))
    this.#used += content.length
  }

  /** A copy of `length` bytes, `offset` behind the first. */
  read(offset: number, length: number): Uint8Array {
    const { address, bytes } = this.#place
    const at = (this.#first + offset) % bytes
    const head = Math.min(length, bytes - at)
    const content = new Uint8Array(length)
    content.set(this.#memory.read(address + at, head) ?? [])
    content.set(this.#memory.read(address, length - head) ?? [], head)
    return content
  }

  /** Frees the first bytes. */
  drop(length: number): void {
    this.#first = (this.#first + length) % this.#place.bytes
    this.#used -= length
  }

  /** Where the first bytes lie, as far as they lie in one piece. */
  get front(): BufferPlace {
    const { address, bytes } = this.#place
    return { address: address + this.#first, bytes: Math.min(this.#used, bytes - this.#first) }
  }
}
