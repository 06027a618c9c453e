/**
 * A device without a chip: the kernel's own link code, over a TLS socket or a stream of this process. Thousands of
 * them fit in one process, and behave to a server as those with a chip do: back-off, heartbeats,
 * flow control, protocol errors.
 */
import { randomFillSync } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { encodeLogRecord, type LogRecord, STREAM_DATA_BYTES_MAX } from '@microvisor/protocol'
import type { Network, NetworkState } from '../packages/microvisor/src/hardware.ts'
import { Link, type LinkMessage } from '../packages/microvisor/src/kernel/link/link.ts'
import type { LinkStream } from '../packages/microvisor/src/kernel/link/stream.ts'
import { Timers } from '../packages/microvisor/src/kernel/timers.ts'

/** One end of a connection that is being made: says `secureConnect` once it is there. */
export type Line = Duplex & Partial<Pick<TLSSocket, 'isSessionReused' | 'setNoDelay'>>

/** Handshakes of one fleet under way at the same time: a network has a width, too. */
export class Turnstile {
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(width: number) {
    this.#width = width
  }

  enter(go: () => void): void {
    if (this.#inside >= this.#width) this.#waiting.push(go)
    else {
      this.#inside++
      go()
    }
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside--
    else next()
  }
}

export interface LightParts {
  readonly sid: string
  /** Begins a connection; `session`: what the last one may be resumed with. */
  readonly dial: (session: Buffer | undefined) => Line
  readonly turnstile: Turnstile
  readonly opened: (device: LightDevice) => void
  readonly message: (device: LightDevice, message: LinkMessage) => void
}

const RANDOM = {
  word: () => new DataView(randomFillSync(new Uint8Array(4)).buffer).getUint32(0),
  fraction: Math.random,
}

export class LightDevice {
  readonly sid: string
  readonly link: Link
  readonly #network: StreamNetwork
  #alarm: NodeJS.Timeout | undefined

  constructor(parts: LightParts) {
    this.sid = parts.sid
    const timers = new Timers({
      microseconds: () => Math.floor(performance.now() * 1000),
      setAlarm: (at) => this.#setAlarm(at, () => timers.run()),
      ...UNUSED_CLOCK,
    })
    this.#network = new StreamNetwork(parts, () => this.link.poll())
    this.link = new Link({
      failures: 0,
      network: this.#network,
      clock: {
        microseconds: () => Math.floor(performance.now() * 1000),
        ...UNUSED_CLOCK,
        setAlarm: () => undefined,
      },
      timers,
      // Of the kernel's class the link takes only these two.
      random: RANDOM as ConstructorParameters<typeof Link>[0]['random'],
      trace: () => undefined,
      hello: () => ({ kernelVersion: 7, kernelVersionText: '0.7.0', state: { wakeReason: 1 } }),
      opened: () => parts.opened(this),
      message: (message) => parts.message(this, message),
      accept: () => 'A light device has no debugger.',
      drained: () => undefined,
    })
    this.link.want(true)
  }

  get wasResumed(): boolean {
    return this.#network.wasResumed
  }

  connect(): void {
    this.link.poll()
  }

  /** Loses the connection as when a cable is pulled; the link comes back by itself. */
  drop(): void {
    this.#network.drop()
  }

  end(): void {
    this.link.want(false)
    clearTimeout(this.#alarm)
    this.#network.drop()
  }

  /** Sends records as fast as credit allows, until told to stop. Returns what stops it. */
  log(text: Uint8Array): () => void {
    const record = encodeLogRecord({
      text,
      wallMicroseconds: 1n,
      dropped: 0,
    } satisfies Partial<LogRecord>)
    let isOver = record.length > STREAM_DATA_BYTES_MAX
    const sendAll = (stream: LinkStream | undefined) => {
      while (!isOver && stream !== undefined && stream.credit >= record.length) stream.send(record)
      this.link.poll()
    }
    const stream = this.link.openStream(
      { case: 'log', value: {} },
      {
        windowBytes: 0,
        credit: () => setImmediate(() => sendAll(stream)),
        closed: () => undefined,
      },
    )
    this.link.poll()
    return () => {
      isOver = true
    }
  }

  #setAlarm(at: number | undefined, due: () => void): void {
    clearTimeout(this.#alarm)
    this.#alarm = undefined
    if (at === undefined) return
    const waitMs = Math.max(0, at / 1000 - performance.now())
    this.#alarm = setTimeout(due, waitMs).unref()
  }
}

const UNUSED_CLOCK = {
  sincePowerOn: () => 0,
  frequencies: { sysclk: 0, hclk: 0, pclk1: 0, pclk2: 0 },
} as const

class StreamNetwork implements Network {
  readonly #parts: LightParts
  readonly #changed: () => void
  readonly #arrived: Buffer[] = []
  #socket: Line | undefined
  #session: Buffer | undefined
  #isInside = false
  state: NetworkState = 'idle'
  lastError = ''
  wasResumed = false

  constructor(parts: LightParts, changed: () => void) {
    this.#parts = parts
    this.#changed = changed
  }

  connect(): void {
    this.state = 'connecting'
    this.#parts.turnstile.enter(() => {
      this.#isInside = true
      this.#open()
    })
  }

  send(bytes: Uint8Array): number {
    // What the socket does not take at once it keeps; its limit is the outgoing queue's.
    this.#socket?.write(Buffer.from(bytes))
    return bytes.length
  }

  receive(into: Uint8Array): number {
    const first = this.#arrived[0]
    if (first === undefined) return 0
    const count = Math.min(first.length, into.length)
    into.set(first.subarray(0, count))
    if (count === first.length) this.#arrived.shift()
    else this.#arrived[0] = first.subarray(count)
    return count
  }

  close(): void {
    this.#socket?.end()
  }

  setCertificate(): boolean {
    return false
  }

  setWifi(): void {}

  drop(): void {
    this.#socket?.destroy()
  }

  #open(): void {
    const socket = this.#parts.dial(this.#session)
    this.#socket = socket
    socket.setNoDelay?.(true)
    socket.once('secureConnect', () => {
      this.wasResumed = socket.isSessionReused?.() ?? false
      this.#leave()
      this.state = 'connected'
      this.#changed()
    })
    socket.on('session', (session) => {
      this.#session = session
    })
    socket.on('data', (bytes) => {
      this.#arrived.push(bytes)
      this.#changed()
    })
    socket.on('error', (error) => {
      this.lastError = error.message
    })
    socket.once('close', () => {
      this.#leave()
      this.#socket = undefined
      this.state = 'idle'
      this.#changed()
    })
  }

  #leave(): void {
    if (this.#isInside) this.#parts.turnstile.leave()
    this.#isInside = false
  }
}
