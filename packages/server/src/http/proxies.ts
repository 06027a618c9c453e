/**
 * Where a request came from. Behind proxies that is what they say in X-Forwarded-For, each having
 * added whom it talked to at the end; anyone can write the header, so it is read from the end, and
 * only as far as those who wrote it are trusted.
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** Each is `10.0.0.1`, `10.0.0.0/8`, `::1` or `fd00::/8`. */
export type Networks = readonly string[]

/** Proxies in a row; what stands further in front is not looked at. */
const PROXIES_IN_A_ROW = 8
const LENGTH = { ipv4: 32, ipv6: 128 } as const

export class Proxies {
  readonly #trusted = new BlockList()

  constructor(networks: Networks) {
    for (const network of networks) {
      const { address, length, family } = parseNetwork(network)!
      this.#trusted.addSubnet(address, length, family)
    }
  }

  /** The address of whoever sent it, as far as that is known. */
  addressOf({ socket, headers }: Pick<IncomingMessage, 'headers'> & Peer): string {
    let address = plainAddress(socket.remoteAddress ?? '')
    const said = String(headers['x-forwarded-for'] ?? '').split(',')
    for (const one of said.slice(-PROXIES_IN_A_ROW).reverse()) {
      const before = plainAddress(one)
      if (!this.#trusts(address) || isIP(before) === 0) break
      address = before
    }
    return address
  }

  #trusts(address: string): boolean {
    if (isIP(address) === 0) return false
    return this.#trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}

interface Peer {
  readonly socket: { readonly remoteAddress?: string | undefined }
}

/** Undefined if it is none. */
export function parseNetwork(text: string) {
  const [address = '', length, ...more] = text.split('/')
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return undefined
  const family = isIPv4(address) ? 'ipv4' : 'ipv6'
  const most = LENGTH[family]
  if (length === undefined) return { address, length: most, family } as const
  if (!/^\d{1,3}$/.test(length) || Number(length) > most) return undefined
  return { address, length: Number(length), family } as const
}

/** Without a port, and IPv4 as itself where the system or a proxy gives it as IPv6 (RFC 4291). */
function plainAddress(text: string): string {
  const trimmed = text.trim()
  const host =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1] ??
    /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(trimmed)?.[1] ??
    trimmed
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1]
  return mapped ?? host
}
