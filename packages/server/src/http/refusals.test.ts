/** Refusals that no other test meets: what callers get who ask for what is not there, or too much at once. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { bundleContents } from '../storage/schema.ts'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { makeRequest, provision } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud({
    limits: { certificatesPerDay: 2, bundlesAtOnce: 1, uploadsAtOnce: 50 },
  })
})
after(() => cloud.close())

const nobody = (prefix: string) => `${prefix}${'0'.repeat(32)}`

test('a session and a delivery that are not there are said to be so', async () => {
  const session = { params: { Sid: nobody('SS') } }
  await assert.rejects(cloud.client.call(api.deleteSession, session), { code: 'SESSION_NOT_FOUND' })
  const { sid: Sid } = await cloud.client.call(api.createWebhook, {
    form: { TargetUrl: 'https://example.com/x', Events: ['*'] } as never,
  })
  const params = { Sid, DeliverySid: nobody('WD') }
  for (const route of [api.fetchDelivery, api.retryDelivery])
    await assert.rejects(cloud.client.call(route, { params }), { code: 'DELIVERY_NOT_FOUND' })
})

test('a device gets only so many certificates a day', async () => {
  const { sid: DeviceSid } = await provision(cloud.client)
  const issue = async () => {
    const { csr: Csr } = await makeRequest()
    return cloud.client.call(api.createDeviceCertificate, { params: { DeviceSid }, form: { Csr } })
  }
  await issue()
  await assert.rejects(issue(), { code: 'CERTIFICATES_TOO_MANY', message: /got 2 certificates/ })
})

test('more bundles at once than can be opened are told to come back, and the others are taken', async () => {
  const sent = Array.from({ length: 12 }, (_, n) => {
    const file = { fileName: `${n}.zip`, bytes: appBundle() }
    return cloud.client.upload(api.createApp, { form: {}, file }).then(
      () => 'taken',
      ({ code, status }) => `${code} ${status}`,
    )
  })
  const outcomes = new Set(await Promise.all(sent))
  assert.deepEqual(outcomes, new Set(['taken', 'SERVER_BUSY 503']))
  // Longer than what may have been done waits for its entry.
  await sleep(1500)
  const { entries } = await cloud.client.call(api.listAudit)
  assert.ok(entries.some(({ action }) => action === 'createApp'))
  assert.deepEqual(
    entries.filter(api.isUnfinished),
    [],
    'a refusal is nothing that may have been done',
  )
})

test('a fault of the server is said without its details, which are in the log under the same id', async () => {
  const other = await testCloud()
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const { sid: Sid } = await other.client.upload(api.createApp, { form: {}, file })
  await other.server.close()
  const { db, close } = await other.openDatabase()
  await db.update(bundleContents).set({ hash: 'f'.repeat(64) })
  await close()
  const { client, log, close: end } = await other.restart()
  await assert.rejects(client.call(api.fetchAppBundle, { params: { Sid } }), (error: unknown) => {
    assert.ok(error instanceof api.ApiError)
    assert.deepEqual([error.code, error.status], ['INTERNAL_ERROR', 500])
    const [, id] = /^Request (\S+) failed inside the server\.$/.exec(error.message) ?? []
    const [fault] = log.splice(
      log.findIndex(({ event }) => event === 'request failed'),
      1,
    )
    assert.equal(fault?.request, id)
    assert.match(JSON.stringify(fault), /f{64}/)
    return true
  })
  await end()
})
