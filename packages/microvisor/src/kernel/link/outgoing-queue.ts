/** Encoded frames that the network has not taken yet. */
import type { Network } from '../../hardware.ts'

/** A cloud that lets this much pile up is not reading. */
const BYTES_MAX = 262_144

export class OutgoingQueue {
  #chunks: Uint8Array[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  get isOverfull(): boolean {
    return this.#bytes > BYTES_MAX
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
  }

  /** Hands over as much as the network takes. */
  flush(network: Network): void {
    let done = 0
    for (; done < this.#chunks.length; done++) {
      const chunk = this.#chunks[done]!
      const taken = network.send(chunk)
      this.#bytes -= taken
      if (taken < chunk.length) {
        this.#chunks[done] = chunk.subarray(taken)
        break
      }
    }
    this.#chunks.splice(0, done)
  }

  clear(): void {
    this.#chunks = []
    this.#bytes = 0
  }
}
