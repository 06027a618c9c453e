/** A signed kernel in the flash of a device, for the tests of the boot path. */
import {
  encodeKernelBody,
  encodeManifest,
  type KernelLayer,
  type KernelMeta,
  signBody,
} from '@microvisor/protocol'
import { layOutKernel } from '../boot/kernel-image.ts'
import { makeVeneers } from '../boot/veneers.ts'
import { blankChips } from './bench.ts'
import { TestHardware } from './test-hardware.ts'
import { digest, kernelSigner, makeImage, type SigningKey } from './trust.ts'

export const kernelModule = makeImage(99, 5_000)

const meta: KernelMeta = {
  securityRatchet: 1,
  deviceType: 'Imp201c',
  versionText: '0.8.1',
  versionNumber: 81,
}

export function kernelLayers(): KernelLayer[] {
  return [
    { region: 'Kernel', encryptedWithKeyId: 0n, fetchHash: digest([kernelModule]) },
    { region: 'NSC', encryptedWithKeyId: 0n, fetchHash: digest([makeVeneers()]) },
  ]
}

export function kernelManifest({
  layers = kernelLayers(),
  changes = {},
  signer = kernelSigner,
}: {
  layers?: readonly KernelLayer[]
  changes?: Partial<KernelMeta>
  signer?: SigningKey
} = {}): Uint8Array {
  const body = encodeKernelBody(layers, { ...meta, ...changes })
  return encodeManifest(signBody(body, signer, digest))
}

/** A device with this manifest and the kernel above in its flash. */
export function provisioned(manifest: Uint8Array = kernelManifest()): TestHardware {
  const hardware = new TestHardware(blankChips())
  const image = { manifest, kernel: kernelModule, nsc: makeVeneers() }
  for (const { offset, bytes } of layOutKernel(image)) {
    for (let at = 0; at < bytes.length; at += 16) {
      const unit = new Uint8Array(16).fill(0xff)
      unit.set(bytes.subarray(at, at + 16))
      hardware.internalFlash.program(offset + at, unit)
    }
  }
  return hardware
}
