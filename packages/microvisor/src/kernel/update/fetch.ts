/**
 * One fetch of content by its hash over a stream of the link. It outlives the connection: when one
 * ends, the next goes on from the first byte that is missing.
 */
import { FETCH_CREDIT_BYTES, StreamCloseReason } from '@microvisor/protocol'
import type { Link } from '../link/link.ts'
import type { LinkStream } from '../link/stream.ts'

export interface FetchUser {
  /** Takes content. False: no more of it is wanted. */
  data(bytes: Uint8Array): boolean
  /** All of it has come. */
  done(): void
  /** The cloud could not send it. */
  unavailable(detail: string): void
}

export class Fetch {
  readonly #link: Link
  readonly #hash: Uint8Array
  readonly #user: FetchUser
  #received = 0
  #stream: LinkStream | undefined
  #isOver = false

  constructor(link: Link, hash: Uint8Array, user: FetchUser) {
    this.#link = link
    this.#hash = hash
    this.#user = user
  }

  /** Opens a stream unless there is one; does nothing without a connection. */
  proceed(): void {
    if (this.#isOver || this.#stream !== undefined) return
    const value = { hash: this.#hash, offset: BigInt(this.#received) }
    this.#stream = this.#link.openStream(
      { case: 'fetch', value },
      {
        windowBytes: FETCH_CREDIT_BYTES,
        data: (bytes) => this.#take(bytes),
        closed: (reason, detail) => this.#closed(reason, detail),
      },
    )
  }

  cancel(): void {
    this.#isOver = true
    this.#stream?.close(StreamCloseReason.CANCELLED)
    this.#stream = undefined
  }

  #take(bytes: Uint8Array): void {
    if (this.#isOver) return
    this.#received += bytes.length
    if (!this.#user.data(bytes)) this.cancel()
  }

  #closed(reason: StreamCloseReason | undefined, detail: string): void {
    this.#stream = undefined
    if (reason === undefined || this.#isOver) return
    this.#isOver = true
    if (reason === StreamCloseReason.DONE) {
      this.#user.done()
      return
    }
    const name = StreamCloseReason[reason] ?? `reason ${reason}`
    this.#user.unavailable(detail === '' ? name : `${name}: ${detail}`)
  }
}
