/**
 * The cells of a large memory: what an image holds, what was written over it, and one value
 * everywhere else. Only what was written takes room. A part's own state; the image's file is never
 * changed.
 */
const BLOCK_BYTES = 4096

export class SparseMemory {
  readonly bytes: number
  readonly #image: Uint8Array
  readonly #blank: number
  readonly #blocks = new Map<number, Uint8Array>()

  /** `blank` is what cells hold that neither the image nor anybody has set. */
  constructor(bytes: number, image: Uint8Array, blank: number) {
    this.bytes = bytes
    this.#image = image
    this.#blank = blank
  }

  read(at: number): number {
    const block = this.#blocks.get(Math.floor(at / BLOCK_BYTES))
    return block?.[at % BLOCK_BYTES] ?? this.#image[at] ?? this.#blank
  }

  write(at: number, byte: number): void {
    this.#block(Math.floor(at / BLOCK_BYTES))[at % BLOCK_BYTES] = byte
  }

  fill(from: number, length: number, byte: number): void {
    for (let at = from; at < from + length; ) {
      const end = Math.min(from + length, (Math.floor(at / BLOCK_BYTES) + 1) * BLOCK_BYTES)
      this.#block(Math.floor(at / BLOCK_BYTES)).fill(
        byte,
        at % BLOCK_BYTES,
        (at % BLOCK_BYTES) + end - at,
      )
      at = end
    }
  }

  slice(from: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, n) => this.read(from + n))
  }

  #block(number: number): Uint8Array {
    let block = this.#blocks.get(number)
    if (block === undefined) {
      const from = number * BLOCK_BYTES
      block = new Uint8Array(BLOCK_BYTES).fill(this.#blank)
      block.set(this.#image.subarray(from, from + BLOCK_BYTES))
      this.#blocks.set(number, block)
    }
    return block
  }
}
