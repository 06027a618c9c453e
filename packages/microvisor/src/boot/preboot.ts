/**
 * Preboot: the first code after reset. It chooses the kernel to start: the one in charge, or one on
 * trial, for which it counts the attempt before it is made. When a kernel on trial has had all its
 * attempts, the previous one is in charge again.
 */
import type { Hardware } from '../hardware.ts'
import { openBootJournal, otherSlot, TRIAL_ATTEMPTS } from './boot-journal.ts'
import type { KernelSlot } from './kernel-image.ts'

export interface BootPath {
  readonly slot: KernelSlot
  readonly isTrial: boolean
  /** The other slot holds a kernel that did not prove itself. */
  readonly hasFailed: boolean
}

type PrebootHardware = Pick<Hardware, 'internalFlash' | 'engines'>

export function chooseBootPath({ internalFlash, engines }: PrebootHardware): BootPath {
  const journal = openBootJournal(internalFlash, engines)
  const { active, attempts } = journal.state
  // If the attempt cannot be written down it is not made: it could be made for ever.
  const isTrial =
    attempts !== undefined && attempts < TRIAL_ATTEMPTS && journal.append('attempt') === undefined
  if (isTrial) return { slot: otherSlot(active), isTrial, hasFailed: false }
  if (attempts !== undefined) journal.append('failed')
  return { slot: active, isTrial, hasFailed: attempts !== undefined || journal.state.hasFailed }
}

/** What was to be tried cannot be: the kernel in charge goes on. */
export function giveUpTrial({ internalFlash, engines }: PrebootHardware): BootPath {
  const journal = openBootJournal(internalFlash, engines)
  journal.append('failed')
  return { slot: journal.state.active, isTrial: false, hasFailed: true }
}
