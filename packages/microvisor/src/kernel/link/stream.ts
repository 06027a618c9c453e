/**
 * One numbered stream of the link, with credit in both directions.
 */
import {
  type FrameInit,
  type LinkError,
  ReceiveWindow,
  SendWindow,
  type StreamCloseReason,
} from '@microvisor/protocol'

/** What the user of a stream is told. */
export interface StreamUser {
  /** Bytes the receiver may have in flight towards this user; 0 for a stream that only sends. */
  readonly windowBytes: number
  /** The user says itself when it has dealt with data (`LinkStream.consume`). */
  readonly keepsData?: true
  data?(bytes: Uint8Array): void
  /** The other side allows more. */
  credit?(): void
  /** The stream is over. `undefined`: with its connection. */
  closed(reason: StreamCloseReason | undefined, detail: string): void
}

export interface StreamCarrier {
  send(frame: FrameInit): void
  forget(stream: number): void
}

export class LinkStream {
  readonly number: number
  readonly #user: StreamUser
  readonly #carrier: StreamCarrier
  readonly #sending = new SendWindow()
  readonly #receiving: ReceiveWindow
  #isOver = false

  constructor(number: number, user: StreamUser, carrier: StreamCarrier) {
    this.number = number
    this.#user = user
    this.#carrier = carrier
    this.#receiving = new ReceiveWindow(user.windowBytes)
  }

  /** Bytes that may be sent now. */
  get credit(): number {
    return this.#sending.credit
  }

  send(data: Uint8Array): void {
    this.#sending.spend(data.length)
    this.#carrier.send({ case: 'streamData', value: { stream: this.number, data } })
  }

  /** Ends the stream from this side; the user is not told again. */
  close(reason: StreamCloseReason, detail = ''): void {
    if (this.#isOver) return
    this.#end()
    this.#carrier.send({ case: 'streamClose', value: { stream: this.number, reason, detail } })
  }

  /** For users that keep data: so many bytes have been dealt with. */
  consume(bytes: number): void {
    this.#receiving.consume(bytes)
    if (!this.#isOver) this.#renew()
  }

  takeData(bytes: Uint8Array): LinkError | undefined {
    const error = this.#receiving.receive(bytes.length)
    if (error !== undefined) return error
    this.#user.data?.(bytes)
    this.consume(this.#user.keepsData ? 0 : bytes.length)
    return undefined
  }

  takeCredit(bytes: number): LinkError | undefined {
    const error = this.#sending.grant(bytes)
    if (error === undefined) this.#user.credit?.()
    return error
  }

  takeClose(reason: StreamCloseReason | undefined, detail: string): void {
    this.#end()
    this.#user.closed(reason, detail)
  }

  /** Gives the first credit; what follows renews itself as data is taken. */
  begin(): void {
    this.#renew()
  }

  #end(): void {
    this.#isOver = true
    this.#carrier.forget(this.number)
  }

  #renew(): void {
    const bytes = this.#receiving.renew()
    if (bytes > 0)
      this.#carrier.send({ case: 'streamCredit', value: { stream: this.number, bytes } })
  }
}
