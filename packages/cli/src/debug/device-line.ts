/**
 * The line to the device: requests and their replies over one tunnel after another. A connection that
 * is lost is opened again, and what only looks or writes is asked again over the next one.
 */
import type { DebugRequestInit } from '@microvisor/protocol'
import { DebugClient, Refusal, type Reply, type ReplyCase } from './debug-client.ts'
import { isLasting } from './refusals.ts'
import { retry } from './retry.ts'
import type { Tunnel } from './tunnel.ts'

export interface DeviceLineParts {
  connect(signal: AbortSignal): Promise<Tunnel>
  readonly events: DeviceLineEvents
  /** Connected again: takes up what the device has kept. Nothing else is asked before that is done. */
  takeUp(): Promise<void>
}

export interface DeviceLineEvents {
  output(text: Uint8Array): void
  /** The session is over for good; why, for people. */
  ended(detail: string): void
  /** Something that a person at the debugger should know. */
  note(line: string): void
}

/** A device whose application is just being replaced may refuse for a moment; said so often, it stays so. */
const LASTING_REFUSALS = 5

/** Asked again over the next connection. */
const REPEATABLE: ReadonlySet<DebugRequestInit['case']> = new Set([
  ...(['readMemory', 'writeMemory', 'writeRegisters', 'hashMemory'] as const),
])

export class DeviceLine {
  readonly #parts: DeviceLineParts
  #client: DebugClient | undefined
  #requestsBefore = 0
  /** Aborted when the session is over. */
  readonly #closing = new AbortController()
  /** Done when a lost session is taken up again, or given up. */
  #takenUp: Promise<void> | undefined

  constructor(parts: DeviceLineParts) {
    this.#parts = parts
  }

  /** Requests sent so far: round trips. */
  get requests(): number {
    return this.#requestsBefore + (this.#client?.requests ?? 0)
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Opens the way to the device; the application runs on. */
  async connect(): Promise<void> {
    const { connect, events } = this.#parts
    const tunnel = await connect(this.#closing.signal)
    this.#requestsBefore = this.requests
    const client: DebugClient = new DebugClient(tunnel, {
      output: (text) => events.output(text),
      ended: (detail) => {
        if (this.isClosed || this.#client !== client) return
        if (tunnel.isFinal() || isLasting(detail)) this.giveUp(detail)
        else this.#takenUp = this.#lost(detail)
      },
    })
    await client.accepted()
    this.#client = client
  }

  async ask<Case extends ReplyCase>(request: DebugRequestInit, kind: Case): Promise<Reply<Case>> {
    if (this.#client === undefined) throw new Refusal('There is no session.')
    try {
      return await this.#client.ask(request, kind)
    } catch (error) {
      const isLost = !(error instanceof Refusal) && !this.isClosed && this.#takenUp !== undefined
      if (!isLost || !REPEATABLE.has(request.case)) throw error
      await this.#takenUp
      return this.#client.ask(request, kind)
    }
  }

  /** Ends the session: whatever is under way fails, and nothing of it stays behind. */
  close(): void {
    this.#closing.abort()
    this.#client?.close()
  }

  /** The session cannot go on. */
  giveUp(detail: string): void {
    this.close()
    this.#parts.events.ended(detail)
  }

  /** The tunnel has ended, not by us. */
  async #lost(detail: string): Promise<void> {
    const { events, takeUp } = this.#parts
    events.note(`${detail} Trying again ...`)
    const refusals = new Refusals()
    const isBack = await retry(
      async () => {
        await this.connect()
        await takeUp()
      },
      { signal: this.#closing.signal, isHopeless: (error) => refusals.areLasting(error) },
    )
    if (isBack) events.note('Connected again.')
    if (!isBack && !this.isClosed) this.giveUp(refusals.last ?? detail)
  }
}

/** What the device says to attempts to connect again. */
class Refusals {
  last: string | undefined
  #count = 0

  areLasting(error: unknown): boolean {
    const message = error instanceof Error ? error.message : String(error)
    if (!isLasting(message)) return false
    this.last = message
    this.#count++
    return error instanceof Refusal || this.#count >= LASTING_REFUSALS
  }
}
