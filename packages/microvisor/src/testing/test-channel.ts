/** The cloud's end of one channel: keeps what the device sent, and sends as credit allows. */
import {
  type ChannelRequestBody,
  type ChannelResponseInit,
  decodeChannelRequest,
  encodeChannelResponse,
  type FrameBody,
  type FrameInit,
  Framing,
  SendWindow,
  STREAM_DATA_BYTES_MAX,
  type StreamCloseReason,
} from '@microvisor/protocol'

export interface OpenedAs {
  readonly type: number
  readonly endpoint: string
  readonly receiveBytes: number
}

export class TestChannel {
  readonly stream: number
  readonly openedAs: OpenedAs
  /** Everything the device has sent. */
  received = new Uint8Array(0)
  /** The device's StreamClose. */
  closedFor: StreamCloseReason | undefined
  /** Bytes of one StreamData. */
  chunkBytes = STREAM_DATA_BYTES_MAX
  readonly #send: (frame: FrameInit) => void
  readonly #window = new SendWindow()
  #waiting = new Uint8Array(0)

  constructor(stream: number, openedAs: OpenedAs, send: (frame: FrameInit) => void) {
    this.stream = stream
    this.openedAs = openedAs
    this.#send = send
  }

  /** What the device has sent, as messages. */
  get requests(): ChannelRequestBody[] {
    const { contents, error } = new Framing(1e6).push(this.received)
    if (error !== undefined) throw new Error(error.message)
    return contents.map((content) => {
      const request = decodeChannelRequest(content)
      if (typeof request === 'string') throw new Error(request)
      return request
    })
  }

  get waitingBytes(): number {
    return this.#waiting.length
  }

  allow(bytes: number): void {
    if (bytes > 0) this.#send({ case: 'streamCredit', value: { stream: this.stream, bytes } })
  }

  respond(response: ChannelResponseInit): void {
    this.sendBytes(encodeChannelResponse(response))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#waiting = Uint8Array.of(...this.#waiting, ...bytes)
    this.#pump()
  }

  close(reason: StreamCloseReason): void {
    this.#send({ case: 'streamClose', value: { stream: this.stream, reason } })
  }

  take(frame: FrameBody): void {
    if (frame.case === 'streamData')
      this.received = Uint8Array.of(...this.received, ...frame.value.data)
    if (frame.case === 'streamClose') this.closedFor = frame.value.reason
    if (frame.case !== 'streamCredit') return
    const error = this.#window.grant(frame.value.bytes)
    if (error !== undefined) throw new Error(error.message)
    this.#pump()
  }

  #pump(): void {
    for (;;) {
      const length = Math.min(this.#window.credit, this.#waiting.length, this.chunkBytes)
      if (length === 0) return
      this.#window.spend(length)
      const data = this.#waiting.slice(0, length)
      this.#waiting = this.#waiting.slice(length)
      this.#send({ case: 'streamData', value: { stream: this.stream, data } })
    }
  }
}
