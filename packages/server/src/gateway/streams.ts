/**
 * The streams of one connection, both ways. The device opens them, with odd numbers that rise, but
 * for those of debuggers, which have even ones; what arrives for a number that is already closed
 * crossed our close on the way and is passed over.
 */
import {
  type ChannelStream as ChannelRequest,
  encodeLayerOffer,
  type FetchStream as FetchRequest,
  type FrameInit,
  fromHex,
  type LayerStream,
  type LogRecord,
  STREAMS_MAX,
  type StreamClose,
  StreamCloseReason,
  type StreamCredit,
  type StreamData,
  type StreamOpen,
  toHex,
} from '@microvisor/protocol'
import type { DebugPeer } from '../debug/debug-line.ts'
import { plainText } from '../devices/event-text.ts'
import { ChannelStream } from '../managed/channel-stream.ts'
import type { ChannelCarrier, ChannelService } from '../managed/service.ts'
import type { BlobReader } from '../storage/blobs.ts'
import type { ChosenForm } from '../transfers/transfers.ts'
import { DebugStream } from './debug-stream.ts'
import { FetchStream } from './fetch-stream.ts'
import { protocolError } from './link-failure.ts'
import { LogStream } from './log-stream.ts'
import type { Pace } from './pace.ts'

export interface StreamParts {
  readonly send: (body: FrameInit) => Promise<void>
  readonly logPace: Pace
  readonly isLogging: () => boolean
  readonly onRecord: (record: LogRecord) => void
  /** Content that this device may have; undefined if there is none of that hash. */
  readonly findContent: (hash: string) => Promise<BlobReader | undefined>
  /** Channels that may be open at once, and how fast they may be opened. */
  readonly channelsMax: number
  readonly channelPace: Pace
  /** What serves a channel; undefined if nothing does. */
  readonly serviceFor: (
    type: number,
    endpoint: string,
  ) => ((carrier: ChannelCarrier) => ChannelService) | undefined
  /** How this device gets a layer; undefined if it may not have it. */
  readonly chooseForm: (wanted: LayerStream) => Promise<ChosenForm | undefined>
  /** So many bytes of a manifest or a layer leave now. */
  readonly onContent: (bytes: number) => void
  /** A stream broke in the background. */
  readonly onError: (error: unknown) => void
}

type OpenStream = FetchStream | LogStream | ChannelStream

export class Streams {
  readonly #parts: StreamParts
  readonly #open = new Map<number, OpenStream>()
  readonly #debug = new Map<number, DebugStream>()
  #highest = 0
  #highestDebug = 0

  constructor(parts: StreamParts) {
    this.#parts = parts
  }

  /** Opens a stream to the device for a debugger. */
  async openDebug(holder: string, peer: DebugPeer): Promise<DebugStream> {
    const stream = this.#highestDebug + 2
    this.#highestDebug = stream
    const { send, onError } = this.#parts
    const onEnd = () => this.#debug.delete(stream)
    const debug = new DebugStream({ ...{ stream, peer, send, onEnd, onError } })
    this.#debug.set(stream, debug)
    await debug.open(holder)
    return debug
  }

