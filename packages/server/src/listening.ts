/** Where the server listens, by which names it is reached, and why it could not. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import type { ServerOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 8700
const DEFAULT_GATEWAY_PORT = 8701
const LOOPBACK = ['localhost', '127.0.0.1', '::1']
const EVERYWHERE = ['0.0.0.0', '::']

/** Names and addresses for the gateway's certificate. */
export function namesOf(host: string, more: readonly string[]): string[] {
  const own = EVERYWHERE.includes(host) ? [] : [host]
  return [...new Set([...LOOPBACK, hostname(), ...own, ...more])]
}

export interface GatewayAddress {
  readonly host: string
  readonly port: number
}

/** Names by which the service is known outside, which the gateway's certificate needs, too. */
export function publicNames(known: {
  readonly publicUrl?: string | undefined
  readonly publicGateway?: GatewayAddress | undefined
}): string[] {
  const { publicUrl, publicGateway } = known
  const ofUrl = publicUrl === undefined ? [] : [new URL(publicUrl).hostname]
  return [...ofUrl, ...(publicGateway === undefined ? [] : [publicGateway.host])]
}

/** The host to put in an address for people on this machine. */
export function shownHost(host: string): string {
  if (LOOPBACK.includes(host) || EVERYWHERE.includes(host)) return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** The gateway's name for somebody who knows the service by `home`, if its certificate has it. */
export function gatewayHost(home: string, names: readonly string[]): string {
  const name = new URL(home).hostname.replace(/^\[|\]$/g, '')
  return names.includes(name) ? name : 'localhost'
}

/** Something that listens, as messages name it. */
export interface Listening {
  readonly what: string
  readonly host: string
  readonly port: number
  /** The command line's flag for the port. */
  readonly flag: string
}

export interface Places {
  readonly rest: Listening
  readonly gateway: Listening
}

export function placesOf({
  host = DEFAULT_HOST,
  port = DEFAULT_PORT,
  gatewayPort = DEFAULT_GATEWAY_PORT,
}: Pick<ServerOptions, 'host' | 'port' | 'gatewayPort'>): Places {
  return {
    rest: { what: 'the REST API', host, port, flag: '--port' },
    gateway: {
      what: 'the device gateway',
      host,
      port: gatewayPort,
      flag: '--gateway-port',
    },
  }
}

/** Throws if nobody can listen there, so that a start fails before it has done any work. */
export async function checkPort(listening: Listening): Promise<void> {
  const { host, port } = listening
  const server = createServer()
  try {
    await once(server.listen({ host, port }), 'listening')
  } catch (error) {
    throw explainListening(error, listening)
  }
  await once(server.close(), 'close')
}

/** What to throw for an error of `listen`. */
export function explainListening(error: unknown, { what, host, port, flag }: Listening): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return new UsageError(
      'PORT_IN_USE',
      `Port ${port} on ${host}, for ${what}, is in use by another program.`,
      `Stop that program, or name another port with ${flag} (0: any free one).`,
      error,
    )
  if (code === 'EACCES' || code === 'EPERM')
    return new UsageError(
      'PORT_FORBIDDEN',
      `This user may not listen on port ${port} of ${host}, for ${what}.`,
      `Name a port above 1023 with ${flag}.`,
      error,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new UsageError(
      'HOST_UNKNOWN',
      `This machine has no address ${host} to listen on, for ${what}.`,
      'Name one of its own addresses with --host; 0.0.0.0 is all of them.',
      error,
    )
  return error
}
