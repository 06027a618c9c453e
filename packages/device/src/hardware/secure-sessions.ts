/**
 * TLS 1.3 over byte streams of the kernel's own: the device's end of a debug session. The device
 * proves itself with its certificate, the peer with the key that the kernel names.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { Duplex } from 'node:stream'
import { createServer, type TLSSocket } from 'node:tls'
import type { SecureSession, SecureSessions } from '@microvisor/microvisor'

/** Ciphertext that may wait for the kernel to carry it off, before what makes it has to wait. */
const OUTGOING_BYTES = 65_536
const FAILED = 'TLS with the debugger failed'

export interface SessionIdentity {
  /** PEM. */
  readonly key: string
  readonly certificate: string
}

/** `changed` is called whenever the kernel should look again; never from inside a call of it. */
export function secureSessions(
  identity: () => SessionIdentity,
  changed: () => void,
): SecureSessions {
  return {
    accept(peerKey) {
      try {
        return new TlsSession(identity(), peerKey, changed)
      } catch (error) {
        // A key or certificate that is none.
        return new FailedSession(error instanceof Error ? error.message : String(error))
      }
    },
  }
}

class FailedSession implements SecureSession {
  readonly state = 'closed'
  readonly failure: string

  constructor(failure: string) {
    this.failure = failure
  }

  feed(): void {}
  drain(): number {
    return 0
  }
  send(): void {}
  receive(): number {
    return 0
  }
  close(): void {}
}

/** Bytes in the order in which they came. */
class Pipe {
  readonly #chunks: Uint8Array[] = []
  bytes = 0

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.bytes += chunk.length
  }

  take(into: Uint8Array): number {
    let length = 0
    while (length < into.length && this.#chunks.length > 0) {
      const [chunk] = this.#chunks as [Uint8Array]
      const part = chunk.subarray(0, into.length - length)
      into.set(part, length)
      length += part.length
      if (part.length === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part.length)
    }
    this.bytes -= length
    return length
  }
}

class TlsSession implements SecureSession {
  #state: SecureSession['state'] = 'opening'
  #failure = ''
  readonly #incoming = new Pipe()
  readonly #outgoing = new Pipe()
  #room: (() => void) | undefined
  readonly #carrier: Duplex
  /** Once its handshake is done. */
  #socket: TLSSocket | undefined

  constructor(identity: SessionIdentity, peerKey: Uint8Array, changed: () => void) {
    this.#carrier = new Duplex({
      read() {},
      write: (chunk: Uint8Array, _encoding, done) => {
        this.#outgoing.add(chunk)
        if (this.#outgoing.bytes < OUTGOING_BYTES) done()
        else this.#room = done
        changed()
      },
    })
    const { key, certificate } = identity
    // A server tells of what goes wrong after the handshake, too; a TLSSocket by itself does not.
    createServer({
      ...{ key, cert: certificate, minVersion: 'TLSv1.3' },
      ...{ requestCert: true, rejectUnauthorized: false },
    })
      .on('tlsClientError', (error) => this.#end(`${FAILED}: ${error.message}`, changed))
      .on('secureConnection', (socket) => this.#opened(socket, peerKey, changed))
      .emit('connection', this.#carrier)
  }

  get state(): SecureSession['state'] {
    return this.#state
  }

  get failure(): string {
    return this.#failure
  }

  feed(bytes: Uint8Array): void {
    if (this.#state !== 'closed') this.#carrier.push(bytes.slice())
  }

  drain(into: Uint8Array): number {
    const length = this.#outgoing.take(into)
    const { bytes } = this.#outgoing
    if (bytes < OUTGOING_BYTES) {
      const done = this.#room
      this.#room = undefined
      done?.()
    }
    return length
  }

  send(bytes: Uint8Array): void {
    if (this.#state === 'open') this.#socket?.write(bytes.slice())
  }

  receive(into: Uint8Array): number {
    return this.#incoming.take(into)
  }

  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    if (this.#socket === undefined) this.#carrier.destroy()
    else this.#socket.end()
  }

  #opened(socket: TLSSocket, peerKey: Uint8Array, changed: () => void): void {
    this.#socket = socket
    const end = (failure: string) => this.#end(failure, changed)
    socket.on('error', (error) => end(`${FAILED}: ${error.message}`))
    socket.on('end', () => end(''))
    socket.on('close', () => end(''))
    if (this.#state === 'closed') socket.destroy()
    else if (holds(socket, peerKey)) this.#state = 'open'
    else {
      end(
        `The debugger does not hold the key that the running application names (sha256:${nameOf(peerKey)}).`,
      )
      socket.destroy()
    }
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#state !== 'open') return
      this.#incoming.add(bytes)
      changed()
    })
    changed()
  }

  #end(failure: string, changed: () => void): void {
    if (this.#state !== 'closed') {
      this.#state = 'closed'
      this.#failure = failure
    }
    changed()
  }
}

/** As the command line names keys, so that a person can compare the two. */
function nameOf(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** The handshake has shown that the peer holds the key of its certificate; is it this one? */
function holds(socket: TLSSocket, peerKey: Uint8Array): boolean {
  // Not getPeerX509Certificate, which loses memory at a server's end (decision 56).
  const raw = socket.getPeerCertificate()?.raw
  const jwk = raw && new X509Certificate(raw).publicKey.export({ format: 'jwk' })
  if (jwk?.crv !== 'P-256' || jwk.x === undefined || jwk.y === undefined) return false
  const coordinates = [jwk.x, jwk.y].map((part) => Buffer.from(part, 'base64url'))
  return Buffer.concat([Uint8Array.of(4), ...coordinates]).equals(peerKey)
}
