/**
 * The way to the device: TLS 1.3 with the device, inside a WebSocket to the cloud, which sees
 * ciphertext. The debugger proves that it holds its key; the device shows its certificate, and the
 * key in it has to be the one that was seen of this device before.
 */
import { createHash } from 'node:crypto'
import { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import { WebSocket } from 'ws'
import { Failure } from '../errors.ts'
import type { Connection } from '../settings.ts'
import type { DebugIdentity } from './debug-keys.ts'
import { checkDeviceKey } from './known-devices.ts'

const OPENING_MS = 30_000
const CLOSING_MS = 1000
/** A connection that has said nothing this long is asked whether it is still there. */
const PING_MS = 15_000

export interface TunnelOptions {
  readonly connection: Connection
  readonly deviceSid: string
  readonly identity: DebugIdentity
  /** The file with the keys of devices that were seen before. */
  readonly knownDevices: string
  /** Aborted when nobody wants it any more: an opening that is under way ends then. */
  readonly signal: AbortSignal
}

/** Resolves with the plaintext side. Throws Failure: refused, not connected, another key. */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  options.signal.throwIfAborted()
  const line = new Line(options)
  const giveUp = () => line.abandon()
  options.signal.addEventListener('abort', giveUp)
  try {
    return await openOver(line, options)
  } finally {
    options.signal.removeEventListener('abort', giveUp)
  }
}

async function openOver(line: Line, options: TunnelOptions): Promise<Tunnel> {
  await line.opened
  const { certificate, privateKey } = options.identity
  const socket = connect({
    ...{ socket: line.carrier, cert: certificate, key: privateKey },
    // Who the device is, is checked below: by its key, not by a name or an authority.
    ...{ minVersion: 'TLSv1.3', rejectUnauthorized: false },
  })
  // TLS does not notice by itself that what carries it is gone.
  line.over.then(() => setImmediate(() => socket.destroy()))
  try {
    await secured(socket, line)
    const { deviceSid, connection, knownDevices } = options
    const device = { deviceSid, serverUrl: connection.url, key: keyOf(socket) }
    await checkDeviceKey(knownDevices, device)
  } catch (error) {
    socket.destroy()
    line.close()
    throw error
  }
  return {
    socket,
    whyEnded: () => line.ended,
    isFinal: () => line.isFinal,
    close: () => line.close(),
  }
}

export interface Tunnel {
  readonly socket: TLSSocket
  /** What the cloud or the device said at the end, for people; empty if nothing. */
  whyEnded(): string
  /** The cloud wants no further attempt: the session was ended, or its time is over. */
  isFinal(): boolean
  close(): void
}

/** The WebSocket as a byte stream. */
class Line {
  readonly carrier: Duplex
  readonly opened: Promise<void>
  readonly #over = Promise.withResolvers<void>()
  ended = ''
  isFinal = false
  readonly #socket: WebSocket
  #ping: NodeJS.Timeout | undefined
  #isAlive = true

  constructor({ connection, deviceSid }: TunnelOptions) {
    const { url, accountSid, authToken } = connection
    const address = `${url.replace(/^http/, 'ws').replace(/\/+$/, '')}/v1/Devices/${deviceSid}/Debug`
    const socket = new WebSocket(address, {
      headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
      handshakeTimeout: OPENING_MS,
      perMessageDeflate: false,
    })
    this.#socket = socket
    this.carrier = new Duplex({
      read: () => socket.resume(),
      write: (chunk: Uint8Array, _encoding, done) => socket.send(chunk, () => done()),
      final: (done) => {
        socket.close(1000)
        done()
      },
    })
    this.opened = this.#open(url)
    this.carrier.on('error', () => socket.terminate())
    socket.on('message', (data: Buffer, isBinary) => this.#take(data, isBinary))
    socket.on('close', () => this.#end())
  }

  /** The WebSocket is closed. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  abandon(): void {
    this.#socket.terminate()
  }

  close(): void {
    const socket = this.#socket
    socket.close(1000)
    // The answer to that may wait behind what nobody reads any more.
    socket.resume()
    setTimeout(() => socket.terminate(), CLOSING_MS).unref()
  }

  #open(url: string): Promise<void> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        this.#watch()
        resolve()
      })
      socket.once('unexpected-response', (_request, response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        response.once('end', () => reject(refusal(body, response.statusCode ?? 0)))
      })
      socket.on('error', (error) => {
        reject(unreachable(url, error))
      })
    })
  }

  #watch(): void {
    const socket = this.#socket
    socket.on('pong', () => {
      this.#isAlive = true
    })
    this.#ping = setInterval(() => {
      if (!this.#isAlive) socket.terminate()
      this.#isAlive = false
      socket.ping()
    }, PING_MS)
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary && !this.carrier.push(data)) this.#socket.pause()
    if (isBinary) return
    const { ended, final } = parse(data.toString('utf8')) as { ended?: unknown; final?: unknown }
    this.ended = typeof ended === 'string' ? ended.slice(0, 1024) : ''
    this.isFinal = final === true
  }

  #end(): void {
    clearInterval(this.#ping)
    this.carrier.push(null)
    this.#over.resolve()
  }
}

function secured(socket: TLSSocket, line: Line): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => fail('The device does not answer.'), OPENING_MS)
    const fail = (message: string) => {
      clearTimeout(timer)
      reject(
        new Failure({ code: 'DEBUG_REFUSED', message: line.ended || message, fix: REFUSED_FIX }),
      )
    }
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.once('error', (error) => setImmediate(() => fail(error.message)))
    socket.once('close', () => fail('The device closed the connection.'))
  })
}

/** SHA-256 of the public key in the device's certificate (SubjectPublicKeyInfo, DER). */
function keyOf(socket: TLSSocket): string {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256')
    .update(key ?? '')
    .digest('hex')
}

const REFUSED_FIX = 'try again; if it stays like this, see `microvisor devices show`.'

function refusal(body: string, status: number): Failure {
  const { message, details } = parse(body) as {
    message?: string
    details?: { code?: string; fix?: string }
  }
  return new Failure({
    code: details?.code ?? 'DEBUG_REFUSED',
    message: message ?? `the server answered ${status}.`,
    fix: details?.fix ?? 'check the address of the server.',
  })
}

function unreachable(url: string, error: Error): Failure {
  return new Failure({
    code: 'SERVER_UNREACHABLE',
    message: `${url} cannot be reached: ${error.message}.`,
    fix: 'check the address, and that the server runs.',
    cause: error,
  })
}

function parse(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}
