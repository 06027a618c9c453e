/**
 * The device's end of the link (proto/link.proto): connecting and reconnecting, Hello and Welcome,
 * heartbeats, streams, and the end of a connection that breaks the protocol.
 *
 *   (1) Nothing is sent before Hello, nothing but Welcome or Goodbye is taken before Welcome.
 *   (2) Every connection that ends unasked is followed by a pause before the next (back-off.ts).
 *   (3) When a connection ends, every stream of it is told so, once.
 *   (4) What waits to be sent is bounded: a cloud that does not read loses the connection.
 *
 * Whether to be connected is decided elsewhere (connectivity.ts); what messages mean, too.
 */
import {
  encodeFrame,
  type FrameBody,
  FrameDecoder,
  type FrameInit,
  type Goodbye,
  GoodbyeReason,
  LINK_PROTOCOL_VERSION,
  type Welcome,
} from '@microvisor/protocol'
import type { Clock, Network } from '../../hardware.ts'
import type { Random } from '../random.ts'
import type { Timers } from '../timers.ts'
import { askedPauseMs, backOffMs } from './back-off.ts'
import { OutgoingQueue } from './outgoing-queue.ts'
import type { LinkStream, StreamUser } from './stream.ts'
import { LinkStreams, type StreamAcceptor, type StreamKind } from './streams.ts'

export type LinkPhase = 'offline' | 'pausing' | 'connecting' | 'greeting' | 'open' | 'closing'

type HelloInit = Extract<FrameInit, { case: 'hello' }>['value']

/** Messages that are for the rest of the kernel. */
export type LinkMessage = Extract<
  FrameBody,
  {
    case:
      | 'target'
      | 'settings'
      | 'crashReceived'
      | 'restartApplication'
      | 'newKeys'
      | 'kernelTarget'
      | 'attestationRequest'
      | 'certificateOrder'
      | 'certificate'
  }
>

export interface LinkParts {
  readonly network: Network
  readonly clock: Clock
  /** Attempts that have failed one after the other, before deep sleep. */
  readonly failures: number
  readonly timers: Timers
  readonly random: Random
  readonly trace: (line: string) => void
  /** What to greet with, protocol version aside. */
  readonly hello: () => HelloInit
  readonly opened: (welcome: Welcome) => void
  readonly message: (message: LinkMessage) => void
  /** The cloud opens a stream. */
  readonly accept: StreamAcceptor
  /** There may be room again for what waits for `hasRoom`. */
  readonly drained: () => void
}

const MILLISECOND = 1_000
const SECOND = 1_000_000
/** For the interface to connect, and for the cloud to answer Hello. */
const GREETING_TIMEOUT = 60 * SECOND
/** For the last bytes of a connection to leave. */
const CLOSING_TIMEOUT = 5 * SECOND
const HEARTBEAT_SECONDS = { default: 60, min: 5, max: 3600 } as const
/** A connection that lasted this long was a success: the next back-off starts anew. */
const STABLE = 30 * SECOND
const RECEIVE_BYTES = 16_384
/** Below this, streams may add to what waits to be sent. */
const ROOM_BYTES = 32_768

export class Link {
  readonly #parts: LinkParts
  readonly #outgoing = new OutgoingQueue()
  readonly #streams: LinkStreams
  readonly #received = new Uint8Array(RECEIVE_BYTES)
  #decoder = new FrameDecoder()
  #phase: LinkPhase = 'offline'
  #isWanted = false
  #failures: number
  #pauseUntil = 0
  #openedAt = 0
  #askedPauseSeconds = 0
  #cancelTimer: () => void = () => {}
  #heardSincePing = true
  #fetchedBytes = 0

  constructor(parts: LinkParts) {
    this.#parts = parts
    this.#failures = parts.failures
    this.#streams = new LinkStreams((frame) => this.#send(frame), parts.accept)
  }

  get phase(): LinkPhase {
    return this.#phase
  }

  get isOpen(): boolean {
    return this.#phase === 'open'
  }

  /** True if streams may send now without piling up. */
  get hasRoom(): boolean {
    return this.isOpen && this.#outgoing.bytes < ROOM_BYTES
  }

  /** For users of streams that end with their connection: the cloud ended it, not the network or the device. */
  get wasEndedByCloud(): boolean {
    return this.#isWanted && this.#parts.network.state === 'connected'
  }

  /** Attempts that have failed one after the other. */
  get failures(): number {
    return this.#failures
  }

