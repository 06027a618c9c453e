/**
 * Something kept in the staging half of external flash: a layer as it is carried, or a transfer from
 * which one is made. Encrypted with the device's own AES key, in counter mode, with a nonce for each
 * sector: a random number of the object, and the sector's.
 *
 *   header   one page: magic 4 | bytes 4 | identity 32 | transfer 32 | facts 8 | nonce 8 | checksum 8
 *   data     pages, programmed from the first to the last
 *
 *   (1) All sectors of the data are erased before the header is written, and programmed only after it.
 *   (2) So behind a whole header a page that is not blank was programmed, the last one perhaps torn.
 *       To go on, begin with that page again: the same bytes give the same cells.
 *   (3) Whether data is right is never decided here: whoever relies on it compares hashes.
 */
import { equalBytes, joinBytes } from '@microvisor/protocol'
import { chipDigest } from '../../chip-crypto.ts'
import { eraseFlash, isBlank, programFlash, readFlash } from '../../flash-access.ts'
import { externalLayout } from '../../flash-layout.ts'
import type { FlashError } from '../../hardware.ts'
import type { Chip } from './layers.ts'

const MAGIC = 0x314f_534d // "MSO1", little-endian
const PAGE_BYTES = 256
const SECTOR_BYTES = 4096
const BODY_BYTES = 88
const NONCE_BYTES = 8

/** A header has a sector of its own only if its data lies elsewhere. */
export interface StagingPlace {
  readonly header: number
  readonly data: number
}

export interface StagingFacts {
  readonly bytes: number
  /** What it is of: the layer's fetch hash. */
  readonly identity: Uint8Array
  /** SHA-256 of the data once it is complete. */
  readonly transfer: Uint8Array
  /** For the user: two words. */
  readonly words: readonly [number, number]
}

const { staging } = externalLayout
const stagingEnd = staging.offset + staging.size

/** Header and data in one: for contents. */
export function contentPlace(offset: number): StagingPlace {
  return { header: offset, data: offset + PAGE_BYTES }
}

/** At the end of staging: for the one transfer under way. */
export function transferPlace(bytes: number): StagingPlace {
  const header = stagingEnd - SECTOR_BYTES
  return { header, data: header - roundUp(bytes, SECTOR_BYTES) }
}

/** Where the header of the transfer under way lies. */
export const transferHeader = stagingEnd - SECTOR_BYTES

/** Bytes that content may have from this offset, beside a transfer of so many. */
export function roomBytes(offset: number, transferBytes: number): number {
  const end = transferBytes === 0 ? stagingEnd : transferPlace(transferBytes).data
  return Math.max(0, end - offset - PAGE_BYTES)
}

/** The first sector behind content of so many bytes at this offset. */
export function behindContent(offset: number, bytes: number): number {
  return roundUp(offset + PAGE_BYTES + bytes, SECTOR_BYTES)
}

export class StagingObject {
  readonly facts: StagingFacts
  readonly #chip: Chip
  readonly #data: number
  readonly #nonce: Uint8Array

  private constructor(chip: Chip, data: number, facts: StagingFacts, nonce: Uint8Array) {
    this.#chip = chip
    this.#data = data
    this.facts = facts
    this.#nonce = nonce
  }

  /** Makes room for it and writes its header. */
  static create(
    chip: Chip,
    place: StagingPlace,
    facts: StagingFacts,
  ): StagingObject | { error: FlashError } {
    const { externalFlash, engines } = chip
    const nonce = new Uint8Array(NONCE_BYTES)
    engines.random(nonce)
    const error =
      externalFlash.erase(place.header) ??
      eraseUsed(chip, place, facts.bytes) ??
      programFlash(externalFlash, place.header, encodeHeader(chip, facts, nonce))
    return error === undefined ? new StagingObject(chip, place.data, facts, nonce) : { error }
  }

