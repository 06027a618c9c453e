/**
 * The application's log: messages are stored in the buffer that the application gave, and forwarded
 * to the cloud in their order, as fast as credit and rate allow.
 *
 *   (1) Only message bytes lie in application memory. Where each one begins and how long it is, the
 *       kernel keeps for itself; an application that overwrites its buffer garbles its own text.
 *   (2) A message that does not fit is refused and counted; the next record that leaves says how
 *       many were lost before it.
 *   (3) When the application stops, what is stored still leaves, until its memory is cleared.
 */
import {
  encodeLogRecord,
  LOG_LINE_BYTES_MAX,
  Status,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { Clock } from '../hardware.ts'
import type { ApplicationMemory } from './application-memory.ts'
import type { Link } from './link/link.ts'
import type { LinkStream } from './link/stream.ts'
import { RateLimit } from './rate-limit.ts'
import type { Timers } from './timers.ts'
import type { WallClock } from './wall-clock.ts'

/** What each message takes of the buffer besides its text. */
export const LOG_MESSAGE_OVERHEAD_BYTES = 16
/** Messages that may leave a second, after a burst of as many. */
const MESSAGES_PER_SECOND = 256

interface Message {
  readonly at: number
  readonly length: number
  readonly microseconds: number
  readonly droppedBefore: number
}

interface Buffer {
  readonly address: number
  readonly bytes: number
}

export interface ServerLogParts {
  readonly memory: ApplicationMemory
  readonly clock: Clock
  readonly wallClock: WallClock
  readonly timers: Timers
  readonly link: Link
}

export class ServerLog {
  readonly #parts: ServerLogParts
  readonly #rate: RateLimit
  readonly #messages: Message[] = []
  #buffer: Buffer | undefined
  #writeAt = 0
  #usedBytes = 0
  #dropped = 0
  #isEnabled = true
  #stream: LinkStream | undefined
  #isRefused = false
  #cancelWait: () => void = () => {}

  constructor(parts: ServerLogParts) {
    this.#parts = parts
    this.#rate = new RateLimit(parts.clock, MESSAGES_PER_SECOND)
  }

  get hasBuffer(): boolean {
    return this.#buffer !== undefined
  }

  overlaps(address: number, length: number): boolean {
    if (this.#buffer === undefined) return false
    const { address: own, bytes } = this.#buffer
    return address < own + bytes && own < address + length
  }

  /** Takes a buffer; what an earlier one still held is lost. */
  begin(address: number, bytes: number): void {
    this.#loseStored()
    this.#buffer = { address, bytes }
  }

  post(text: Uint8Array) {
    if (this.#buffer === undefined) return Status.UNAVAILABLE
    if (text.length > LOG_LINE_BYTES_MAX) return Status.LOGMESSAGETOOLONG
    if (!this.#isEnabled) return Status.LOGGINGDISABLEDBYSERVER
    const needed = text.length + LOG_MESSAGE_OVERHEAD_BYTES
    if (this.#usedBytes + needed > this.#buffer.bytes) {
      this.#dropped++
      return Status.INVALIDBUFFERSIZE
    }
    this.#store(this.#buffer, text)
    this.forward()
    return Status.OKAY
  }

  /** The cloud allows or forbids logging. What was stored when it is forbidden is dropped. */
  setEnabled(isEnabled: boolean): void {
    this.#isEnabled = isEnabled
    this.#isRefused = false
    if (isEnabled) return
    this.#loseStored()
    this.#stream?.close(StreamCloseReason.CANCELLED)
    this.#stream = undefined
  }

  /** Sends what may be sent now. */
  forward(): void {
    const { link } = this.#parts
    while (this.#messages.length > 0 && link.hasRoom) {
      const stream = this.#openStream()
      if (stream === undefined) return
      const record = this.#encodeFirst()
      if (stream.credit < record.length) return
      const waitMicroseconds = this.#rate.take()
      if (waitMicroseconds > 0) {
        this.#forwardAfter(waitMicroseconds)
        return
      }
      stream.send(record)
      this.#usedBytes -= this.#messages.shift()!.length + LOG_MESSAGE_OVERHEAD_BYTES
    }
  }

  /** The application's memory is about to be cleared. */
  reset(): void {
    this.#loseStored()
    this.#buffer = undefined
  }

  #forwardAfter(microseconds: number): void {
    this.#cancelWait()
    this.#cancelWait = this.#parts.timers.after(microseconds, () => this.forward())
  }

  #openStream(): LinkStream | undefined {
    if (this.#isRefused) return undefined
    this.#stream ??= this.#parts.link.openStream(
      { case: 'log', value: {} },
      {
        windowBytes: 0,
        credit: () => this.forward(),
        closed: (reason) => {
          this.#stream = undefined
          this.#isRefused = reason !== undefined
        },
      },
    )
    return this.#stream
  }

  #store(buffer: Buffer, text: Uint8Array): void {
    const { memory, clock } = this.#parts
    const untilEnd = buffer.bytes - this.#writeAt
    memory.write(buffer.address + this.#writeAt, text.subarray(0, untilEnd))
    memory.write(buffer.address, text.subarray(untilEnd))
    this.#messages.push({
      at: this.#writeAt,
      length: text.length,
      microseconds: clock.microseconds(),
      droppedBefore: this.#dropped,
    })
    this.#dropped = 0
    this.#writeAt = (this.#writeAt + text.length) % buffer.bytes
    this.#usedBytes += text.length + LOG_MESSAGE_OVERHEAD_BYTES
  }

  #encodeFirst(): Uint8Array {
    const { at, length, microseconds, droppedBefore } = this.#messages[0]!
    const { address, bytes } = this.#buffer!
    const untilEnd = Math.min(length, bytes - at)
    const { memory, wallClock } = this.#parts
    const text = new Uint8Array(length)
    text.set(memory.read(address + at, untilEnd) ?? [])
    text.set(memory.read(address, length - untilEnd) ?? [], untilEnd)
    return encodeLogRecord({
      wallMicroseconds: BigInt(wallClock.at(microseconds) ?? 0),
      microseconds: BigInt(microseconds),
      text,
      dropped: droppedBefore,
    })
  }

  #loseStored(): void {
    this.#dropped += this.#messages.length
    this.#messages.length = 0
    this.#usedBytes = 0
    this.#writeAt = 0
  }
}