  /** How long nothing will be done about connecting: in a pause, or as long as one would be without a link. */
  get calmMicroseconds(): number | undefined {
    const { network, clock, random } = this.#parts
    if (this.#phase === 'pausing') return Math.max(0, this.#pauseUntil - clock.microseconds())
    if (this.#phase !== 'offline' || network.state !== 'down') return undefined
    return backOffMs(this.#failures + 1, random.fraction()) * MILLISECOND
  }

  /** Whether there should be a connection. Acts at the next `poll`. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted
  }

  /** Sends a message; says nothing and does nothing while not open. */
  send(frame: FrameInit): void {
    if (this.isOpen) this.#send(frame)
  }

  /** `undefined` while not open or while there are too many. */
  openStream(kind: StreamKind, user: StreamUser): LinkStream | undefined {
    if (!this.isOpen) return undefined
    const isFetch = kind.case === 'fetch' || kind.case === 'layer'
    return this.#streams.open(kind, isFetch ? this.#counted(user) : user)
  }

  /** Bytes of content that have come since the device started: what updates cost on the wire. */
  get fetchedBytes(): number {
    return this.#fetchedBytes
  }

  #counted(user: StreamUser): StreamUser {
    const data = (bytes: Uint8Array) => {
      this.#fetchedBytes += bytes.length
      user.data?.(bytes)
    }
    return { ...user, data }
  }

  /** Looks at the interface and does whatever is due. */
  poll(): void {
    const { network } = this.#parts
    if (network.state === 'connected') this.#pump()
    else if (network.state !== 'connecting') this.#ended()
    if (this.#phase === 'offline' && this.#isWanted && network.state === 'idle') this.#connect()
    if (!this.#isWanted && this.#phase !== 'closing') this.#retire()
  }

  #connect(): void {
    this.#phase = 'connecting'
    this.#after(GREETING_TIMEOUT, () => this.#abandon('The connection took too long.'))
    this.#parts.network.connect()
  }

  #pump(): void {
    if (this.#phase === 'connecting') this.#greet()
    if (this.#phase === 'greeting' || this.#phase === 'open') this.#receive()
    this.flush()
    if (this.hasRoom) this.#parts.drained()
    this.flush()
    if (this.#phase === 'closing' && this.#outgoing.bytes === 0) this.#parts.network.close()
  }

  #greet(): void {
    this.#phase = 'greeting'
    this.#decoder = new FrameDecoder()
    this.#send({
      case: 'hello',
      value: { ...this.#parts.hello(), protocolVersion: LINK_PROTOCOL_VERSION },
    })
  }

  #receive(): void {
    for (;;) {
      const count = this.#parts.network.receive(this.#received)
      if (count === 0) return
      const { frames, error } = this.#decoder.push(this.#received.subarray(0, count))
      this.#heardSincePing = true
      for (const frame of frames) {
        const problem = this.#take(frame)
        if (problem !== undefined) {
          this.#protocolError(problem)
          return
        }
        if (this.#phase !== 'greeting' && this.#phase !== 'open') return
      }
      if (error !== undefined) {
        this.#protocolError(`${error.code}: ${error.message}`)
        return
      }
    }
  }

  /** What is wrong with the frame, if anything is. */
  #take(frame: FrameBody): string | undefined {
    if (frame.case === 'goodbye') return this.#goodbye(frame.value)
    if (this.#phase === 'greeting') {
      if (frame.case !== 'welcome') return `A ${frame.case} came before Welcome.`
      return this.#welcome(frame.value)
    }
    switch (frame.case) {
      case 'ping':
        this.#send({ case: 'pong', value: { token: frame.value.token } })
        return undefined
      case 'pong':
        return undefined
      case 'target':
      case 'settings':
      case 'crashReceived':
      case 'restartApplication':
      case 'newKeys':
      case 'kernelTarget':
      case 'attestationRequest':
      case 'certificateOrder':
      case 'certificate':
        this.#parts.message(frame)
        return undefined
      case 'streamOpen':
      case 'streamData':
      case 'streamCredit':
      case 'streamClose':
        return this.#streams.take(frame)
      default:
        return `A ${frame.case} is not for a device.`
    }
  }

  #welcome(welcome: Welcome): undefined {
    this.#phase = 'open'
    this.#openedAt = this.#parts.clock.microseconds()
    const { default: usual, min, max } = HEARTBEAT_SECONDS
    const seconds = Math.min(Math.max(welcome.heartbeatSeconds || usual, min), max)
    this.#heardSincePing = true
    this.#after(seconds * SECOND, () => this.#heartbeat(seconds * SECOND))
    this.#parts.trace('connected')
    this.#parts.opened(welcome)
  }

  #goodbye({ reason, detail, retryAfterSeconds }: Goodbye): undefined {
    this.#askedPauseSeconds = retryAfterSeconds
    this.#parts.trace(`the cloud says goodbye: ${GoodbyeReason[reason] ?? reason} ${detail}`)
    this.#close()
  }

