/** Certificates of devices over their life: renewed in time, or late, listed, revoked. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { LINK_PROTOCOL_VERSION } from '@microvisor/protocol'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { makeRequest, type NewDevice, provision, stateOf, TestDevice } from '../testing/device.ts'
import { until } from '../testing/until.ts'

/** Certificates that have ended when they are issued. */
const ENDED_DAYS = 1e-9
let cloud: TestCloud
before(async () => {
  cloud = await testCloud({ certificateDays: ENDED_DAYS })
})
after(() => cloud.close())

/** Connected as a device that can renew. */
async function join(device: NewDevice): Promise<TestDevice> {
  const link = await TestDevice.connect(device, device.gateway)
  link.send({
    case: 'hello',
    value: {
      ...{ protocolVersion: LINK_PROTOCOL_VERSION, kernelVersion: 7, kernelVersionText: '0.7.0' },
      ...{ renewsCertificates: true, state: stateOf('') },
    },
  })
  await link.expect('welcome')
  return link
}

/** A request by the key that the device has. */
async function requestOf({ key }: NewDevice): Promise<Uint8Array> {
  const pair = { privateKey: createPrivateKey(key), publicKey: createPublicKey(key) }
  const { csr } = await makeRequest('P-256', pair)
  return Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

const listOf = async (DeviceSid: string) =>
  (await cloud.client.call(api.listDeviceCertificates, { params: { DeviceSid } })).certificates

const fingerprintOf = (certificate: string) =>
  new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()

test('a device whose certificate has ended is let in and gets a new one, for the key that it has', async () => {
  const device = await provision(cloud.client)
  assert.ok(new X509Certificate(device.certificate).validToDate <= new Date())
  const link = await join(device)
  await link.expect('certificateOrder')
  link.send({ case: 'certificateRequest', value: { request: await requestOf(device) } })
  const { certificate } = await link.expect('certificate')
  const renewed = new X509Certificate(certificate)
  assert.equal(renewed.subject, `CN=${device.sid}`)
  assert.ok(renewed.checkPrivateKey(createPrivateKey(device.key)))
  await link.close()
  const listed = await listOf(device.sid)
  assert.deepEqual(
    listed.map(({ fingerprint, state }) => [fingerprint, state]),
    [
      [fingerprintOf(renewed.toString()), 'expired'],
      [fingerprintOf(device.certificate), 'expired'],
    ],
  )
  const again = await join({ ...device, certificate: renewed.toString() })
  await again.close()
  const { events } = await cloud.client.call(api.listEvents, {
    query: { Device: device.sid, Type: ['certificate.*'] },
  })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['certificate.renewed'],
  )
})

test('a request that nobody ordered ends the connection; one for another key gets nothing', async () => {
  const device = await provision(cloud.client)
  const stranger = await provision(cloud.client)
  const link = await join(device)
  await link.expect('certificateOrder')
  link.send({ case: 'certificateRequest', value: { request: await requestOf(stranger) } })
  await link.settle()
  link.send({ case: 'certificateRequest', value: { request: await requestOf(device) } })
  assert.equal(await link.farewell(), 'PROTOCOL_ERROR')
  assert.equal((await listOf(device.sid)).length, 1)
})

test('a device that never keeps its certificate gets only so many a day', async () => {
  const device = await provision(cloud.client)
  for (let i = 0; i < 8; i++) {
    const link = await join(device)
    await link.expect('certificateOrder')
    link.send({ case: 'certificateRequest', value: { request: await requestOf(device) } })
    await link.settle().catch(() => undefined)
    await link.close()
  }
  assert.equal((await listOf(device.sid)).length, 6)
})

test('revocation ends a live connection at once, for that certificate alone, and stays', async () => {
  const device = await provision(cloud.client)
  const { csr, key } = await makeRequest()
  const issued = await cloud.client.call(api.createDeviceCertificate, {
    params: { DeviceSid: device.sid },
    form: { Csr: csr },
  })
  const other = { ...device, key, certificate: issued.certificate }
  const params = { DeviceSid: device.sid, Fingerprint: fingerprintOf(device.certificate) }
  const link = await TestDevice.join(device)
  await cloud.client.call(api.revokeDeviceCertificate, { params })
  assert.equal(await link.farewell(), 'REVOKED')
  const refused = await TestDevice.connect(device, device.gateway)
  assert.equal(await refused.farewell(), 'REVOKED')
  const fine = await TestDevice.join(other)
  await cloud.client.call(api.revokeDeviceCertificate, { params })
  await fine.settle()
  await fine.close()
  const shown = await cloud.client.call(api.fetchDeviceCertificate, { params })
  assert.equal(shown.state, 'revoked')
  const wrong = { ...params, Fingerprint: '0'.repeat(64) }
  await assert.rejects(cloud.client.call(api.revokeDeviceCertificate, { params: wrong }), {
    code: 'CERTIFICATE_NOT_FOUND',
  })
})

test('a connection is over within a second of its revocation, by the events of both', async () => {
  const devices = await Promise.all([1, 2, 3].map(() => provision(cloud.client)))
  const tookMs = await Promise.all(
    devices.map(async (device) => {
      const link = await TestDevice.join(device)
      const params = { DeviceSid: device.sid, Fingerprint: fingerprintOf(device.certificate) }
      await cloud.client.call(api.revokeDeviceCertificate, { params })
      assert.equal(await link.farewell(), 'REVOKED')
      await link.close()
      const at = async (type: string) => {
        const query = { Device: device.sid, Type: [type] }
        const [event] = (await cloud.client.call(api.listEvents, { query })).events
        return event && Date.parse(event.timestamp)
      }
      const over = await until(() => at('device.disconnected'), 'its end is an event')
      return over - (await at('certificate.revoked'))!
    }),
  )
  // A busy machine may hold one up.
  assert.ok(Math.min(...tookMs) < 1000, `${tookMs} ms`)
})

test('certificates that last are not renewed before a third of their life is left', async () => {
  const lasting = await testCloud({ certificateDays: 300 })
  const device = await provision(lasting.client)
  const days = (new X509Certificate(device.certificate).validToDate.getTime() - Date.now()) / 864e5
  assert.ok(days > 299 && days < 301)
  const link = await join(device)
  await link.settle()
  await link.close()
  await lasting.close()
})
