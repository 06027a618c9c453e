/**
 * The cloud's end of a debug stream: ciphertext of a debugger and of the device, passed on unread.
 *
 * Neither side can make the other's bytes pile up: the device gets credit as the debugger takes what
 * came, and the debugger is asked to pause while the device has not taken what went.
 */
import {
  DEBUG_CREDIT_BYTES,
  type FrameInit,
  ReceiveWindow,
  SendWindow,
  STREAM_DATA_BYTES_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import type { DebugPeer } from '../debug/debug-line.ts'
import { protocolError } from './link-failure.ts'

export interface DebugStreamParts {
  readonly stream: number
  readonly peer: DebugPeer
  readonly send: (body: FrameInit) => Promise<void>
  readonly onEnd: () => void
  readonly onError: (error: unknown) => void
}

/** Bytes that may wait for the device. */
const WAITING_BYTES = 262_144

export class DebugStream {
  readonly #parts: DebugStreamParts
  readonly #receiving = new ReceiveWindow(DEBUG_CREDIT_BYTES)
  readonly #sending = new SendWindow()
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #pumping: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(parts: DebugStreamParts) {
    this.#parts = parts
  }

  async open(holder: string): Promise<void> {
    const { stream, send } = this.#parts
    await send({
      case: 'streamOpen',
      value: { stream, kind: { case: 'debug', value: { holder } } },
    })
    await this.#renew()
  }

  /** From the debugger. */
  write(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes >= WAITING_BYTES) this.#parts.peer.mayGoOn(false)
    this.#pump()
  }

  /** The debugger is gone. */
  close(): void {
    if (this.#isOver) return
    this.#end()
    const { stream, send, onError } = this.#parts
    const value = { stream, reason: StreamCloseReason.DONE, detail: 'The debugger has gone.' }
    send({ case: 'streamClose', value }).catch(onError)
  }

  /** From the device. */
  receive(data: Uint8Array): void {
    const wrong = this.#receiving.receive(data.length)
    if (wrong) throw protocolError(wrong.message)
    this.#parts.peer
      .receive(data)
      .then(() => {
        this.#receiving.consume(data.length)
        return this.#renew()
      })
      .catch(this.#parts.onError)
  }

  grant(bytes: number): void {
    const wrong = this.#sending.grant(bytes)
    if (wrong) throw protocolError(wrong.message)
    this.#pump()
  }

  /** The device closed it, or the connection is over. */
  ended(detail: string): void {
    if (this.#isOver) return
    this.#end()
    this.#parts.peer.closed(detail)
  }

  #end(): void {
    this.#isOver = true
    this.#waiting.length = 0
    this.#parts.onEnd()
  }

  #pump(): void {
    this.#pumping = this.#pumping.then(() => this.#sendAll()).catch(this.#parts.onError)
  }

  async #sendAll(): Promise<void> {
    const { stream, send, peer } = this.#parts
    while (this.#waiting.length > 0 && this.#sending.credit > 0) {
      const [first] = this.#waiting as [Uint8Array]
      const data = first.subarray(0, Math.min(STREAM_DATA_BYTES_MAX, this.#sending.credit))
      if (data.length === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(data.length)
      this.#waitingBytes -= data.length
      this.#sending.spend(data.length)
      await send({ case: 'streamData', value: { stream, data } })
      if (this.#waitingBytes < WAITING_BYTES) peer.mayGoOn(true)
    }
  }

  async #renew(): Promise<void> {
    const { stream, send } = this.#parts
    const bytes = this.#isOver ? 0 : this.#receiving.renew()
    if (bytes > 0) await send({ case: 'streamCredit', value: { stream, bytes } })
  }
}
