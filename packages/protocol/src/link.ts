/**
 * The link's frames: bytes on the wire to messages and back. docs/reference/link.md has the format,
 * made from the same proto/link.proto as the generated code used here.
 *
 * What a decoder hands out keeps the limits of limits.ts, so nobody after it checks them again. The
 * first wrong byte ends the decoder: a byte stream that has lost its frames cannot find them again.
 *
 * Not here: what a side may say when. That is the business of the two ends.
 */
import './text.ts'
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import type { Frame, LogRecord } from './generated/link_pb.js'
import { FrameSchema, LogRecordSchema } from './generated/link_pb.js'
import { FRAME_BYTES_MAX, LOG_LINE_BYTES_MAX } from './limits.ts'
import { checkFrameBody } from './link-limits.ts'

export const LINK_PROTOCOL_VERSION = 1

/** A frame's content as the sender gives it: `{ case: 'ping', value: { token: 1 } }`. */
export type FrameInit = Exclude<
  NonNullable<MessageInitShape<typeof FrameSchema>['body']>,
  { case?: undefined }
>

/** A frame's content as the receiver gets it. */
export type FrameBody = Exclude<Frame['body'], { case: undefined }>

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

/** One frame with its length prefix. Throws RangeError where the frame would break a limit: a bug of the sender. */
export function encodeFrame(body: FrameInit): Uint8Array<ArrayBuffer> {
  const frame = create(FrameSchema, { body })
  const problem = checkFrameBody(frame.body as FrameBody)
  if (problem !== undefined) throw new RangeError(problem)
  const content = toBinary(FrameSchema, frame)
  if (content.length > FRAME_BYTES_MAX) throw new RangeError(tooLong(content.length))
  const prefix = encodeLength(content.length)
  const bytes = new Uint8Array(prefix.length + content.length)
  bytes.set(prefix)
  bytes.set(content, prefix.length)
  return bytes
}

/** Takes the stream in pieces of any size and finds the frames in it. Holds at most one frame. */
export class FrameDecoder {
  #length = new LengthReader()
  #content = new Uint8Array(0)
  #filled = 0
  #error: LinkError | undefined

  /** The frames that `chunk` completes, and the error that ended the stream if there was one. */
  push(chunk: Uint8Array): { frames: FrameBody[]; error?: LinkError } {
    const frames: FrameBody[] = []
    for (let at = 0; at < chunk.length && this.#error === undefined; ) {
      if (this.#content.length === 0) this.#takeLengthByte(chunk[at++]!, frames)
      else at += this.#takeContent(chunk.subarray(at), frames)
    }
    return this.#error === undefined ? { frames } : { frames, error: this.#error }
  }

  /** True between two frames: a stream that ends here ends cleanly. */
  get isBetweenFrames(): boolean {
    return this.#content.length === 0 && this.#length.isEmpty
  }

  #takeLengthByte(byte: number, frames: FrameBody[]): void {
    const length = this.#length.take(byte)
    if (length === undefined) return
    if (typeof length !== 'number') this.#error = length
    else if (length > FRAME_BYTES_MAX)
      this.#error = { code: 'FRAME_TOO_LONG', message: tooLong(length) }
    else if (length === 0) this.#finish(new Uint8Array(0), frames)
    else this.#content = new Uint8Array(length)
  }

  #takeContent(bytes: Uint8Array, frames: FrameBody[]): number {
    const count = Math.min(bytes.length, this.#content.length - this.#filled)
    this.#content.set(bytes.subarray(0, count), this.#filled)
    this.#filled += count
    if (this.#filled === this.#content.length) {
      const content = this.#content
      this.#content = new Uint8Array(0)
      this.#filled = 0
      this.#finish(content, frames)
    }
    return count
  }

  #finish(content: Uint8Array, frames: FrameBody[]): void {
    const decoded = decodeFrame(content)
    if ('code' in decoded) this.#error = decoded
    else frames.push(decoded)
  }
}

/** One frame without its length prefix. */
export function decodeFrame(content: Uint8Array): FrameBody | LinkError {
  let frame: Frame
  try {
    frame = fromBinary(FrameSchema, content)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      code: 'FRAME_MALFORMED',
      message: `A frame of ${content.length} bytes is not a protobuf Frame: ${reason}.`,
    }
  }
  const { body } = frame
  if (body.case === undefined)
    return {
      code: 'FRAME_UNKNOWN',
      message: `A frame of ${content.length} bytes holds no message that protocol version ${LINK_PROTOCOL_VERSION} knows.`,
    }
  const problem = checkFrameBody(body)
  return problem === undefined ? body : { code: 'FRAME_FIELD_LIMIT', message: problem }
}

/** The content of one `StreamData` of a log stream. */
export function encodeLogRecord(record: MessageInitShape<typeof LogRecordSchema>): Uint8Array {
  return toBinary(LogRecordSchema, create(LogRecordSchema, record))
}

/** Undefined for what is no LogRecord, or has a longer text than a log message may have. */
export function decodeLogRecord(bytes: Uint8Array): LogRecord | undefined {
  try {
    const record = fromBinary(LogRecordSchema, bytes)
    return record.text.length <= LOG_LINE_BYTES_MAX ? record : undefined
  } catch {
    return undefined
  }
}

/** An unsigned varint (protobuf encoding, "Base 128 Varints") of at most 32 bits, a byte at a time. */
class LengthReader {
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

function tooLong(length: number): string {
  return `A frame of ${length} bytes is longer than the ${FRAME_BYTES_MAX} allowed.`
}
