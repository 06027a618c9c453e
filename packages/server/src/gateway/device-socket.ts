/**
 * A device's connection as the gateway needs it. A TLS socket of its port is one; a bench makes others,
 * of streams in its own process.
 */
import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'

export interface DeviceSocket extends Duplex {
  /** The certificate is of this installation's authority, and in its time. */
  readonly authorized: boolean
  /** What is wrong with it: Node's code. */
  readonly authorizationError: Error | string | null
  readonly remoteAddress?: string | undefined
  getPeerX509Certificate(): X509Certificate | undefined
}
