/**
 * One channel of the application: two of its buffers, a stream of the link between them and the
 * cloud, and the notifications about it.
 *
 *   (1) What is to be sent lies in the send buffer until the cloud gives credit for it; a request is
 *       taken whole or not at all.
 *   (2) The cloud may have as many bytes under way as the receive buffer has room for.
 *   (3) When the stream ends, for whatever reason, the application is told once. What has been
 *       received completely can still be read (half-closed); after that the channel is closed.
 *   (4) The slot is free again when the application closes the channel, and only then.
 */
import {
  type ChannelResponseBody,
  ChannelType,
  ClosureReason,
  EventType,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { ApplicationMemory } from '../application-memory.ts'
import type { Link } from '../link/link.ts'
import type { LinkStream } from '../link/stream.ts'
import type { Notifications } from '../notifications.ts'
import { type BufferPlace, BufferRing } from './buffer-ring.ts'
import { InFlight } from './in-flight.ts'
import { Inbox, type ResponseKind } from './inbox.ts'

export interface ChannelSetup {
  readonly type: ChannelType
  readonly endpoint: string
  readonly center: number
  readonly tag: number
  readonly receive: BufferPlace
  readonly send: BufferPlace
}

export interface ChannelParts {
  readonly memory: ApplicationMemory
  readonly notifications: Notifications
  readonly link: Link
}

/** What the cloud may answer on a channel of each type. */
const answers: Readonly<Record<ChannelType, readonly ResponseKind[]>> = {
  [ChannelType.OPAQUEBYTES]: [],
  [ChannelType.HTTP]: ['http'],
  [ChannelType.CONFIGFETCH]: ['configValues'],
  [ChannelType.MQTT]: [
    'mqttConnected',
    'mqttSubscribed',
    'mqttUnsubscribed',
    'mqttPublished',
    'mqttMessage',
    'mqttLostMessage',
    'mqttDisconnected',
  ],
}

const closures: Readonly<Partial<Record<StreamCloseReason, ClosureReason>>> = {
  [StreamCloseReason.DONE]: ClosureReason.CHANNELCLOSEDBYSERVER,
  [StreamCloseReason.FAILED]: ClosureReason.CHANNELRESETBYSERVER,
  [StreamCloseReason.CANCELLED]: ClosureReason.CHANNELRESETBYSERVER,
  [StreamCloseReason.REFUSED]: ClosureReason.NOTYETOPEN,
  [StreamCloseReason.NOT_FOUND]: ClosureReason.NOTYETOPEN,
}

export class Channel {
  readonly setup: ChannelSetup
  readonly inFlight = new InFlight()
  /** The one request of an HTTP or config channel, or the one connect of MQTT, was made. */
  hasRequested = false
  readonly #parts: ChannelParts
  readonly #sending: BufferRing
  readonly #receiving: BufferRing
  readonly #inbox: Inbox
  #stream: LinkStream | undefined
  #closure: ClosureReason = ClosureReason.NONE
  #wantsRoom = false
  #hasBeenTold = false

  constructor(parts: ChannelParts, setup: ChannelSetup) {
    this.#parts = parts
    this.setup = setup
    this.#sending = new BufferRing(parts.memory, setup.send)
    this.#receiving = new BufferRing(parts.memory, setup.receive)
    this.#inbox = new Inbox(this.#receiving)
  }

  /** False if there can be no stream just now. */
  open(): boolean {
    const { type, endpoint, receive } = this.setup
    const { link } = this.#parts
    if (!link.hasRoom) return false
    const value = { type, endpoint, receiveBytes: receive.bytes }
    this.#stream = link.openStream(
      { case: 'channel', value },
      {
        windowBytes: receive.bytes,
        keepsData: true,
        data: (bytes) => this.#arrived(bytes),
        credit: () => this.pump(),
        closed: (reason) => this.#ended(this.#closureFor(reason)),
      },
    )
    return this.#stream !== undefined
  }

  /** Requests and bytes are still taken. */
  get isConnected(): boolean {
    return this.#stream !== undefined
  }

  /** Nothing more goes out and nothing is left to read. */
  get isClosed(): boolean {
    return !this.isConnected && this.#inbox.kind === undefined && this.#unreadBytes === 0
  }

  get closure(): ClosureReason {
    return this.#closure
  }

  /** Bytes that can be sent now. */
  get room(): number {
    return this.#sending.free
  }

  /** Sends all of it, or nothing where it does not fit: then there will be a notification of room. */
  send(bytes: Uint8Array): boolean {
    if (bytes.length > this.#sending.free) {
      this.#wantsRoom = true
      return false
    }
    this.#sending.write(bytes)
    this.pump()
    return true
  }

  /** A caller had more to send than there was room for. */
  wantRoom(): void {
    this.#wantsRoom = true
  }

  /** Sends what credit and link allow. */
  pump(): void {
    while (this.#stream !== undefined && this.#parts.link.hasRoom) {
      const length = Math.min(this.#sending.used, this.#stream.credit, STREAM_DATA_BYTES_MAX)
      if (length === 0) return
      this.#stream.send(this.#sending.read(0, length))
      this.#sending.drop(length)
      if (!this.#wantsRoom) continue
      this.#wantsRoom = false
      this.#tell(EventType.CHANNELDATAWRITESPACE)
    }
  }

  /** Where unread bytes of an opaque channel lie. */
  get unread(): BufferPlace {
    this.#hasBeenTold = false
    return this.#receiving.front
  }

  /** Frees unread bytes, at most as many as there are. */
  consume(bytes: number): void {
    const count = Math.min(bytes, this.#receiving.used)
    this.#receiving.drop(count)
    this.#stream?.consume(count)
  }

  /** The kind of the first unread message. */
  get messageKind(): ResponseKind | undefined {
    return this.#inbox.kind
  }

  /** The first unread message, which stays. Undefined if there is none (any more). */
  readMessage(): ChannelResponseBody | undefined {
    const message = this.#inbox.read()
    if (message !== 'garbled') return message
    while (this.#inbox.kind !== undefined) this.#inbox.drop()
    this.#fail('The application has overwritten its receive buffer.')
    return undefined
  }

  /** Frees the first unread message; also once the stream has ended. */
  dropMessage(): void {
    const bytes = this.#inbox.drop()
    this.#stream?.consume(bytes)
  }

  /** The application closes it. What was not sent yet is lost. */
  close(): void {
    this.#stream?.close(StreamCloseReason.DONE)
    this.#stream = undefined
    this.#closure = ClosureReason.CLOSEDBYAPPLICATION
  }

  get #unreadBytes(): number {
    return this.setup.type === ChannelType.OPAQUEBYTES ? this.#receiving.used : 0
  }

  #arrived(bytes: Uint8Array): void {
    if (this.setup.type === ChannelType.OPAQUEBYTES) {
      this.#receiving.write(bytes)
      if (!this.#hasBeenTold) this.#tell(EventType.CHANNELDATAREADABLE)
      this.#hasBeenTold = true
      return
    }
    const kinds = this.#inbox.push(bytes)
    const isExpected = (kind: ResponseKind) => answers[this.setup.type].includes(kind)
    if (kinds === undefined || !kinds.every(isExpected)) {
      this.#fail('The cloud sent what is no response on this channel.')
      return
    }
    for (const kind of kinds) {
      this.inFlight.end(kind)
      this.#tell(EventType.CHANNELDATAREADABLE)
    }
  }

  #fail(detail: string): void {
    this.#stream?.close(StreamCloseReason.FAILED, detail)
    this.#ended(ClosureReason.UNEXPECTEDLYTERMINATED)
  }

  #ended(closure: ClosureReason): void {
    if (this.#closure !== ClosureReason.NONE) return
    this.#stream = undefined
    this.#closure = closure
    this.#tell(EventType.CHANNELNOTCONNECTED)
  }

  #closureFor(reason: StreamCloseReason | undefined): ClosureReason {
    if (reason !== undefined) return closures[reason] ?? ClosureReason.UNEXPECTEDLYTERMINATED
    return this.#parts.link.wasEndedByCloud
      ? ClosureReason.CONNECTIONTERMINATED
      : ClosureReason.NETWORKDISCONNECTED
  }

  #tell(event: EventType): void {
    const { center, tag } = this.setup
    this.#parts.notifications.emit(center, event, tag)
  }
}
