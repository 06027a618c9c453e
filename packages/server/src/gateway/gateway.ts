/**
 * The device gateway: TLS 1.3 with certificates on both sides; each device that proves who it is gets
 * a DeviceConnection. Everyone else is turned away with a line in the log and, where TLS has come far
 * enough to carry it, a Goodbye.
 */
import { randomInt, randomUUID } from 'node:crypto'
import { encodeFrame, GoodbyeReason } from '@microvisor/protocol'
import type { DebugLine, DebugPeer, DebugWish } from '../debug/debug-line.ts'
import { openFarLine, serveFarLine } from '../debug/far-line.ts'
import type { CheckIn } from '../devices/check-in.ts'
import type { DeviceOrders } from '../devices/orders.ts'
import type { Presence } from '../devices/presence.ts'
import type { DeviceIdentity, DeviceReports } from '../devices/reports.ts'
import { type Bus, type DeviceNotice, deviceAttestations, deviceNotices } from '../events/bus.ts'
import type { PipeTimes } from '../events/bus-pipe.ts'
import { fingerprintOf } from '../keys/certificates.ts'
import type { Limits } from '../limits.ts'
import type { Managed } from '../managed/managed.ts'
import type { Signers } from '../signers/signers.ts'
import type { BlobReader } from '../storage/blobs.ts'
import type { Tracing } from '../tracing.ts'
import { Arrivals } from './arrivals.ts'
import { dueOf } from './certificate-renewal.ts'
import { type ConnectionParts, DeviceConnection } from './connection.ts'
import { DevicePort, type DevicePortParts } from './device-port.ts'
import { certificateOf, type DeviceSocket } from './device-socket.ts'

export interface GatewayParts extends DevicePortParts {
  readonly bus: Bus
  readonly orders: DeviceOrders
  readonly signers: Signers
  readonly reports: DeviceReports
  readonly presence: Presence
  readonly checkIn: CheckIn
  readonly certificates: ConnectionParts['certificates']
  readonly findContent: (device: DeviceIdentity, hash: string) => Promise<BlobReader | undefined>
  readonly managed: Managed
  readonly chooseForm: ConnectionParts['chooseForm']
  readonly tracing: Tracing
}

/** How many devices a second come back after a server went away; they are told when. */
const RETURNS_PER_SECOND = 500
/** While this server is about to stop. */
const ELSEWHERE_SECONDS = { min: 1, max: 3 }
/** For whom the database could not be asked about. */
const RETRY_SECONDS = 5
/** Devices that find no room come back at a time of their own within these. */
const CROWD_RETRY_SECONDS = { min: 5, max: 60 }
const STOPPING = 'The server is stopping.'
const FAILED = 'The server failed to look the certificate up.'

type KnownDevice = Pick<ConnectionParts, 'device' | 'certificate'>

export class Gateway {
  readonly #parts: GatewayParts
  readonly #connections = new Map<DeviceConnection, Promise<void>>()
  /** The newest connection of each device that was let in. */
  readonly #welcome = new Map<string, DeviceConnection>()
  readonly #arrivals: Arrivals
  #port: DevicePort | undefined
  #identifying = 0
  #isStopping = false
  #isLeaving = false

  constructor(parts: GatewayParts) {
    this.#parts = parts
    this.#arrivals = new Arrivals(parts.limits)
  }

  /** Resolves with the port once it listens. */
  async listen(host: string, port: number): Promise<number> {
    this.#port = await DevicePort.create(this.#parts, (socket) => void this.accept(socket))
    return this.#port.listen(host, port)
  }

  /** Devices that were welcomed and are here. */
  get devices(): number {
    return this.#welcome.size
  }

  /** Connections that wait for their handshake. */
  get waiting(): number {
    return this.#port?.waiting ?? 0
  }

