/**
 * A memory image in a file: loaded whole, written through at every change. A change is in the
 * operating system's hands before the call returns, so it survives the end of this process by any
 * means; only a crash of the machine itself can lose the last ones.
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'

export interface FlashFileOptions {
  readonly path: string
  /** Bytes in the file are inverted: erased cells (0xFF) are zeros, which a sparse file need not hold. */
  readonly isInverted: boolean
}

export class FlashFile {
  readonly #options: FlashFileOptions
  readonly #cells: Uint8Array
  readonly #file: number

  /** Fills `cells` from the file. Throws RangeError if the file is not exactly as long. */
  constructor(options: FlashFileOptions, cells: Uint8Array) {
    this.#options = options
    this.#cells = cells
    this.#file = openSync(options.path, 'r+')
    const length = readWhole(this.#file, cells)
    if (length !== cells.length) {
      closeSync(this.#file)
      throw new RangeError(`it has ${length} bytes instead of ${cells.length}`)
    }
    if (options.isInverted) invert(cells)
  }

  /** The cells in [offset, offset + length) have changed. */
  save(offset: number, length: number): void {
    const changed = this.#cells.slice(offset, offset + length)
    if (this.#options.isInverted) invert(changed)
    writeSync(this.#file, changed, 0, length, offset)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** A file that holds these cells, with holes where they are erased if the file is inverted. */
export function createFlashFile({ path, isInverted }: FlashFileOptions, cells: Uint8Array): void {
  const file = openSync(path, 'w', 0o644)
  try {
    ftruncateSync(file, cells.length)
    for (let at = 0; at < cells.length; at += BLOCK_BYTES) {
      const block = cells.slice(at, at + BLOCK_BYTES)
      if (isInverted) invert(block)
      if (block.some((byte) => byte !== 0)) writeSync(file, block, 0, block.length, at)
    }
  } finally {
    closeSync(file)
  }
}

const BLOCK_BYTES = 4096

function invert(bytes: Uint8Array): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  for (let i = 0; i < words.length; i++) words[i] = ~words[i]!
  for (let i = words.length * 4; i < bytes.length; i++) bytes[i] = ~bytes[i]!
}

/** Bytes read into `into`, or more than fit if the file is longer. */
function readWhole(file: number, into: Uint8Array): number {
  let total = 0
  while (total < into.length) {
    const read = readSync(file, into, total, into.length - total, total)
    if (read === 0) return total
    total += read
  }
  return total + readSync(file, new Uint8Array(1), 0, 1, total)
}
