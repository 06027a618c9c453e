/**
 * A device fetches a manifest or a layer: what it asked for goes out in pieces, as far as the device
 * has given credit and the socket takes it, and the stream closes behind the last byte.
 */
import {
  type FrameInit,
  type LinkError,
  SendWindow,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { BlobReader } from '../storage/blobs.ts'

export interface FetchParts {
  readonly stream: number
  readonly content: BlobReader
  readonly offset: number
  /** What goes out first, by itself. */
  readonly preface?: Uint8Array
  /** Resolves when there is room for more. */
  readonly send: (body: FrameInit) => Promise<void>
  /** The stream is over, whoever ended it. */
  readonly onEnd: () => void
}

export class FetchStream {
  readonly #parts: FetchParts
  readonly #window = new SendWindow()
  #position: number
  #isPumping = false
  #isEnded = false
  #isPrefaced = false

  constructor(parts: FetchParts) {
    this.#parts = parts
    this.#position = parts.offset
  }

  grant(bytes: number): LinkError | undefined {
    return this.#window.grant(bytes)
  }

  /** Sends what may be sent. Called after opening and after each credit. */
  async pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (!this.#isEnded && this.#hasMore && this.#window.credit > 0) await this.#sendPiece()
      if (!this.#isEnded && !this.#hasMore) {
        await this.#close(StreamCloseReason.DONE, '')
      }
    } finally {
      this.#isPumping = false
    }
  }

  /** The device no longer wants it, or is gone. */
  async cancel(): Promise<void> {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#parts.onEnd()
    await this.#parts.content.close()
  }

  get #hasMore(): boolean {
    return this.#left > 0 || (this.#parts.preface !== undefined && !this.#isPrefaced)
  }

  get #left(): number {
    return this.#parts.content.sizeBytes - this.#position
  }

  async #sendPiece(): Promise<void> {
    const { preface } = this.#parts
    if (preface === undefined || this.#isPrefaced) return this.#sendContent()
    this.#isPrefaced = true
    this.#window.spend(preface.length)
    await this.#parts.send({
      case: 'streamData',
      value: { stream: this.#parts.stream, data: preface },
    })
  }

  async #sendContent(): Promise<void> {
    const { content, stream, send } = this.#parts
    const size = Math.min(STREAM_DATA_BYTES_MAX, this.#window.credit, this.#left)
    this.#window.spend(size)
    const data = new Uint8Array(size)
    const bytes = await content.read(this.#position, data)
    if (this.#isEnded) return
    if (bytes !== size)
      return this.#close(StreamCloseReason.FAILED, 'The content ended before its end.')
    this.#position += size
    await send({ case: 'streamData', value: { stream, data } })
  }

  async #close(reason: StreamCloseReason, detail: string): Promise<void> {
    await this.cancel()
    const { stream, send } = this.#parts
    await send({ case: 'streamClose', value: { stream, reason, detail } })
  }
}
