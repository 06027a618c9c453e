/** The egress policy: what a device may reach through the cloud, and what it may not. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { httpsServer, TestAuthority, type TestServer } from '../testing/outside-world.ts'
import { isPublicAddress } from './addresses.ts'
import { Egress, type EgressCode, EgressError, type Resolve } from './egress.ts'

const closedAddresses = `
  0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
  169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.9 192.88.99.1 192.168.0.1
  192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.5 224.0.0.1 239.1.1.1
  240.0.0.1 255.255.255.255
  :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::1
  100::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2001::1 2001:0:7f00:1::
  2001:db8::1 2002:7f00:1:: 3fff::1 4000::1 localhost example.com 127.1 2130706433 0x7f000001
`
const openAddresses = `
  1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1
  169.253.255.255 172.15.255.255 172.32.0.0 191.255.255.255 192.167.255.255 192.169.0.0
  198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111 2a00:1450:4001::1 2001:4860::8888
`

test('addresses are public or not, to the last one of each range', () => {
  for (const address of closedAddresses.trim().split(/\s+/))
    assert.equal(isPublicAddress(address), false, address)
  for (const address of openAddresses.trim().split(/\s+/))
    assert.equal(isPublicAddress(address), true, address)
})

describe('connections', () => {
  let authority: TestAuthority
  let server: TestServer
  let expired: TestServer
  before(async () => {
    authority = await TestAuthority.make()
    server = await httpsServer(await authority.issue(), (_, response) => response.end('inside'))
    const old = await authority.issue('localhost', [2020, 2021])
    expired = await httpsServer(old, (_, response) => response.end())
  })
  after(async () => {
    await server.close()
    await expired.close()
  })

  async function attempt(
    host: string,
    {
      port = server.port,
      open = [] as string[],
      trusted = true,
      resolve = undefined as Resolve | undefined,
    } = {},
  ): Promise<EgressCode | 'connected'> {
    const egress = new Egress({ open, authorities: trusted ? [authority.pem] : [] }, resolve)
    try {
      const socket = await egress.connect({ host, port, signal: AbortSignal.timeout(20_000) })
      socket.destroy()
      return 'connected'
    } catch (error) {
      assert.ok(error instanceof EgressError, String(error))
      return error.code
    }
  }

  test('this machine is refused by every one of its names', async () => {
    const names = ['127.0.0.1', 'localhost', 'LOCALHOST', 'localhost.', '::1', '0.0.0.0', '::']
    const numbers = ['2130706433', '0x7f000001', '127.1', '017700000001']
    for (const name of [...names, '::ffff:127.0.0.1', '169.254.169.254']) {
      assert.equal(await attempt(name), 'REFUSED', name)
    }
    for (const number of numbers) {
      // What the resolver makes of them is its business; they never connect.
      assert.match(await attempt(number), /^(REFUSED|NXDOMAIN|SOCKETERROR)$/, number)
    }
  })

  test('a name that resolves to closed addresses is refused, whichever they are', async () => {
    const to = (...addresses: string[]) => ({ resolve: async () => addresses })
    assert.equal(await attempt('rebind.example', to('127.0.0.1')), 'REFUSED')
    assert.equal(await attempt('rebind.example', to('::ffff:127.0.0.1', '10.0.0.1')), 'REFUSED')
    assert.equal(await attempt('rebind.example', to()), 'REFUSED')
  })

  test('a name that changes its mind is asked once, and connected to what was checked', async () => {
    let asked = 0
    const resolve = async () => {
      asked++
      return asked === 1 ? ['192.0.2.1'] : ['127.0.0.1']
    }
    assert.equal(await attempt('rebind.example', { resolve }), 'REFUSED')
    assert.equal(asked, 1)
  })

  test('a setting opens a host, with a port or all of them, and nothing else', async () => {
    const { port } = server
    assert.equal(await attempt('localhost', { open: [`localhost:${port}`] }), 'connected')
    assert.equal(await attempt('LocalHost', { open: ['localhost'] }), 'connected')
    assert.equal(await attempt('127.0.0.1', { open: ['127.0.0.1'] }), 'connected')
    assert.equal(await attempt('localhost', { open: [`localhost:${port + 1}`] }), 'REFUSED')
    assert.equal(await attempt('127.0.0.1', { open: ['localhost'] }), 'REFUSED')
  })

  test('certificates are checked: authority, name, time', async () => {
    const open = ['localhost', 'other.example']
    assert.equal(await attempt('localhost', { open, trusted: false }), 'UNKNOWNCA')
    const resolve = async () => ['127.0.0.1']
    assert.equal(await attempt('other.example', { open, resolve }), 'SOCKETERROR')
    assert.equal(await attempt('localhost', { open, port: expired.port }), 'CERTIFICATEEXPIRED')
  })

  test('names that do not exist, and ports where nobody listens, are told apart', async () => {
    const resolve = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })
    }
    assert.equal(await attempt('nowhere.example', { resolve }), 'NXDOMAIN')
    const closed = await httpsServer(await authority.issue(), () => undefined)
    await closed.close()
    assert.equal(
      await attempt('localhost', { open: ['localhost'], port: closed.port }),
      'SOCKETERROR',
    )
  })

  test('whoever does not answer in time is given up', async () => {
    const egress = new Egress({ open: [], authorities: [] }, () => new Promise(() => undefined))
    const signal = AbortSignal.timeout(20)
    await assert.rejects(egress.connect({ host: 'slow.example', port: 1, signal }), EgressError)
  })
})
