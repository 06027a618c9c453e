/**
 * Puts latency, bandwidth and loss between a device and its connection. What travels is the stream
 * of a reliable transport: bytes arrive whole and in order, late. A lost segment costs the time
 * after which it is sent again, doubling with each further loss; with nothing to lose or wait for
 * the connection is as it was.
 */
import type { Connection, ConnectionEvents, Dialer } from '../hardware/network.ts'
import type { InterfaceConditions } from './conditions.ts'

const SEGMENT_BYTES = 1460
/** RFC 6298 allows a second; common stacks begin with this. */
const FIRST_RESEND_MS = 200
const RESENDS_MAX = 8
/** How often a way that lets nothing through is looked at again. */
const BLOCKED_MS = 250

export interface Shaping {
  /** As they are now; `undefined` without a link. */
  readonly way: () => InterfaceConditions | undefined
  readonly now: () => number
  readonly after: (milliseconds: number, action: () => void) => () => void
  /** From 0 to 1. */
  readonly random: () => number
}

export class ShapedDialer implements Dialer {
  readonly #dialer: Dialer
  readonly #shaping: Shaping

  constructor(dialer: Dialer, shaping: Shaping) {
    this.#dialer = dialer
    this.#shaping = shaping
  }

  connect(events: ConnectionEvents): Connection {
    const inward = new Lane(this.#shaping)
    const outward = new Lane(this.#shaping)
    const connection = this.#dialer.connect({
      // The handshakes of TCP and TLS 1.3: two round trips, of which one way is in each lane.
      connected: () => inward.deliver(0, () => events.connected(), 4),
      received: (bytes) => inward.deliver(bytes.length, () => events.received(bytes)),
      drained: () => events.drained(),
      closed: (reason) => inward.deliver(0, () => events.closed(reason)),
    })
    return shaped(connection, outward, inward, events)
  }
}

function shaped(
  connection: Connection,
  outward: Lane,
  inward: Lane,
  events: ConnectionEvents,
): Connection {
  let waiting = 0
  return {
    get pendingBytes() {
      return waiting + connection.pendingBytes
    },
    send(bytes) {
      waiting += bytes.length
      outward.deliver(bytes.length, () => {
        waiting -= bytes.length
        connection.send(bytes)
        if (waiting === 0 && connection.pendingBytes === 0 && outward.isDelayed) events.drained()
      })
    },
    setReceiving: (isReceiving) => connection.setReceiving(isReceiving),
    end: () => outward.deliver(0, () => connection.end()),
    destroy() {
      inward.clear()
      outward.clear()
      connection.destroy()
    },
  }
}

/** One direction: pieces leave in their order, each when the way lets it. */
class Lane {
  readonly #shaping: Shaping
  readonly #waiting: { readonly action: () => void; readonly dueMs: number }[] = []
  /** When what was sent last has left the sender. */
  #sentMs = 0
  #cancel: (() => void) | undefined
  /** Whether the piece that is being delivered had to wait. */
  isDelayed = false

  constructor(shaping: Shaping) {
    this.#shaping = shaping
  }

  /** Delivers after as many latencies as said, one unless told. */
  deliver(bytes: number, action: () => void, latencies = 1): void {
    const now = this.#shaping.now()
    const dueMs = this.#dueMs(now, bytes, latencies)
    if (dueMs <= now && this.#waiting.length === 0 && !this.#isBlocked) {
      this.isDelayed = false
      action()
      return
    }
    this.#waiting.push({ action, dueMs: Math.max(dueMs, this.#waiting.at(-1)?.dueMs ?? 0) })
    this.#arm()
  }

  clear(): void {
    this.#waiting.length = 0
    this.#cancel?.()
    this.#cancel = undefined
  }

  get #isBlocked(): boolean {
    const way = this.#shaping.way()
    return way === undefined || way.lossPercent >= 100
  }

  #arm(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#cancel !== undefined) return
    const { now, after } = this.#shaping
    const inMs = this.#isBlocked ? BLOCKED_MS : Math.max(0, first.dueMs - now())
    this.#cancel = after(inMs, () => {
      this.#cancel = undefined
      this.#run()
    })
  }

  #run(): void {
    const now = this.#shaping.now()
    while (!this.#isBlocked && this.#waiting[0] !== undefined && this.#waiting[0].dueMs <= now) {
      this.isDelayed = true
      this.#waiting.shift()!.action()
    }
    this.#arm()
  }

  #dueMs(now: number, bytes: number, latencies: number): number {
    const way = this.#shaping.way()
    if (way === undefined) return now
    const { latencyMs, jitterMs, bytesPerSecond } = way
    const sendingMs = bytesPerSecond === 0 ? 0 : (bytes * 1000) / bytesPerSecond
    this.#sentMs = Math.max(this.#sentMs, now) + sendingMs
    const jitter = jitterMs === 0 ? 0 : this.#shaping.random() * jitterMs
    return this.#sentMs + latencyMs * latencies + jitter + this.#resendingMs(bytes, way)
  }

  #resendingMs(bytes: number, { lossPercent }: InterfaceConditions): number {
    if (lossPercent === 0) return 0
    let milliseconds = 0
    for (let segment = 0; segment * SEGMENT_BYTES < Math.max(1, bytes); segment++) {
      for (let resend = 0; resend < RESENDS_MAX; resend++) {
        if (this.#shaping.random() * 100 >= lossPercent) break
        milliseconds += FIRST_RESEND_MS * 2 ** resend
      }
    }
    return milliseconds
  }
}
