/**
 * Which kernel is in charge, as a log of records (record-log.ts). Every state has a meaning:
 *
 *   no trial              the kernel in `active` runs
 *   trial                 the kernel in the other slot is to prove itself: it runs while `attempts`
 *                         is below TRIAL_ATTEMPTS, and becomes active when it has connected
 *   failed                the other slot's kernel did not prove itself; `active` runs and says so
 */
import { internalLayout } from '../flash-layout.ts'
import type { Engines, Flash } from '../hardware.ts'
import { RECORD_BYTES, type RecordKind, RecordLog } from '../record-log.ts'
import type { KernelSlot } from './kernel-image.ts'

interface BootState {
  readonly active: KernelSlot
  /** Starts of the other slot's kernel so far, while it is on trial. */
  readonly attempts: number | undefined
  readonly hasFailed: boolean
}

type BootEntry =
  /** The other slot's kernel is whole and verified: try it. */
  | 'trial'
  | 'attempt'
  /** The kernel on trial is in charge from now on. */
  | 'confirmed'
  | 'failed'

/** Starts that a kernel on trial gets. */
export const TRIAL_ATTEMPTS = 3

const entries: readonly BootEntry[] = ['trial', 'attempt', 'confirmed', 'failed']

export type BootJournal = RecordLog<BootState, BootEntry>

export function openBootJournal(flash: Flash, engines: Engines): BootJournal {
  return new RecordLog(flash, engines, bootKind)
}

export function otherSlot(slot: KernelSlot): KernelSlot {
  return slot === 'A' ? 'B' : 'A'
}

function follow(state: BootState, entry: BootEntry): BootState {
  switch (entry) {
    case 'trial':
      return { ...state, attempts: 0, hasFailed: false }
    case 'attempt':
      return state.attempts === undefined ? state : { ...state, attempts: state.attempts + 1 }
    case 'confirmed':
      if (state.attempts === undefined) return state
      return { active: otherSlot(state.active), attempts: undefined, hasFailed: false }
    case 'failed':
      return { ...state, attempts: undefined, hasFailed: true }
  }
}

function recordsOf({ active, attempts, hasFailed }: BootState): BootEntry[] {
  const records: BootEntry[] = active === 'B' ? ['trial', 'confirmed'] : []
  if (hasFailed) records.push('failed')
  if (attempts === undefined) return records
  return [...records, 'trial', ...new Array<BootEntry>(attempts).fill('attempt')]
}

const bootKind: RecordKind<BootState, BootEntry> = {
  offset: internalLayout.bootJournal.offset,
  empty: { active: 'A', attempts: undefined, hasFailed: false },
  follow,
  recordsOf,
  encode(entry) {
    const bytes = new Uint8Array(RECORD_BYTES)
    bytes[0] = entries.indexOf(entry) + 1
    return bytes
  },
  decode: (bytes) => entries[bytes[0]! - 1],
}
