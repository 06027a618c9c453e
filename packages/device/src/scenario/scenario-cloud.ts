/**
 * The cloud that a scenario's device talks to: it welcomes the device, takes its log, hands out the
 * one application there is, and refuses channels. In this process and on virtual time: a run needs
 * no server and repeats exactly.
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
  /** Runs `action` soon, from outside of whatever runs now. */
  readonly soon: (action: () => void) => void
}

export class ScenarioCloud implements Dialer {
  readonly #options: ScenarioCloudOptions

  constructor(options: ScenarioCloudOptions) {
    this.#options = options
  }

  connect(events: ConnectionEvents): Connection {
    const session = new Session(this.#options, events)
    this.#options.soon(() => session.open())
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
    this.#options.soon(() => {
      for (const frame of frames) this.#answer(frame)
      if (error !== undefined) this.#close(error.message)
    })
  }

  setReceiving(): void {}

  end(): void {
    this.#isOpen = false
  }

  destroy(): void {
    this.#isOpen = false
  }

  #close(reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
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
    if (frame.case === 'streamClose') this.#fetches.delete(frame.value.stream)
    if (frame.case === 'streamCredit') {
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

  #data({ stream, data }: Extract<FrameBody, { case: 'streamData' }>['value']): void {
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
