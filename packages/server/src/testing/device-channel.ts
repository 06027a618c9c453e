/** A channel as a device has it: requests out, responses in, credit as its buffer allows. */
import {
  type ChannelRequestInit,
  type ChannelResponseBody,
  type ChannelType,
  decodeChannelResponse,
  encodeChannelRequest,
  Framing,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { TestDevice } from './device.ts'

interface Opening {
  readonly receiveBytes?: number
  readonly endpoint?: string
  /** First credit; as much as the buffer, unless given. */
  readonly credit?: number
}

export class DeviceChannel {
  readonly stream: number
  readonly #device: TestDevice
  readonly #framing = new Framing(1_000_000)
  readonly #received: ChannelResponseBody[] = []
  /** False: the device has no room. */
  gives = true

  constructor(device: TestDevice, stream: number) {
    this.#device = device
    this.stream = stream
  }

  static open(
    device: TestDevice,
    type: ChannelType,
    { receiveBytes = 65_536, endpoint = '', credit }: Opening = {},
  ): DeviceChannel {
    const stream = device.openStream()
    device.send({
      case: 'streamOpen',
      value: { stream, kind: { case: 'channel', value: { type, endpoint, receiveBytes } } },
    })
    const bytes = credit ?? receiveBytes
    if (bytes > 0) device.send({ case: 'streamCredit', value: { stream, bytes } })
    return new DeviceChannel(device, stream)
  }

  request(body: ChannelRequestInit): void {
    this.sendBytes(encodeChannelRequest(body))
  }

  sendBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += STREAM_DATA_BYTES_MAX) {
      const data = bytes.subarray(at, at + STREAM_DATA_BYTES_MAX)
      this.#device.send({ case: 'streamData', value: { stream: this.stream, data } })
    }
  }

  allow(bytes: number): void {
    this.#device.send({ case: 'streamCredit', value: { stream: this.stream, bytes } })
  }

  /** The next response, which has to be of this kind. */
  async expect<Kind extends ChannelResponseBody['case']>(kind: Kind) {
    while (this.#received.length === 0) await this.#take()
    const body = this.#received.shift()!
    if (body.case !== kind) throw new Error(`expected ${kind}, got ${JSON.stringify(body)}`)
    return body.value as Extract<ChannelResponseBody, { case: Kind }>['value']
  }

  /** What arrives on an opaque channel next. */
  async bytes(): Promise<Uint8Array> {
    for (;;) {
      const frame = await this.#device.next()
      if (frame?.case === 'streamData' && frame.value.stream === this.stream) {
        if (this.gives) this.allow(frame.value.data.length)
        return frame.value.data
      }
      if (frame?.case !== 'streamCredit') throw new Error(`a channel got ${frame?.case}`)
    }
  }

  /** The reason with which the cloud closes it. */
  async closed(): Promise<{ reason: string; detail: string }> {
    for (;;) {
      const frame = await this.#device.next()
      if (frame?.case === 'streamClose' && frame.value.stream === this.stream) {
        return { reason: StreamCloseReason[frame.value.reason], detail: frame.value.detail }
      }
      if (frame?.case !== 'streamCredit') throw new Error(`expected a close, got ${frame?.case}`)
    }
  }

  close(): void {
    const reason = StreamCloseReason.DONE
    this.#device.send({ case: 'streamClose', value: { stream: this.stream, reason } })
  }

  async #take(): Promise<void> {
    const { contents, error } = this.#framing.push(await this.bytes())
    if (error !== undefined) throw new Error(error.message)
    for (const content of contents) {
      const body = decodeChannelResponse(content)
      if (body === undefined) throw new Error(`${content.length} bytes are no response`)
      this.#received.push(body)
    }
  }
}
