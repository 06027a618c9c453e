/**
 * A device sends its application's log. Records are passed on as they come; a device that logs faster
 * than its rate gets its credit later, so it drops records itself and says how many.
 */
import {
  decodeLogRecord,
  type FrameInit,
  LOG_CREDIT_BYTES,
  type LogRecord,
  ReceiveWindow,
} from '@microvisor/protocol'
import { protocolError } from './link-failure.ts'
import type { Pace } from './pace.ts'

export interface LogParts {
  readonly stream: number
  readonly pace: Pace
  readonly send: (body: FrameInit) => Promise<void>
  readonly onRecord: (record: LogRecord) => void
}

export class LogStream {
  readonly #parts: LogParts
  readonly #window = new ReceiveWindow(LOG_CREDIT_BYTES)
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(parts: LogParts) {
    this.#parts = parts
  }

  async open(): Promise<void> {
    await this.#renew()
  }

  async receive(data: Uint8Array): Promise<void> {
    const wrong = this.#window.receive(data.length)
    if (wrong) throw protocolError(wrong.message)
    const record = decodeLogRecord(data)
    if (record === undefined)
      throw protocolError(`${data.length} bytes on a log stream are not a LogRecord.`)
    this.#parts.onRecord(record)
    const waitMs = this.#parts.pace.take(data.length)
    if (waitMs === 0) return this.#consume(data.length)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#consume(data.length)
    }, waitMs)
    this.#timers.add(timer)
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
  }

  async #consume(bytes: number): Promise<void> {
    this.#window.consume(bytes)
    await this.#renew()
  }

  async #renew(): Promise<void> {
    const bytes = this.#window.renew()
    const { stream, send } = this.#parts
    if (bytes > 0) await send({ case: 'streamCredit', value: { stream, bytes } })
  }
}
