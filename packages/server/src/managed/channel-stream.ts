/**
 * A channel of the application, as a stream of the link: cuts what the device sends into requests,
 * keeps what the device has no room for yet, and hands both to and from the service behind it.
 *
 * A device that breaks the rules of a channel loses the channel (StreamClose FAILED); one that breaks
 * those of the link, the connection.
 */
import {
  CHANNEL_BUFFER_BYTES_MAX,
  CHANNEL_CREDIT_BYTES,
  type ChannelResponseInit,
  decodeChannelRequest,
  encodeChannelResponse,
  type FrameInit,
  Framing,
  type LinkError,
  ReceiveWindow,
  SendWindow,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import { protocolError } from '../gateway/link-failure.ts'
import type { ChannelCarrier, ChannelService } from './service.ts'

export interface ChannelStreamParts {
  readonly stream: number
  readonly receiveBytes: number
  readonly send: (body: FrameInit) => Promise<void>
  /** The stream is over by this side's doing. */
  readonly onEnd: () => void
  readonly onError: (error: unknown) => void
}

/** Below this, what waits counts as sent. */
const DRAINED_BYTES = 16_384

export class ChannelStream implements ChannelCarrier {
  readonly #parts: ChannelStreamParts
  readonly #receiving = new ReceiveWindow(CHANNEL_CREDIT_BYTES)
  readonly #sending = new SendWindow()
  readonly #requests = new Framing(CHANNEL_BUFFER_BYTES_MAX)
  readonly #service: ChannelService
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isPumping = false
  #isOver = false

  constructor(parts: ChannelStreamParts, serve: (carrier: ChannelCarrier) => ChannelService) {
    this.#parts = parts
    this.#service = serve(this)
  }

  get receiveBytes(): number {
    return this.#parts.receiveBytes
  }

  get waitingBytes(): number {
    return this.#waitingBytes
  }

  respond(response: ChannelResponseInit): void {
    this.sendBytes(encodeChannelResponse(response))
  }

  sendBytes(data: Uint8Array): void {
    if (this.#isOver || data.length === 0) return
    this.#waiting.push(data)
    this.#waitingBytes += data.length
    this.pump().catch(this.#parts.onError)
  }

  async open(): Promise<void> {
    await this.#renew()
  }

  receive(data: Uint8Array): void {
    const wrong = this.#receiving.receive(data.length)
    if (wrong) throw protocolError(wrong.message)
    this.#serve(data).catch(this.#parts.onError)
  }

  grant(bytes: number): LinkError | undefined {
    return this.#sending.grant(bytes)
  }

  /** Sends what the device has room for. */
  async pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (!this.#isOver && this.#waitingBytes > 0 && this.#sending.credit > 0) {
        await this.#sendPiece()
      }
    } finally {
      this.#isPumping = false
    }
    if (!this.#isOver && this.#waitingBytes < DRAINED_BYTES) this.#service.drained?.()
  }

  /** The device has closed it, or is gone. */
  async cancel(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    this.#waiting = []
    this.#waitingBytes = 0
    this.#service.end()
  }

  async #sendPiece(): Promise<void> {
    const [first = new Uint8Array(0)] = this.#waiting
    const size = Math.min(first.length, this.#sending.credit, STREAM_DATA_BYTES_MAX)
    if (size === first.length) this.#waiting.shift()
    else this.#waiting[0] = first.subarray(size)
    this.#waitingBytes -= size
    this.#sending.spend(size)
    const { stream, send } = this.#parts
    await send({ case: 'streamData', value: { stream, data: first.subarray(0, size) } })
  }

  async #serve(data: Uint8Array): Promise<void> {
    if (this.#isOver) return
    if (this.#service.bytes) await this.#service.bytes(data)
    else {
      const problem = this.#takeRequests(data)
      if (problem !== undefined) return this.#fail(problem)
    }
    this.#receiving.consume(data.length)
    await this.#renew()
  }

  #takeRequests(data: Uint8Array): string | undefined {
    const { contents, error } = this.#requests.push(data)
    for (const content of contents) {
      const request = decodeChannelRequest(content)
      const problem = typeof request === 'string' ? request : this.#service.request?.(request)
      if (problem !== undefined) return problem
    }
    return error?.message
  }

  async #renew(): Promise<void> {
    const { stream, send } = this.#parts
    const bytes = this.#isOver ? 0 : this.#receiving.renew()
    if (bytes > 0) await send({ case: 'streamCredit', value: { stream, bytes } })
  }

  async #fail(detail: string): Promise<void> {
    await this.cancel()
    const { stream, send, onEnd } = this.#parts
    onEnd()
    const reason = StreamCloseReason.FAILED
    await send({ case: 'streamClose', value: { stream, reason, detail: detail.slice(0, 300) } })
  }
}
