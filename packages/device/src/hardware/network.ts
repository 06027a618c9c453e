/**
 * The interface that faces the cloud: one connection at a time, bounded buffers both ways. Who is
 * called, how and when, is decided elsewhere: `Dialer` makes connections, the kernel asks for them.
 *
 *   (1) At most SEND_LIMIT bytes wait to leave and about RECEIVE_LIMIT bytes wait to be read.
 *   (2) A connection that was closed or replaced is never heard of again.
 */
import type { Network, NetworkState, WifiCredentials } from '@microvisor/microvisor'

const SEND_LIMIT_BYTES = 65_536
const RECEIVE_LIMIT_BYTES = 262_144

export interface ConnectionEvents {
  connected(): void
  received(bytes: Uint8Array): void
  /** Everything that was sent has left. */
  drained(): void
  /** It ended or never came about; `reason` is for people. */
  closed(reason: string): void
}

export interface Connection {
  /** Bytes that wait to leave. */
  readonly pendingBytes: number
  send(bytes: Uint8Array): void
  /** Whether to go on receiving. */
  setReceiving(isReceiving: boolean): void
  /** Ends it once everything has left. */
  end(): void
  destroy(): void
}

export interface Dialer {
  connect(events: ConnectionEvents): Connection
}

export class NetworkPort implements Network {
  readonly #dialer: Dialer
  readonly #changed: () => void
  readonly #joinWifi: (credentials: WifiCredentials | undefined) => void
  readonly #keepCertificate: (certificate: Uint8Array) => boolean
  #state: NetworkState = 'idle'
  #lastError = ''
  #connection: Connection | undefined
  readonly #received: Uint8Array[] = []
  #receivedBytes = 0

  /** `changed` is called whenever the kernel should look again; never from inside a call of it. */
  constructor(
    dialer: Dialer,
    changed: () => void,
    joinWifi: (credentials: WifiCredentials | undefined) => void = () => {},
    keepCertificate: (certificate: Uint8Array) => boolean = () => false,
  ) {
    this.#keepCertificate = keepCertificate
    this.#joinWifi = joinWifi
    this.#dialer = dialer
    this.#changed = changed
  }

  get state(): NetworkState {
    return this.#state
  }

  get lastError(): string {
    return this.#lastError
  }

  connect(): void {
    if (this.#state !== 'idle') return
    this.#state = 'connecting'
    const connection: Connection = this.#dialer.connect({
      connected: () => this.#ifCurrent(connection, () => this.#becomes('connected')),
      received: (bytes) => this.#ifCurrent(connection, () => this.#take(bytes)),
      drained: () => this.#ifCurrent(connection, this.#changed),
      closed: (reason) => this.#ifCurrent(connection, () => this.#lose(reason)),
    })
    this.#connection = connection
  }

  send(bytes: Uint8Array): number {
    if (this.#state !== 'connected' || this.#connection === undefined) return 0
    const room = Math.max(0, SEND_LIMIT_BYTES - this.#connection.pendingBytes)
    const accepted = bytes.slice(0, room)
    if (accepted.length > 0) this.#connection.send(accepted)
    return accepted.length
  }

  receive(into: Uint8Array): number {
    let length = 0
    while (length < into.length && this.#received.length > 0) {
      const [chunk] = this.#received as [Uint8Array]
      const part = chunk.subarray(0, into.length - length)
      into.set(part, length)
      length += part.length
      if (part.length === chunk.length) this.#received.shift()
      else this.#received[0] = chunk.subarray(part.length)
    }
    this.#receivedBytes -= length
    this.#connection?.setReceiving(this.#receivedBytes < RECEIVE_LIMIT_BYTES)
    return length
  }

  close(): void {
    const connection = this.#connection
    this.#forget()
    connection?.end()
  }

  setCertificate(certificate: Uint8Array): boolean {
    return this.#keepCertificate(certificate)
  }

  setWifi(credentials: WifiCredentials | undefined): void {
    this.#joinWifi(credentials)
  }

  /** There is no link to begin with; nobody is told. */
  takeLink(): void {
    this.#state = 'down'
  }

  /** The link itself comes or goes: a cable is pulled, a radio fades. */
  setLink(isUp: boolean): void {
    if (!isUp) this.reset()
    if ((this.#state === 'down') === isUp) this.#becomes(isUp ? 'idle' : 'down')
  }

  /** Breaks the connection off: the chip was reset or stopped. */
  reset(): void {
    const connection = this.#connection
    this.#forget()
    connection?.destroy()
  }

  #ifCurrent(connection: Connection, action: () => void): void {
    if (this.#connection === connection) action()
  }

  #becomes(state: NetworkState): void {
    this.#state = state
    this.#changed()
  }

  #take(bytes: Uint8Array): void {
    this.#received.push(bytes)
    this.#receivedBytes += bytes.length
    if (this.#receivedBytes >= RECEIVE_LIMIT_BYTES) this.#connection?.setReceiving(false)
    this.#changed()
  }

  /** What has arrived stays readable. */
  #lose(reason: string): void {
    this.#lastError = reason
    this.#connection = undefined
    this.#becomes('idle')
  }

  #forget(): void {
    this.#connection = undefined
    this.#received.length = 0
    this.#receivedBytes = 0
    if (this.#state !== 'down') this.#state = 'idle'
  }
}
