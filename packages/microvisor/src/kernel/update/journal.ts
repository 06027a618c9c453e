/**
 * The state journal: what the kernel knows about applications, kept so that a power cut at any
 * moment leaves either the state before a change or the state after it.
 *
 * Two pages of internal flash. A page is a header and up to 511 records, a quad-word each. The page
 * with the highest sequence number in a whole header counts; its records, read in order, give the
 * state. When it is full, the state is written to the other page as a few records.
 *
 *   (1) A record or header counts only if its checksum is right: one that was torn never was.
 *   (2) Records are only ever added. The page that counts is never erased.
 *   (3) A header is written after all records of its page that the change of pages brings.
 *   (4) What a record speaks of (a manifest, a staged layer) is on flash before the record is.
 *
 *   record   kind 1 | slot 1 | index 2 | offset 4 | length 4 | checksum 4
 *   header   magic 4 | sequence 4 | checksum 8
 */
import { equalBytes } from '@microvisor/protocol'
import { chipDigest } from '../../chip-crypto.ts'
import { isBlank, readFlash } from '../../flash-access.ts'
import { externalLayout, internalLayout } from '../../flash-layout.ts'
import type { Engines, Flash, FlashError } from '../../hardware.ts'

/** Which of the two places for a manifest. */
export type Slot = 'A' | 'B'

export interface StoredManifest {
  readonly slot: Slot
  readonly bytes: number
}

export interface StagedLayer {
  /** In external flash. */
  readonly offset: number
  readonly bytes: number
}

export interface StoredState {
  /** The application that flash is meant to hold. */
  readonly installed?: StoredManifest
  /** The installed application has been started since it was installed. */
  readonly hasStarted: boolean
  /** An update under way: its manifest is stored and verified. */
  readonly candidate?: StoredManifest
  /** Layers of the candidate that are staged whole, by their place in its manifest. */
  readonly staged: ReadonlyMap<number, StagedLayer>
  /** All of the candidate is staged and verified: from now on it is to be installed. */
  readonly isReady: boolean
}

export type JournalRecord =
  | { readonly kind: 'candidate'; readonly slot: Slot; readonly bytes: number }
  | {
      readonly kind: 'staged'
      readonly index: number
      readonly offset: number
      readonly bytes: number
    }
  | { readonly kind: 'ready' }
  | { readonly kind: 'installed'; readonly slot: Slot; readonly bytes: number }
  | { readonly kind: 'started' }
  | { readonly kind: 'dropped' }

const UNIT_BYTES = 16
const PAGE_BYTES = 0x2000
const UNITS = PAGE_BYTES / UNIT_BYTES
const MAGIC = 0x3153_564d // "MVS1", little-endian
const EMPTY: StoredState = { hasStarted: false, staged: new Map(), isReady: false }

const kinds = ['candidate', 'staged', 'ready', 'installed', 'started', 'dropped'] as const
const slots = ['A', 'B'] as const

export class Journal {
  readonly #flash: Flash
  readonly #engines: Engines
  /** 0 or 1; -1 if no page counts yet. */
  #page = -1
  #sequence = 0
  #nextUnit = UNITS
  #state: StoredState = EMPTY

