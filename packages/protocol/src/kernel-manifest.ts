/**
 * The manifest of a kernel: its layers, its version, and the ratchet that keeps a device from going
 * back to an older one. Signed and kept like an application's (manifest.ts).
 */
import { create, toBinary } from '@bufbuild/protobuf'
import { refuse } from './bundle-errors.ts'
import { HASH_BYTES } from './digest.ts'
import {
  DeviceType,
  KernelManifest_KernelBodySchema as KernelBodySchema,
  KernelLayerRegion,
} from './generated/bundle_pb.js'
import { parseMessage, parseSignedBody, type SignedBody } from './manifest.ts'

export type KernelRegionName = 'Kernel' | 'NSC' | 'Boot' | 'Upgrader'
export type DeviceTypeName = 'Imp201c' | 'Imp201f'

export interface KernelLayer {
  readonly region: KernelRegionName
  /** 0n: plain. */
  readonly encryptedWithKeyId: bigint
  /** SHA-256 of the content as carried. */
  readonly fetchHash: Uint8Array
}

export interface KernelMeta {
  /** A device never takes a kernel with a lower one. */
  readonly securityRatchet: number
  readonly deviceType: DeviceTypeName
  readonly versionText: string
  /** What an application's `minimumKernelVersion` is compared with. */
  readonly versionNumber: number
}

export interface KernelManifest extends SignedBody {
  readonly layers: readonly KernelLayer[]
  readonly meta: KernelMeta
}

/** The body of a kernel's manifest, ready to be signed. Throws BundleError. */
export function encodeKernelBody(layers: readonly KernelLayer[], meta: KernelMeta): Uint8Array {
  checkLayers(layers)
  const body = create(KernelBodySchema, {
    layers: layers.map(({ region, encryptedWithKeyId, fetchHash }) => ({
      target: KernelLayerRegion[region],
      encryptedWithKeyId,
      fetchHash,
    })),
    meta: {
      versionSecurityRatchet: meta.securityRatchet,
      deviceType: DeviceType[meta.deviceType],
      versionString: meta.versionText,
      versionNumber: meta.versionNumber,
    },
  })
  return toBinary(KernelBodySchema, body)
}

/** Throws BundleError. */
export function parseKernelManifest(bytes: Uint8Array): KernelManifest {
  const signed = parseSignedBody(bytes)
  const body = parseMessage(KernelBodySchema, signed.body, 'body')
  const layers = body.layers.map(({ target, encryptedWithKeyId, fetchHash }) => ({
    region: regionName(target),
    encryptedWithKeyId,
    fetchHash,
  }))
  checkLayers(layers)
  const { meta } = body
  if (meta === undefined)
    return refuse('KERNEL_META_MISSING', 'The kernel manifest has no meta part.')
  return {
    ...signed,
    layers,
    meta: {
      securityRatchet: meta.versionSecurityRatchet,
      deviceType: deviceTypeName(meta.deviceType),
      versionText: meta.versionString,
      versionNumber: meta.versionNumber,
    },
  }
}

function checkLayers(layers: readonly KernelLayer[]): void {
  if (layers.length === 0) refuse('LAYERS_NONE', 'The kernel manifest names no layers.')
  const seen = new Set<KernelRegionName>()
  for (const { region, fetchHash } of layers) {
    if (seen.has(region))
      refuse('KERNEL_LAYER_REGION', `The kernel manifest has two layers for ${region}.`)
    seen.add(region)
    if (fetchHash.length !== HASH_BYTES)
      refuse(
        'LAYER_HASH_LENGTH',
        `The fetch_hash of layer ${region} has ${fetchHash.length} bytes instead of ${HASH_BYTES}.`,
      )
  }
}

function regionName(value: KernelLayerRegion): KernelRegionName {
  const name = KernelLayerRegion[value]
  if (name === 'Kernel' || name === 'NSC' || name === 'Boot' || name === 'Upgrader') return name
  return refuse(
    'KERNEL_LAYER_REGION',
    `The kernel manifest has a layer for the unknown region ${value}.`,
  )
}

function deviceTypeName(value: DeviceType): DeviceTypeName {
  const name = DeviceType[value]
  if (name === 'Imp201c' || name === 'Imp201f') return name
  return refuse(
    'KERNEL_META_MISSING',
    `The kernel manifest names the unknown device type ${value}.`,
  )
}
