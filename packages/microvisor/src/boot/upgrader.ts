/**
 * Upgrader: brings what has a fixed place in flash in line with the kernel that is about to start:
 * the veneers of the non-secure-callable region. It does so only on the upgrade path, that is for a
 * kernel on trial or for the one that takes over from it; on the ordinary path veneers that are
 * different were tampered with.
 *
 * Interrupted anywhere, it is done again at the next boot, from the slot's verified copy.
 */
import { equalBytes } from '@microvisor/protocol'
import { eraseFlash, programFlash, readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import type { Flash, FlashError } from '../hardware.ts'

const { nsc } = internalLayout

export function hasVeneers(flash: Flash, veneers: Uint8Array): boolean {
  return equalBytes(readFlash(flash, nsc.offset, veneers.length), veneers)
}

export function installVeneers(flash: Flash, veneers: Uint8Array): FlashError | undefined {
  if (hasVeneers(flash, veneers)) return undefined
  return eraseFlash(flash, nsc.offset, nsc.size) ?? programFlash(flash, nsc.offset, veneers)
}
