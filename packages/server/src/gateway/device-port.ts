/**
 * The port that devices connect to: TCP, TLS 1.3 with certificates on both sides.
 *
 * When many come at once, handshakes begin in the order in which connections arrived, so many at a
 * time: begun all together they would all be too late, and all begin anew. A connection waits with
 * nothing but a socket.
 */
import { hkdfSync } from 'node:crypto'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Logger } from 'pino'
import type { Authority } from '../keys/certificates.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { Limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import { Turnstile } from './turnstile.ts'

export interface DevicePortParts {
  readonly authority: Authority
  readonly keyring: Keyring
  /** Names and addresses in the gateway's certificate. */
  readonly names: readonly string[]
  readonly metrics: Metrics
  readonly limits: Limits
  readonly log: Logger
}

const RENEWAL_CHECK_MS = 12 * 3_600_000
/** A device that comes back within a day may resume its TLS session. */
const SESSION_SECONDS = 86_400
const TICKET_KEYS_BYTES = 48
/** Connections that the system accepts before this process does. */
const BACKLOG = 4096

export class DevicePort {
  readonly #parts: DevicePortParts
  readonly #tcp: Server
  readonly #tls: TlsServer
  readonly #turnstile: Turnstile
  /** What gives the place in the turnstile back, by the peer's address. */
  readonly #handshakes = new Map<string, () => void>()
  readonly #sockets = new Set<Socket>()
  readonly #renewal: NodeJS.Timeout

  /** A port that does not listen yet. `accept` gets who has come through the handshake, known or not. */
  static async create(
    parts: DevicePortParts,
    accept: (socket: TLSSocket) => void,
  ): Promise<DevicePort> {
    return new DevicePort(parts, await credentials(parts), accept)
  }

  private constructor(
    parts: DevicePortParts,
    secure: Awaited<ReturnType<typeof credentials>>,
    accept: (socket: TLSSocket) => void,
  ) {
    const { limits } = parts
    this.#parts = parts
    this.#turnstile = new Turnstile(limits.handshakesAtOnce, limits.handshakePlaceMs)
    this.#tls = createTlsServer({
      ...secure,
      ticketKeys: ticketKeys(parts.keyring, new Date()),
      sessionIdContext: 'microvisor gateway',
      sessionTimeout: SESSION_SECONDS,
      handshakeTimeout: limits.handshakeMs,
    })
    this.#tls.on('secureConnection', (socket) => {
      this.#handshakes.get(peerOf(socket))?.()
      accept(socket)
    })
    this.#tls.on('tlsClientError', (error, socket) => this.#failed(error, socket))
    this.#tcp = createTcpServer({ noDelay: true, keepAlive: true, pauseOnConnect: true })
    this.#tcp.maxConnections = limits.connections + limits.refusalsAtOnce
    this.#tcp.on('connection', (socket) => this.#connected(socket))
    this.#tcp.on('drop', (dropped) => {
      const address = dropped?.remoteAddress
      parts.log.warn({ event: 'connection dropped', address, reason: 'too many' })
    })
    this.#renewal = setInterval(() => void this.#renew(), RENEWAL_CHECK_MS).unref()
  }

  /** Resolves with the port once it listens. */
  listen(host: string, port: number): Promise<number> {
    const server = this.#tcp
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: BACKLOG }, () => {
        server.off('error', reject)
        server.on('error', (error) => this.#parts.log.error({ event: 'gateway error', err: error }))
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  /** Connections that wait for their handshake. */
  get waiting(): number {
    return this.#turnstile.waiting
  }

  /** Takes no more connections; resolves when all are over. */
  async stop(): Promise<void> {
    clearInterval(this.#renewal)
    if (this.#tcp.listening) await new Promise((resolve) => this.#tcp.close(resolve))
  }

  /** Ends whatever is left: handshakes, and who was turned away and stays. */
  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #connected(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    const peer = peerOf(socket)
    const tooLong = setTimeout(() => socket.destroy(), this.#parts.limits.handshakeWaitMs)
    const leave = this.#turnstile.enter(() => {
      clearTimeout(tooLong)
      if (!socket.destroyed) this.#tls.emit('connection', socket)
    })
    const over = () => {
      clearTimeout(tooLong)
      this.#handshakes.delete(peer)
      leave()
    }
    this.#handshakes.set(peer, over)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      over()
    })
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const { metrics, log } = this.#parts
    const reason = error.code ?? error.message
    metrics.handshakeFailed()
    log.info({ event: 'handshake failed', address: socket.remoteAddress, reason })
    // Node leaves that to us, also when the time for it is over.
    socket.destroy()
  }

  async #renew(): Promise<void> {
    try {
      this.#tls.setSecureContext(await credentials(this.#parts))
      this.#tls.setTicketKeys(ticketKeys(this.#parts.keyring, new Date()))
    } catch (error) {
      this.#parts.log.error({ event: 'certificate renewal failed', err: error })
    }
  }
}

/** No two connections have the same at a time. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/**
 * The same on every server of the installation, so that devices resume their sessions on any of them,
 * also after a restart; others each day. (Each resumption has a key exchange of its own, TLS 1.3.)
 */
function ticketKeys({ gateway }: Keyring, date: Date): Buffer {
  const secret = gateway.privateKey.export({ type: 'pkcs8', format: 'der' })
  const day = date.toISOString().slice(0, 10)
  return Buffer.from(hkdfSync('sha256', secret, day, 'microvisor tickets', TICKET_KEYS_BYTES))
}

/** Certificates that fail the check are let through TLS, so that their owners can be told why. */
async function credentials({ authority, keyring, names }: DevicePortParts) {
  return {
    key: keyring.gateway.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: await authority.gatewayCertificate(names, new Date()),
    ca: authority.certificate,
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
  } as const
}
