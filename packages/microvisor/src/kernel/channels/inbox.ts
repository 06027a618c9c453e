/**
 * The messages in a receive buffer: which of its bytes are one message, and what the first one says.
 *
 * Boundaries are found as bytes arrive, before the application can touch them. A message is decoded
 * each time it is asked for, from memory that the application may have changed since: what does not
 * decode to the kind that arrived is `garbled`, and the channel's end.
 */
import {
  type ChannelResponseBody,
  decodeChannelResponse,
  LengthReader,
  type LinkError,
} from '@microvisor/protocol'
import type { BufferRing } from './buffer-ring.ts'

export type ResponseKind = ChannelResponseBody['case']

interface Message {
  readonly kind: ResponseKind
  readonly prefixBytes: number
  readonly contentBytes: number
}

export class Inbox {
  readonly #ring: BufferRing
  readonly #bytesMax: number
  readonly #messages: Message[] = []
  #reader = new LengthReader()
  #prefixBytes = 0
  #contentBytes: number | undefined
  #missingBytes = 0

  constructor(ring: BufferRing) {
    this.#ring = ring
    this.#bytesMax = ring.free
  }

  /** What kind the first unread message is. */
  get kind(): ResponseKind | undefined {
    return this.#messages[0]?.kind
  }

  /**
   * Takes bytes that have arrived, as many as there is room for. The kinds of the messages that they
   * complete, or undefined if this is no stream of messages that fit.
   */
  push(bytes: Uint8Array): ResponseKind[] | undefined {
    const before = this.#messages.length
    for (let at = 0; at < bytes.length; ) {
      const taken =
        this.#contentBytes === undefined ? 1 : Math.min(this.#missingBytes, bytes.length - at)
      const piece = bytes.subarray(at, at + taken)
      this.#ring.write(piece)
      at += taken
      if (!this.#take(piece)) return undefined
    }
    return this.#messages.slice(before).map(({ kind }) => kind)
  }

  /** The first message; 'garbled' if the application has overwritten it. */
  read(): ChannelResponseBody | 'garbled' | undefined {
    const message = this.#messages[0]
    if (message === undefined) return undefined
    const body = decodeChannelResponse(this.#ring.read(message.prefixBytes, message.contentBytes))
    return body?.case === message.kind ? body : 'garbled'
  }

  /** Frees the first message and says how many bytes that were. */
  drop(): number {
    const { prefixBytes, contentBytes } = this.#messages.shift()!
    this.#ring.drop(prefixBytes + contentBytes)
    return prefixBytes + contentBytes
  }

  #take(piece: Uint8Array): boolean {
    if (this.#contentBytes !== undefined) this.#missingBytes -= piece.length
    else if (!this.#takeLength(this.#reader.take(piece[0]!))) return false
    return this.#contentBytes === undefined || this.#missingBytes > 0 || this.#complete()
  }

  #takeLength(length: number | LinkError | undefined): boolean {
    this.#prefixBytes++
    if (length === undefined) return true
    if (typeof length !== 'number' || this.#prefixBytes + length > this.#bytesMax) return false
    this.#contentBytes = length
    this.#missingBytes = length
    return true
  }

  #complete(): boolean {
    const contentBytes = this.#contentBytes!
    const body = decodeChannelResponse(
      this.#ring.read(this.#ring.used - contentBytes, contentBytes),
    )
    if (body === undefined) return false
    this.#messages.push({ kind: body.case, prefixBytes: this.#prefixBytes, contentBytes })
    this.#reader = new LengthReader()
    this.#prefixBytes = 0
    this.#contentBytes = undefined
    return true
  }
}
