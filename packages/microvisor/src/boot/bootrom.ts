/**
 * Bootrom: verifies the kernel in flash against the fuses and hands its bytes over to be run, or
 * locks the device down. Only from a kernel on trial does it fall back, to the one in charge.
 *
 * Fuses → option bytes → kernel manifest (signature, device type, ratchet) → kernel and NSC bytes (hashes). The
 * bytes handed over are the bytes that were hashed: flash is not read again.
 */
import {
  BundleError,
  encodeManifest,
  equalBytes,
  type KernelManifest,
  type KernelRegionName,
  parseKernelManifest,
  toHex,
  verifySignature,
} from '@microvisor/protocol'
import { chipDigest, chipVerify } from '../chip-crypto.ts'
import type { Stretch } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import { type FuseContents, readFuses } from '../fuses.ts'
import type { BootRecord, Engines, Hardware } from '../hardware.ts'
import { type KernelImage, readKernel } from './kernel-image.ts'
import { type LockDown, lockDown } from './lock-down.ts'
import { type BootPath, chooseBootPath, giveUpTrial } from './preboot.ts'
import { readRatchet } from './ratchet.ts'
import { hasVeneers, installVeneers } from './upgrader.ts'

export type BootOutcome =
  | {
      readonly outcome: 'run'
      /** The kernel's module: its export `start` is a StartKernel. */
      readonly image: Uint8Array
      readonly record: BootRecord
    }
  | LockDown

type BootHardware = Pick<
  Hardware,
  'internalFlash' | 'fuses' | 'engines' | 'power' | 'protection' | 'led'
>

/** The option byte RDP of level 2. */
const READOUT_LEVEL_2 = 0xcc

/** What the chip does after reset, before any code that could be replaced. */
export function boot(hardware: BootHardware): BootOutcome {
  const outcome = chooseKernel(hardware)
  // For whoever stands at the bench: red, and nothing else ever happens.
  if (outcome.outcome === 'locked-down') hardware.led.set(true, false, false)
  return outcome
}

function chooseKernel(hardware: BootHardware): BootOutcome {
  const roots = readFuses(hardware.fuses)
  if (roots === undefined) return lockDown('FUSES_BLANK')
  const open = openProtection(hardware.protection)
  if (open !== undefined) return open
  const path = chooseBootPath(hardware)
  const outcome = bootSlot(hardware, roots, path)
  if (outcome.outcome === 'run' || !path.isTrial) return outcome
  return bootSlot(hardware, roots, giveUpTrial(hardware))
}

/** What the option bytes leave open, if they do. */
function openProtection(protection: Hardware['protection']): LockDown | undefined {
  const { readoutProtection, isTrustZoneOn, hideable, writeProtected } = protection
  const covers = (area: Stretch | undefined) =>
    area !== undefined &&
    area.offset === internalLayout.boot.offset &&
    area.size === internalLayout.boot.size
  const open = [
    ...(isTrustZoneOn ? [] : ['TrustZone is off']),
    ...(readoutProtection === READOUT_LEVEL_2
      ? []
      : [`the readout protection byte is ${readoutProtection.toString(16)}`]),
    ...(covers(hideable) ? [] : ['preboot and bootrom cannot be hidden']),
    ...(covers(writeProtected) ? [] : ['preboot and bootrom can be written']),
  ]
  return open.length === 0 ? undefined : lockDown('OPTION_BYTES', `${open.join('; ')}.`)
}

function bootSlot(
  { internalFlash, fuses, engines, power }: BootHardware,
  roots: FuseContents,
  path: BootPath,
): BootOutcome {
  const image = readKernel(internalFlash, path.slot)
  if (image === undefined) return lockDown('KERNEL_MANIFEST_MISSING')
  const manifest = verifyKernel(image, roots, readRatchet(fuses), engines)
  if ('outcome' in manifest) return manifest
  const veneers = placeVeneers(internalFlash, image.nsc, path)
  if (veneers !== undefined) return veneers
  const { versionNumber, versionText, securityRatchet } = manifest.meta
  const record = {
    resetCause: power.resetCause,
    kernelVersion: versionNumber,
    kernelVersionText: versionText,
    kernelHash: chipDigest(engines)([image.manifest]),
    securityRatchet,
    ...path,
  }
  return { outcome: 'run', image: image.kernel, record }
}

