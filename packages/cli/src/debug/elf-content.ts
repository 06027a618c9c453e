/**
 * Code and constants come from the ELF file rather than from the device, where flash holds the same:
 * one question with a hash for each piece settles that.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { INTERNAL_FLASH_ADDRESS, readElfImage } from '@microvisor/protocol'
import type { Target } from './target.ts'

const PIECE_BYTES = 16_384

/** Of the image's bytes, how many are known to lie in the device's flash. */
export async function loadElfContent(file: string, target: Target) {
  const image = readElfImage(new Uint8Array(await readFile(file)))
  const parts = []
  for (let at = 0; at < image.length; at += PIECE_BYTES) {
    const data = image.subarray(at, at + PIECE_BYTES)
    const hash = createHash('sha256').update(data).digest()
    parts.push({ address: INTERNAL_FLASH_ADDRESS + at, data, hash })
  }
  const same = await target.compareFlash(parts)
  const sameBytes = same.reduce((sum, { data }) => sum + data.length, 0)
  return { sameBytes, imageBytes: image.length }
}
