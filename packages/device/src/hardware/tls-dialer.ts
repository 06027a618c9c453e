/**
 * Connections to the gateway: TLS 1.3, both sides with P-256 certificates. The gateway's has to be
 * issued by the authority that the device's fuses name, whatever the file beside the key says, to the
 * name that the device connects to. When it was issued and until when it is good is not asked: a device
 * knows no time before the cloud has told it.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import type { Connection, ConnectionEvents, Dialer } from './network.ts'

const HANDSHAKE_TIMEOUT_MS = 15_000
/** Extended key usage of a TLS server. RFC 5280, 4.2.1.12. */
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
/** How long a connection that was ended may take to flush. */
const END_TIMEOUT_MS = 5000

export interface TlsIdentity {
  readonly gateway: { readonly host: string; readonly port: number }
  /** As it is when a connection begins: the certificate is renewed from time to time. PEM. */
  readonly identity: () => { readonly key: string; readonly certificate: string }
  readonly ca: string
  /** SHA-256 of the authority's certificate (DER), from the fuses. */
  readonly caSha256: Uint8Array
}

export class TlsDialer implements Dialer {
  readonly #identity: TlsIdentity

  constructor(identity: TlsIdentity) {
    this.#identity = identity
  }

  connect(events: ConnectionEvents): Connection {
    const { gateway, identity, ca } = this.#identity
    const problem = this.#problemWithAuthority()
    if (problem !== undefined) return refused(events, problem)
    const { host, port } = gateway
    try {
      const { key, certificate } = identity()
      const socket = connect({
        ...{ host, port, key, ca, cert: certificate },
        ...{ minVersion: 'TLSv1.3', servername: isIP(host) === 0 ? host : '' },
        // Whose certificate it is `problemWithGateway` decides, before anything is sent or taken.
        rejectUnauthorized: false,
      })
      const check = () => problemWithGateway(socket, new X509Certificate(ca), host)
      return new TlsConnection(socket, events, `${host}:${port}`, check)
    } catch (error) {
      // A key, certificate or port that is none.
      return refused(events, error instanceof Error ? error.message : String(error))
    }
  }

  #problemWithAuthority(): string | undefined {
    try {
      const { raw } = new X509Certificate(this.#identity.ca)
      const found = createHash('sha256').update(raw).digest()
      if (found.equals(this.#identity.caSha256)) return undefined
    } catch {
      return 'the file ca.crt holds no certificate'
    }
    return 'the certificate in ca.crt is not that of the authority which this device was made for'
  }
}

/** Why the other side is not the gateway that this device is to talk to. */
function problemWithGateway(
  socket: TLSSocket,
  authority: X509Certificate,
  host: string,
): Error | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return new Error('it showed no certificate')
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
    return new Error(
      `the signature on its certificate (${certificate.subject}) is not the authority's`,
    )
  if (!certificate.keyUsage?.includes(SERVER_AUTH))
    return new Error(`its certificate (${certificate.subject}) is not a server's`)
  const isNamed = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)
  if (isNamed !== undefined) return undefined
  return new Error(`its certificate names ${certificate.subjectAltName ?? 'nobody'}, not ${host}`)
}

function refused(events: ConnectionEvents, reason: string): Connection {
  queueMicrotask(() => events.closed(reason))
  return { pendingBytes: 0, send() {}, setReceiving() {}, end() {}, destroy() {} }
}

class TlsConnection implements Connection {
  readonly #socket: TLSSocket
  #failure: Error | undefined

  constructor(
    socket: TLSSocket,
    events: ConnectionEvents,
    peer: string,
    check: () => Error | undefined,
  ) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(HANDSHAKE_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no answer within ${HANDSHAKE_TIMEOUT_MS / 1000} seconds`)),
    )
    socket.once('secureConnect', () => {
      const problem = check()
      if (problem !== undefined) {
        socket.destroy(problem)
        return
      }
      socket.setTimeout(0)
      socket.on('data', (bytes: Uint8Array) => events.received(bytes))
      socket.on('drain', () => events.drained())
      events.connected()
    })
    socket.on('error', (error) => {
      this.#failure = error
    })
    socket.once('close', () => events.closed(this.#reason(peer)))
  }

  get pendingBytes(): number {
    return this.#socket.writableLength
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  setReceiving(isReceiving: boolean): void {
    if (isReceiving === !this.#socket.isPaused()) return
    if (isReceiving) this.#socket.resume()
    else this.#socket.pause()
  }

  end(): void {
    this.#socket.end()
    this.#socket.setTimeout(END_TIMEOUT_MS, () => this.#socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #reason(peer: string): string {
    if (this.#failure === undefined) return `${peer} ended the connection`
    const { message } = this.#failure
    return message.includes(peer) ? message : `${peer}: ${message || this.#failure.name}`
  }
}
