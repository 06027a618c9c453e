/**
 * The two places in internal flash for application manifests. One holds that of the installed
 * application; an update's manifest goes to the other, and a journal record then says which counts.
 */
import { eraseFlash, programFlash, readFlash, type Stretch } from '../../flash-access.ts'
import { internalLayout } from '../../flash-layout.ts'
import type { Flash, FlashError } from '../../hardware.ts'
import type { Slot, StoredManifest } from './journal.ts'

const places: Readonly<Record<Slot, Stretch>> = {
  A: internalLayout.manifestA,
  B: internalLayout.manifestB,
}

/** The bytes that the journal speaks of; `undefined` if it speaks of more than there is room for. */
export function readManifest(
  flash: Flash,
  { slot, bytes }: StoredManifest,
): Uint8Array | undefined {
  const { offset, size } = places[slot]
  return bytes <= size ? readFlash(flash, offset, bytes) : undefined
}

export function writeManifest(flash: Flash, slot: Slot, bytes: Uint8Array): FlashError | undefined {
  const { offset } = places[slot]
  return eraseFlash(flash, offset, bytes.length) ?? programFlash(flash, offset, bytes)
}

/** The place that does not hold the installed manifest. */
export function spareSlot(installed: StoredManifest | undefined): Slot {
  return installed?.slot === 'A' ? 'B' : 'A'
}
