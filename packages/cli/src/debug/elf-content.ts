/**
 * Code and constants come from the ELF file rather than from the device, where flash holds the same:
 * one question with a hash for each piece settles that.
 */
import { readFile } from 'node:fs/promises'
import { INTERNAL_FLASH_ADDRESS, readElfImage, readElfRanges } from '@microvisor/protocol'
import { inBlocks } from './blocks.ts'
import type { TargetState } from './target-state.ts'

const PAGE_BYTES = 8192

/** Of the image's bytes, how many are known to lie in the device's flash. */
export async function loadElfContent(file: string, { flash, checksums }: TargetState) {
  const elf = new Uint8Array(await readFile(file))
  const image = readElfImage(elf)
  const parts = inBlocks({ address: INTERNAL_FLASH_ADDRESS, data: image })
  // What follows in the last page is most often blank: a `load` need not ask for it.
  const end = INTERNAL_FLASH_ADDRESS + image.length
  const blank = new Uint8Array(-image.length & (PAGE_BYTES - 1)).fill(0xff)
  const same = new Set(await flash.compare([...parts, { address: end, data: blank }]))
  checksums.expect(readElfRanges(elf))
  const sameBytes = parts.reduce((sum, part) => sum + (same.has(part) ? part.data.length : 0), 0)
  return { sameBytes, imageBytes: image.length }
}
