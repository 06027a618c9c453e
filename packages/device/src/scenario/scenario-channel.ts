/**
 * A channel of the application as the scenario's cloud carries it: requests out of the bytes that
 * come, responses as the device has room for them, and the services behind: the world outside, an
 * echo, the log.
 */
import {
  CHANNEL_BUFFER_BYTES_MAX,
  CHANNEL_CREDIT_BYTES,
  type ChannelRequestBody,
  type ChannelResponseInit,
  ChannelType,
  ConfigFetchResult,
  decodeChannelRequest,
  encodeChannelResponse,
  type FrameInit,
  Framing,
  HttpResult,
  ReceiveWindow,
  SendWindow,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import { LineSplitter } from './lines.ts'
import type { Outside } from './outside.ts'
import { OUTSIDE_MS } from './outside-plan.ts'

export interface ScenarioChannelParts {
  readonly stream: number
  readonly type: number
  readonly endpoint: string
  readonly receiveBytes: number
  readonly outside: Outside
  readonly say: (frame: FrameInit) => void
  readonly after: (ms: number, action: () => void) => () => void
  readonly logLine: (line: string) => void
}

/** What is behind a channel; of `bytes` and `request` each has one. */
interface Service {
  readonly bytes?: (data: Uint8Array) => void
  /** What is wrong with it. */
  readonly request?: (body: ChannelRequestBody) => string | undefined
  end(): void
}

/** Undefined if nothing is behind such a channel. */
export function openScenarioChannel(parts: ScenarioChannelParts): ScenarioChannel | undefined {
  const make = services[parts.type]
  const channel = new ScenarioChannel(parts)
  const service = make?.(channel, parts)
  if (service === undefined) return undefined
  channel.begin(service)
  return channel
}

export class ScenarioChannel {
  readonly #parts: ScenarioChannelParts
  readonly #receiving = new ReceiveWindow(CHANNEL_CREDIT_BYTES)
  readonly #sending = new SendWindow()
  readonly #requests = new Framing(CHANNEL_BUFFER_BYTES_MAX)
  #service: Service | undefined
  #waiting = new Uint8Array(0)
  #isOver = false

  constructor(parts: ScenarioChannelParts) {
    this.#parts = parts
  }

  begin(service: Service): void {
    this.#service = service
    this.#renew()
  }

  /** The device has sent this. */
  receive(data: Uint8Array): void {
    if (this.#isOver || this.#service === undefined) return
    this.#receiving.receive(data.length)
    this.#service.bytes?.(data)
    const problem = this.#service.request && this.#takeRequests(this.#service.request, data)
    this.#receiving.consume(data.length)
    if (problem === undefined) this.#renew()
    else this.#fail(problem)
  }

  /** The device has room for so much more. */
  grant(bytes: number): void {
    this.#sending.grant(bytes)
    this.#pump()
  }

  respond(response: ChannelResponseInit): void {
    this.send(encodeChannelResponse(response))
  }

  send(bytes: Uint8Array): void {
    if (this.#isOver) return
    const all = new Uint8Array(this.#waiting.length + bytes.length)
    all.set(this.#waiting)
    all.set(bytes, this.#waiting.length)
    this.#waiting = all
    this.#pump()
  }

  /** The device has closed it, or is gone. */
  end(): void {
    this.#isOver = true
    this.#service?.end()
  }

  #takeRequests(
    take: (body: ChannelRequestBody) => string | undefined,
    data: Uint8Array,
  ): string | undefined {
    const { contents, error } = this.#requests.push(data)
    for (const content of contents) {
      const request = decodeChannelRequest(content)
      const problem = typeof request === 'string' ? request : take(request)
      if (problem !== undefined) return problem
    }
    return error?.message
  }

  #pump(): void {
    const { stream, say } = this.#parts
    for (;;) {
      const length = Math.min(this.#waiting.length, this.#sending.credit, STREAM_DATA_BYTES_MAX)
      if (length === 0 || this.#isOver) return
      this.#sending.spend(length)
      say({ case: 'streamData', value: { stream, data: this.#waiting.slice(0, length) } })
      this.#waiting = this.#waiting.subarray(length)
    }
  }

  #renew(): void {
    const { stream, say } = this.#parts
    const bytes = this.#receiving.renew()
    if (bytes > 0) say({ case: 'streamCredit', value: { stream, bytes } })
  }

  #fail(detail: string): void {
    const { stream, say } = this.#parts
    this.end()
    say({ case: 'streamClose', value: { stream, reason: StreamCloseReason.FAILED, detail } })
  }
}

type MakeService = (channel: ScenarioChannel, parts: ScenarioChannelParts) => Service | undefined

const services: Readonly<Record<number, MakeService>> = {
  [ChannelType.OPAQUEBYTES]: (channel, { endpoint, logLine }) => {
    if (endpoint === 'echo') return { bytes: (data) => channel.send(data), end() {} }
    if (endpoint !== 'log') return undefined
    const lines = new LineSplitter(logLine)
    const bytes = (data: Uint8Array) => {
      for (const byte of data) lines.take(byte)
    }
    return { bytes, end: () => lines.end() }
  },
  [ChannelType.MQTT]: (channel, { outside, receiveBytes }) => {
    const session = outside.broker.open(receiveBytes, (response) => channel.respond(response))
    return { request: (body) => session.request(body), end: () => session.end() }
  },
  [ChannelType.HTTP]: (channel, { outside, receiveBytes }) =>
    exchange((body) => {
      if (body.case !== 'http') return undefined
      return outside.perform(body.value, (value) => {
        const tooLarge = { result: HttpResult.RESPONSETOOLARGE }
        channel.respond(fitting(receiveBytes, { case: 'http', value }, tooLarge))
      })
    }),
  [ChannelType.CONFIGFETCH]: (channel, { outside, receiveBytes, after }) =>
    exchange((body) => {
      if (body.case !== 'configFetch') return undefined
      return after(OUTSIDE_MS, () => {
        const tooLarge = { result: ConfigFetchResult.RESPONSETOOLARGE }
        channel.respond(fitting(receiveBytes, outside.lookUp(body.value), tooLarge))
      })
    }),
}

/** A channel that carries one request; `act` gives how to end it, or undefined for another kind. */
function exchange(act: (body: ChannelRequestBody) => (() => void) | undefined): Service {
  let giveUp: (() => void) | undefined
  return {
    request(body) {
      if (giveUp !== undefined) return 'This channel has carried its one request.'
      giveUp = act(body)
      return giveUp === undefined ? `This channel is not for ${body.case}.` : undefined
    },
    end: () => giveUp?.(),
  }
}

function fitting(
  receiveBytes: number,
  response: ChannelResponseInit,
  otherwise: { readonly result: number },
): ChannelResponseInit {
  const fits = encodeChannelResponse(response).length <= receiveBytes
  return fits ? response : ({ case: response.case, value: otherwise } as ChannelResponseInit)
}
