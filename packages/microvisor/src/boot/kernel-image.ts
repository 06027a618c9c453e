/**
 * How a kernel lies in a slot of the secure half of internal flash: the one fact that provisioning
 * and the kernel's updates, which write it, and the bootrom, which verifies it, have to agree on.
 *
 *   page 0    magic 4 | manifest bytes 4 | kernel bytes 4 | NSC bytes 4 | manifest …
 *   page 1    NSC: a copy of the veneers that belong to this kernel
 *   page 2 …  the kernel's module
 *
 * The header is not signed and needs no trust: a wrong length gives a wrong hash. It is written last
 * and erased first, so that a slot that is half written holds no kernel.
 */
import { readFlash } from '../flash-access.ts'
import { internalLayout } from '../flash-layout.ts'
import type { Flash } from '../hardware.ts'

export type KernelSlot = 'A' | 'B'

export interface KernelImage {
  /** A signed OpaqueManifest with a KernelBody. */
  readonly manifest: Uint8Array
  /** The module that exports `start`. */
  readonly kernel: Uint8Array
  readonly nsc: Uint8Array
}

const MAGIC = 0x324b_564d // "MVK2", little-endian
const HEADER_BYTES = 16
const PAGE_BYTES = 0x2000

export interface SlotPlaces {
  readonly header: number
  readonly nsc: number
  readonly kernel: number
}

/** Where the parts of a slot begin. */
export function slotPlaces(slot: KernelSlot): SlotPlaces {
  const { offset } = slot === 'A' ? internalLayout.kernelA : internalLayout.kernelB
  return { header: offset, nsc: offset + PAGE_BYTES, kernel: offset + 2 * PAGE_BYTES }
}

export const kernelRoom = {
  manifest: PAGE_BYTES - HEADER_BYTES,
  kernel: internalLayout.kernelA.size - 2 * PAGE_BYTES,
  nsc: internalLayout.nsc.size,
} as const

/** The first page of a slot. */
export function slotHeader({ manifest, kernel, nsc }: KernelImage): Uint8Array {
  const page = new Uint8Array(HEADER_BYTES + manifest.length)
  const view = new DataView(page.buffer)
  const lengths = [manifest.length, kernel.length, nsc.length]
  for (const [i, word] of [MAGIC, ...lengths].entries()) view.setUint32(4 * i, word, true)
  page.set(manifest, HEADER_BYTES)
  return page
}

/** What to program where, into erased flash. Throws RangeError for an image that does not fit. */
export function layOutKernel(image: KernelImage): { offset: number; bytes: Uint8Array }[] {
  for (const part of ['manifest', 'kernel', 'nsc'] as const) {
    const bytes = image[part].length
    if (bytes <= kernelRoom[part]) continue
    throw new RangeError(
      `The kernel's ${part} has ${bytes} bytes; its place has ${kernelRoom[part]}.`,
    )
  }
  const { header, nsc, kernel } = slotPlaces('A')
  return [
    { offset: header, bytes: slotHeader(image) },
    { offset: nsc, bytes: image.nsc },
    { offset: kernel, bytes: image.kernel },
    { offset: internalLayout.nsc.offset, bytes: image.nsc },
  ]
}

/** The image as it lies in a slot, unverified; `undefined` if there is none. */
export function readKernel(flash: Flash, slot: KernelSlot): KernelImage | undefined {
  const places = slotPlaces(slot)
  const header = readFlash(flash, places.header, HEADER_BYTES)
  const view = new DataView(header.buffer)
  const [magic, manifest, kernel, nsc] = [0, 4, 8, 12].map((at) => view.getUint32(at, true))
  if (magic !== MAGIC || manifest! > kernelRoom.manifest) return undefined
  if (kernel! > kernelRoom.kernel || nsc! > kernelRoom.nsc) return undefined
  return {
    manifest: readFlash(flash, places.header + HEADER_BYTES, manifest!),
    kernel: readFlash(flash, places.kernel, kernel!),
    nsc: readFlash(flash, places.nsc, nsc!),
  }
}
