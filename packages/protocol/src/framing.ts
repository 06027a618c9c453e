/**
 * Frames in a byte stream: a length as an unsigned varint, then that many bytes. The link, channels
 * and the debug protocol share it.
 */
import { FRAME_BYTES_MAX } from './limits.ts'

export type LinkErrorCode =
  | 'FRAME_TOO_LONG'
  | 'FRAME_LENGTH_MALFORMED'
  | 'FRAME_MALFORMED'
  | 'FRAME_UNKNOWN'
  | 'FRAME_FIELD_LIMIT'
  | 'CREDIT_EXCEEDED'
  | 'CREDIT_TOO_LARGE'

/** What the other side did wrong. It is the `detail` of the Goodbye that follows. */
export interface LinkError {
  readonly code: LinkErrorCode
  readonly message: string
}

/** Contents with their length in front. Throws RangeError where they are too long: a bug of the sender. */
export function framed(
  content: Uint8Array,
  bytesMax: number = FRAME_BYTES_MAX,
): Uint8Array<ArrayBuffer> {
  if (content.length > bytesMax) throw new RangeError(tooLong(content.length, bytesMax))
  const prefix = encodeLength(content.length)
  const bytes = new Uint8Array(prefix.length + content.length)
  bytes.set(prefix)
  bytes.set(content, prefix.length)
  return bytes
}

/** Takes the stream in pieces of any size. Holds at most one frame; the first error is the end. */
export class Framing {
  readonly #bytesMax: number
  #length = new LengthReader()
  #content = new Uint8Array(0)
  #filled = 0
  #error: LinkError | undefined

  constructor(bytesMax: number = FRAME_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** The contents of the frames that `chunk` completes. */
  push(chunk: Uint8Array): { contents: Uint8Array[]; error?: LinkError } {
    const contents: Uint8Array[] = []
    for (let at = 0; at < chunk.length && this.#error === undefined; ) {
      if (this.#content.length === 0) this.#takeLengthByte(chunk[at++]!, contents)
      else at += this.#takeContent(chunk.subarray(at), contents)
    }
    return this.#error === undefined ? { contents } : { contents, error: this.#error }
  }

  /** True between two frames: a stream that ends here ends cleanly. */
  get isBetweenFrames(): boolean {
    return this.#content.length === 0 && this.#length.isEmpty
  }

  #takeLengthByte(byte: number, contents: Uint8Array[]): void {
    const length = this.#length.take(byte)
    if (length === undefined) return
    if (typeof length !== 'number') this.#error = length
    else if (length > this.#bytesMax)
      this.#error = { code: 'FRAME_TOO_LONG', message: tooLong(length, this.#bytesMax) }
    else if (length === 0) contents.push(new Uint8Array(0))
    else this.#content = new Uint8Array(length)
  }

  #takeContent(bytes: Uint8Array, contents: Uint8Array[]): number {
    const count = Math.min(bytes.length, this.#content.length - this.#filled)
    this.#content.set(bytes.subarray(0, count), this.#filled)
    this.#filled += count
    if (this.#filled === this.#content.length) {
      contents.push(this.#content)
      this.#content = new Uint8Array(0)
      this.#filled = 0
    }
    return count
  }
}

/** An unsigned varint (protobuf encoding, "Base 128 Varints") of at most 32 bits, a byte at a time. */
export class LengthReader {
  #value = 0
  #bytes = 0

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  take(byte: number): number | LinkError | undefined {
    this.#value += (byte & 0x7f) * 2 ** (7 * this.#bytes)
    this.#bytes++
    if (byte >= 0x80)
      return this.#bytes < 5
        ? undefined
        : {
            code: 'FRAME_LENGTH_MALFORMED',
            message: "A frame's length takes more than 5 bytes: the stream holds no frames here.",
          }
    const value = this.#value
    this.#value = 0
    this.#bytes = 0
    return value
  }
}

function encodeLength(length: number): number[] {
  const bytes: number[] = []
  let rest = length
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  bytes.push(rest)
  return bytes
}

function tooLong(length: number, bytesMax: number): string {
  return `A frame of ${length} bytes is longer than the ${bytesMax} allowed.`
}
