/**
 * Which addresses belong to the public Internet. IANA's registries of special-purpose addresses
 * (RFC 6890 and its updates): what is not globally reachable, or could be made to stand for an address
 * that is not, is not public.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const special4: readonly (readonly [network: string, prefix: number, what: string])[] = [
  ['0.0.0.0', 8, 'this network'],
  ['10.0.0.0', 8, 'private'],
  ['100.64.0.0', 10, 'shared by carriers'],
  ['127.0.0.0', 8, 'loopback'],
  ['169.254.0.0', 16, 'link-local; metadata services of cloud providers'],
  ['172.16.0.0', 12, 'private'],
  ['192.0.0.0', 24, 'protocol assignments'],
  ['192.0.2.0', 24, 'documentation'],
  ['192.88.99.0', 24, '6to4 relays'],
  ['192.168.0.0', 16, 'private'],
  ['198.18.0.0', 15, 'benchmarks'],
  ['198.51.100.0', 24, 'documentation'],
  ['203.0.113.0', 24, 'documentation'],
  ['224.0.0.0', 4, 'multicast'],
  ['240.0.0.0', 4, 'reserved and broadcast'],
]

/** Of IPv6 only 2000::/3 is public, and of that not what is here. */
const special6: readonly (readonly [network: string, prefix: number, what: string])[] = [
  ['2001::', 23, 'protocol assignments; Teredo, which holds IPv4 addresses'],
  ['2001:db8::', 32, 'documentation'],
  ['2002::', 16, '6to4, which holds IPv4 addresses'],
  ['3fff::', 20, 'documentation'],
]

const closed = new BlockList()
for (const [network, prefix] of special4) closed.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of special6) closed.addSubnet(network, prefix, 'ipv6')
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

/** False also for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !closed.check(address, 'ipv4')
  if (!isIPv6(address) || address.includes('%')) return false
  return global6.check(address, 'ipv6') && !closed.check(address, 'ipv6')
}
