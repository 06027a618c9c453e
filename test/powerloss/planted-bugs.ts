/**
 * Bugs to be found: a flash that carries out some writes only after the next mark in the journal,
 * as if the kernel had set its marks too early. Everything that reads sees what was asked for, so
 * only a power cut shows the difference.
 */
import { type Flash, type FlashError, internalLayout } from '@microvisor/microvisor'

export interface Range {
  readonly offset: number
  readonly size: number
}

/** Writes that wait for the next mark, of all chips that share it. */
export class Procrastination {
  #waiting: (() => FlashError | undefined)[] = []

  add(operation: () => FlashError | undefined): undefined {
    this.#waiting.push(operation)
    return undefined
  }

  catchUp(): void {
    for (const operation of this.#waiting.splice(0)) operation()
  }
}

export class LateFlash implements Flash {
  readonly sizeBytes: number
  readonly eraseBytes: number
  readonly programBytes: number
  readonly #flash: Flash
  readonly #late: Range
  readonly #procrastination: Procrastination
  /** What the kernel believes to be there. */
  readonly #believed: Uint8Array

  constructor(flash: Flash, late: Range, procrastination: Procrastination) {
    this.sizeBytes = flash.sizeBytes
    this.eraseBytes = flash.eraseBytes
    this.programBytes = flash.programBytes
    this.#flash = flash
    this.#late = late
    this.#procrastination = procrastination
    this.#believed = new Uint8Array(late.size)
    flash.read(late.offset, this.#believed)
  }

  read(offset: number, into: Uint8Array): void {
    this.#flash.read(offset, into)
    if (!this.#isLate(offset)) return
    const from = offset - this.#late.offset
    into.set(this.#believed.subarray(from, from + into.length))
  }

  erase(offset: number): FlashError | undefined {
    if (!this.#isLate(offset)) return this.#flash.erase(offset)
    const from = offset - this.#late.offset
    this.#believed.fill(0xff, from, from + this.eraseBytes)
    return this.#procrastination.add(() => this.#flash.erase(offset))
  }

  program(offset: number, from: Uint8Array): FlashError | undefined {
    if (this.#isLate(offset)) {
      this.#believed.set(from, offset - this.#late.offset)
      const bytes = from.slice()
      return this.#procrastination.add(() => this.#flash.program(offset, bytes))
    }
    const error = this.#flash.program(offset, from)
    if (isInside(offset, internalLayout.stateJournal)) this.#procrastination.catchUp()
    return error
  }

  #isLate(offset: number): boolean {
    return isInside(offset, this.#late)
  }
}

function isInside(offset: number, range: Range): boolean {
  return offset >= range.offset && offset < range.offset + range.size
}
