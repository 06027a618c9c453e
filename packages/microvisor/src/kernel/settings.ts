/**
 * What the application has set for good, as one record in internal flash. Two pages take turns:
 * the other one is erased and written whole, so that a power cut leaves the old record or the new.
 *
 *   sequence  4 bytes, little-endian; the higher one counts
 *   length    4 bytes
 *   hash      first 8 bytes of the SHA-256 of sequence, length and content
 *   content   length bytes
 */
import { equalBytes } from '@microvisor/protocol'
import { eraseFlash, programFlash, readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import type { Engines, Flash, FlashError } from '../hardware.ts'
import { words } from './application-memory.ts'

const HEADER_BYTES = 16
const HASH_BYTES = 8
const CONTENT_BYTES_MAX = 1024
const PAGES = 2
const { offset: START, size: SIZE } = internalLayout.settings
const PAGE_BYTES = SIZE / PAGES

interface Found {
  readonly page: number
  readonly sequence: number
  readonly content: Uint8Array
}

export interface SettingsChip {
  readonly internalFlash: Flash
  readonly engines: Engines
}

export class Settings {
  readonly #chip: SettingsChip
  #found: Found

  constructor(chip: SettingsChip) {
    this.#chip = chip
    const pages = [0, 1].map((page) => this.#readPage(page)).filter((found) => found !== undefined)
    pages.sort((a, b) => b.sequence - a.sequence)
    this.#found = pages[0] ?? { page: 1, sequence: 0, content: new Uint8Array(0) }
  }

  /** Empty if nothing was ever set. */
  read(): Uint8Array {
    return this.#found.content
  }

  write(content: Uint8Array): FlashError | undefined {
    if (equalBytes(content, this.#found.content)) return undefined
    const { internalFlash: flash } = this.#chip
    const page = (this.#found.page + 1) % PAGES
    const sequence = this.#found.sequence + 1
    const record = this.#encode(sequence, content)
    const error =
      eraseFlash(flash, pageStart(page), PAGE_BYTES) ?? programFlash(flash, pageStart(page), record)
    if (error === undefined) this.#found = { page, sequence, content: content.slice() }
    return error
  }

  #readPage(page: number): Found | undefined {
    const { internalFlash: flash } = this.#chip
    const header = readFlash(flash, pageStart(page), HEADER_BYTES)
    const view = new DataView(header.buffer)
    const [sequence, length] = [view.getUint32(0, true), view.getUint32(4, true)]
    if (length > CONTENT_BYTES_MAX) return undefined
    const content = readFlash(flash, pageStart(page) + HEADER_BYTES, length)
    const whole = readFlash(flash, pageStart(page), HEADER_BYTES + length)
    return equalBytes(whole, this.#encode(sequence, content))
      ? { page, sequence, content }
      : undefined
  }

  #encode(sequence: number, content: Uint8Array): Uint8Array {
    const numbers = words(sequence, content.length)
    const hash = this.#chip.engines.sha256()
    hash.update(numbers)
    hash.update(content)
    const digest = new Uint8Array(32)
    hash.finish(digest)
    const record = new Uint8Array(HEADER_BYTES + content.length)
    record.set(numbers)
    record.set(digest.subarray(0, HASH_BYTES), numbers.length)
    record.set(content, HEADER_BYTES)
    return record
  }
}

function pageStart(page: number): number {
  return START + page * PAGE_BYTES
}
