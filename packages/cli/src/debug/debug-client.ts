/** Requests to the device's debug agent and their replies, over a tunnel (docs/reference/debug-protocol.md). */
import { isDeepStrictEqual } from 'node:util'
import {
  type DebugReplyBody,
  DebugReplyDecoder,
  type DebugReplyInit,
  type DebugRequestInit,
  encodeDebugRequest,
  StopListener,
  type Stopped,
  viewedRanges,
} from '@microvisor/protocol'
import { Failure } from '../errors.ts'
import type { Tunnel } from './tunnel.ts'

export interface DebugClientEvents {
  /** A breakpoint's command printed. */
  output(text: Uint8Array): void
  /** The session is over; why, for people. */
  ended(detail: string): void
}

export type ReplyCase = NonNullable<DebugReplyInit['case']>
export type Reply<Case extends ReplyCase> = Extract<DebugReplyBody, { case: Case }>['value']

export type Ask = <Case extends ReplyCase>(
  request: DebugRequestInit,
  kind: Case,
) => Promise<Reply<Case>>
/** What a stop brings. */
interface View {
  readonly stackBytes: number
  readonly ranges: readonly { readonly address: number; readonly length: number }[]
}

interface Waiting {
  readonly resolve: (body: DebugReplyBody) => void
  readonly reject: (error: Error) => void
  /** A Resume is answered when it stops. */
  readonly isPatient: boolean
  /** What the device had been told to bring with a stop when this was asked. */
  readonly view: View
}

/** What the device owes an answer for is given up when nothing has come from it for so long. */
const ANSWER_MS = 30_000
const SP = 13
/** While a Resume waits, the way is tried this often. */
const HEARTBEAT_MS = 15_000

/** The device says no: a sentence for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

export class DebugClient {
  readonly #tunnel: Tunnel
  readonly #events: DebugClientEvents
  readonly #decoder = new DebugReplyDecoder()
  readonly #waiting = new Map<number, Waiting>()
  readonly #listener = new StopListener()
  #view: View = { stackBytes: 0, ranges: [] }
  #silence: NodeJS.Timeout | undefined
  #nextId = 1
  #isOver = false
  readonly #heartbeat: NodeJS.Timeout
  /** Requests that were sent, each a round trip. */
  requests = 0

  constructor(tunnel: Tunnel, events: DebugClientEvents) {
    this.#tunnel = tunnel
    this.#events = events
    const { socket } = tunnel
    socket.setNoDelay?.(true)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', () => this.#end())
    socket.on('close', () => this.#end())
    // It may have ended while its peer was looked at: then there is no event any more.
    if (socket.destroyed) setImmediate(() => this.#end())
    this.#heartbeat = setInterval(() => {
      if (this.#waiting.size === 0) return
      this.#send({ case: 'readMemory', value: { ranges: [] } }).catch(() => undefined)
    }, HEARTBEAT_MS)
    this.#heartbeat.unref()
  }

  /**
   * The reply of this kind. That of a Resume comes when the application stops, and not at all if a
   * Halt or a Restart comes first. Throws Refusal, or Failure when the session ends.
   */
  async ask<Case extends ReplyCase>(request: DebugRequestInit, kind: Case): Promise<Reply<Case>> {
    const body = await this.#send(request)
    if (body.case === 'refused') throw new Refusal(body.value.detail)
    if (body.case === kind) return body.value as Reply<Case>
    throw new Failure({
      code: 'DEBUG_PROTOCOL',
      message: `the device answered ${request.case} with ${body.case}.`,
      fix: 'update the command line or the kernel of the device.',
    })
  }

  /** Resolves once the device has taken this debugger; throws Failure if it does not. */
  async accepted(): Promise<void> {
    try {
      await this.ask({ case: 'readMemory', value: { ranges: [] } }, 'memoryRead')
    } catch (error) {
      // It knows the debugger, and waits for it to attach.
      if (!(error instanceof Refusal)) throw error
    }
  }

  /** What still waits for an answer fails. */
  close(): void {
    if (!this.#finish()) return
    this.#tunnel.socket.end()
    this.#tunnel.close()
  }

  #send(request: DebugRequestInit): Promise<DebugReplyBody> {
    const id = this.#nextId++
    this.requests++
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        reject(this.#failure())
        return
      }
      const { view, said } = this.#withView(request)
      const bytes = encodeDebugRequest(id, said)
      this.#view = view
      this.#waiting.set(id, { resolve, reject, view, isPatient: request.case === 'resume' })
      if (this.#silence === undefined) this.#listen()
      this.#tunnel.socket.write(bytes)
    })
  }

  /** What the device knows already of what it is to bring is not said again. */
  #withView(request: DebugRequestInit): { view: View; said: DebugRequestInit } {
    if (request.case !== 'resume' && request.case !== 'attach') {
      return { view: this.#view, said: request }
    }
    const { view = this.#view, ...rest } = request.value as { view?: View }
    const isKnown = request.case === 'resume' && isDeepStrictEqual(view, this.#view)
    return { view, said: isKnown ? { case: 'resume', value: rest } : request }
  }

  /** Waits for anything at all from the device: on a line that is slow, an answer may take minutes. */
  #listen(): void {
    clearTimeout(this.#silence)
    const isOwed = [...this.#waiting.values()].some(({ isPatient }) => !isPatient)
    this.#silence = isOwed ? setTimeout(() => this.#giveUp(), ANSWER_MS) : undefined
  }

  #giveUp(): void {
    this.#tunnel.socket.destroy(new Error('The device does not answer.'))
  }

  #take(bytes: Buffer): void {
    const { messages, error } = this.#decoder.push(bytes)
    for (const { id, body } of messages) {
      const waiting = this.#waiting.get(id)
      if (body.case === 'output') this.#events.output(body.value.text)
      else if (waiting !== undefined) {
        this.#waiting.delete(id)
        waiting.resolve(this.#whole(body, waiting.view))
      }
    }
    this.#listen()
    if (error !== undefined) this.#tunnel.socket.destroy(new Error(error))
  }

  /** A stop tells what is not as it was told before: with the rest of it. */
  #whole(body: DebugReplyBody, view: View): DebugReplyBody {
    if (body.case === 'attached') {
      this.#listener.forget()
      const stop = this.#wholeStop(body.value.stop!, view)
      return { case: 'attached', value: { ...body.value, stop } }
    }
    return body.case === 'stopped'
      ? { case: 'stopped', value: this.#wholeStop(body.value, view) }
      : body
  }

  #wholeStop(stop: Stopped, view: View): Stopped {
    const passed = stop.hasPassed ? this.#listener.registers(stop.passed) : []
    const registers = this.#listener.registers(stop.registers)
    const sp = registers.find(({ number }) => number === SP)?.value ?? 0
    const memory = this.#listener.memory(viewedRanges(view, sp), stop.memory)
    return { ...stop, passed, registers, memory } as Stopped
  }

  #end(): void {
    if (!this.#finish()) return
    // Whatever is left of it would keep the device from the next session.
    this.#tunnel.close()
    this.#events.ended(this.#failure().message)
  }

  /** False if it is over already. No timer and no promise of it is left. */
  #finish(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#silence)
    const failure = this.#failure()
    for (const { reject } of this.#waiting.values()) reject(failure)
    this.#waiting.clear()
    return true
  }

  #failure(): Failure {
    return new Failure({
      code: 'DEBUG_ENDED',
      message: this.#tunnel.whyEnded() || 'The connection to the device was lost.',
      fix: 'connect again.',
    })
  }
}
