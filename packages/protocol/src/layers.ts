/**
 * An application's layers: discrete regions of flash, each with the hash of its content as carried
 * and of its region as it will lie in flash. The rest of a region is 0xFF.
 */
import { create } from '@bufbuild/protobuf'
import { refuse } from './bundle-errors.ts'
import { type Digest, HASH_BYTES } from './digest.ts'
import type { AppLayerReference } from './generated/bundle_pb.js'
import { AppLayerReferenceSchema } from './generated/bundle_pb.js'
import { toHex } from './hex.ts'
import { EXTERNAL_FLASH_BYTES, INTERNAL_FLASH_BYTES, LAYERS_MAX } from './limits.ts'

export type LayerPlaceName = 'internal' | 'external'

/** Part of a flash memory, counted from the start of the application's share of it. */
export interface Region {
  readonly place: LayerPlaceName
  readonly start: number
  readonly size: number
}

export interface Layer extends Region {
  /** 0n: plain. */
  readonly encryptedWithKeyId: bigint
  /** SHA-256 of the content as carried. */
  readonly fetchHash: Uint8Array
  /** SHA-256 of the whole region once installed. */
  readonly measurementHash: Uint8Array
}

/** The application's share of each memory, and the unit that its regions begin and end on. */
export const places = {
  internal: { bytes: INTERNAL_FLASH_BYTES, eraseBytes: 8192, name: 'internal flash' },
  external: { bytes: EXTERNAL_FLASH_BYTES, eraseBytes: 4096, name: 'external flash' },
} as const

const padding = new Uint8Array(4096).fill(0xff)

/** SHA-256 of a region that begins with `content`. */
export function measure(content: Uint8Array, regionBytes: number, digest: Digest): Uint8Array {
  const parts = [content]
  for (let left = regionBytes - content.length; left > 0; left -= padding.length)
    parts.push(left < padding.length ? padding.subarray(0, left) : padding)
  return digest(parts)
}

/** The layer that puts plain `content` into `region`. Throws BundleError. */
export function describeLayer(region: Region, content: Uint8Array, digest: Digest): Layer {
  checkContentSize(region, content.length)
  return {
    ...region,
    encryptedWithKeyId: 0n,
    fetchHash: digest([content]),
    measurementHash: measure(content, region.size, digest),
  }
}

/** Content may fill its region to the last byte, but not outgrow it. */
export function checkContentSize(region: Region, bytes: number): void {
  if (bytes === 0) refuse('LAYER_EMPTY', `The layer for ${formatRegion(region)} has no content.`)
  if (bytes > region.size)
    refuse(
      'LAYER_TOO_LARGE',
      `A layer of ${bytes} bytes does not fit its region, ${formatRegion(region)}.`,
    )
}

/** Throws BundleError unless the layers can all be installed. */
export function checkLayers(layers: readonly Layer[]): void {
  if (layers.length === 0) refuse('LAYERS_NONE', 'The manifest names no layers.')
  if (layers.length > LAYERS_MAX)
    refuse(
      'LAYERS_TOO_MANY',
      `The manifest names ${layers.length} layers; ${LAYERS_MAX} are allowed.`,
    )
  for (const layer of layers) {
    checkRegion(layer)
    checkHash(layer, 'fetch_hash', layer.fetchHash)
    checkHash(layer, 'measurement_hash', layer.measurementHash)
  }
  refuseOverlap(layers)
}

export function formatRegion({ place, start, size }: Region): string {
  return `${places[place].name} ${formatOffset(start)} to ${formatOffset(start + size)}`
}

export function readLayer(reference: AppLayerReference, index: number): Layer {
  const where = reference.target?.where
  if (where?.case === undefined)
    return refuse('LAYER_TARGET_MISSING', `Layer ${index} does not say where it goes.`)
  return {
    place: where.case === 'internalFlash' ? 'internal' : 'external',
    start: where.value.start,
    size: where.value.size,
    encryptedWithKeyId: reference.encryptedWithKeyId,
    fetchHash: reference.fetchHash,
    measurementHash: reference.measurementHash,
  }
}

export function writeLayer(layer: Layer): AppLayerReference {
  const { place, start, size, encryptedWithKeyId, fetchHash, measurementHash } = layer
  const value = { start, size }
  return create(AppLayerReferenceSchema, {
    target: {
      where:
        place === 'internal' ? { case: 'internalFlash', value } : { case: 'externalFlash', value },
    },
    encryptedWithKeyId,
    fetchHash,
    measurementHash,
  })
}

function checkRegion(region: Region): void {
  const { bytes, eraseBytes, name } = places[region.place]
  if (region.size === 0)
    refuse(
      'LAYER_EMPTY',
      `A layer aims at an empty region of the ${name} at ${formatOffset(region.start)}.`,
    )
  if (region.start + region.size > bytes)
    refuse(
      'LAYER_OUTSIDE_FLASH',
      `A layer aims at ${formatRegion(region)}; the application's share ends at ${formatOffset(bytes)}.`,
    )
  if (region.start % eraseBytes !== 0 || region.size % eraseBytes !== 0)
    refuse(
      'LAYER_ALIGNMENT',
      `A layer aims at ${formatRegion(region)}; regions of the ${name} are made of units of ${eraseBytes} bytes.`,
    )
}

function checkHash(region: Region, field: string, hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES)
    refuse(
      'LAYER_HASH_LENGTH',
      `The ${field} of the layer for ${formatRegion(region)} has ${hash.length} bytes instead of ${HASH_BYTES}: ${toHex(hash.subarray(0, 8))}….`,
    )
}

function refuseOverlap(layers: readonly Layer[]): void {
  const sorted = layers.toSorted((a, b) => a.place.localeCompare(b.place) || a.start - b.start)
  sorted.forEach((layer, i) => {
    const before = sorted[i - 1]
    if (before?.place === layer.place && layer.start < before.start + before.size)
      refuse(
        'LAYERS_OVERLAP',
        `Two layers overlap: ${formatRegion(before)} and ${formatRegion(layer)}.`,
      )
  })
}

function formatOffset(offset: number): string {
  return `0x${offset.toString(16)}`
}
