/**
 * Flow control of one stream: the sender sends no more than the receiver has allowed, the receiver
 * allows more once it has dealt with what came. A stream starts with nothing allowed. Both sides of
 * the link use both halves.
 */

import type { LinkError } from './framing.ts'
import { STREAM_CREDIT_BYTES_MAX } from './limits.ts'

/** The sender's half. */
export class SendWindow {
  #credit = 0

  /** Bytes that may be sent now. */
  get credit(): number {
    return this.#credit
  }

  /** The receiver's StreamCredit. */
  grant(bytes: number): LinkError | undefined {
    if (this.#credit + bytes > STREAM_CREDIT_BYTES_MAX)
      return {
        code: 'CREDIT_TOO_LARGE',
        message: `A credit of ${bytes} bytes makes ${this.#credit + bytes} in all; a stream may have ${STREAM_CREDIT_BYTES_MAX}.`,
      }
    this.#credit += bytes
    return undefined
  }

  /** Uses up the credit of what is sent. Sending more than `credit` is a bug of the caller. */
  spend(bytes: number): void {
    if (bytes > this.#credit)
      throw new RangeError(`${bytes} bytes sent with credit for ${this.#credit}`)
    this.#credit -= bytes
  }
}

/**
 * The receiver's half. Keeps at most `windowBytes` allowed, and renews by halves to save
 * messages; but a sender that may send nothing any more gets whatever there is, as it may be in the
 * midst of something that the receiver cannot deal with before it is complete.
 */
export class ReceiveWindow {
  readonly #windowBytes: number
  #allowed = 0
  #unread = 0

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
  }

  /** StreamData has arrived. */
  receive(bytes: number): LinkError | undefined {
    if (bytes > this.#allowed)
      return {
        code: 'CREDIT_EXCEEDED',
        message: `${bytes} bytes arrived on a stream that had credit for ${this.#allowed}.`,
      }
    this.#allowed -= bytes
    this.#unread += bytes
    return undefined
  }

  /** What arrived has been dealt with. */
  consume(bytes: number): void {
    if (bytes > this.#unread)
      throw new RangeError(`${bytes} bytes consumed of ${this.#unread} received`)
    this.#unread -= bytes
  }

  /** The StreamCredit to send now, 0 for none. Call it after opening and after each `consume`. */
  renew(): number {
    const missing = this.#windowBytes - this.#allowed - this.#unread
    if (this.#allowed > 0 && missing * 2 < this.#windowBytes) return 0
    this.#allowed += missing
    return missing
  }
}
