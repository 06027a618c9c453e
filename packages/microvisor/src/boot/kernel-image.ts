/**
 * How a kernel lies in the secure half of internal flash: the one fact that provisioning, which
 * writes it, and the bootrom, which verifies it, have to agree on.
 *
 * The manifest's page begins with a quad-word that gives lengths. It is not signed and needs no
 * trust: a wrong length gives a wrong hash.
 *
 *   magic 4 | manifest bytes 4 | kernel bytes 4 | NSC bytes 4 | manifest …
 */
import { readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import type { Flash } from '../hardware.ts'

export interface KernelImage {
  /** A signed OpaqueManifest with a KernelBody. */
  readonly manifest: Uint8Array
  /** The module that exports `start`. */
  readonly kernel: Uint8Array
  readonly nsc: Uint8Array
}

const MAGIC = 0x314b_564d // "MVK1", little-endian
const HEADER_BYTES = 16
const { kernelManifest, kernelModule, nsc: nscRegion } = internalLayout

const room = {
  manifest: kernelManifest.size - HEADER_BYTES,
  kernel: kernelModule.size,
  nsc: nscRegion.size,
} as const

/** What to program where, into erased flash. Throws RangeError for an image that does not fit. */
export function layOutKernel(image: KernelImage): { offset: number; bytes: Uint8Array }[] {
  for (const part of ['manifest', 'kernel', 'nsc'] as const) {
    const bytes = image[part].length
    if (bytes <= room[part]) continue
    throw new RangeError(`The kernel's ${part} has ${bytes} bytes; its place has ${room[part]}.`)
  }
  const page = new Uint8Array(HEADER_BYTES + image.manifest.length)
  const view = new DataView(page.buffer)
  const lengths = [image.manifest.length, image.kernel.length, image.nsc.length]
  for (const [i, word] of [MAGIC, ...lengths].entries()) view.setUint32(4 * i, word, true)
  page.set(image.manifest, HEADER_BYTES)
  return [
    { offset: kernelManifest.offset, bytes: page },
    { offset: kernelModule.offset, bytes: image.kernel },
    { offset: nscRegion.offset, bytes: image.nsc },
  ]
}

/** The image as it lies in flash, unverified; `undefined` if there is none. */
export function readKernel(flash: Flash): KernelImage | undefined {
  const header = readFlash(flash, kernelManifest.offset, HEADER_BYTES)
  const view = new DataView(header.buffer)
  const [magic, manifest, kernel, nsc] = [0, 4, 8, 12].map((at) => view.getUint32(at, true))
  if (magic !== MAGIC) return undefined
  if (manifest! > room.manifest || kernel! > room.kernel || nsc! > room.nsc) return undefined
  return {
    manifest: readFlash(flash, kernelManifest.offset + HEADER_BYTES, manifest!),
    kernel: readFlash(flash, kernelModule.offset, kernel!),
    nsc: readFlash(flash, nscRegion.offset, nsc!),
  }
}
