/**
 * Bootrom: verifies the kernel in flash against the fuses and hands its bytes over to be run, or
 * locks the device down. It never repairs and never falls back.
 *
 * Fuses → kernel manifest (signature) → kernel and NSC bytes (hashes). The bytes handed over are
 * the bytes that were hashed: flash is not read again.
 *
 * Not here yet: the security ratchet, and the Boot and Upgrader regions.
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
import { type FuseContents, readFuses } from '../fuses.ts'
import type { BootRecord, Engines, Hardware } from '../hardware.ts'
import { type KernelImage, readKernel } from './kernel-image.ts'
import { type LockDown, lockDown } from './lock-down.ts'
import { chooseBootPath } from './preboot.ts'

export type BootOutcome =
  | {
      readonly outcome: 'run'
      /** The kernel's module: its export `start` is a StartKernel. */
      readonly image: Uint8Array
      readonly record: BootRecord
    }
  | LockDown

type BootHardware = Pick<Hardware, 'internalFlash' | 'fuses' | 'engines' | 'power'>

/** What the chip does after reset, before any code that could be replaced. */
export function boot({ internalFlash, fuses, engines, power }: BootHardware): BootOutcome {
  if (chooseBootPath(internalFlash) === 'upgrade') return lockDown('UPGRADER_MISSING')
  const roots = readFuses(fuses)
  if (roots === undefined) return lockDown('FUSES_BLANK')
  const image = readKernel(internalFlash)
  if (image === undefined) return lockDown('KERNEL_MANIFEST_MISSING')
  const manifest = verifyManifest(image.manifest, roots, engines)
  if ('outcome' in manifest) return manifest
  const { deviceType, versionNumber, versionText } = manifest.meta
  if (deviceType !== roots.deviceType) {
    return lockDown(
      'KERNEL_DEVICE_TYPE',
      `The kernel is for ${deviceType}, not ${roots.deviceType}.`,
    )
  }
  const problem = verifyRegions(image, manifest, engines)
  if (problem !== undefined) return problem
  const record = {
    resetCause: power.resetCause,
    kernelVersion: versionNumber,
    kernelVersionText: versionText,
  }
  return { outcome: 'run', image: image.kernel, record }
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
