/**
 * The way out: every connection that the cloud makes because a device or a webhook asked for it.
 *
 *   (1) Always TLS, always checked: against the authorities given with the connection, otherwise
 *       against Mozilla's, which Node brings, and those of the settings.
 *   (2) A name is resolved once, and what is connected to is one of the addresses that were checked:
 *       a name that says something else the second time gains nothing.
 *   (3) Addresses that are not public are refused, unless the settings name the host. Hosts are named
 *       as the device writes them; an opened name opens nothing else that has the same address.
 */
import { lookup as lookUpName } from 'node:dns/promises'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  connect as connectTls,
  rootCertificates,
  type TLSSocket,
} from 'node:tls'
import { isPublicAddress } from './addresses.ts'

export interface EgressSettings {
  /** Hosts with or without a port, "localhost:8443", that may have any address. */
  readonly open: readonly string[]
  /** More authorities to trust where a connection brings none: PEM. */
  readonly authorities: readonly string[]
}

export type EgressCode = 'REFUSED' | 'NXDOMAIN' | 'UNKNOWNCA' | 'CERTIFICATEEXPIRED' | 'SOCKETERROR'

export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly code: EgressCode

  constructor(code: EgressCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

export type Resolve = (host: string) => Promise<readonly string[]>

export interface Destination {
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
  readonly signal: AbortSignal
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'ALPNProtocols'>
}

/** Addresses of one name that are tried, one after another. */
const ADDRESSES_MAX = 4

export class Egress {
  readonly #open: ReadonlySet<string>
  readonly #authorities: string[]
  readonly #resolve: Resolve

  constructor({ open, authorities }: EgressSettings, resolve: Resolve = resolveName) {
    this.#open = new Set(open.map((host) => host.toLowerCase()))
    this.#authorities = [...rootCertificates, ...authorities]
    this.#resolve = resolve
  }

  /** Throws EgressError if a connection would be refused, or the name is not known. */
  async check({ host, port, signal }: Omit<Destination, 'tls'>): Promise<void> {
    await this.#addressesOf(plainName(host), port, signal)
  }

  /** Throws EgressError. */
  async connect({ host, port, signal, tls }: Destination): Promise<TLSSocket> {
    const name = plainName(host)
    const addresses = await this.#addressesOf(name, port, signal)
    let failure: unknown
    for (const address of addresses.slice(0, ADDRESSES_MAX)) {
      try {
        const socket = await plainConnection(address, port, signal)
        return await secured(socket, signal, {
          ca: this.#authorities,
          ...tls,
          host: name,
          ...(isIP(name) === 0 && { servername: name }),
        })
      } catch (error) {
        failure = error
        if (codeOf(error) !== 'SOCKETERROR' || signal.aborted) break
      }
    }
    throw new EgressError(codeOf(failure), `${host}:${port}: ${sentence(failure)}`, failure)
  }

  async #addressesOf(name: string, port: number, signal: AbortSignal): Promise<readonly string[]> {
    const resolved = isIP(name)
      ? [name]
      : await abortable(this.#resolve(name), signal).catch(failed)
    if (this.#open.has(name) || this.#open.has(`${name}:${port}`)) return resolved
    const allowed = resolved.filter(isPublicAddress)
    if (allowed.length > 0) return allowed
    throw new EgressError(
      'REFUSED',
      `${name} is at ${resolved.join(', ')}, which is not a public address; a setting of the server can open it.`,
    )
  }
}

function plainName(host: string): string {
  return host.toLowerCase().replace(/\.$/, '')
}

async function resolveName(host: string): Promise<readonly string[]> {
  return (await lookUpName(host, { all: true, verbatim: true })).map(({ address }) => address)
}

function plainConnection(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connectPlain({ host, port, noDelay: true, signal })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function secured(
  socket: Socket,
  signal: AbortSignal,
  options: ConnectionOptions,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let secure: TLSSocket
    const abort = () => socket.destroy(new Error('It took too long.'))
    const fail = (error: unknown) => {
      signal.removeEventListener('abort', abort)
      socket.destroy()
      reject(error)
    }
    const closed = () => fail(new Error('The other side closed the connection.'))
    try {
      secure = connectTls({ ...options, socket, minVersion: 'TLSv1.2' })
    } catch (error) {
      return fail(error)
    }
    signal.addEventListener('abort', abort)
    secure.once('error', fail).once('close', closed)
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', abort)
      secure.off('error', fail).off('close', closed)
      resolve(secure)
    })
  })
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('It took too long.')), { once: true })
  })
  return Promise.race([promise, aborted])
}

function failed(error: unknown): never {
  throw new EgressError(codeOf(error), sentence(error), error)
}

const codes: Readonly<Record<string, EgressCode>> = {
  ENOTFOUND: 'NXDOMAIN',
  EAI_NONAME: 'NXDOMAIN',
  EAI_NODATA: 'NXDOMAIN',
  CERT_HAS_EXPIRED: 'CERTIFICATEEXPIRED',
  CERT_NOT_YET_VALID: 'CERTIFICATEEXPIRED',
  CERT_UNTRUSTED: 'UNKNOWNCA',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'UNKNOWNCA',
  SELF_SIGNED_CERT_IN_CHAIN: 'UNKNOWNCA',
  UNABLE_TO_GET_ISSUER_CERT: 'UNKNOWNCA',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'UNKNOWNCA',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'UNKNOWNCA',
}

function codeOf(error: unknown): EgressCode {
  if (error instanceof EgressError) return error.code
  const { code } = (error ?? {}) as { code?: unknown }
  return codes[String(code)] ?? 'SOCKETERROR'
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
