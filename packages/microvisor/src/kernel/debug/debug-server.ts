/**
 * Debug sessions: the stream that the cloud opens, TLS in it, and requests in that, for the agent.
 *
 * One debugger at a time. A stream that ends takes the debugger with it, unless the connection to the
 * cloud was lost, or somebody has meddled with what the stream carries: then the agent keeps what it
 * holds, for LINGER at most, until the debugger is back.
 */
import {
  DEBUG_CREDIT_BYTES,
  type DebugReplyInit,
  DebugRequestDecoder,
  encodeDebugReply,
  equalBytes,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { SecureSession, SecureSessions } from '../../hardware.ts'
import type { LinkStream, StreamUser } from '../link/stream.ts'
import type { Timers } from '../timers.ts'
import type { DebugAgent } from './debug-agent.ts'

/** How long a debugger whose connection was lost is waited for, in microseconds. */
const LINGER = 600_000_000
const RECEIVE_BYTES = 16_384

export interface DebugServerParts {
  readonly sessions: SecureSessions
  readonly timers: Timers
  readonly agent: () => DebugAgent
  /** The key that the installed manifest names for debugging. */
  readonly key: () => Uint8Array | undefined
  /** The hash of that manifest. */
  readonly manifestHash: () => Uint8Array
  /** A debugger has come, or is gone and not waited for. */
  readonly changed: () => void
  readonly trace: (line: string) => void
}

interface Session {
  readonly stream: () => LinkStream
  readonly tls: SecureSession
  readonly decoder: DebugRequestDecoder
}

export class DebugServer {
  readonly #parts: DebugServerParts
  readonly #buffer = new Uint8Array(RECEIVE_BYTES)
  #session: Session | undefined
  #holder = ''
  /** Of the application that the last session was about. */
  #manifestHash: Uint8Array = new Uint8Array(0)
  /** There while a debugger is waited for. */
  #cancelLinger: (() => void) | undefined

  constructor(parts: DebugServerParts) {
    this.#parts = parts
  }

  /** A debugger is there: its session is a reason to stay connected. */
  get isActive(): boolean {
    return this.#session !== undefined
  }

  /** The cloud opens a stream for a debugger. */
  accept(holder: string, stream: () => LinkStream): StreamUser | string {
    const { key, manifestHash, sessions, trace } = this.#parts
    if (this.#session !== undefined) {
      return `Another debugger holds this device: ${this.#holder || 'unnamed'}.`
    }
    const peerKey = key()
    if (peerKey === undefined) {
      return 'The running application names no key for debugging: bundle it with --debug-auth-pubkey.'
    }
    this.#holder = holder
    const tls = sessions.accept(peerKey)
    const session = { stream, tls, decoder: new DebugRequestDecoder() }
    this.#manifestHash = manifestHash()
    this.#session = session
    trace(`debugger: ${holder || 'unnamed'}`)
    this.#parts.changed()
    return {
      windowBytes: DEBUG_CREDIT_BYTES,
      data: (bytes) => tls.feed(bytes),
      credit: () => this.poll(),
      closed: (reason) => this.#streamClosed(session, reason),
    }
  }

  /** A reply, or a stop that comes by itself. */
  send(id: number, reply: DebugReplyInit): void {
    this.#session?.tls.send(encodeDebugReply(id, reply))
  }

  /** Moves bytes both ways, and has the agent do what was asked. */
  poll(): void {
    const session = this.#session
    if (session === undefined) return
    this.#takeRequests(session)
    this.#carryOff(session)
    const { state, failure } = session.tls
    if (state !== 'closed' || this.#session !== session) return
    if (failure === '') this.#end(session, StreamCloseReason.DONE, '')
    else {
      session.stream().close(StreamCloseReason.REFUSED, failure)
      this.#lose()
    }
  }

  /** An application has started: if it is another one, the debugger knows neither its code nor its key. */
  applicationStarted(): void {
    if (equalBytes(this.#parts.manifestHash(), this.#manifestHash)) return
    const session = this.#session
    if (session === undefined) this.#release()
    else {
      session.tls.close()
      this.#end(session, StreamCloseReason.REFUSED, 'The application was replaced by another one.')
    }
  }

  #takeRequests(session: Session): void {
    for (;;) {
      const count = session.tls.receive(this.#buffer)
      if (count === 0) return
      const { messages, error } = session.decoder.push(this.#buffer.subarray(0, count))
      this.#cancelLinger?.()
      this.#cancelLinger = undefined
      for (const { id, body } of messages) this.#parts.agent().handle(id, body)
      if (error === undefined) continue
      this.send(0, { case: 'ended', value: { detail: error } })
      session.tls.close()
      return
    }
  }

  #carryOff({ stream, tls }: Session): void {
    for (;;) {
      const room = Math.min(stream().credit, STREAM_DATA_BYTES_MAX, this.#buffer.length)
      const count = room === 0 ? 0 : tls.drain(this.#buffer.subarray(0, room))
      if (count === 0) return
      stream().send(this.#buffer.slice(0, count))
    }
  }

  #end(session: Session, reason: StreamCloseReason, detail: string): void {
    this.#session = undefined
    session.stream().close(reason, detail)
    this.#release()
  }

  /** The cloud closed it, or the connection was lost. */
  #streamClosed(session: Session, reason: StreamCloseReason | undefined): void {
    if (this.#session !== session) return
    session.tls.close()
    if (reason === undefined) this.#lose()
    else {
      this.#session = undefined
      this.#release()
    }
  }

  #release(): void {
    this.#parts.agent().detach()
    this.#parts.changed()
  }

  /** Not as a debugger goes: it may be back, and finds what it left. */
  #lose(): void {
    this.#session = undefined
    const { agent, timers } = this.#parts
    agent().loseTouch()
    this.#cancelLinger ??= timers.after(LINGER, () => {
      this.#cancelLinger = undefined
      if (this.#session === undefined) this.#release()
    })
  }
}
