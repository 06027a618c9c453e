/** Random numbers of the shapes the kernel needs, from the chip's generator. */
import type { Engines } from '../hardware.ts'

export class Random {
  readonly #engines: Engines
  readonly #bytes = new Uint8Array(4)

  constructor(engines: Engines) {
    this.#engines = engines
  }

  /** Any 32-bit word. */
  word(): number {
    this.#engines.random(this.#bytes)
    return new DataView(this.#bytes.buffer).getUint32(0, true)
  }

  /** Evenly spread over [0, 1). */
  fraction(): number {
    return this.word() / 0x1_0000_0000
  }
}
