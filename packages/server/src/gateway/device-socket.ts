/**
 * A device's connection as the gateway needs it. A TLS socket of its port is one; a bench makes others,
 * of streams in its own process.
 */
import { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'

export interface DeviceSocket extends Duplex {
  /** The certificate is of this installation's authority, and in its time. */
  readonly authorized: boolean
  /** What is wrong with it: Node's code. */
  readonly authorizationError: Error | string | null
  readonly remoteAddress?: string | undefined
  /** What the device has shown, as DER; an empty object: nothing; null: the connection is over. */
  getPeerCertificate(): { readonly raw?: Buffer } | null
}

/**
 * What the device has shown. Not by `getPeerX509Certificate`, which at a server's end loses 4 KB with
 * each connection in most releases of Node (decision 56).
 */
export function certificateOf(socket: DeviceSocket): X509Certificate | undefined {
  const raw = socket.getPeerCertificate()?.raw
  return raw && new X509Certificate(raw)
}
