/** Reading DWARF's basic forms (DWARF 5, section 7), little-endian and 32-bit. What ends early throws. */
import { decodeUtf8 } from '../text.ts'

/** Debug information that is not what it should be. */
export class DwarfError extends Error {
  override readonly name = 'DwarfError'
}

const LEB_BYTES_MAX = 10

export class DwarfReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = Math.min(end, bytes.length)
  }

  get isAtEnd(): boolean {
    return this.at >= this.end
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** Exact up to 2^53; what is larger is none of an Arm's. */
  uleb(): number {
    let value = 0
    for (let i = 0; i < LEB_BYTES_MAX; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new DwarfError(`a number of more than ${LEB_BYTES_MAX} bytes`)
  }

  sleb(): number {
    let value = 0
    for (let i = 0; i < LEB_BYTES_MAX; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - 2 ** (7 * (i + 1))
    }
    throw new DwarfError(`a number of more than ${LEB_BYTES_MAX} bytes`)
  }

  text(): string {
    const length = this.#bytes.subarray(this.at, this.end).indexOf(0)
    if (length < 0) throw new DwarfError(`a text at ${this.at} has no end`)
    const from = this.#take(length + 1)
    return decodeUtf8(this.#bytes.subarray(from, from + length))
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  /** Moves on by `bytes`, and says from where. */
  #take(bytes: number): number {
    const from = this.at
    if (!(bytes >= 0) || from + bytes > this.end)
      throw new DwarfError(`${bytes} bytes at ${from} of ${this.end}`)
    this.at = from + bytes
    return from
  }
}
