/**
 * The streams of one connection, by number. The device opens odd ones, the cloud even ones.
 *
 * A stream that this side has closed may still have data on its way: that is dropped in silence.
 */
import {
  type FrameBody,
  type FrameInit,
  type LinkError,
  STREAMS_MAX,
  StreamCloseReason,
} from '@microvisor/protocol'
import { LinkStream, type StreamUser } from './stream.ts'

export type StreamKind = NonNullable<Extract<FrameInit, { case: 'streamOpen' }>['value']['kind']>

/** What the cloud may open, and who takes it: its user, or why not, for people. */
export type StreamAcceptor = (
  kind: Extract<FrameBody, { case: 'streamOpen' }>['value']['kind'],
  stream: () => LinkStream,
) => StreamUser | string

type StreamFrame = Extract<FrameBody, { case: `stream${string}` }>

export class LinkStreams {
  readonly #send: (frame: FrameInit) => void
  readonly #open = new Map<number, LinkStream>()
  #next = 1
  #lastOfCloud = 0
  readonly #accept: StreamAcceptor

  constructor(send: (frame: FrameInit) => void, accept: StreamAcceptor) {
    this.#send = send
    this.#accept = accept
  }

  open(kind: StreamKind, user: StreamUser): LinkStream | undefined {
    if (this.#open.size >= STREAMS_MAX) return undefined
    const number = this.#next
    this.#next += 2
    const stream = this.#add(number, user)
    this.#send({ case: 'streamOpen', value: { stream: number, kind } })
    stream.begin()
    return stream
  }

  /** What is wrong with the frame, if anything is. */
  take({ case: kind, value }: StreamFrame): string | undefined {
    if (kind === 'streamOpen') return this.#opened(value)
    const stream = this.#open.get(value.stream)
    if (stream === undefined) {
      return this.#isOver(value.stream) ? undefined : `There is no stream ${value.stream}.`
    }
    if (kind === 'streamData') return sentence(stream.takeData(value.data))
    if (kind === 'streamCredit') return sentence(stream.takeCredit(value.bytes))
    stream.takeClose(value.reason, value.detail)
    return undefined
  }

  connectionEnded(detail: string): void {
    const streams = [...this.#open.values()]
    this.#next = 1
    this.#lastOfCloud = 0
    for (const stream of streams) stream.takeClose(undefined, detail)
  }

  #add(number: number, user: StreamUser): LinkStream {
    const stream = new LinkStream(number, user, {
      send: this.#send,
      forget: () => this.#open.delete(number),
    })
    this.#open.set(number, stream)
    return stream
  }

  #opened({ stream: number, kind }: Extract<StreamFrame, { case: 'streamOpen' }>['value']) {
    if (number === 0 || number % 2 !== 0) return `Stream ${number} is not the cloud's to open.`
    if (number <= this.#lastOfCloud)
      return `Stream ${number} was opened after stream ${this.#lastOfCloud}.`
    this.#lastOfCloud = number
    const isFull = this.#open.size >= STREAMS_MAX
    const found = () => this.#open.get(number)!
    const user = isFull ? `${STREAMS_MAX} streams are open.` : this.#accept(kind, found)
    if (typeof user !== 'string') this.#add(number, user).begin()
    else {
      const reason = StreamCloseReason.REFUSED
      this.#send({ case: 'streamClose', value: { stream: number, reason, detail: user } })
    }
    return undefined
  }

  #isOver(number: number): boolean {
    return number % 2 === 1 ? number < this.#next : number !== 0 && number <= this.#lastOfCloud
  }
}

function sentence(error: LinkError | undefined): string | undefined {
  return error === undefined ? undefined : `${error.code}: ${error.message}`
}
