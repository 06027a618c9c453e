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
import { HASH_BYTES } from './digest.ts'
import { Framing, framed, type LinkError } from './framing.ts'
import type { Frame, LayerOffer, LogRecord } from './generated/link_pb.js'
import { FrameSchema, LayerOfferSchema, LogRecordSchema } from './generated/link_pb.js'
import { LOG_LINE_BYTES_MAX } from './limits.ts'
import { checkFrameBody } from './link-limits.ts'

export const LINK_PROTOCOL_VERSION = 1

/** A frame's content as the sender gives it: `{ case: 'ping', value: { token: 1 } }`. */
export type FrameInit = Exclude<
  NonNullable<MessageInitShape<typeof FrameSchema>['body']>,
  { case?: undefined }
>

/** A frame's content as the receiver gets it. */
export type FrameBody = Exclude<Frame['body'], { case: undefined }>

/** One frame with its length prefix. Throws RangeError where the frame would break a limit: a bug of the sender. */
export function encodeFrame(body: FrameInit): Uint8Array<ArrayBuffer> {
  const frame = create(FrameSchema, { body })
  const problem = checkFrameBody(frame.body as FrameBody)
  if (problem !== undefined) throw new RangeError(problem)
  return framed(toBinary(FrameSchema, frame))
}

/** Takes the stream in pieces of any size and finds the frames in it. Holds at most one frame. */
export class FrameDecoder {
  readonly #framing = new Framing()
  #error: LinkError | undefined

  /** The frames that `chunk` completes, and the error that ended the stream if there was one. */
  push(chunk: Uint8Array): { frames: FrameBody[]; error?: LinkError } {
    const frames: FrameBody[] = []
    if (this.#error === undefined) {
      const { contents, error } = this.#framing.push(chunk)
      this.#error = this.#decode(contents, frames) ?? error
    }
    return this.#error === undefined ? { frames } : { frames, error: this.#error }
  }

  /** True between two frames: a stream that ends here ends cleanly. */
  get isBetweenFrames(): boolean {
    return this.#framing.isBetweenFrames
  }

  #decode(contents: readonly Uint8Array[], frames: FrameBody[]): LinkError | undefined {
    for (const content of contents) {
      const decoded = decodeFrame(content)
      if ('code' in decoded) return decoded
      frames.push(decoded)
    }
    return undefined
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

export function encodeLayerOffer(offer: MessageInitShape<typeof LayerOfferSchema>): Uint8Array {
  return toBinary(LayerOfferSchema, create(LayerOfferSchema, offer))
}

/** Undefined for what is no LayerOffer. */
export function decodeLayerOffer(bytes: Uint8Array): LayerOffer | undefined {
  try {
    const offer = fromBinary(LayerOfferSchema, bytes)
    return offer.transferHash.length === HASH_BYTES ? offer : undefined
  } catch {
    return undefined
  }
}