  constructor(flash: Flash, engines: Engines) {
    this.#flash = flash
    this.#engines = engines
    for (const page of [0, 1]) this.#consider(page)
    if (this.#page >= 0) this.#load()
  }

  get state(): StoredState {
    return this.#state
  }

  /** Records that still fit on the page. */
  get unitsLeft(): number {
    return UNITS - this.#nextUnit
  }

  /** Adds a record. An error of the flash leaves the state as it was. */
  append(record: JournalRecord): FlashError | undefined {
    const next = follow(this.#state, record)
    const unit = encodeRecord(this.#engines, record)
    while (this.#nextUnit < UNITS) {
      const error = this.#flash.program(this.#offsetOf(this.#page, this.#nextUnit++), unit)
      if (error === undefined) {
        this.#state = next
        return undefined
      }
      // A unit that cannot be programmed is passed over, as reading passes over it too.
      if (error !== 'PROGERR') return error
    }
    return this.#turnPage(next)
  }

  #consider(page: number): void {
    const header = readFlash(this.#flash, this.#offsetOf(page, 0), UNIT_BYTES)
    const sequence = decodeHeader(this.#engines, header)
    if (sequence === undefined || sequence <= this.#sequence) return
    this.#page = page
    this.#sequence = sequence
  }

  #load(): void {
    const bytes = readFlash(this.#flash, this.#offsetOf(this.#page, 0), PAGE_BYTES)
    this.#nextUnit = 1
    for (let unit = 1; unit < UNITS; unit++) {
      const content = bytes.subarray(unit * UNIT_BYTES, (unit + 1) * UNIT_BYTES)
      if (isBlank(content)) continue
      this.#nextUnit = unit + 1
      const record = decodeRecord(this.#engines, content)
      if (record !== undefined) this.#state = follow(this.#state, record)
    }
  }

  #turnPage(state: StoredState): FlashError | undefined {
    const page = this.#page === 0 ? 1 : 0
    let error = this.#flash.erase(this.#offsetOf(page, 0))
    let unit = 1
    for (const record of recordsOf(state)) {
      const content = encodeRecord(this.#engines, record)
      error ??= this.#flash.program(this.#offsetOf(page, unit++), content)
    }
    const header = encodeHeader(this.#engines, this.#sequence + 1)
    error ??= this.#flash.program(this.#offsetOf(page, 0), header)
    if (error !== undefined) return error
    this.#page = page
    this.#sequence++
    this.#nextUnit = unit
    this.#state = state
    return undefined
  }

  #offsetOf(page: number, unit: number): number {
    return internalLayout.stateJournal.offset + page * PAGE_BYTES + unit * UNIT_BYTES
  }
}

/** The state after a record. */
function follow(state: StoredState, record: JournalRecord): StoredState {
  const { candidate: _, ...rest } = state
  const withoutCandidate = { ...rest, staged: EMPTY.staged, isReady: false }
  switch (record.kind) {
    case 'candidate':
      return { ...withoutCandidate, candidate: { slot: record.slot, bytes: record.bytes } }
    case 'staged': {
      const layer = { offset: record.offset, bytes: record.bytes }
      return { ...state, staged: new Map(state.staged).set(record.index, layer) }
    }
    case 'ready':
      return { ...state, isReady: true }
    case 'installed': {
      const installed = { slot: record.slot, bytes: record.bytes }
      return { ...withoutCandidate, installed, hasStarted: false }
    }
    case 'started':
      return { ...state, hasStarted: true }
    case 'dropped':
      return withoutCandidate
  }
}

/** The records that lead to a state. */
function recordsOf(state: StoredState): JournalRecord[] {
  const records: JournalRecord[] = []
  if (state.installed !== undefined) records.push({ kind: 'installed', ...state.installed })
  if (state.hasStarted) records.push({ kind: 'started' })
  if (state.candidate !== undefined) records.push({ kind: 'candidate', ...state.candidate })
  for (const [index, layer] of state.staged) records.push({ kind: 'staged', index, ...layer })
  if (state.isReady) records.push({ kind: 'ready' })
  return records
}

function encodeRecord(engines: Engines, record: JournalRecord): Uint8Array {
  const unit = new Uint8Array(UNIT_BYTES)
  const view = new DataView(unit.buffer)
  unit[0] = kinds.indexOf(record.kind) + 1
  if ('slot' in record) unit[1] = slots.indexOf(record.slot)
  if ('index' in record) view.setUint16(2, record.index, true)
  if ('offset' in record) view.setUint32(4, record.offset, true)
  if ('bytes' in record) view.setUint32(8, record.bytes, true)
  unit.set(checksum(engines, unit.subarray(0, 12), 4), 12)
  return unit
}

function decodeRecord(engines: Engines, unit: Uint8Array): JournalRecord | undefined {
  if (!equalBytes(checksum(engines, unit.subarray(0, 12), 4), unit.subarray(12))) return undefined
  const view = new DataView(unit.buffer, unit.byteOffset, UNIT_BYTES)
  const kind = kinds[unit[0]! - 1]
  const slot = slots[unit[1]!]
  const index = view.getUint16(2, true)
  const offset = view.getUint32(4, true)
  const bytes = view.getUint32(8, true)
  if (kind === undefined || slot === undefined) return undefined
  if (kind === 'candidate' || kind === 'installed') return { kind, slot, bytes }
  if (kind !== 'staged') return { kind }
  const { staging } = externalLayout
  const isInside = offset >= staging.offset && offset + bytes <= staging.offset + staging.size
  return isInside ? { kind, index, offset, bytes } : undefined
}

function encodeHeader(engines: Engines, sequence: number): Uint8Array {
  const unit = new Uint8Array(UNIT_BYTES)
  const view = new DataView(unit.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, sequence, true)
  unit.set(checksum(engines, unit.subarray(0, 8), 8), 8)
  return unit
}

function decodeHeader(engines: Engines, unit: Uint8Array): number | undefined {
  const view = new DataView(unit.buffer, unit.byteOffset, UNIT_BYTES)
  if (view.getUint32(0, true) !== MAGIC) return undefined
  if (!equalBytes(checksum(engines, unit.subarray(0, 8), 8), unit.subarray(8))) return undefined
  return view.getUint32(4, true)
}

/** The first bytes of a SHA-256: the chip has the engine, so it costs no code. */
function checksum(engines: Engines, bytes: Uint8Array, length: number): Uint8Array {
  return chipDigest(engines)([bytes]).subarray(0, length)
}
