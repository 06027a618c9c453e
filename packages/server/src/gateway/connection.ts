/**
 * One device's connection: the cloud's half of the link.
 *
 *   (1) Frames are dealt with one after another; the next is not read before.
 *   (2) Nothing goes out before the Hello has come, and Welcome goes out first.
 *   (3) What the device should do is read from the database, when it checks in and when a notice says
 *       that it changed; what was sent last is remembered so that only changes go out.
 *   (4) Every end has a reason. The device is told if it can still be; listeners always are.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  encodeFrame,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
  fromHex,
  type Goodbye,
  GoodbyeReason,
  type Hello,
  type LayerStream,
  LINK_PROTOCOL_VERSION,
  LINK_TEXT_BYTES_MAX,
} from '@microvisor/protocol'
import type { Logger } from 'pino'
import type { DebugLine, DebugPeer } from '../debug/debug-line.ts'
import type { CheckIn } from '../devices/check-in.ts'
import { type LoggedRecord, logEvent, plainText, wallMicroseconds } from '../devices/event-text.ts'
import type { DeviceOrders, Orders } from '../devices/orders.ts'
import type { Presence } from '../devices/presence.ts'
import type { DeviceIdentity, DeviceReports } from '../devices/reports.ts'
import type { Limits } from '../limits.ts'
import type { Managed } from '../managed/managed.ts'
import type { BlobReader } from '../storage/blobs.ts'
import { isUnavailable } from '../storage/database.ts'
import type { ChosenForm } from '../transfers/transfers.ts'
import { CertificateRenewal, type RenewalParts } from './certificate-renewal.ts'
import { DeviceKeys, type DeviceKeysParts } from './device-keys.ts'
import { certificateOf, type DeviceSocket } from './device-socket.ts'
import { LinkFailure, protocolError } from './link-failure.ts'
import { Pace } from './pace.ts'
import { Streams } from './streams.ts'

export interface ConnectionParts {
  readonly socket: DeviceSocket
  readonly device: DeviceIdentity
  readonly limits: Limits
  readonly log: Logger
  readonly orders: DeviceOrders
  readonly signers: DeviceKeysParts['signers']
  readonly keyring: DeviceKeysParts['keyring']
  readonly reports: DeviceReports
  readonly presence: Presence
  readonly checkIn: CheckIn
  /** What the device has shown. */
  readonly certificate: { readonly fingerprint: string; readonly renewAt: number }
  readonly certificates: RenewalParts['certificates']
  readonly id: string
  readonly findContent: (device: DeviceIdentity, hash: string) => Promise<BlobReader | undefined>
  readonly managed: Managed
  readonly chooseForm: (
    device: DeviceIdentity,
    wanted: LayerStream,
  ) => Promise<ChosenForm | undefined>
  /** The device has attested, as it was asked to. */
  readonly onToken: (token: Uint8Array) => void
  /** The Hello has come: this is the device's connection now. */
  readonly onWelcome: () => void
}

/** How long a Goodbye may take to leave before the socket is cut. */
const FAREWELL_MS = 2000
const SILENT_HEARTBEATS = 2.5
/** Attestations that one device is asked for at once. */
const QUESTIONS_MAX = 4
const RETRY_AFTER_FAULT_SECONDS = 5

