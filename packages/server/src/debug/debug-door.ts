/**
 * Where debuggers come in: a WebSocket at /v1/Devices/{device}/Debug. Binary messages are bytes of
 * the TLS session between debugger and device, both ways. Before it closes, the server says why in a
 * text message: `{"ended": "..."}`, with `"final": true` where the debugger should not connect again
 * by itself: the session's time is over, or somebody ended it.
 *
 * The caller is known and the device connected before the WebSocket opens; otherwise the answer is
 * the same error as anywhere in the API.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { endDeviceDebug, Problem, type Route } from '@microvisor/api'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Audit } from '../accounts/audit.ts'
import type { Identities } from '../accounts/identities.ts'
import type { Devices } from '../devices/devices.ts'
import { isConnected } from '../devices/presence.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import { credentialsOf } from '../http/credentials.ts'
import { parseParameters } from '../http/parameters.ts'
import { problemOf } from '../http/problems.ts'
import type { Proxies } from '../http/proxies.ts'
import { refuse } from '../http/refusal.ts'
import type { DebugLine, DebugPeer, DebugWish } from './debug-line.ts'

export interface DebugDoorParts {
  readonly identities: Identities
  readonly audit: Audit
  readonly devices: Devices
  readonly proxies: Proxies
  readonly bus: Bus
  readonly log: Logger
  readonly sessionMs: number
  /** The address under which a caller knows this service. */
  readonly home: (request: IncomingMessage) => string
  /** Opens the stream to a connected device; undefined if it is not connected. */
  readonly open: (wish: DebugWish, peer: DebugPeer) => DebugLine | undefined
}

const PATH = /^\/v1\/Devices\/([^/?]+)\/Debug(?:\?|$)/
/** As if it were one of the contract, whose answers are no messages. */
const DOOR: Pick<Route, 'method' | 'path' | 'scope'> = { ...endDeviceDebug, method: 'GET' }
/** One WebSocket message; TLS records are smaller. */
const MESSAGE_BYTES = 65_536
/** Bytes that may wait for the debugger before the device's credit has to. */
const UNSENT_BYTES = 131_072
const DRAIN_POLL_MS = 5

export class DebugDoor {
  readonly #parts: DebugDoorParts
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES })

  constructor(parts: DebugDoorParts) {
    this.#parts = parts
  }

  /** For the HTTP server's `upgrade` event. */
  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    this.#admit(request).then(
      (wish) =>
        this.#sockets.handleUpgrade(request, socket, head, (debuggerSocket) =>
          this.#serve(debuggerSocket, wish),
        ),
      (error: unknown) => this.#refuse(request, socket, error),
    )
  }

  get sessions(): number {
    return this.#sockets.clients.size
  }

  /** Ends all sessions. */
  close(): void {
    for (const socket of this.#sockets.clients) end(socket, 'The server is stopping.')
    this.#sockets.close()
  }

  async #admit(request: IncomingMessage): Promise<DebugWish> {
    const { identities, devices, audit, proxies } = this.#parts
    const { url = '' } = request
    const named = PATH.exec(url)?.[1]
    if (named === undefined) throw new Problem('ROUTE_NOT_FOUND', `There is nothing at ${url}.`)
    const address = proxies.addressOf(request)
    const credentials = credentialsOf(request.headers.authorization)
    const caller = await identities.authenticate(credentials, address)
    identities.admit(caller, DOOR)
    const { accountSid, actor } = caller
    const { Sid } = parseParameters(endDeviceDebug, endDeviceDebug.params, { Sid: decoded(named) })
    const row = await devices.fetch(accountSid, Sid)
    const { sid } = row
    await audit.append({
      ...{ accountSid, actor, address, requestId: randomUUID() },
      ...{ action: 'debugDevice', object: `/v1/Devices/${sid}` },
    })
    const connection = isConnected(row) ? (row.connectionId ?? undefined) : undefined
    return { deviceSid: sid, holder: `${actor} from ${address}`, connection }
  }

  #serve(socket: WebSocket, wish: DebugWish): void {
    const { deviceSid, holder } = wish
    const { bus, log, open, sessionMs } = this.#parts
    const line = open(wish, {
      receive: (bytes) => deliver(socket, bytes),
      mayGoOn: (isRoom) => (isRoom ? socket.resume() : socket.pause()),
      closed: (detail) => end(socket, detail),
    })
    if (line === undefined) {
      end(socket, `Device ${deviceSid} is not connected: see \`microvisor devices list\`.`)
      return
    }
    log.info({ event: 'debug session opened', device: deviceSid, holder })
    const expiry = setTimeout(() => {
      endForGood(socket, `The session has lasted for its ${sessionMs / 3_600_000} hours.`)
    }, sessionMs)
    const stop = bus.subscribe(deviceNotices(deviceSid), (notice) => {
      if (notice.kind !== 'debug-end') return
      endForGood(socket, `The session was ended by ${notice.by}.`)
    })
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) line.write(data)
    })
    socket.on('error', () => socket.terminate())
    socket.once('close', () => {
      clearTimeout(expiry)
      stop()
      line.close()
      log.info({ event: 'debug session closed', device: deviceSid, holder })
    })
  }

  #refuse(request: IncomingMessage, socket: Duplex, error: unknown): void {
    const known = problemOf(error)
    if (known === undefined) this.#parts.log.error({ event: 'upgrade failed', err: error })
    const problem = known ?? new Problem('INTERNAL_ERROR', 'The server failed.')
    refuse(socket, problem, this.#parts.home(request))
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Problem('BODY_MALFORMED', `"${part}" in the path is not percent-encoded UTF-8.`)
  }
}

/** Somebody wants it so: the debugger is not to come back by itself. */
function endForGood(socket: WebSocket, detail: string): void {
  end(socket, detail, { final: true })
}

function end(socket: WebSocket, detail: string, more = {}): void {
  if (socket.readyState !== socket.OPEN) return
  socket.send(JSON.stringify({ ended: detail, ...more }))
  socket.close(1000)
}

/** Resolves when what waits for the debugger is little enough. */
function deliver(socket: WebSocket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      const isFull = socket.readyState === socket.OPEN && socket.bufferedAmount > UNSENT_BYTES
      if (isFull) setTimeout(check, DRAIN_POLL_MS)
      else resolve()
    }
    socket.send(bytes, () => check())
  })
}
