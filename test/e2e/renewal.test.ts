/** A certificate that is about to end is renewed over the device's own connection, by the real kernel. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as api from '@microvisor/api'
import { startServer } from '../../packages/server/src/server.ts'
import { until } from '../../packages/server/src/testing/until.ts'
import { World } from './world.ts'

const world = new World()
after(() => world.end())

/** Certificates count from a day before they are made: of this life less than a third is left at once. */
const QUARTER = 0.25

test('a device gets a new certificate for the key it has, keeps it, and comes back with it', async () => {
  const { port, gateway } = await world.ports()
  await world.useTemplate(world.data)
  const dataFolder = join(world.data, 'server')
  const server = await startServer({
    ...{ dataFolder, port, gatewayPort: gateway, certificateDays: QUARTER },
  })
  try {
    const client = api.createClient({ url: server.url, ...server.account })
    Object.assign(world.environment, {
      MICROVISOR_URL: server.url,
      MICROVISOR_ACCOUNT_SID: server.account.accountSid,
      MICROVISOR_AUTH_TOKEN: server.account.authToken,
    })
    const device = await world.startDevice('plant')
    const { devices } = await client.call(api.listDevices)
    const params = { DeviceSid: devices[0]!.sid }
    const issued = async () =>
      (await client.call(api.listDeviceCertificates, { params })).certificates
    const kept = () =>
      new X509Certificate(readFileSync(join(world.deviceFolder('plant'), 'device.crt')))
    const fingerprint = (certificate: X509Certificate) =>
      certificate.fingerprint256.replaceAll(':', '').toLowerCase()
    const renewed = await until(async () => {
      const known = await issued()
      const first = known.at(-1)?.fingerprint
      const own = kept()
      return known.length > 1 && fingerprint(own) !== first ? own : undefined
    }, 'the device has a new certificate')
    const before = (await issued()).length
    await device.kill('SIGKILL')
    await world.startDevice('plant')
    // It is due again at once: who asks is the device with the certificate that it was given.
    await until(async () => (await issued()).length > before, 'it is back with what it was given')
    const again = await until(() => {
      const own = kept()
      return fingerprint(own) !== fingerprint(renewed) ? own : undefined
    }, 'the next one is kept, too')
    const spki = (of: X509Certificate) => of.publicKey.export({ type: 'spki', format: 'pem' })
    assert.equal(spki(again), spki(renewed), 'for the same key')
    const { events } = await client.call(api.listEvents, {
      query: { Type: ['certificate.renewed'] },
    })
    assert.ok(events.length >= 2)
  } finally {
    await server.close()
  }
})
