/**
 * The cloud's end of the link for tests: it answers as the script says and keeps what it was told.
 * Frames go through the real codec.
 */
import { createHash } from 'node:crypto'
import {
  decodeLogRecord,
  encodeFrame,
  encodeLayerOffer,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
  LayerForm,
  type LayerStream,
  MANIFEST_BYTES_MAX,
  makeDelta,
  parseAppManifest,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
  toHex,
} from '@microvisor/protocol'
import { TestChannel } from './test-channel.ts'
import type { SignedApplication } from './trust.ts'

type Case = FrameBody['case']
type Value<Kind extends Case> = Extract<FrameBody, { case: Kind }>['value']

interface Fetch {
  readonly stream: number
  readonly content: Uint8Array
  sent: number
  credit: number
  /** Bytes that go out by themselves, first. */
  readonly preface?: number
}

export class TestCloud {
  /** Everything the device said in this connection. */
  frames: FrameBody[] = []
  /** Everything the device ever said, of one kind. */
  readonly history: FrameBody[] = []
  contents = new Map<string, Uint8Array>()
  target: Uint8Array = new Uint8Array(0)
  loggingEnabled = true
  heartbeatSeconds = 60
  wallMicroseconds = 1_700_000_000_000_000n
  /** False: Hello is left without an answer. */
  answersHello = true
  acceptsLogs = true
  /** The application's channels of this connection, in the order in which they were opened. */
  channels: TestChannel[] = []
  /** What each new channel may send; the rest is the test's business. */
  channelCreditBytes = 65_536
  /** Bytes of one StreamData. */
  chunkBytes = STREAM_DATA_BYTES_MAX
  /** Fetches stop after so many bytes in all. */
  fetchLimitBytes = Number.POSITIVE_INFINITY
  /** What was offered for layers, in order. */
  readonly offers: { form: LayerForm; transferBytes: number; offset: bigint }[] = []
  /** After so many frames of the device's the network is cut, and nothing else arrives. */
  framesUntilCut = Number.POSITIVE_INFINITY
  #decoder = new FrameDecoder()
  #fetches = new Map<number, Fetch>()
  #outgoing: Uint8Array[] = []

  /** Makes an application available, and the target unless told otherwise. */
  offer(application: SignedApplication): void {
    for (const [hash, content] of application.contents) this.contents.set(hash, content)
    this.target = application.hash
  }

  /** A change of keys that devices get when they connect. */
  newKeys: Uint8Array | undefined
  /** The kernel that devices should run. */
  kernelTarget: Uint8Array = new Uint8Array(0)

  offerKernel(kernel: SignedApplication): void {
    for (const [hash, content] of kernel.contents) this.contents.set(hash, content)
    this.kernelTarget = kernel.hash
  }

  /** A new connection. */
  connected(): void {
    this.frames = []
    this.channels = []
    this.#decoder = new FrameDecoder()
    this.#fetches.clear()
    this.#outgoing = []
  }

  send(frame: FrameInit): void {
    this.#outgoing.push(encodeFrame(frame))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#outgoing.push(bytes)
  }

  sendTarget(application: SignedApplication): void {
    this.offer(application)
    this.send({ case: 'target', value: this.#targetValue() })
  }

  /** What goes to the device now. */
  takeOutgoing(): Uint8Array[] {
    this.#pumpFetches()
    return this.#outgoing.splice(0)
  }

  receive(bytes: Uint8Array): void {
    const { frames, error } = this.#decoder.push(bytes)
    if (error !== undefined) throw new Error(`The device broke the protocol: ${error.message}`)
    for (const frame of frames) {
      if (this.framesUntilCut === 0) return
      this.framesUntilCut--
      this.frames.push(frame)
      this.history.push(frame)
      this.#answer(frame)
    }
  }

  all<Kind extends Case>(kind: Kind): Value<Kind>[] {
    return this.history
      .filter((frame): frame is Extract<FrameBody, { case: Kind }> => frame.case === kind)
      .map((frame) => frame.value as Value<Kind>)
  }

  last<Kind extends Case>(kind: Kind): Value<Kind> | undefined {
    return this.all(kind).at(-1)
  }

  /** Log lines, as text. */
  get logLines(): string[] {
    return this.logRecords.map(({ text }) => Buffer.from(text).toString())
  }

  get logRecords() {
    const logs = new Set(
      this.all('streamOpen').flatMap((open) => (open.kind.case === 'log' ? [open.stream] : [])),
    )
    return this.all('streamData').flatMap(({ stream, data }) => {
      const record = logs.has(stream) ? decodeLogRecord(data) : undefined
      return record === undefined ? [] : [record]
    })
  }

  #targetValue() {
    const bytes = this.contents.get(toHex(this.target))?.length ?? 0
    const manifestSize = Math.min(bytes, MANIFEST_BYTES_MAX)
    return { manifestHash: this.target, manifestSize }
  }

  #answer(frame: FrameBody): void {
    if (frame.case === 'hello' && this.answersHello) this.#welcome()
    if (frame.case === 'ping') this.send({ case: 'pong', value: { token: frame.value.token } })
    if (frame.case === 'streamOpen') this.#open(frame.value)
    if (frame.case === 'streamClose') this.#fetches.delete(frame.value.stream)
    const channel = this.channels.find(({ stream }) => stream === streamOf(frame))
    if (channel !== undefined) channel.take(frame)
    else if (frame.case === 'streamData') {
      const { stream, data } = frame.value
      this.send({ case: 'streamCredit', value: { stream, bytes: data.length } })
    }
    if (frame.case === 'streamCredit') {
      const fetch = this.#fetches.get(frame.value.stream)
      if (fetch !== undefined) fetch.credit += frame.value.bytes
    }
  }

