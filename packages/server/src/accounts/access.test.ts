/** Who may do what, how often, and that all of it is written down. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { sql } from 'drizzle-orm'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'
import { Rates } from './rates.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

async function keyWith(...Scopes: api.Scope[]) {
  const key = await cloud.client.call(api.createApiKey, { form: { FriendlyName: 'k', Scopes } })
  const settings = { url: cloud.server.url, accountSid: key.sid, authToken: key.secret }
  return { key, client: api.createClient(settings) }
}

test('a key does what its scopes allow, on every route', async () => {
  for (const scope of api.scopes) {
    const { key } = await keyWith(scope)
    const headers = { authorization: `Basic ${btoa(`${key.sid}:${key.secret}`)}` }
    for (const route of api.routes) {
      if (route.access === 'anyone') continue
      const path = api.fillPath(route.path, new Proxy({}, { get: () => 'x' }))
      const request = { method: route.method, headers }
      const answer = await fetch(`${cloud.server.url}${path}`, request)
      const isAllowed = scope === 'admin' || scope === route.scope || route.scope === 'read'
      assert.equal(answer.status !== 403, isAllowed, `${scope}: ${route.name}`)
      await answer.body?.cancel()
    }
  }
})

test('a key is shown without its secret, can be changed, and ends when deleted or expired', async () => {
  const { key, client } = await keyWith('deploy')
  const shown = await client
    .call(api.listDevices)
    .then(() => cloud.client.call(api.fetchApiKey, { params: { Sid: key.sid } }))
  assert.equal('secret' in shown, false)
  assert.match(shown.date_used ?? '', /Z$/)
  const params = { Sid: key.sid }
  const form = { Scopes: ['read'] as api.Scope[], FriendlyName: 'reader' }
  assert.deepEqual((await cloud.client.call(api.updateApiKey, { params, form })).scopes, ['read'])
  await assert.rejects(client.call(api.deleteApp, { params: { Sid: 'x' } }), {
    code: 'SCOPE_MISSING',
  })
  await cloud.client.call(api.deleteApiKey, { params })
  await assert.rejects(client.call(api.listDevices), { code: 'CREDENTIALS_WRONG' })
  for (const route of [api.fetchApiKey, api.deleteApiKey])
    await assert.rejects(cloud.client.call(route, { params }), { code: 'API_KEY_NOT_FOUND' })
  const short = await cloud.client.call(api.createApiKey, {
    form: { FriendlyName: 'short', Scopes: ['read'], ExpiresInDays: 1 },
  })
  await cloud.server.close()
  const { db, close } = await cloud.openDatabase()
  await db.execute(sql`UPDATE api_keys SET expires_at = now() WHERE sid = ${short.sid}`)
  await close()
  cloud = await cloud.restart()
  const { url } = cloud.server
  const late = api.createClient({ url, accountSid: short.sid, authToken: short.secret })
  await assert.rejects(late.call(api.listDevices), { code: 'KEY_EXPIRED', status: 401 })
})

test('who comes too often, or is wrong too often, waits; others do not', async () => {
  const rates = new Rates(1, 3)
  assert.deepEqual([rates.take('a'), rates.take('a'), rates.take('a')], [0, 0, 0])
  assert.ok(rates.take('a') > 0)
  assert.equal(rates.take('b'), 0)
  const limits = { wrongCredentialsPerSecond: 0.001, wrongCredentialsBurst: 3 }
  const strict = await testCloud({
    limits: { ...limits, requestsPerSecond: 0.001, requestBurst: 4 },
  })
  const { url, account } = strict.server
  const form = { FriendlyName: 'k', Scopes: ['read' as const] }
  const key = await strict.client.call(api.createApiKey, { form })
  for (let i = 1; i < 4; i++) await strict.client.call(api.listApps)
  await assert.rejects(strict.client.call(api.listApps), { code: 'TOO_MANY_REQUESTS' })
  const other = api.createClient({ url, accountSid: key.sid, authToken: key.secret })
  for (let i = 0; i < 4; i++) await other.call(api.listApps)
  await assert.rejects(other.call(api.listApps), { code: 'TOO_MANY_REQUESTS' })
  const wrong = api.createClient({ url, ...account, authToken: '0'.repeat(32) })
  for (const code of [...Array(3).fill('CREDENTIALS_WRONG'), 'TOO_MANY_REQUESTS'])
    await assert.rejects(wrong.call(api.listApps), { code })
  await strict.close()
})

test('every change is in the audit log, with before and after, and without secrets', async () => {
  const { client, server } = cloud
  const device = await provision(client, 'audited')
  const { key, client: deployer } = await keyWith('deploy')
  const params = { Sid: 'audited' }
  await deployer.call(api.updateDevice, {
    params,
    form: { UniqueName: 'renamed', RestartApp: true },
  })
  const secret = { Key: 's', Value: 'not to be seen' }
  await deployer.call(api.accountSecrets.create, { form: secret })
  await client.call(api.deleteDevice, { params: { Sid: 'renamed' } })
  const page = await client.call(api.listAudit, { query: { PageSize: 5 } })
  const [removed, made, updated, keyed, provisioned] = page.entries
  assert.equal(removed?.action, 'deleteDevice')
  assert.equal(removed.object, `/v1/Devices/${device.sid}`)
  assert.equal(JSON.parse(removed.before).unique_name, 'renamed')
  assert.equal(removed.after, '')
  assert.equal(made?.action, 'createAccountSecret Key Value')
  assert.equal(made.actor, key.sid)
  assert.equal(updated?.action, 'updateDevice UniqueName RestartApp')
  assert.equal(JSON.parse(updated.before).unique_name, 'audited')
  assert.equal(JSON.parse(updated.after).unique_name, 'renamed')
  assert.equal(keyed?.actor, server.account.accountSid)
  assert.equal(provisioned?.object, `/v1/Devices/${device.sid}`)
  assert.match(provisioned.address, /127\.0\.0\.1/)
  const all = JSON.stringify(page)
  for (const text of [key.secret, secret.Value, 'CERTIFICATE']) assert.ok(!all.includes(text), text)
})

test('the audit log only grows, in order also when many write, and an altered entry is found', async () => {
  const { client } = cloud
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      client.call(api.accountConfigs.create, { form: { Key: `k${i}`, Value: '' } }),
    ),
  )
  const verdict = await client.call(api.verifyAudit)
  assert.equal(verdict.intact, true)
  await cloud.server.close()
  const { db, close } = await cloud.openDatabase()
  const isRefused = ({ cause }: Error) => /only grows/.test(String(cause))
  await assert.rejects(db.execute(sql`UPDATE audit SET actor = 'me'`), isRefused)
  await assert.rejects(db.execute(sql`DELETE FROM audit`), isRefused)
  await assert.rejects(db.execute(sql`TRUNCATE audit`), isRefused)
  await db.execute(sql`ALTER TABLE audit DISABLE TRIGGER ALL`)
  await db.execute(sql`UPDATE audit SET actor = 'me' WHERE number = 7`)
  await close()
  cloud = await cloud.restart()
  const broken = await cloud.client.call(api.verifyAudit)
  assert.deepEqual([broken.intact, broken.broken_at], [false, 7])
})
