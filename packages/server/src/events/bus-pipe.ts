/**
 * A two-way stream of bytes between two server processes, carried by bus messages.
 *
 *   (1) A side sends only what the other has given credit for, so a slow end holds up the far one and
 *       nothing piles up in between.
 *   (2) Messages are numbered. The bus may lose some (that is its right); a gap ends the pipe rather
 *       than giving the reader a stream with a hole in it.
 *   (3) Each side is heard of every few seconds, or counts as gone: a process that was killed says no
 *       goodbye.
 *   (4) Every end has a reason, for people, and is told once.
 */
import { ReceiveWindow, SendWindow } from '@microvisor/protocol'
import type { Bus, Topic } from './bus.ts'

/** What the far end is given. */
export interface PipeMessage {
  readonly number: number
  /** Base64. */
  readonly data?: string
  /** Bytes more that may be sent. */
  readonly credit?: number
  /** Over, and why. */
  readonly end?: string
}

type PipeSide = 'people' | 'device'

export interface BusPipeParts {
  readonly bus: Bus
  /** A name that both sides know and nobody guesses. */
  readonly name: string
  readonly side: PipeSide
  readonly times: PipeTimes
  /** Resolves when more can be taken. */
  readonly receive: (bytes: Uint8Array) => Promise<void>
  readonly ended: (detail: string) => void
}

export interface PipeTimes {
  readonly beatMs: number
  /** After this long without a message the far side is gone. */
  readonly silenceMs: number
}

/** Bytes under way in each direction. */
export const PIPE_CREDIT_BYTES = 262_144
/** In one message; NATS takes 1 MiB unless told otherwise. */
const PIECE_BYTES = 32_768

export class BusPipe {
  readonly #parts: BusPipeParts
  readonly #own: Topic<PipeMessage>
  readonly #far: Topic<PipeMessage>
  readonly #receiving = new ReceiveWindow(PIPE_CREDIT_BYTES)
  readonly #sending = new SendWindow()
  readonly #stop: () => void
  readonly #beat: NodeJS.Timeout
  readonly #heard = Promise.withResolvers<boolean>()
  readonly #silence: NodeJS.Timeout
  #writing: Promise<void> = Promise.resolve()
  #isHeard = false
  #sent = 0
  #received = 0
  #isOver = false
  #wake: () => void = () => undefined

  constructor(parts: BusPipeParts) {
    this.#parts = parts
    const { bus, name, side, times } = parts
    this.#own = pipeTopic(name, side)
    this.#far = pipeTopic(name, side === 'people' ? 'device' : 'people')
    this.#stop = bus.subscribe(this.#own, (message) => this.#take(message))
    // Before the far side is there, nobody would count this message.
    this.#beat = setInterval(() => this.#isHeard && this.#send({}), times.beatMs)
    this.#silence = this.#watchSilence()
  }

  /** Speaks first: the far side is known to listen. It answers once it hears of this one. */
  async begin(): Promise<void> {
    await this.#parts.bus.settle()
    this.#renew()
  }

  /** Whether the far side was heard of before the end. */
  get heard(): Promise<boolean> {
    return this.#heard.promise
  }

  /** Resolves once all of it is on its way, or the pipe is over. */
  write(bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll(bytes))
    return this.#writing
  }

  /** Over for this side's reasons; the far side is told them. */
  close(detail: string): void {
    if (this.#isOver) return
    this.#send({ end: detail })
    this.#finish()
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      while (this.#sending.credit === 0 && !this.#isOver) await this.#room()
      if (this.#isOver) return
      const size = Math.min(PIECE_BYTES, this.#sending.credit, bytes.length - at)
      this.#sending.spend(size)
      this.#send({ data: Buffer.from(bytes.subarray(at, at + size)).toString('base64') })
      at += size
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #send(content: Omit<PipeMessage, 'number'>): void {
    this.#parts.bus.publish(this.#far, { number: this.#sent++, ...content })
  }

  #take({ number, data, credit, end }: PipeMessage): void {
    if (this.#isOver) return
    if (number !== this.#received++) this.#fail('A message between two servers was lost.')
    else {
      this.#silence.refresh()
      if (!this.#isHeard) this.#answer()
      if (credit !== undefined) this.#grant(credit)
      if (data !== undefined) this.#receive(Buffer.from(data, 'base64'))
      if (end !== undefined) this.#over(end)
    }
  }

  #grant(credit: number): void {
    const isTooMuch = this.#sending.grant(credit) !== undefined
    if (isTooMuch) this.#fail('The other server gave more credit than there is.')
    else this.#wake()
  }

  #answer(): void {
    this.#isHeard = true
    this.#renew()
    this.#heard.resolve(true)
  }

  #receive(bytes: Uint8Array): void {
    const isTooMuch = this.#receiving.receive(bytes.length) !== undefined
    if (isTooMuch) this.#fail('The other server sent more than it had credit for.')
    else
      this.#parts.receive(bytes).then(
        () => {
          this.#receiving.consume(bytes.length)
          this.#renew()
        },
        () => this.#fail('What arrived could not be passed on.'),
      )
  }

  #renew(): void {
    const credit = this.#isOver ? 0 : this.#receiving.renew()
    if (credit > 0) this.#send({ credit })
  }

  /** Something is wrong with the way itself: both sides are told. */
  #fail(detail: string): void {
    this.#send({ end: detail })
    this.#over(detail)
  }

  #over(detail: string): void {
    if (this.#isOver) return
    this.#finish()
    this.#parts.ended(detail)
  }

  #finish(): void {
    this.#isOver = true
    clearInterval(this.#beat)
    clearTimeout(this.#silence)
    this.#stop()
    this.#heard.resolve(false)
    this.#wake()
  }

  #watchSilence(): NodeJS.Timeout {
    const { silenceMs } = this.#parts.times
    return setTimeout(() => {
      this.#fail(`Nothing was heard of the other server for ${silenceMs / 1000} s.`)
    }, silenceMs)
  }
}

function pipeTopic(name: string, side: PipeSide): Topic<PipeMessage> {
  return { subject: `pipe.${name}.${side}` }
}
