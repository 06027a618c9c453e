/** Bundles for tests. */
import { randomBytes } from 'node:crypto'
import {
  buildBundle,
  encodeKernelBody,
  encodeManifest,
  INTERNAL_FLASH_BYTES,
  packBundle,
  plainPolicies,
  type Region,
  toHex,
  unsigned,
} from '@microvisor/protocol'
import { digest } from '../keys/engines.ts'

const wholeFlash: Region = { place: 'internal', start: 0, size: INTERNAL_FLASH_BYTES }

/** An unsigned bundle of one layer with this content, or random content. */
export function appBundle(content: Uint8Array = randomBytes(2000)): Uint8Array {
  return buildBundle([{ region: wholeFlash, content }], plainPolicies, digest)
}

/** An unsigned bundle of one layer each. */
export function layeredBundle(contents: readonly Uint8Array[]): Uint8Array {
  const size = 65_536
  const layers = contents.map((content, i) => ({
    region: { place: 'internal', start: i * size, size } as const,
    content,
  }))
  return buildBundle(layers, plainPolicies, digest)
}

export function kernelBundle(versionNumber: number, content = randomBytes(500)): Uint8Array {
  const fetchHash = digest([content])
  const body = encodeKernelBody([{ region: 'Kernel', encryptedWithKeyId: 0n, fetchHash }], {
    securityRatchet: 1,
    deviceType: 'Imp201c',
    versionText: `0.${versionNumber}.0`,
    versionNumber,
  })
  return packBundle(encodeManifest(unsigned(body)), new Map([[toHex(fetchHash), content]]))
}
