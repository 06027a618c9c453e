/**
 * A log of records in two pages of internal flash, of which a state is made: a power cut at any moment
 * leaves either the state before a record or the state after it.
 *
 * A page is a header and up to 511 records, a quad-word each. The page with the highest sequence
 * number in a whole header counts; its records, read in order, give the state. When it is full, the
 * state is written to the other page as a few records.
 *
 *   (1) A record or header counts only if its checksum is right: one that was torn never was.
 *   (2) Records are only ever added. The page that counts is never erased.
 *   (3) A header is written after all records of its page that the change of pages brings.
 *
 *   record   12 bytes of its user's | checksum 4
 *   header   magic 4 | sequence 4 | checksum 8
 */
import { equalBytes } from '@microvisor/protocol'
import { chipDigest } from './chip-crypto.ts'
import { isBlank, readFlash } from './flash-access.ts'
import type { Engines, Flash, FlashError } from './hardware.ts'

export const RECORD_BYTES = 12

const UNIT_BYTES = 16
const PAGE_BYTES = 0x2000
const UNITS = PAGE_BYTES / UNIT_BYTES
const MAGIC = 0x3153_564d // "MVS1", little-endian

/** What a log's records mean. */
export interface RecordKind<State, Entry> {
  /** Of the first page, in internal flash. */
  readonly offset: number
  readonly empty: State
  readonly follow: (state: State, record: Entry) => State
  /** The records that lead to a state. */
  readonly recordsOf: (state: State) => Entry[]
  /** RECORD_BYTES of it. */
  readonly encode: (record: Entry) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Entry | undefined
}

export class RecordLog<State, Entry> {
  readonly #flash: Flash
  readonly #engines: Engines
  readonly #kind: RecordKind<State, Entry>
  /** 0 or 1; -1 if no page counts yet. */
  #page = -1
  #sequence = 0
  #nextUnit = UNITS
  #state: State

  constructor(flash: Flash, engines: Engines, kind: RecordKind<State, Entry>) {
    this.#flash = flash
    this.#engines = engines
    this.#kind = kind
    this.#state = kind.empty
    for (const page of [0, 1]) this.#consider(page)
    if (this.#page >= 0) this.#load()
  }

  get state(): State {
    return this.#state
  }

  /** Records that still fit on the page. */
  get unitsLeft(): number {
    return UNITS - this.#nextUnit
  }

  /** Adds a record. An error of the flash leaves the state as it was. */
  append(record: Entry): FlashError | undefined {
    const next = this.#kind.follow(this.#state, record)
    const unit = this.#encode(record)
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
      const record = this.#decode(content)
      if (record !== undefined) this.#state = this.#kind.follow(this.#state, record)
    }
  }

  #turnPage(state: State): FlashError | undefined {
    const page = this.#page === 0 ? 1 : 0
    let error = this.#flash.erase(this.#offsetOf(page, 0))
    let unit = 1
    for (const record of this.#kind.recordsOf(state)) {
      const content = this.#encode(record)
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
    return this.#kind.offset + page * PAGE_BYTES + unit * UNIT_BYTES
  }

  #encode(record: Entry): Uint8Array {
    const unit = new Uint8Array(UNIT_BYTES)
    unit.set(this.#kind.encode(record))
    unit.set(checksum(this.#engines, unit.subarray(0, RECORD_BYTES), 4), RECORD_BYTES)
    return unit
  }

  #decode(unit: Uint8Array): Entry | undefined {
    const record = unit.subarray(0, RECORD_BYTES)
    const isWhole = equalBytes(checksum(this.#engines, record, 4), unit.subarray(RECORD_BYTES))
    return isWhole ? this.#kind.decode(record) : undefined
  }
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
