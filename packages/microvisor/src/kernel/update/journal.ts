/**
 * The state journal: what the kernel knows about applications, as a log of records (record-log.ts).
 *
 *   (1) What a record speaks of (a manifest, a staged layer) is on flash before the record is.
 *
 *   record   kind 1 | slot 1 | index 2 | offset 4 | length 4
 */
import { externalLayout, internalLayout } from '../../flash-layout.ts'
import type { Engines, Flash } from '../../hardware.ts'
import { RECORD_BYTES, type RecordKind, RecordLog } from '../../record-log.ts'

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

interface StoredState {
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

const EMPTY: StoredState = { hasStarted: false, staged: new Map(), isReady: false }

const kinds = ['candidate', 'staged', 'ready', 'installed', 'started', 'dropped'] as const
const slots = ['A', 'B'] as const

export type Journal = RecordLog<StoredState, JournalRecord>

export function openJournal(flash: Flash, engines: Engines): Journal {
  return new RecordLog(flash, engines, journalKind)
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

function encodeRecord(record: JournalRecord): Uint8Array {
  const bytes = new Uint8Array(RECORD_BYTES)
  const view = new DataView(bytes.buffer)
  bytes[0] = kinds.indexOf(record.kind) + 1
  if ('slot' in record) bytes[1] = slots.indexOf(record.slot)
  if ('index' in record) view.setUint16(2, record.index, true)
  if ('offset' in record) view.setUint32(4, record.offset, true)
  if ('bytes' in record) view.setUint32(8, record.bytes, true)
  return bytes
}

function decodeRecord(record: Uint8Array): JournalRecord | undefined {
  const view = new DataView(record.buffer, record.byteOffset, RECORD_BYTES)
  const kind = kinds[record[0]! - 1]
  const slot = slots[record[1]!]
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

const journalKind: RecordKind<StoredState, JournalRecord> = {
  offset: internalLayout.stateJournal.offset,
  empty: EMPTY,
  follow,
  recordsOf,
  encode: encodeRecord,
  decode: decodeRecord,
}
