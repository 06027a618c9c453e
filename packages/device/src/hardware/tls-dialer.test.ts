import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { provisionDevice } from '../provision.ts'
import { TestCloud } from '../testing/cloud.ts'
import { temporaryFolder } from '../testing/temporary-folder.ts'
import { testKernel } from '../testing/test-kernel.ts'
import { NetworkPort } from './network.ts'
import { TlsDialer, type TlsIdentity } from './tls-dialer.ts'

interface Gateway {
  readonly maxVersion?: 'TLSv1.2'
  /** Of its certificate, in years. */
  readonly validity?: readonly [from: number, to: number]
  /** It shows a device's certificate. */
  readonly isDevice?: boolean
}

async function gatewayAndDevice(context: TestContext, gateway: Gateway = {}) {
  const { maxVersion, validity: [from, to] = [2020, 9999], isDevice } = gateway
  const cloud = await TestCloud.make()
  const identity = await cloud.gatewayIdentity(
    { notBefore: new Date(Date.UTC(from, 0)), notAfter: new Date(Date.UTC(to, 0)) },
    isDevice ? 'clientAuth' : 'serverAuth',
  )
  const server = createServer({
    ...{ key: identity.key, cert: identity.certificate, ca: cloud.caCertificate },
    ...{ requestCert: true, rejectUnauthorized: true },
    ...(maxVersion && { maxVersion, minVersion: maxVersion }),
  })
  const sockets = new Set<TLSSocket>()
  server.on('secureConnection', (socket) => sockets.add(socket))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  cloud.gateway = { host: 'localhost', port: (server.address() as AddressInfo).port }
  const folder = join(temporaryFolder(context), 'device')
  const kernel = cloud.signKernel(await testKernel())
  await provisionDevice({ folder, enrol: (r) => cloud.enrol(r), fetchKernel: async () => kernel })
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const device: TlsIdentity = {
    gateway: cloud.gateway,
    identity: () => ({ key: read('device.key'), certificate: read('device.crt') }),
    ca: read('ca.crt'),
    caSha256: createHash('sha256')
      .update(new X509Certificate(read('ca.crt')).raw)
      .digest(),
  }
  return { server, device }
}

/** Connects and gives the state and error once something has come of it. */
async function outcome(identity: TlsIdentity): Promise<[string, string, NetworkPort]> {
  const changed = Promise.withResolvers<void>()
  const port = new NetworkPort(new TlsDialer(identity), () => changed.resolve())
  port.connect()
  await changed.promise
  return [port.state, port.lastError, port]
}

test('a device connects by TLS 1.3, both sides known to each other', async (context) => {
  const { server, device } = await gatewayAndDevice(context)
  const secured = once(server, 'secureConnection') as Promise<[TLSSocket]>
  const [state, , port] = await outcome(device)
  assert.equal(state, 'connected')
  const [socket] = await secured
  assert.equal(socket.getProtocol(), 'TLSv1.3')
  assert.match(socket.getPeerCertificate().subject.CN as string, /^UV[0-9a-f]{32}$/)
  port.send(new TextEncoder().encode('hello'))
  port.close()
  const [chunk] = await once(socket, 'data')
  assert.equal(String(chunk), 'hello', 'what was sent leaves before the end')
})

test('a device that does not know the time connects, whenever the certificate begins or ends', async (context) => {
  for (const validity of [
    [2001, 2002],
    [2090, 2095],
  ] as const) {
    const { device } = await gatewayAndDevice(context, { validity })
    const [state, error, port] = await outcome(device)
    assert.equal(state, 'connected', error)
    port.close()
  }
})

test('a gateway of another authority, with another name or an older TLS is refused', async (context) => {
  const { device } = await gatewayAndDevice(context)
  const stranger = await gatewayAndDevice(context)
  const old = await gatewayAndDevice(context, { maxVersion: 'TLSv1.2' })
  const impostor = await gatewayAndDevice(context, { isDevice: true })
  const outdated = await gatewayAndDevice(context, { validity: [2001, 2002] })
  const cases = [
    [impostor.device, /not a server's/],
    [{ ...device, gateway: outdated.device.gateway }, /signature/],
    [{ ...device, gateway: stranger.device.gateway }, /signature|issuer|verify/i],
    [
      { ...device, gateway: { ...device.gateway, host: '127.0.0.1' } },
      /names DNS:localhost, not 127\.0\.0\.1/,
    ],
    [{ ...old.device }, /version/i],
    [{ ...device, ca: stranger.device.ca }, /not that of the authority/],
    [{ ...device, ca: 'nonsense' }, /no certificate/],
    [
      { ...device, identity: () => ({ ...device.identity(), key: 'nonsense' }) },
      /DECODER|key|PEM/i,
    ],
    [{ ...device, gateway: { host: 'localhost', port: 65_536 } }, /65536/],
    [{ ...device, gateway: { host: 'localhost', port: 1 } }, /ECONNREFUSED/],
  ] as const
  for (const [identity, expected] of cases) {
    const [state, error] = await outcome(identity)
    assert.equal(state, 'idle')
    assert.match(error, expected)
  }
})
