/**
 * Layers on this device: measuring them where they belong, checking them where they are staged,
 * and moving them from the one to the other.
 *
 *   (1) A unit of flash that already holds what it should is not touched.
 *   (2) Installing reads nothing but staging and the keys: it may be repeated after any interruption
 *       and ends the same.
 */
import {
  equalBytes,
  LAYER_NONCE_BYTES,
  type Layer,
  type LayerPlaceName,
  layerCounter,
  type Region,
} from '@microvisor/protocol'
import {
  type ByteReader,
  eraseFlash,
  hashFlash,
  hashReader,
  isBlank,
  programFlash,
  readFlash,
  type Stretch,
} from '../../flash-access.ts'
import { externalLayout, internalLayout } from '../../flash-layout.ts'
import type { Flash, FlashError, Hardware } from '../../hardware.ts'
import type { StagedLayer } from './journal.ts'
import { contentPlace, StagingObject } from './staging-object.ts'
import type { Base } from './transfer.ts'

export type Chip = Pick<Hardware, 'internalFlash' | 'externalFlash' | 'engines'>

/** Finds the key of an encrypted layer by its id. */
export type FindLayerKey = (id: bigint) => Uint8Array | undefined

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

/** What lies in the layer's region now, to make it of. Nothing for an encrypted one. */
export function baseOf(chip: Chip, layer: Layer): Base | undefined {
  if (layer.encryptedWithKeyId !== 0n) return undefined
  const flash = flashOf(chip, layer.place)
  const { offset, size } = stretchOf(layer)
  return {
    hash: measure(chip, layer),
    bytes: size,
    read: (at, into) => flash.read(offset + at, into),
  }
}

/** The most that the layer is carried as. */
export function carriedBytesMax(layer: Layer): number {
  return layer.encryptedWithKeyId === 0n ? layer.size : layer.size + LAYER_NONCE_BYTES
}

/** SHA-256 of the layer's content as it lies in staging; undefined if it does not. */
export function stagedHash(chip: Chip, staged: StagedLayer): Uint8Array | undefined {
  const object = openStaged(chip, staged)
  return object && hashReader(chip.engines, object, staged.bytes)
}

/** What `measure` will say once the staged layer is installed; undefined if it cannot be read. */
export function stagedMeasurement(
  chip: Chip,
  layer: Layer,
  staged: StagedLayer,
  findKey: FindLayerKey,
): Uint8Array | undefined {
  const content = openContent(chip, layer, staged, findKey)
  if (content === undefined || content.bytes > layer.size) return undefined
  return hashReader(chip.engines, content, content.bytes, layer.size - content.bytes)
}

/** Brings the layer's region to the staged content followed by 0xFF. */
export function install(
  chip: Chip,
  layer: Layer,
  staged: StagedLayer,
  findKey: FindLayerKey,
): FlashError | 'UNREADABLE' | undefined {
  const content = openContent(chip, layer, staged, findKey)
  if (content === undefined) return 'UNREADABLE'
  const flash = flashOf(chip, layer.place)
  const { offset, size } = stretchOf(layer)
  for (let at = 0; at < size; at += flash.eraseBytes) {
    const wanted = new Uint8Array(flash.eraseBytes).fill(0xff)
    const left = Math.max(0, Math.min(flash.eraseBytes, content.bytes - at))
    if (left > 0) content.read(at, wanted.subarray(0, left))
    const error = rewriteUnit(flash, offset + at, wanted)
    if (error !== undefined) return error
  }
  return undefined
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

/** A layer's content as it will lie in flash, whatever it is carried as. */
function openContent(
  chip: Chip,
  layer: Layer,
  staged: StagedLayer,
  findKey: FindLayerKey,
): (ByteReader & { bytes: number }) | undefined {
  const object = openStaged(chip, staged)
  if (object === undefined) return undefined
  const { bytes } = staged
  if (layer.encryptedWithKeyId === 0n) return { bytes, read: (at, into) => object.read(at, into) }
  const key = findKey(layer.encryptedWithKeyId)
  if (key === undefined || bytes < LAYER_NONCE_BYTES) return undefined
  const nonce = new Uint8Array(LAYER_NONCE_BYTES)
  object.read(0, nonce)
  return {
    bytes: bytes - LAYER_NONCE_BYTES,
    read(at, into) {
      object.read(LAYER_NONCE_BYTES + at, into)
      chip.engines.cipher(key, layerCounter(nonce, at), into)
    },
  }
}

function openStaged(chip: Chip, { offset, bytes }: StagedLayer): StagingObject | undefined {
  const object = StagingObject.read(chip, offset, () => contentPlace(offset).data)
  return object?.facts.bytes === bytes ? object : undefined
}

function flashOf(chip: Chip, place: LayerPlaceName): Flash {
  return place === 'internal' ? chip.internalFlash : chip.externalFlash
}

function stretchOf({ place, start, size }: Region): Stretch {
  return { offset: applicationShare[place].offset + start, size }
}
