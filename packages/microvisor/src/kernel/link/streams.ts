/**
 * The streams of one connection, by number. The device opens odd ones; the cloud's, even ones, are
 * refused, as there is no kind yet that the cloud may open.
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

type StreamFrame = Extract<FrameBody, { case: `stream${string}` }>

export class LinkStreams {
  readonly #send: (frame: FrameInit) => void
  readonly #open = new Map<number, LinkStream>()
  #next = 1
  #lastRefused = 0

  constructor(send: (frame: FrameInit) => void) {
    this.#send = send
  }

  open(kind: StreamKind, user: StreamUser): LinkStream | undefined {
    if (this.#open.size >= STREAMS_MAX) return undefined
    const number = this.#next
    this.#next += 2
    const stream = new LinkStream(number, user, {
      send: this.#send,
      forget: () => this.#open.delete(number),
    })
    this.#open.set(number, stream)
    this.#send({ case: 'streamOpen', value: { stream: number, kind } })
    stream.begin()
    return stream
  }

  /** What is wrong with the frame, if anything is. */
  take({ case: kind, value }: StreamFrame): string | undefined {
    if (kind === 'streamOpen') return this.#refuse(value.stream)
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
    this.#lastRefused = 0
    for (const stream of streams) stream.takeClose(undefined, detail)
  }

  #refuse(number: number): string | undefined {
    if (number === 0 || number % 2 !== 0) return `Stream ${number} is not the cloud's to open.`
    this.#lastRefused = Math.max(this.#lastRefused, number)
    const reason = StreamCloseReason.REFUSED
    const detail = 'This kernel has nothing that the cloud could open a stream to.'
    this.#send({ case: 'streamClose', value: { stream: number, reason, detail } })
    return undefined
  }

  #isOver(number: number): boolean {
    return number % 2 === 1 ? number < this.#next : number !== 0 && number <= this.#lastRefused
  }
}

function sentence(error: LinkError | undefined): string | undefined {
  return error === undefined ? undefined : `${error.code}: ${error.message}`
}