/** An image that this device would run, or why not. */
export function verifyKernel(
  image: KernelImage,
  roots: FuseContents,
  ratchet: number,
  engines: Engines,
): KernelManifest | LockDown {
  const manifest = verifyKernelManifest(image.manifest, roots, ratchet, engines)
  if ('outcome' in manifest) return manifest
  return verifyRegions(image, manifest, engines) ?? manifest
}

/** A manifest of a kernel that this device would run, or why not. */
export function verifyKernelManifest(
  bytes: Uint8Array,
  roots: FuseContents,
  ratchet: number,
  engines: Engines,
): KernelManifest | LockDown {
  const manifest = verifyManifest(bytes, roots, engines)
  if ('outcome' in manifest) return manifest
  const foreign = foreignRegion(manifest, roots)
  if (foreign !== undefined) return foreign
  const { deviceType, securityRatchet } = manifest.meta
  if (deviceType !== roots.deviceType)
    return lockDown(
      'KERNEL_DEVICE_TYPE',
      `The kernel is for ${deviceType}, not ${roots.deviceType}.`,
    )
  if (securityRatchet < ratchet)
    return lockDown(
      'KERNEL_ROLLBACK',
      `The kernel's security ratchet is ${securityRatchet}; this device's is ${ratchet}.`,
    )
  return manifest
}

/**
 * Boot is the device's own for life, so a kernel that names it has to name that one. The Upgrader is a
 * part of it.
 */
function foreignRegion(manifest: KernelManifest, roots: FuseContents): LockDown | undefined {
  const named = (region: KernelRegionName) =>
    manifest.layers.find((layer) => layer.region === region)
  const boot = named('Boot')
  if (boot !== undefined && !equalBytes(boot.fetchHash, roots.bootSha256)) {
    const own = `this device's is ${toHex(roots.bootSha256)}`
    return lockDown('KERNEL_BOOT', `The kernel names Boot ${toHex(boot.fetchHash)}; ${own}.`)
  }
  return named('Upgrader') && lockDown('KERNEL_REGION_UNKNOWN')
}

function placeVeneers(
  flash: Hardware['internalFlash'],
  veneers: Uint8Array,
  { isTrial, hasFailed }: BootPath,
): LockDown | undefined {
  if (hasVeneers(flash, veneers)) return undefined
  if (!isTrial && !hasFailed) return lockDown('NSC_HASH')
  const error = installVeneers(flash, veneers)
  return error && lockDown('NSC_HASH', `Flash answered ${error} where the veneers belong.`)
}

function verifyManifest(
  bytes: Uint8Array,
  roots: FuseContents,
  engines: Engines,
): KernelManifest | LockDown {
  try {
    const manifest = parseKernelManifest(bytes)
    const crypto = { digest: chipDigest(engines), verify: chipVerify(engines) }
    verifySignature(manifest, [roots.kernelSigner], crypto)
    // One manifest has one encoding: what protobuf would read past is a change all the same.
    if (equalBytes(encodeManifest(manifest), bytes)) return manifest
    return lockDown(
      'KERNEL_MANIFEST_MALFORMED',
      'The kernel manifest is not encoded as it should be.',
    )
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
    return lockDown(reasonOf(error), error.message)
  }
}

function reasonOf({ code }: BundleError) {
  if (code === 'MANIFEST_SIGNER_UNKNOWN') return 'KERNEL_SIGNER_UNKNOWN'
  if (code === 'MANIFEST_UNSIGNED' || code === 'MANIFEST_SIGNATURE_WRONG') return 'KERNEL_SIGNATURE'
  return 'KERNEL_MANIFEST_MALFORMED'
}

function verifyRegions(
  image: KernelImage,
  manifest: KernelManifest,
  engines: Engines,
): LockDown | undefined {
  const regions = [
    ['Kernel', image.kernel, 'KERNEL_HASH'],
    ['NSC', image.nsc, 'NSC_HASH'],
  ] as const satisfies readonly (readonly [KernelRegionName, Uint8Array, string])[]
  for (const [name, content, reason] of regions) {
    const layer = manifest.layers.find(({ region }) => region === name)
    if (layer === undefined) {
      return lockDown('KERNEL_REGION_MISSING', `The kernel manifest does not name ${name}.`)
    }
    const hash = chipDigest(engines)([content])
    if (equalBytes(hash, layer.fetchHash)) continue
    const found = `Flash holds ${toHex(hash)}`
    return lockDown(reason, `${found} where the manifest says ${toHex(layer.fetchHash)}.`)
  }
  return undefined
}