export class DeviceConnection {
  readonly #parts: ConnectionParts
  readonly #streams: Streams
  readonly #reportPace: Pace
  readonly #keys: DeviceKeys
  readonly #renewal: CertificateRenewal
  #silence: NodeJS.Timeout
  #loggingEnd: NodeJS.Timeout | undefined
  #frameEnd: NodeJS.Timeout | undefined
  #room: Promise<unknown> | undefined
  #refreshing: Promise<void> = Promise.resolve()
  #sent: Sent = { target: '', isLogging: false, kernel: '' }
  /** Bytes of content sent since that was last written down. */
  #contentBytes = 0
  /** Attestations that were asked for and have not come. */
  #questions = 0
  #isWelcome = false
  /** Something changed while the first orders were read. */
  #hasMissed = false
  #ended: string | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    const { limits, device, signers, keyring, certificates, log } = parts
    const send = (body: FrameInit) => this.#send(body)
    this.#reportPace = new Pace(limits.reportsPerSecond, limits.reportBurst)
    this.#streams = this.#makeStreams()
    this.#keys = new DeviceKeys({
      ...{ device, signers, keyring, log, send },
      changed: () => {
        this.#sent = { ...this.#sent, target: '' }
        return this.refresh()
      },
    })
    this.#renewal = new CertificateRenewal({
      ...{ device, certificates, log, send },
      renewAt: parts.certificate.renewAt,
      shown: () => certificateOf(parts.socket),
    })
    this.#silence = setTimeout(() => {
      this.end(GoodbyeReason.TIMED_OUT, `No hello within ${limits.helloMs} ms.`)
    }, limits.helloMs)
  }

  /** The device has said hello and was let in. */
  get isWelcome(): boolean {
    return this.#isWelcome
  }

  get deviceSid(): string {
    return this.#parts.device.sid
  }

  /** A line between a debugger and the device, which may still refuse it. */
  openDebug(holder: string, peer: DebugPeer): DebugLine {
    const opening = this.#streams.openDebug(holder, peer)
    opening.catch((error: unknown) => this.#broken(error))
    return {
      write: (bytes) => void opening.then((stream) => stream.write(bytes)),
      close: () => void opening.then((stream) => stream.close()),
    }
  }

  /** Asks for an attestation; one question too many is dropped. */
  attest(nonce: string): void {
    const bytes = fromHex(nonce)
    if (!this.#isWelcome || bytes === undefined || this.#questions >= QUESTIONS_MAX) return
    this.#questions++
    this.#write({ case: 'attestationRequest', value: { nonce: bytes } })
  }

  /** Serves the device until the connection is over. Never throws. */
  async run(): Promise<void> {
    try {
      await this.#serve()
      this.end(GoodbyeReason.UNSPECIFIED, 'the device closed it')
    } catch (error) {
      if (error instanceof LinkFailure) this.end(error.reason, error.message)
      else this.#broken(error)
    }
    clearTimeout(this.#silence)
    clearTimeout(this.#frameEnd)
    clearTimeout(this.#loggingEnd)
    this.#renewal.end()
    await this.#streams.endAll()
    const { device, id, log, presence, reports, socket } = this.#parts
    // What still comes is thrown away, so that the end of it is seen.
    socket.resume()
    const reason = this.#ended ?? ''
    log.info({ event: 'device disconnected', device: device.sid, reason })
    if (!this.#isWelcome) return
    await reports.sent(device, this.#takeContentBytes()).catch((error: unknown) => {
      log.warn({ event: 'bytes not noted', device: device.sid, err: error })
    })
    reports.disconnected(device, reason)
    await presence.disconnected(device, id).catch((error: unknown) => {
      log.warn({ event: 'disconnection not noted', device: device.sid, err: error })
    })
  }

  /** Says goodbye and closes. The first reason counts. */
  end(reason: GoodbyeReason, detail: string, retryAfterSeconds = 0): void {
    if (this.#ended !== undefined) return
    const { socket } = this.#parts
    const text = detail.slice(0, DETAIL_CHARACTERS)
    if (reason !== GoodbyeReason.UNSPECIFIED)
      this.#write({ case: 'goodbye', value: { reason, detail: text, retryAfterSeconds } })
    this.#ended = detail
    socket.end()
    setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
  }

  /** Tells the device what has changed for it. One at a time, so that the newest is the last. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing
      .then(() => this.#refresh())
      .catch((error: unknown) => {
        if (error instanceof LinkFailure) this.end(error.reason, error.message)
        else this.#broken(error)
      })
    return this.#refreshing
  }

  async #serve(): Promise<void> {
    const decoder = new FrameDecoder()
    // Kept open when the loop is left, for the Goodbye.
    const chunks = this.#parts.socket.iterator({ destroyOnReturn: false })
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      if (this.#isWelcome) this.#silence.refresh()
      const { frames, error } = decoder.push(chunk)
      this.#watchFrame(decoder, frames.length > 0)
      for (const frame of frames) {
        if (this.#ended !== undefined) return
        await this.#take(frame)
      }
      if (error) throw protocolError(error.message)
    }
  }

  /** A frame that was begun has to end in time, however often a byte of it comes. */
  #watchFrame({ isBetweenFrames }: FrameDecoder, isNew: boolean): void {
    if (isBetweenFrames || isNew) {
      clearTimeout(this.#frameEnd)
      this.#frameEnd = undefined
    }
    if (isBetweenFrames || this.#frameEnd !== undefined) return
    const { frameMs } = this.#parts.limits
    this.#frameEnd = setTimeout(() => {
      this.end(GoodbyeReason.TIMED_OUT, `A frame was not complete within ${frameMs} ms.`)
    }, frameMs)
  }

  #take(frame: FrameBody): Promise<void> | void {
    if (!this.#isWelcome && frame.case !== 'hello')
      throw protocolError(`The first frame is ${frame.case}; it has to be hello.`)
    switch (frame.case) {
      case 'hello':
        return this.#welcome(frame.value)
      case 'ping':
        return this.#send({ case: 'pong', value: { token: frame.value.token } })
      case 'goodbye':
        return this.end(GoodbyeReason.UNSPECIFIED, farewell(frame.value))
      case 'deviceState':
      case 'updateProgress':
      case 'crashReport':
        return this.#report(frame)
      case 'attestation':
        return this.#tokenCame(frame.value.token)
      case 'keyState':
        return this.#keys.take(frame.value)
      case 'certificateRequest':
        return this.#renewal.take(frame.value.request)
      case 'streamOpen':
        return this.#streams.opened(frame.value)
      case 'streamData':
        return this.#streams.data(frame.value)
      case 'streamCredit':
        return this.#streams.credit(frame.value)
      case 'streamClose':
        return this.#streams.closed(frame.value)
      default:
        throw protocolError(`A device does not send ${frame.case}.`)
    }
  }

  async #welcome(hello: Hello): Promise<void> {
    if (this.#isWelcome) throw protocolError('A second hello on one connection.')
    if (hello.protocolVersion !== LINK_PROTOCOL_VERSION)
      throw new LinkFailure(
        GoodbyeReason.UNSUPPORTED_VERSION,
        `The device speaks version ${hello.protocolVersion} of the link; this service speaks ${LINK_PROTOCOL_VERSION}.`,
      )
    const { device, id, reports, certificate, checkIn, limits, log, onWelcome, socket } =
      this.#parts
    const address = socket.remoteAddress ?? ''
    const { kernelVersion, kernelVersionText, state } = hello
    const { fingerprint } = certificate
    const said = { kernelVersion, kernelVersionText, state }
    const orders = await this.#valid(
      checkIn.arrive({ device, connectionId: id, fingerprint, address, ...said }),
    )
    // The kernel's target is none of the Welcome: the refresh below sends it.
    this.#sent = { ...sentOf(orders), kernel: '' }
    this.#isWelcome = true
    this.#watchSilence(limits.heartbeatSeconds * SILENT_HEARTBEATS)
    await this.#send({
      case: 'welcome',
      value: {
        wallMicroseconds: wallMicroseconds(),
        settings: { loggingEnabled: this.#sent.isLogging },
        target: targetFrame(orders),
        heartbeatSeconds: limits.heartbeatSeconds,
      },
    })
    log.info({ event: 'device connected', device: device.sid, address })
    if (hello.kernelFailure !== '')
      log.warn({ event: 'kernel failed', device: device.sid, reason: hello.kernelFailure })
    onWelcome()
    reports.connected(device, address)
    if (this.#hasMissed) await this.refresh()
    else await this.#follow(orders)
    if (hello.renewsCertificates) await this.#renewal.begin()
  }

  #takeContentBytes(): number {
    const bytes = this.#contentBytes
    this.#contentBytes = 0
    return bytes
  }

  #tokenCame(token: Uint8Array): void {
    if (this.#questions === 0) throw protocolError('An attestation that nobody has asked for.')
    this.#questions--
    this.#parts.onToken(token)
  }

  async #report(
    frame: Extract<FrameBody, { case: 'deviceState' | 'updateProgress' | 'crashReport' }>,
  ): Promise<void> {
    const { device, reports } = this.#parts
    const waitMs = this.#reportPace.take(1)
    if (waitMs > 0) await sleep(waitMs)
    if (frame.case === 'deviceState') {
      await reports.state(device, frame.value)
      return this.#keys.retry()
    }
    if (frame.case === 'updateProgress')
      return reports.progress(device, frame.value, this.#takeContentBytes())
    await reports.crash(device, frame.value)
    await this.#send({ case: 'crashReceived', value: { id: frame.value.id } })
  }

  async #refresh(): Promise<void> {
    if (this.#ended !== undefined) return
    if (!this.#isWelcome) {
      this.#hasMissed = true
      return
    }
    const { device, orders, certificate } = this.#parts
    await this.#follow(await this.#valid(orders.read(device, certificate.fingerprint)))
  }

  /** Tells the device what it has not been told. */
  async #follow(orders: Orders): Promise<void> {
    if (orders.connectionId !== null && orders.connectionId !== this.#parts.id)
      return this.end(GoodbyeReason.REPLACED, 'The device has connected anew.')
    const last = this.#sent
    const next = sentOf(orders)
    this.#sent = next
    if (next.target !== last.target)
      await this.#send({ case: 'target', value: targetFrame(orders) })
    if (next.kernel !== last.kernel)
      await this.#send({
        case: 'kernelTarget',
        value: { manifestHash: fromHex(next.kernel) ?? new Uint8Array(0) },
      })
    if (next.isLogging !== last.isLogging)
      await this.#send({ case: 'settings', value: { loggingEnabled: next.isLogging } })
    this.#watchLogging(orders)
    await this.#keys.refresh()
    if (orders.restartRequestedAt === null) return
    await this.#send({ case: 'restartApplication', value: {} })
    await this.#parts.orders.restartOrdered(this.#parts.device, orders.restartRequestedAt)
  }

  async #valid(reading: Promise<Orders | undefined>): Promise<Orders> {
    const found = await reading
    if (found?.isRevoked)
      throw new LinkFailure(GoodbyeReason.REVOKED, 'Its certificate was revoked.')
    if (found) return found
    throw new LinkFailure(GoodbyeReason.REVOKED, `Device ${this.deviceSid} was removed.`)
  }

  #watchLogging({ loggingUntil }: Orders): void {
    clearTimeout(this.#loggingEnd)
    if (loggingUntil === null || !this.#sent.isLogging) return
    const leftMs = loggingUntil.getTime() - Date.now()
    this.#loggingEnd = setTimeout(() => this.refresh(), leftMs + 1)
  }

  #watchSilence(seconds: number): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => {
      this.end(GoodbyeReason.TIMED_OUT, `Nothing was heard of the device for ${seconds} s.`)
    }, seconds * 1000)
  }

  #makeStreams(): Streams {
    const { limits, device, findContent, chooseForm, log, reports, managed } = this.#parts
    const logPace = new Pace(limits.logBytesPerSecond, limits.logBurstBytes)
    const onRecord = (record: LoggedRecord) => {
      if (this.#sent.isLogging) reports.tell(logEvent(device.sid, record))
    }
    const tellLogLine = (text: Uint8Array) => onRecord({ text, wallMicroseconds: 0n, dropped: 0 })
    const channels = { device, logPace, tellLogLine }
    return new Streams({
      send: (body) => this.#send(body),
      logPace,
      isLogging: () => this.#sent.isLogging,
      onRecord,
      onContent: (bytes) => {
        this.#contentBytes += bytes
      },
      channelsMax: limits.channelsPerDevice,
      channelPace: new Pace(limits.channelsPerSecond, limits.channelBurst),
      serviceFor: (type, endpoint) => managed.serviceFor(type, endpoint, channels),
      findContent: (hash) => findContent(device, hash),
      chooseForm: (wanted) => chooseForm(device, wanted),
      onError: (error) => {
        log.error({ event: 'stream failed', device: device.sid, err: error })
        this.end(GoodbyeReason.GOING_AWAY, 'A stream failed.', RETRY_AFTER_FAULT_SECONDS)
      },
    })
  }

  /** Resolves when the socket takes more. */
  async #send(body: FrameInit): Promise<void> {
    if (this.#write(body)) return
    const { socket } = this.#parts
    this.#room ??= new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done)
        this.#room = undefined
        resolve()
      }
      socket.on('drain', done).on('close', done)
    })
    await this.#room
  }

  /** False if the socket has more than it can send at the moment. */
  #write(body: FrameInit): boolean {
    const { socket, limits } = this.#parts
    if (this.#ended !== undefined || !socket.writable) return true
    if (socket.writableLength <= limits.unsentBytes) return socket.write(encodeFrame(body))
    this.#ended = `the device left ${socket.writableLength} bytes unread`
    socket.destroy()
    return true
  }

  #broken(error: unknown): void {
    const { device, log, socket } = this.#parts
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && LOST.has(code)) {
      this.#ended ??= `the connection was lost (${code})`
      socket.destroy()
    } else {
      const level = isUnavailable(error) ? 'warn' : 'error'
      log[level]({ event: 'connection failed', device: device.sid, err: error })
      this.end(GoodbyeReason.GOING_AWAY, 'The server failed.', RETRY_AFTER_FAULT_SECONDS)
    }
  }
}

/** What the device was told last. */
interface Sent {
  /** Its hash, and when it was set: the same App named again is a new order. */
  readonly target: string
  readonly isLogging: boolean
  readonly kernel: string
}

function sentOf({ target, targetedAt, loggingUntil, kernelHash }: Orders): Sent {
  return {
    target: target ? `${target.hash} ${targetedAt}` : '',
    kernel: kernelHash,
    isLogging: loggingUntil !== null && loggingUntil.getTime() > Date.now(),
  }
}

function targetFrame({ target }: Orders) {
  if (target === undefined) return {}
  const manifestHash = fromHex(target.hash) ?? new Uint8Array(0)
  return { manifestHash, manifestSize: target.sizeBytes }
}

function farewell({ reason, detail }: Goodbye): string {
  const name = GoodbyeReason[reason] ?? String(reason)
  return `the device said goodbye: ${name}${detail && `, ${plainText(detail)}`}`
}

/** At most three bytes each in UTF-8. */
const DETAIL_CHARACTERS = Math.floor(LINK_TEXT_BYTES_MAX / 3)

/** Node's codes for a connection that is gone. */
const LOST = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  'ERR_SSL_BAD_RECORD_TYPE',
  'ERR_SSL_WRONG_VERSION_NUMBER',
])
