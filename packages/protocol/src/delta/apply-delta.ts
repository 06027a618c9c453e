/**
 * Applying a delta, a bounded part at a time: the device's side. It reads the delta once from front
 * to back, writes the output once from front to back, and reads base and output at any place. Its
 * memory is that of the models and three windows of WINDOW_BYTES.
 *
 * Nothing that a delta says can make it read outside the base, write beyond the output, or go on
 * without end: each part makes at least one byte.
 */
import { DeltaModels, OPERATIONS, type Operation } from './delta.ts'
import { BitReader } from './range-coder.ts'

const WINDOW_BYTES = 256

export interface DeltaPorts {
  /** The next byte of the delta; zero behind its end. */
  readonly next: () => number
  readonly baseBytes: number
  readonly outputBytes: number
  /** Reads from the base; all of `into` lies inside of it. */
  readonly readBase: (offset: number, into: Uint8Array) => void
  /** Reads what was written. */
  readonly readOutput: (offset: number, into: Uint8Array) => void
  /** Takes the next part of the output; false: it could not be kept. */
  readonly write: (bytes: Uint8Array) => boolean
}

export type DeltaProgress = 'more' | 'done' | 'malformed' | 'refused'

export class DeltaReader {
  readonly #ports: DeltaPorts
  readonly #coder: BitReader
  readonly #models = new DeltaModels()
  readonly #window = new Uint8Array(WINDOW_BYTES)
  /** The output's last part, not written yet. */
  readonly #pending = new Uint8Array(WINDOW_BYTES)
  #written = 0
  #pendingBytes = 0
  #operation: Operation = OPERATIONS.literal
  #left = 0
  /** Where the copy under way goes on, in base or output. */
  #source = 0
  #baseAt = 0
  #beforeByte = 0

  constructor(ports: DeltaPorts) {
    this.#ports = ports
    this.#coder = new BitReader(ports.next)
  }

  /** Makes at most about so many bytes of the output. */
  proceed(bytes: number): DeltaProgress {
    const end = Math.min(this.#made + bytes, this.#ports.outputBytes)
    while (this.#made < end) {
      if (this.#left === 0 && !this.#begin()) return 'malformed'
      const room = WINDOW_BYTES - this.#pendingBytes
      this.#part(Math.min(this.#left, room))
      if (this.#pendingBytes === WINDOW_BYTES && !this.#flush()) return 'refused'
    }
    if (this.#made < this.#ports.outputBytes) return 'more'
    return this.#flush() ? 'done' : 'refused'
  }

  get #made(): number {
    return this.#written + this.#pendingBytes
  }

  #begin(): boolean {
    const coder = this.#coder
    const models = this.#models
    this.#operation = models.operation(coder, OPERATIONS.base)
    if (this.#operation === OPERATIONS.base) this.#source = this.#baseAt + models.seek(coder, 0)
    if (this.#operation === OPERATIONS.output) this.#source = this.#made - models.distance(coder, 1)
    this.#left = models.length(coder, this.#operation, 1)
    if (this.#left > this.#ports.outputBytes - this.#made) return false
    if (this.#operation === OPERATIONS.literal) {
      this.#baseAt += this.#left
      return true
    }
    if (this.#operation === OPERATIONS.output) {
      this.#baseAt += this.#left
      return this.#source >= 0
    }
    const isInside = this.#source >= 0 && this.#source + this.#left <= this.#ports.baseBytes
    if (!isInside) return false
    this.#baseAt = this.#source + this.#left
    models.begin()
    this.#beforeByte = 0
    if (this.#source > 0) {
      this.#ports.readBase(this.#source - 1, this.#window.subarray(0, 1))
      this.#beforeByte = this.#window[0]!
    }
    return true
  }

  #part(bytes: number): void {
    if (this.#operation === OPERATIONS.base) this.#fromBase(bytes)
    else if (this.#operation === OPERATIONS.output) this.#fromOutput(bytes)
    else this.#literal(bytes)
    this.#left -= bytes
    this.#source += bytes
  }

  #fromBase(bytes: number): void {
    const window = this.#window.subarray(0, bytes)
    this.#ports.readBase(this.#source, window)
    let before = this.#beforeByte
    for (const old of window) {
      this.#put(this.#models.copied(this.#coder, old, before, this.#made, 0))
      before = old
    }
    this.#beforeByte = before
  }

  /** A copy may reach into what it makes itself. */
  #fromOutput(bytes: number): void {
    for (let i = 0; i < bytes; i++) {
      const byte = this.#outputAt(this.#source + i)
      this.#models.produced(byte)
      this.#put(byte)
    }
  }

  #outputAt(at: number): number {
    if (at >= this.#written) return this.#pending[at - this.#written]!
    this.#ports.readOutput(at, this.#window.subarray(0, 1))
    return this.#window[0]!
  }

  #literal(bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#put(this.#models.literal(this.#coder, this.#made, 0))
  }

  #put(byte: number): void {
    this.#pending[this.#pendingBytes++] = byte
  }

  #flush(): boolean {
    if (this.#pendingBytes === 0) return true
    const isKept = this.#ports.write(this.#pending.subarray(0, this.#pendingBytes))
    this.#written += this.#pendingBytes
    this.#pendingBytes = 0
    return isKept
  }
}