  #welcome(): void {
    const { wallMicroseconds, loggingEnabled, heartbeatSeconds } = this
    const target = this.#targetValue()
    const settings = { loggingEnabled }
    this.send({ case: 'welcome', value: { wallMicroseconds, settings, target, heartbeatSeconds } })
    if (this.newKeys) this.send({ case: 'newKeys', value: { signed: this.newKeys } })
    if (this.kernelTarget.length > 0)
      this.send({ case: 'kernelTarget', value: { manifestHash: this.kernelTarget } })
  }

  #open({ stream, kind }: Value<'streamOpen'>): void {
    if (kind.case === 'channel') {
      const channel = new TestChannel(stream, kind.value, (frame) => this.send(frame))
      channel.allow(this.channelCreditBytes)
      this.channels.push(channel)
    }
    if (kind.case === 'log' && this.acceptsLogs) {
      this.send({ case: 'streamCredit', value: { stream, bytes: 16_384 } })
    } else if (kind.case === 'log') this.#close(stream, StreamCloseReason.REFUSED)
    if (kind.case === 'layer') this.#openLayer(stream, kind.value)
    if (kind.case !== 'fetch') return
    const content = this.contents.get(toHex(kind.value.hash))
    if (content === undefined) this.#close(stream, StreamCloseReason.NOT_FOUND)
    else this.#fetches.set(stream, { stream, content, sent: Number(kind.value.offset), credit: 0 })
  }

  /** Offers whatever is smallest, as the cloud does. */
  #openLayer(stream: number, wanted: LayerStream): void {
    const content = this.contents.get(toHex(wanted.fetchHash))
    if (content === undefined) {
      this.#close(stream, StreamCloseReason.NOT_FOUND)
      return
    }
    const base = this.contents.get(toHex(wanted.baseHash)) ?? this.#baseOf(wanted.baseHash)
    const { form, bytes } = this.forms(content, wanted.roomBytes > 0 ? base : undefined)
    const transferHash = new Uint8Array(createHash('sha256').update(bytes).digest())
    const isContinued = toHex(wanted.transferHash) === toHex(transferHash)
    const sent = isContinued ? Number(wanted.offset) : 0
    const offer = {
      ...{ form, transferHash, transferBytes: bytes.length, contentBytes: content.length },
      ...{ baseBytes: form === LayerForm.DELTA ? base!.length : 0, offset: BigInt(sent) },
    }
    this.offers.push(offer)
    const preface = encodeLayerOffer(offer)
    const parts = Buffer.concat([preface, bytes.subarray(sent)])
    this.#fetches.set(stream, {
      ...{ stream, content: new Uint8Array(parts), sent: 0, credit: 0 },
      preface: preface.length,
    })
  }

  /** In which form a content travels; tests put other forms here. */
  forms = (
    content: Uint8Array,
    base: Uint8Array | undefined,
  ): { form: LayerForm; bytes: Uint8Array } => {
    const delta = base && makeDelta(base, content)
    if (delta !== undefined && delta.length < content.length)
      return { form: LayerForm.DELTA, bytes: delta }
    return { form: LayerForm.WHOLE, bytes: content }
  }

  #baseOf(measurement: Uint8Array): Uint8Array | undefined {
    for (const bytes of this.contents.values()) {
      const manifest = tryParse(bytes)
      const layer = manifest?.layers.find(
        ({ measurementHash }) => toHex(measurementHash) === toHex(measurement),
      )
      if (layer !== undefined) return this.contents.get(toHex(layer.fetchHash))
    }
    return undefined
  }

  #close(stream: number, reason: StreamCloseReason): void {
    this.send({ case: 'streamClose', value: { stream, reason } })
  }

  #pumpFetches(): void {
    for (const fetch of this.#fetches.values()) {
      const { stream, content } = fetch
      while (fetch.credit > 0 && fetch.sent < content.length && this.fetchLimitBytes > 0) {
        const isPreface = fetch.sent === 0 && fetch.preface !== undefined
        const length = Math.min(
          isPreface ? fetch.preface! : Number.POSITIVE_INFINITY,
          this.chunkBytes,
          fetch.credit,
          content.length - fetch.sent,
          this.fetchLimitBytes,
        )
        const data = content.subarray(fetch.sent, fetch.sent + length)
        this.send({ case: 'streamData', value: { stream, data } })
        fetch.sent += length
        fetch.credit -= length
        this.fetchLimitBytes -= length
      }
      if (fetch.sent < content.length) continue
      this.#close(stream, StreamCloseReason.DONE)
      this.#fetches.delete(stream)
    }
  }
}

function tryParse(bytes: Uint8Array) {
  try {
    return parseAppManifest(bytes)
  } catch {
    return undefined
  }
}

function streamOf(frame: FrameBody): number | undefined {
  return 'stream' in frame.value ? frame.value.stream : undefined
}