  /** What a header speaks of; undefined if there is none that is whole. */
  static read(chip: Chip, header: number, dataOf: (bytes: number) => number) {
    const page = readFlash(chip.externalFlash, header, PAGE_BYTES)
    const view = new DataView(page.buffer)
    if (view.getUint32(0, true) !== MAGIC) return undefined
    const body = page.subarray(0, BODY_BYTES)
    const sum = page.subarray(BODY_BYTES, BODY_BYTES + 8)
    if (!equalBytes(checksum(chip, body), sum)) return undefined
    const facts: StagingFacts = {
      bytes: view.getUint32(4, true),
      identity: body.slice(8, 40),
      transfer: body.slice(40, 72),
      words: [view.getUint32(72, true), view.getUint32(76, true)],
    }
    const data = dataOf(facts.bytes)
    if (data < staging.offset || data + facts.bytes > stagingEnd) return undefined
    return new StagingObject(chip, data, facts, body.slice(80, 88))
  }

  /** Reads [at, at + into.length), which lies in the data. */
  read(at: number, into: Uint8Array): void {
    const from = this.#data + at
    const first = from - (from % 16)
    const bytes = readFlash(this.#chip.externalFlash, first, from - first + into.length)
    this.#apply(first, bytes)
    into.set(bytes.subarray(from - first))
  }

  /** Programs whole pages, or the last part, from the start of a page. */
  write(at: number, bytes: Uint8Array): FlashError | undefined {
    const cells = bytes.slice()
    this.#apply(this.#data + at, cells)
    return programFlash(this.#chip.externalFlash, this.#data + at, cells)
  }

  /** Bytes from which to go on after an interruption, a multiple of a page: rule (2). */
  get resumeAt(): number {
    const { externalFlash } = this.#chip
    const pages = Math.ceil(this.facts.bytes / PAGE_BYTES)
    let [low, high] = [0, pages]
    while (low < high) {
      const middle = (low + high) >> 1
      const page = readFlash(externalFlash, this.#data + middle * PAGE_BYTES, PAGE_BYTES)
      if (isBlank(page)) high = middle
      else low = middle + 1
    }
    return Math.max(0, low - 1) * PAGE_BYTES
  }

  /** Encrypts or decrypts bytes of the flash from `offset`, a multiple of 16. */
  #apply(offset: number, bytes: Uint8Array): void {
    const counter = new Uint8Array(16)
    const view = new DataView(counter.buffer)
    counter.set(this.#nonce)
    for (let at = 0; at < bytes.length; ) {
      const inSector = (offset + at) % SECTOR_BYTES
      const part = bytes.subarray(at, at + SECTOR_BYTES - inSector)
      view.setUint32(8, Math.floor((offset + at) / SECTOR_BYTES))
      view.setUint32(12, inSector / 16)
      this.#chip.engines.cipher('device', counter, part)
      at += part.length
    }
  }
}

/** Erases the data's sectors, as far as they hold anything. */
function eraseUsed(chip: Chip, { header, data }: StagingPlace, bytes: number) {
  const { externalFlash } = chip
  const first = data - (data % SECTOR_BYTES)
  for (let at = first; at < data + bytes; at += SECTOR_BYTES) {
    if (at === header) continue
    if (isBlank(readFlash(externalFlash, at, SECTOR_BYTES))) continue
    const error = eraseFlash(externalFlash, at, SECTOR_BYTES)
    if (error !== undefined) return error
  }
  return undefined
}

function encodeHeader(chip: Chip, facts: StagingFacts, nonce: Uint8Array): Uint8Array {
  const body = new Uint8Array(BODY_BYTES)
  const view = new DataView(body.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, facts.bytes, true)
  body.set(facts.identity, 8)
  body.set(facts.transfer, 40)
  view.setUint32(72, facts.words[0], true)
  view.setUint32(76, facts.words[1], true)
  body.set(nonce, 80)
  return joinBytes([body, checksum(chip, body)])
}

function checksum(chip: Chip, body: Uint8Array): Uint8Array {
  return chipDigest(chip.engines)([body]).subarray(0, 8)
}

function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit
}
