/**
 * FIFOs of an SPI: frames of 4 to 32 bits in a memory counted in bytes. RM0456, "SPI data
 * management": a frame takes one, two or four bytes, and an access to the data register moves as
 * many whole frames as fit its width.
 */
import type { AccessSize } from '../bus.ts'

export class SpiFifo {
  readonly #capacityBytes: number
  readonly #frames: number[] = []
  #bits = 8

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  /** Empties it and sets the size of its frames. */
  begin(bits: number): void {
    this.#bits = bits
    this.#frames.length = 0
  }

  get length(): number {
    return this.#frames.length
  }

  /** Frames that still fit. */
  get room(): number {
    return Math.floor(this.#capacityBytes / this.#frameBytes) - this.#frames.length
  }

  /** Frames in one access to the data register. */
  framesIn(size: AccessSize): number {
    return Math.max(1, Math.floor(size / this.#frameBytes))
  }

  /** Takes the frames of a data register access, the lowest first; false if one did not fit. */
  unpack(data: number, size: AccessSize): boolean {
    let fits = true
    for (let n = 0; n < this.framesIn(size); n++) {
      fits = this.push(Math.floor(data / 2 ** (n * 8 * this.#frameBytes))) && fits
    }
    return fits
  }

  pack(size: AccessSize): number {
    let data = 0
    for (let n = 0; n < this.framesIn(size); n++) {
      data += (this.shift() ?? 0) * 2 ** (n * 8 * this.#frameBytes)
    }
    return data
  }

  /** What `pack` would give. */
  peek(size: AccessSize): number {
    const frames = this.#frames.slice(0, this.framesIn(size))
    return frames.reduce((data, frame, n) => data + frame * 2 ** (n * 8 * this.#frameBytes), 0)
  }

  push(frame: number): boolean {
    if (this.room <= 0) return false
    this.#frames.push((frame & (2 ** this.#bits - 1)) >>> 0)
    return true
  }

  shift(): number | undefined {
    return this.#frames.shift()
  }

  get #frameBytes(): number {
    return this.#bits <= 8 ? 1 : this.#bits <= 16 ? 2 : 4
  }
}

/** CRC over frames, most significant bit first, as SPI_CRCPOLY and CRCSIZE say. */
export class SpiCrc {
  value = 0
  #bits = 8
  #polynomial = 0x07

  begin(bits: number, polynomial: number, startsWithOnes: boolean): void {
    this.#bits = bits
    this.#polynomial = (polynomial & this.#mask) >>> 0
    this.value = startsWithOnes ? this.#mask : 0
  }

  count(frame: number, frameBits: number): void {
    let crc = this.value
    for (let bit = frameBits - 1; bit >= 0; bit--) {
      const carry = ((crc >>> (this.#bits - 1)) ^ (frame >>> bit)) & 1
      crc = (crc << 1) ^ (carry ? this.#polynomial : 0)
    }
    this.value = (crc & this.#mask) >>> 0
  }

  get #mask(): number {
    return 2 ** this.#bits - 1
  }
}

export function mirrored(frame: number, bits: number): number {
  let result = 0
  for (let bit = 0; bit < bits; bit++) if ((frame >>> bit) & 1) result += 2 ** (bits - 1 - bit)
  return result
}
