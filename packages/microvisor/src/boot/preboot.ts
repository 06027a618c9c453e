/**
 * Preboot: the first code after reset. It chooses between the ordinary path and the upgrade path,
 * and does nothing else.
 *
 * The upgrade path is asked for by one quad-word in the boot journal; anything else there, a torn
 * mark included, means the ordinary path.
 */
import { readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import type { Flash } from '../hardware.ts'

export type BootPath = 'ordinary' | 'upgrade'

const UPGRADE_MARK = [0x4147_5055, 0x5245_4452, 0x4147_5055, 0x5245_4452] as const

export function chooseBootPath(internalFlash: Flash): BootPath {
  const mark = readFlash(internalFlash, internalLayout.bootJournal.offset, 16)
  const view = new DataView(mark.buffer)
  const isMarked = UPGRADE_MARK.every((word, i) => view.getUint32(4 * i, true) === word)
  return isMarked ? 'upgrade' : 'ordinary'
}
