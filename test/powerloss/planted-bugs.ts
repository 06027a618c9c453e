/**
 * Bugs to be found. Everything that reads sees what was asked for, so only a power cut shows the
 * difference.
 *
 *   LateFlash    some writes happen only after the next mark in a journal, as if the kernel had set
 *                its marks too early
 *   HastyErase   a page is erased long before its turn, as if two steps had changed places
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

/** Erases the page `of` as soon as something is programmed in `after`, and hides it until its turn. */
export class HastyErase implements Flash {
  readonly sizeBytes: number
  readonly eraseBytes: number
  readonly programBytes: number
  readonly #flash: Flash
  readonly #of: number
  readonly #after: Range
  /** What the page held before its time. */
  #believed: Uint8Array | undefined

  constructor(flash: Flash, { of, after }: { of: number; after: Range }) {
    this.sizeBytes = flash.sizeBytes
    this.eraseBytes = flash.eraseBytes
    this.programBytes = flash.programBytes
    this.#flash = flash
    this.#of = of
    this.#after = after
  }

  read(offset: number, into: Uint8Array): void {
    const from = offset - this.#of
    const isHidden = this.#believed !== undefined && from >= 0 && from < this.eraseBytes
    if (isHidden) into.set(this.#believed!.subarray(from, from + into.length))
    else this.#flash.read(offset, into)
  }

  erase(offset: number): FlashError | undefined {
    if (offset !== this.#of || this.#believed === undefined) return this.#flash.erase(offset)
    this.#believed = undefined
    return undefined
  }

  program(offset: number, from: Uint8Array): FlashError | undefined {
    const error = this.#flash.program(offset, from)
    if (isInside(offset, this.#after) && this.#believed === undefined) this.#hurry()
    return error
  }

  #hurry(): void {
    const page = new Uint8Array(this.eraseBytes)
    this.#flash.read(this.#of, page)
    if (page.every((byte) => byte === 0xff)) return
    this.#flash.erase(this.#of)
    this.#believed = page
  }
}

function isInside(offset: number, range: Range): boolean {
  return offset >= range.offset && offset < range.offset + range.size
}