  #heartbeat(period: number): void {
    if (!this.#heardSincePing) {
      this.#sendGoodbye(GoodbyeReason.TIMED_OUT, 'No answer to a ping.')
      this.#close()
      return
    }
    this.#heardSincePing = false
    this.#send({ case: 'ping', value: { token: this.#parts.random.word() } })
    this.flush()
    this.#after(period, () => this.#heartbeat(period))
  }

  #protocolError(detail: string): void {
    this.#parts.trace(`protocol error: ${detail}`)
    this.#sendGoodbye(GoodbyeReason.PROTOCOL_ERROR, detail)
    this.#close()
  }

  #sendGoodbye(reason: GoodbyeReason, detail: string): void {
    this.#send({ case: 'goodbye', value: { reason, detail: detail.slice(0, 300) } })
  }

  /** No longer wanted. */
  #retire(): void {
    if (this.#phase === 'pausing') {
      this.#cancelTimer()
      this.#phase = 'offline'
    } else if (this.#phase === 'connecting') {
      this.#cancelTimer()
      this.#phase = 'offline'
      this.#parts.network.close()
    } else if (this.#phase === 'greeting' || this.#phase === 'open') {
      this.#failures = 0
      this.#sendGoodbye(GoodbyeReason.GOING_AWAY, 'The device has no reason to be connected.')
      this.#close()
    }
  }

  /** Ends the connection once what waits has left. */
  #close(): void {
    this.#phaseEnded()
    this.#phase = 'closing'
    this.#after(CLOSING_TIMEOUT, () => this.#abandon('The connection did not close.'))
    this.flush()
    if (this.#outgoing.bytes === 0) this.#parts.network.close()
  }

  /** Drops the connection without a word. */
  #abandon(why: string): void {
    this.#parts.trace(why)
    this.#outgoing.clear()
    this.#parts.network.close()
    this.#lost()
  }

  /** The other side has closed: its last words may still wait to be read. */
  #ended(): void {
    if (this.#phase === 'greeting' || this.#phase === 'open') this.#receive()
    this.#lost()
  }

  /** There is no connection (any more). */
  #lost(): void {
    if (this.#phase === 'offline' || this.#phase === 'pausing') return
    const { network, clock, random, trace } = this.#parts
    if (this.#phase !== 'closing') {
      const usual = network.state === 'down' ? 'there is no link any more' : 'closed by the cloud'
      trace(`connection ended: ${network.lastError || usual}`)
      this.#phaseEnded()
    }
    this.#outgoing.clear()
    if (!this.#isWanted) {
      this.#cancelTimer()
      this.#phase = 'offline'
      return
    }
    if (this.#openedAt !== 0 && clock.microseconds() - this.#openedAt >= STABLE) this.#failures = 0
    this.#openedAt = 0
    this.#failures++
    const pauseMs = Math.max(
      backOffMs(this.#failures, random.fraction()),
      askedPauseMs(this.#askedPauseSeconds, random.fraction()),
    )
    this.#askedPauseSeconds = 0
    this.#phase = 'pausing'
    this.#pauseUntil = clock.microseconds() + pauseMs * MILLISECOND
    this.#after(pauseMs * MILLISECOND, () => {
      this.#phase = 'offline'
      this.poll()
    })
  }

  #phaseEnded(): void {
    this.#cancelTimer()
    this.#streams.connectionEnded(this.#parts.network.lastError)
  }

  #send(frame: FrameInit): void {
    this.#outgoing.add(encodeFrame(frame))
    if (this.#outgoing.isOverfull) this.#abandon('The cloud does not read what the device sends.')
  }

  /** Hands what waits to the network, as far as it takes it. */
  flush(): void {
    if (this.#parts.network.state === 'connected') this.#outgoing.flush(this.#parts.network)
  }

  /** One timer: each phase has at most one. */
  #after(microseconds: number, action: () => void): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#parts.timers.after(microseconds, action)
  }
}