  /** Looks at the database again for every device: messages may have been missed. */
  refreshAll(): void {
    for (const connection of this.#connections.keys()) void connection.refresh()
  }

  /** A line to a device, here or on another server; undefined for one that is nowhere. */
  openDebug({ deviceSid, connection, holder }: DebugWish, peer: DebugPeer): DebugLine | undefined {
    const here = this.#welcome.get(deviceSid)
    if (here !== undefined) return here.openDebug(holder, peer)
    if (connection === undefined) return undefined
    const { bus, limits } = this.#parts
    return openFarLine({ bus, deviceSid, connection, holder, times: pipeTimes(limits) }, peer)
  }

  /** From now on new devices are sent elsewhere; those that are here stay until `close`. */
  leave(): void {
    this.#isLeaving = true
  }

  /** Says goodbye to all devices and waits until their connections are over. */
  async close(): Promise<void> {
    this.#isStopping = true
    const stopped = this.#port?.stop()
    const lastReturnSeconds = Math.ceil(this.#connections.size / RETURNS_PER_SECOND) || 1
    for (const connection of this.#connections.keys())
      connection.end(GoodbyeReason.GOING_AWAY, STOPPING, randomInt(1, lastReturnSeconds + 1))
    await Promise.all(this.#connections.values())
    this.#port?.destroyAll()
    await stopped
  }

  /** Serves a device, or turns it away; resolves when its connection is over. Never rejects. */
  async accept(socket: DeviceSocket): Promise<void> {
    // Errors end the reading loop; without a listener they would end the process.
    socket.on('error', () => undefined)
    if (this.#isLeaving) {
      const { min, max } = ELSEWHERE_SECONDS
      const { GOING_AWAY } = GoodbyeReason
      return this.#turnAway(socket, STOPPING, GOING_AWAY, randomInt(min, max + 1))
    }
    const crowd = this.#crowd()
    if (crowd !== undefined) return this.#turnAwayInCrowd(socket, crowd)
    const known = await this.#identify(socket).catch((error: unknown) => {
      this.#parts.log.warn({ event: 'identification failed', err: error })
      return undefined
    })
    if (known === undefined)
      return this.#turnAway(socket, FAILED, GoodbyeReason.GOING_AWAY, RETRY_SECONDS)
    if (typeof known === 'string') return this.#turnAway(socket, known, GoodbyeReason.REVOKED, 0)
    const { device } = known
    const waitMs = this.#arrivals.take(device.sid)
    if (waitMs > 0) return this.#turnAwayForHaste(socket, device, waitMs)
    if (this.#isStopping) return void socket.destroy()
    const id = randomUUID()
    const { bus } = this.#parts
    const connection = new DeviceConnection({
      ...this.#parts,
      id,
      socket,
      ...known,
      onToken: (token) => {
        const certificate = socket.getPeerCertificate()?.raw
        if (certificate === undefined) return
        bus.publish(deviceAttestations(device.sid), {
          token: Buffer.from(token).toString('base64url'),
          certificate: certificate.toString('base64url'),
        })
      },
      onWelcome: () => {
        this.#parts.metrics.welcomed()
        this.#welcome.set(device.sid, connection)
        bus.publish(deviceNotices(device.sid), { kind: 'connected', connection: id })
      },
    })
    const unsubscribe = bus.subscribe(deviceNotices(device.sid), (notice) =>
      this.#heed(connection, id, notice),
    )
    const over = connection.run().finally(() => {
      unsubscribe()
      this.#connections.delete(connection)
      if (this.#welcome.get(device.sid) === connection) this.#welcome.delete(device.sid)
    })
    this.#connections.set(connection, over)
    await over
  }

  #heed(connection: DeviceConnection, id: string, notice: DeviceNotice): void {
    if (notice.kind === 'changed') this.#tell(connection)
    else if (notice.kind === 'removed')
      connection.end(GoodbyeReason.REVOKED, 'The device was removed.')
    else if (notice.kind === 'attest') connection.attest(notice.nonce)
    else if (notice.kind === 'debug') this.#heedDebugger(connection, id, notice)
    else if (notice.kind === 'connected' && notice.connection !== id && connection.isWelcome)
      connection.end(GoodbyeReason.REPLACED, 'The device has connected anew.')
  }

  #tell(connection: DeviceConnection): void {
    const attributes = { device: connection.deviceSid }
    const facts = { name: 'tell device', kind: 'client', attributes } as const
    void this.#parts.tracing.span(facts, () => connection.refresh())
  }

  #heedDebugger(
    connection: DeviceConnection,
    id: string,
    { connection: wanted, pipe, holder }: Extract<DeviceNotice, { kind: 'debug' }>,
  ): void {
    if (wanted !== id || !connection.isWelcome) return
    const { bus, limits } = this.#parts
    const open = (peer: DebugPeer) => connection.openDebug(holder, peer)
    serveFarLine({ bus, pipe, open, times: pipeTimes(limits) })
  }

  /** Why there is no room for one more device now, if there is none. */
  #crowd(): string | undefined {
    const { connections, identificationsAtOnce } = this.#parts.limits
    if (this.#connections.size + this.#identifying >= connections)
      return `This server has the ${connections} devices that it can have.`
    if (this.#identifying >= identificationsAtOnce)
      return `${identificationsAtOnce} devices are being let in already.`
    return undefined
  }

  #turnAwayInCrowd(socket: DeviceSocket, detail: string): void {
    const { min, max } = CROWD_RETRY_SECONDS
    this.#parts.metrics.overloaded()
    this.#turnAway(socket, detail, GoodbyeReason.OVERLOADED, randomInt(min, max + 1))
  }

  /** Nobody else has to wait for a device that connects again and again. */
  #turnAwayForHaste(socket: DeviceSocket, { sid }: DeviceIdentity, waitMs: number): void {
    const seconds = Math.ceil(waitMs / 1000)
    this.#parts.metrics.overloaded()
    const detail = `Device ${sid} connects too often; it may again in ${seconds} s.`
    this.#turnAway(socket, detail, GoodbyeReason.OVERLOADED, seconds)
  }

