/**
 * Layers on this device: measuring them where they belong, checking them where they are staged,
 * and moving them from the one to the other.
 *
 *   (1) A unit of flash that already holds what it should is not touched.
 *   (2) Installing reads nothing but staging: it may be repeated after any interruption and ends
 *       the same.
 */
import { equalBytes, type Layer, type LayerPlaceName, type Region } from '@microvisor/protocol'
import {
  eraseFlash,
  hashFlash,
  isBlank,
  programFlash,
  readFlash,
  type Stretch,
} from '../../flash-access.ts'
import { externalLayout, internalLayout } from '../../flash-layout.ts'
import type { Flash, FlashError, Hardware } from '../../hardware.ts'
import type { StagedLayer } from './journal.ts'

export type Chip = Pick<Hardware, 'internalFlash' | 'externalFlash' | 'engines'>

/** The application's share of each flash. */
const applicationShare: Readonly<Record<LayerPlaceName, Stretch>> = {
  internal: internalLayout.application,
  external: externalLayout.application,
}

/** SHA-256 of the layer's whole region as it lies in flash. */
export function measure(chip: Chip, layer: Region): Uint8Array {
  return hashFlash(chip.engines, flashOf(chip, layer.place), stretchOf(layer))
}

export function isInstalled(chip: Chip, layer: Layer): boolean {
  return equalBytes(measure(chip, layer), layer.measurementHash)
}

/** SHA-256 of the layer's content as it lies in staging. */
export function stagedHash(chip: Chip, staged: StagedLayer): Uint8Array {
  return hashFlash(chip.engines, chip.externalFlash, { offset: staged.offset, size: staged.bytes })
}

/** What `measure` will say once the staged layer is installed. */
export function stagedMeasurement(chip: Chip, layer: Layer, staged: StagedLayer): Uint8Array {
  const content = { offset: staged.offset, size: staged.bytes }
  return hashFlash(chip.engines, chip.externalFlash, content, layer.size - staged.bytes)
}

/** Brings the layer's region to the staged content followed by 0xFF. */
export function install(chip: Chip, layer: Layer, staged: StagedLayer): FlashError | undefined {
  const flash = flashOf(chip, layer.place)
  const { offset, size } = stretchOf(layer)
  for (let at = 0; at < size; at += flash.eraseBytes) {
    const wanted = new Uint8Array(flash.eraseBytes).fill(0xff)
    const left = Math.max(0, Math.min(flash.eraseBytes, staged.bytes - at))
    chip.externalFlash.read(staged.offset + at, wanted.subarray(0, left))
    const error = rewriteUnit(flash, offset + at, wanted)
    if (error !== undefined) return error
  }
  return undefined
}

function flashOf(chip: Chip, place: LayerPlaceName): Flash {
  return place === 'internal' ? chip.internalFlash : chip.externalFlash
}

/** One erase unit, written only if it differs, and erased only if it is not blank. */
function rewriteUnit(flash: Flash, offset: number, wanted: Uint8Array): FlashError | undefined {
  const present = readFlash(flash, offset, wanted.length)
  if (equalBytes(present, wanted)) return undefined
  if (isBlank(present)) {
    const error = programFlash(flash, offset, wanted)
    if (error !== 'PROGERR') return error
    // Blank to the eye but not erased to the end: an erase was torn. Do it properly.
  }
  return eraseFlash(flash, offset, wanted.length) ?? programFlash(flash, offset, wanted)
}

function stretchOf({ place, start, size }: Region): Stretch {
  return { offset: applicationShare[place].offset + start, size }
}
