/**
 * The cloud that a scenario's device talks to: it welcomes the device, takes its log, hands out the
 * one application there is, and carries channels to the scenario's world outside. In this process and
 * on virtual time: a run needs no server and repeats exactly.
 */
import {
  decodeLogRecord,
  encodeFrame,
  encodeLayerOffer,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
  LayerForm,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
  toHex,
} from '@microvisor/protocol'
import { hostDigest } from '../hardware/engines.ts'
import type { Connection, ConnectionEvents, Dialer } from '../hardware/network.ts'
import type { Publication } from './kernel-parts.ts'
import type { Outside } from './outside.ts'
import { openScenarioChannel, type ScenarioChannel } from './scenario-channel.ts'

const LOG_CREDIT_BYTES = 65_536
const HEARTBEAT_SECONDS = 60

interface CloudEvents {
  logLine(text: string): void
}

export interface ScenarioCloudOptions {
  readonly publication: Publication
  readonly events: CloudEvents
  /** Microseconds since 1970. */
  readonly wallMicroseconds: () => bigint
  readonly outside: Outside
  /** Runs `action` later, or soon, from outside of whatever runs now; the return value cancels. */
  readonly after: (ms: number, action: () => void) => () => void
}

export class ScenarioCloud implements Dialer {
  readonly #options: ScenarioCloudOptions

  constructor(options: ScenarioCloudOptions) {
    this.#options = options
  }

  connect(events: ConnectionEvents): Connection {
    const session = new Session(this.#options, events)
    this.#options.after(0, () => session.open())
    return session
  }
}

interface Fetch {
  readonly content: Uint8Array
  sent: number
  credit: number
  /** What has to be said before the content. */
  preface?: Uint8Array
}

class Session implements Connection {
  readonly pendingBytes = 0
  readonly #options: ScenarioCloudOptions
  readonly #device: ConnectionEvents
  readonly #decoder = new FrameDecoder()
  readonly #fetches = new Map<number, Fetch>()
  readonly #logs = new Set<number>()
  readonly #channels = new Map<number, ScenarioChannel>()
  #isOpen = true

  constructor(options: ScenarioCloudOptions, device: ConnectionEvents) {
    this.#options = options
    this.#device = device
  }

  open(): void {
    if (this.#isOpen) this.#device.connected()
  }

  send(bytes: Uint8Array): void {
    const { frames, error } = this.#decoder.push(bytes)
    this.#options.after(0, () => {
      for (const frame of frames) this.#answer(frame)
      if (error !== undefined) this.#close(error.message)
    })
  }

  setReceiving(): void {}

  end(): void {
    this.destroy()
  }

  destroy(): void {
    this.#isOpen = false
    for (const channel of this.#channels.values()) channel.end()
    this.#channels.clear()
  }

  #close(reason: string): void {
    if (!this.#isOpen) return
    this.destroy()
    this.#device.closed(reason)
  }

  #say(frame: FrameInit): void {
    if (this.#isOpen) this.#device.received(encodeFrame(frame))
  }

  #answer(frame: FrameBody): void {
    if (frame.case === 'hello') this.#welcome()
    if (frame.case === 'ping') this.#say({ case: 'pong', value: { token: frame.value.token } })
    if (frame.case === 'goodbye') this.#close('the device said goodbye')
    if (frame.case === 'crashReport') {
      this.#say({ case: 'crashReceived', value: { id: frame.value.id } })
    }
    if (frame.case === 'streamOpen') this.#open(frame.value)
    if (frame.case === 'streamData') this.#data(frame.value)
    if (frame.case === 'streamClose') {
      this.#fetches.delete(frame.value.stream)
      this.#channels.get(frame.value.stream)?.end()
      this.#channels.delete(frame.value.stream)
    }
    if (frame.case === 'streamCredit') {
      this.#channels.get(frame.value.stream)?.grant(frame.value.bytes)
      const fetch = this.#fetches.get(frame.value.stream)
      if (fetch === undefined) return
      fetch.credit += frame.value.bytes
      this.#pump(frame.value.stream, fetch)
    }
  }