  async opened({ stream, kind }: StreamOpen): Promise<void> {
    if (stream % 2 === 0 || stream <= this.#highest)
      throw protocolError(
        `Stream ${stream} was opened after stream ${this.#highest}; a device takes odd numbers that rise.`,
      )
    this.#highest = stream
    if (this.#open.size >= STREAMS_MAX)
      return this.#refuse(stream, StreamCloseReason.REFUSED, `${STREAMS_MAX} streams are open.`)
    if (kind.case === 'fetch') await this.#openFetch(stream, kind.value)
    else if (kind.case === 'channel') await this.#openChannel(stream, kind.value)
    else if (kind.case === 'debug')
      await this.#refuse(stream, StreamCloseReason.REFUSED, 'The cloud opens it.')
    else if (kind.case === 'layer') await this.#openLayer(stream, kind.value)
    else if (this.#parts.isLogging()) await this.#openLog(stream)
    else await this.#refuse(stream, StreamCloseReason.REFUSED, 'Logging is not enabled.')
  }

  async data({ stream, data }: StreamData): Promise<void> {
    if (this.#isDebug(stream)) return this.#debug.get(stream)?.receive(data)
    const open = this.#find(stream)
    if (open instanceof FetchStream)
      throw protocolError(`Stream ${stream} is a fetch; the device sends nothing on it.`)
    await open?.receive(data)
  }

  credit({ stream, bytes }: StreamCredit): void {
    if (this.#isDebug(stream)) {
      this.#debug.get(stream)?.grant(bytes)
      return
    }
    const open = this.#find(stream)
    if (open instanceof LogStream)
      throw protocolError(`Stream ${stream} is a log; the cloud sends nothing on it.`)
    const wrong = open?.grant(bytes)
    if (wrong) throw protocolError(wrong.message)
    open?.pump().catch(this.#parts.onError)
  }

  async closed({ stream, detail }: StreamClose): Promise<void> {
    if (this.#isDebug(stream)) return this.#debug.get(stream)?.ended(plainText(detail))
    const open = this.#find(stream)
    this.#open.delete(stream)
    if (open instanceof LogStream) open.end()
    else await open?.cancel()
  }

  async endAll(): Promise<void> {
    for (const debug of this.#debug.values()) debug.ended('The connection to the device was lost.')
    for (const stream of [...this.#open.keys()])
      await this.closed({ stream } as StreamClose).catch(this.#parts.onError)
  }

  async #openFetch(stream: number, { hash, offset }: FetchRequest): Promise<void> {
    const name = toHex(hash)
    const content = await this.#parts.findContent(name)
    if (content === undefined)
      return this.#refuse(stream, StreamCloseReason.NOT_FOUND, `There is no content ${name}.`)
    if (offset > BigInt(content.sizeBytes)) {
      await content.close()
      const detail = `The content has ${content.sizeBytes} bytes; byte ${offset} was asked for.`
      return this.#refuse(stream, StreamCloseReason.REFUSED, detail)
    }
    const fetch = new FetchStream({
      stream,
      content,
      offset: Number(offset),
      send: (body) => this.#sendContent(body),
      onEnd: () => this.#open.delete(stream),
    })
    this.#open.set(stream, fetch)
    fetch.pump().catch(this.#parts.onError)
  }

  async #openLayer(stream: number, wanted: LayerStream): Promise<void> {
    const chosen = await this.#parts.chooseForm(wanted)
    if (chosen === undefined) {
      const detail = `There is no content ${toHex(wanted.fetchHash)}.`
      return this.#refuse(stream, StreamCloseReason.NOT_FOUND, detail)
    }
    const { form, bytes, hash, contentBytes, baseBytes } = chosen
    const isBegun = toHex(wanted.transferHash) === hash && wanted.offset <= BigInt(bytes.length)
    const offset = isBegun ? Number(wanted.offset) : 0
    const preface = encodeLayerOffer({
      ...{ form, contentBytes, baseBytes, offset: BigInt(offset) },
      ...{ transferHash: fromHex(hash) ?? new Uint8Array(0), transferBytes: bytes.length },
    })
    const fetch = new FetchStream({
      ...{ stream, offset, preface, send: (body) => this.#sendContent(body) },
      content: readerOf(bytes),
      onEnd: () => this.#open.delete(stream),
    })
    this.#open.set(stream, fetch)
    fetch.pump().catch(this.#parts.onError)
  }

  #sendContent(body: FrameInit): Promise<void> {
    if (body.case === 'streamData') this.#parts.onContent(body.value.data?.length ?? 0)
    return this.#parts.send(body)
  }

  async #openLog(stream: number): Promise<void> {
    const { send, onRecord, logPace } = this.#parts
    const log = new LogStream({ stream, send, onRecord, pace: logPace })
    this.#open.set(stream, log)
    await log.open()
  }

  async #openChannel(
    stream: number,
    { type, endpoint, receiveBytes }: ChannelRequest,
  ): Promise<void> {
    const { send, onError, serviceFor, channelsMax, channelPace } = this.#parts
    const open = [...this.#open.values()].filter((one) => one instanceof ChannelStream)
    const { REFUSED, NOT_FOUND } = StreamCloseReason
    if (open.length >= channelsMax)
      return this.#refuse(stream, REFUSED, `${channelsMax} channels are open.`)
    if (channelPace.take(1) > 0)
      return this.#refuse(stream, REFUSED, 'Channels are opened too fast.')
    const serve = serviceFor(type, endpoint)
    if (serve === undefined)
      return this.#refuse(stream, NOT_FOUND, `Nothing serves channels of type ${type} here.`)
    const onEnd = () => this.#open.delete(stream)
    const channel = new ChannelStream({ stream, receiveBytes, send, onEnd, onError }, serve)
    this.#open.set(stream, channel)
    await channel.open()
  }

  #isDebug(stream: number): boolean {
    return stream % 2 === 0 && stream > 0 && stream <= this.#highestDebug
  }

  #find(stream: number): OpenStream | undefined {
    const open = this.#open.get(stream)
    if (open === undefined && (stream % 2 === 0 || stream > this.#highest))
      throw protocolError(`Stream ${stream} was never opened.`)
    return open
  }

  #refuse(stream: number, reason: StreamCloseReason, detail: string): Promise<void> {
    return this.#parts.send({ case: 'streamClose', value: { stream, reason, detail } })
  }
}

function readerOf(bytes: Uint8Array): BlobReader {
  return {
    sizeBytes: bytes.length,
    async read(offset, into) {
      const part = bytes.subarray(offset, offset + into.length)
      into.set(part)
      return part.length
    },
    close: async () => {},
  }
}