  async #identify(socket: DeviceSocket): Promise<KnownDevice | string> {
    this.#identifying++
    try {
      return await this.#recognise(socket)
    } finally {
      this.#identifying--
    }
  }

  /** The device behind a connection, or why it is not let in. */
  async #recognise(socket: DeviceSocket): Promise<KnownDevice | string> {
    const certificate = certificateOf(socket)
    if (certificate === undefined) return 'No certificate was shown.'
    if (!socket.authorized && !isOutOfDate(socket.authorizationError))
      return `The certificate is not of this service's authority (${socket.authorizationError}).`
    const fingerprint = fingerprintOf(certificate)
    const device = await this.#parts.orders.identify(fingerprint)
    if (typeof device === 'string') return device
    return { device, certificate: { fingerprint, renewAt: dueOf(certificate) } }
  }

  #turnAway(
    socket: DeviceSocket,
    detail: string,
    reason: GoodbyeReason,
    retryAfterSeconds: number,
  ): void {
    const address = socket.remoteAddress
    const subject = certificateOf(socket)?.subject
    this.#parts.log.warn({ event: 'device refused', address, subject, reason: detail })
    const value = { reason, detail, retryAfterSeconds }
    socket.end(encodeFrame({ case: 'goodbye', value }))
    socket.resume()
    setTimeout(() => socket.destroy(), this.#parts.limits.helloMs).unref()
  }
}

function pipeTimes({ pipeBeatMs, pipeSilenceMs }: Limits): PipeTimes {
  return { beatMs: pipeBeatMs, silenceMs: pipeSilenceMs }
}

/**
 * Whether all that is wrong with a certificate is the time: it ended, or this server's clock is behind.
 * It is one that was issued here, or its fingerprint is not known; so it is let in, to be renewed.
 */
function isOutOfDate(error: Error | string | null): boolean {
  return error !== null && ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(String(error))
}