  #welcome(): void {
    const { publication, wallMicroseconds } = this.#options
    const manifest = publication.contents.get(toHex(publication.hash))!
    this.#say({
      case: 'welcome',
      value: {
        ...{ wallMicroseconds: wallMicroseconds(), heartbeatSeconds: HEARTBEAT_SECONDS },
        settings: { loggingEnabled: true },
        target: { manifestHash: publication.hash, manifestSize: manifest.length },
      },
    })
  }

  #open({ stream, kind }: Extract<FrameBody, { case: 'streamOpen' }>['value']): void {
    if (kind.case === 'log') {
      this.#logs.add(stream)
      this.#say({ case: 'streamCredit', value: { stream, bytes: LOG_CREDIT_BYTES } })
      return
    }
    const { contents } = this.#options.publication
    if (kind.case === 'channel' && this.#openChannel(stream, kind.value)) return
    const isFetch = kind.case === 'fetch' || kind.case === 'layer'
    const hash =
      kind.case === 'fetch' ? kind.value.hash : isFetch ? kind.value.fetchHash : undefined
    const content = hash && contents.get(toHex(hash))
    if (content === undefined) {
      const reason = isFetch ? StreamCloseReason.NOT_FOUND : StreamCloseReason.REFUSED
      this.#say({ case: 'streamClose', value: { stream, reason } })
    } else if (kind.case === 'fetch') {
      this.#fetches.set(stream, { content, sent: Number(kind.value.offset), credit: 0 })
    } else this.#fetches.set(stream, { content, sent: 0, credit: 0, preface: wholeLayer(content) })
  }

  /** False if there is nothing behind it. */
  #openChannel(
    stream: number,
    { type, endpoint, receiveBytes }: { type: number; endpoint: string; receiveBytes: number },
  ): boolean {
    const { outside, after, events } = this.#options
    const channel = openScenarioChannel({
      ...{ stream, type, endpoint, receiveBytes, outside, after },
      say: (frame) => this.#say(frame),
      logLine: (line) => events.logLine(line),
    })
    if (channel === undefined) return false
    this.#channels.set(stream, channel)
    return true
  }

  #data({ stream, data }: Extract<FrameBody, { case: 'streamData' }>['value']): void {
    this.#channels.get(stream)?.receive(data)
    if (!this.#logs.has(stream)) return
    this.#say({ case: 'streamCredit', value: { stream, bytes: data.length } })
    const record = decodeLogRecord(data)
    if (record === undefined) return
    for (const line of Buffer.from(record.text).toString('utf8').trimEnd().split('\n')) {
      this.#options.events.logLine(line)
    }
  }

  #pump(stream: number, fetch: Fetch): void {
    const { preface } = fetch
    if (preface !== undefined && fetch.credit >= preface.length) {
      this.#say({ case: 'streamData', value: { stream, data: preface } })
      fetch.credit -= preface.length
      delete fetch.preface
    }
    while (fetch.credit > 0 && fetch.sent < fetch.content.length) {
      const left = fetch.content.length - fetch.sent
      const length = Math.min(STREAM_DATA_BYTES_MAX, fetch.credit, left)
      const data = fetch.content.subarray(fetch.sent, fetch.sent + length)
      this.#say({ case: 'streamData', value: { stream, data } })
      fetch.sent += length
      fetch.credit -= length
    }
    if (fetch.sent < fetch.content.length) return
    this.#say({ case: 'streamClose', value: { stream, reason: StreamCloseReason.DONE } })
    this.#fetches.delete(stream)
  }
}

/** Layers travel as they are. */
function wholeLayer(content: Uint8Array): Uint8Array {
  return encodeLayerOffer({
    ...{ form: LayerForm.WHOLE, transferHash: hostDigest([content]), baseBytes: 0, offset: 0n },
    ...{ transferBytes: content.length, contentBytes: content.length },
  })
}
