/**
 * Reading and writing stretches of flash of any length, in the units the chip has.
 */
import { HASH_BYTES } from '@microvisor/protocol'
import type { Engines, Flash, FlashError } from './hardware.ts'

export interface Stretch {
  readonly offset: number
  readonly size: number
}

const CHUNK_BYTES = 8192

export function readFlash(flash: Flash, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  flash.read(offset, bytes)
  return bytes
}

/**
 * Programs erased flash from `offset`, the start of a programming unit. The last unit is filled up
 * with 0xFF; units that hold nothing but 0xFF are left erased.
 */
export function programFlash(
  flash: Flash,
  offset: number,
  bytes: Uint8Array,
): FlashError | undefined {
  const unitBytes = flash.programBytes
  for (let at = 0; at < bytes.length; at += unitBytes) {
    const unit = new Uint8Array(unitBytes).fill(0xff)
    unit.set(bytes.subarray(at, at + unitBytes))
    if (isBlank(unit)) continue
    const error = flash.program(offset + at, unit)
    if (error !== undefined) return error
  }
  return undefined
}

/** Erases every unit that [offset, offset + length) touches. */
export function eraseFlash(flash: Flash, offset: number, length: number): FlashError | undefined {
  for (let at = offset; at < offset + length; at += flash.eraseBytes) {
    const error = flash.erase(at)
    if (error !== undefined) return error
  }
  return undefined
}

export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0xff)
}

/** Something whose bytes can be read at any place. */
export interface ByteReader {
  read(at: number, into: Uint8Array): void
}

export function hashFlash(engines: Engines, flash: Flash, { offset, size }: Stretch): Uint8Array {
  return hashReader(engines, { read: (at, into) => flash.read(offset + at, into) }, size)
}

/** SHA-256 of so many bytes from the start, followed by `padding` bytes of 0xFF. */
export function hashReader(
  engines: Engines,
  reader: ByteReader,
  bytes: number,
  padding = 0,
): Uint8Array {
  const hash = engines.sha256()
  const chunk = new Uint8Array(CHUNK_BYTES)
  for (let at = 0; at < bytes; at += CHUNK_BYTES) {
    const part = chunk.subarray(0, Math.min(CHUNK_BYTES, bytes - at))
    reader.read(at, part)
    hash.update(part)
  }
  chunk.fill(0xff)
  for (let left = padding; left > 0; left -= CHUNK_BYTES) {
    hash.update(chunk.subarray(0, Math.min(CHUNK_BYTES, left)))
  }
  const digest = new Uint8Array(HASH_BYTES)
  hash.finish(digest)
  return digest
}
