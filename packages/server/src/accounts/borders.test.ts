/** Between accounts: what is another's is not found, on every route, whatever is done to it; and hostile input. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { request as rawRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { accounts } from '../storage/schema.ts'
import { appBundle } from '../testing/bundles.ts'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'
import { makeRequest, provision } from '../testing/device.ts'
import { hashToken } from './tokens.ts'

const STRANGER = { sid: `AC${'5'.repeat(32)}`, token: 'e'.repeat(32) }
const PASSWORD = 'correct horse battery'

let cloud: TestCloud
/** Something of each kind, of the first account: values of the paths' parameters. */
let theirs: Record<string, string>
let csr: string

before(async () => {
  cloud = await testCloud()
  const { client } = cloud
  csr = (await makeRequest()).csr
  const device = await provision(client, 'theirs')
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const app = await client.upload(api.createApp, { form: {}, file })
  const form = { Key: 'key', Value: 'value' }
  for (const route of [api.accountConfigs.create, api.accountSecrets.create])
    await client.call(route, { form })
  for (const route of [api.deviceConfigs.create, api.deviceSecrets.create])
    await client.call(route, { params: { DeviceSid: device.sid }, form })
  const key = await client.call(api.createApiKey, { form: { FriendlyName: 'k', Scopes: ['read'] } })
  const hook = await client.call(api.createWebhook, {
    form: { TargetUrl: 'https://hook.invalid/', Events: ['*'], FriendlyName: '' },
  })
  const ping = await client.call(api.pingWebhook, { params: { Sid: hook.sid } })
  const rollout = await client.call(api.createRollout, {
    form: { App: app.sid, Tag: 'none' } as never,
  })
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const PublicKey = pem.export({ type: 'spki', format: 'pem' }).toString()
  const signer = await client.call(api.createSigner, { form: { PublicKey, FriendlyName: 's' } })
  const layerKey = await client.call(api.createLayerKey, {
    form: { Key: 'ab'.repeat(32), FriendlyName: 'l' },
  })
  const { token } = await client.call(api.createInvitation, { form: { Role: 'owner' } })
  const who = { Name: 'ada', Password: PASSWORD }
  const user = await client.call(api.createUser, { form: { ...who, Invitation: token } })
  const session = await client.call(api.createSession, { form: who })
  const { certificates } = await client.call(api.listDeviceCertificates, {
    params: { DeviceSid: device.sid },
  })
  theirs = {
    ...{ Apps: app.sid, Devices: device.sid, Keys: key.sid, Webhooks: hook.sid, Users: user.sid },
    ...{ Rollouts: rollout.sid, Sessions: session.sid, Signers: signer.key_id },
    ...{ Key: 'key', DeliverySid: ping.sid, Fingerprint: certificates[0]?.fingerprint ?? '' },
    ...{ LayerKeys: layerKey.key_id, Hash: app.hash },
  }
  await cloud.server.close()
  const { db, close } = await cloud.openDatabase()
  await db.insert(accounts).values({ sid: STRANGER.sid, authTokenHash: hashToken(STRANGER.token) })
  await close()
  cloud = await cloud.restart()
})
after(() => cloud.close())

/** The path with what belongs to the first account. */
function pathTo({ path }: api.Route): string {
  const [, , collection = ''] = path.split('/')
  return path.replace(
    /:([A-Za-z]+)/g,
    (_, name: string) => theirs[name] ?? theirs[collection] ?? '',
  )
}

/** What a form needs to be looked at at all. */
const forms: Record<string, Record<string, string>> = {
  updateUser: { Role: 'viewer' },
  updateRollout: { Action: 'stop' },
  deployKernel: { Hash: `sha256:${'0'.repeat(64)}` },
  createDeviceCertificate: { Csr: '' },
}

test('what belongs to another account is not found, on every route, and stays as it is', async () => {
  const headers = { authorization: `Basic ${btoa(`${STRANGER.sid}:${STRANGER.token}`)}` }
  const routes = api.routes.filter(({ path, access }) => access === 'account' && path.includes(':'))
  // Of one's own account everybody has Configs and Secrets; theirs are other ones.
  const own = routes.filter(({ path }) => !/^\/v1\/(Configs|Secrets)/.test(path))
  assert.ok(own.length > 40)
  for (const route of own) {
    const init: RequestInit = { method: route.method, headers }
    const fields = {
      ...(forms[route.name] ?? (/Device(Config|Secret)$/.test(route.name) ? { Value: 'x' } : {})),
    }
    if (route.name === 'createDeviceCertificate') fields.Csr = csr
    if (/^createDevice(Config|Secret)$/.test(route.name)) fields.Key = 'new'
    if (route.file) {
      const body = new FormData()
      body.append('File', new Blob(['x']), 'x')
      init.body = body
    } else if (Object.keys(route.form.shape).length > 0) init.body = new URLSearchParams(fields)
    const answer = await fetch(`${cloud.server.url}${pathTo(route)}`, init)
    const text = await answer.text()
    assert.equal(answer.status, 404, `${route.name}: ${text.slice(0, 200)}`)
  }
  const { device_count } = await cloud.client.call(api.fetchUsage)
  assert.equal(device_count, 0)
  await cloud.client.call(api.fetchDevice, { params: { Sid: 'theirs' } })
})

test('lists of one account have nothing of another', async () => {
  const { url } = cloud.server
  const client = api.createClient({ url, accountSid: STRANGER.sid, authToken: STRANGER.token })
  for (const route of api.routes) {
    const isList =
      route.method === 'GET' &&
      /^\/v1\/[A-Za-z]+$/.test(route.path) &&
      'meta' in ((route.returns as { shape?: object }).shape ?? {})
    if (!isList) continue
    for await (const item of client.each(route))
      assert.fail(`${route.name}: ${JSON.stringify(item)}`)
  }
})

test('SQL, paths and headers in input are values, and nothing else', async () => {
  const hostile = [
    "' OR '1'='1",
    "'; DROP TABLE devices; --",
    '../../etc/passwd',
    '%2e%2e%2f',
    '{{7*7}}',
  ]
  for (const text of hostile) {
    const path = `/v1/Devices/${encodeURIComponent(text)}`
    assert.ok([400, 404].includes((await cloud.request(path)).status), text)
    const created = await cloud.client
      .call(api.accountConfigs.create, {
        form: { Key: text.replace(/[/%?#\\]/g, ''), Value: text },
      })
      .catch((error: { code: string }) => error)
    if ('value' in created) assert.equal(created.value, text)
    for (const query of [
      `PageToken=${encodeURIComponent(text)}`,
      `Tag=${encodeURIComponent(text)}`,
    ])
      assert.equal((await cloud.request(`/v1/Devices?${query}`)).status, 400, query)
  }
  await cloud.client.call(api.fetchDevice, { params: { Sid: 'theirs' } })
})

test('a Host header that is none does not come back in addresses', async () => {
  for (const host of ['evil.example/path', 'a"b', 'a b', '<script>']) {
    const text = await new Promise<string>((resolve, reject) => {
      const { port } = cloud.server
      const headers = { ...authorization(cloud.server), host }
      const sent = rawRequest({ host: '127.0.0.1', port, path: '/v1/Apps', headers }, (answer) => {
        let body = ''
        answer.on('data', (part) => {
          body += part
        })
        answer.on('end', () => resolve(body))
      })
      sent.on('error', reject).end()
    })
    assert.match(text, /"url":"http:\/\/localhost\/v1\/Apps/, host)
  }
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(cloud.server.port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => {
      text += part
    })
    socket.on('close', () => resolve(text))
    socket.write(
      'GET /v1/Apps HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n',
    )
  })
  assert.match(answer, /^HTTP\/1.1 400 /, 'two lengths are no request')
})

test('a request that comes twice does what it says once: names and keys are taken', async () => {
  const form = { Key: 'replayed', Value: 'v' }
  await cloud.client.call(api.accountConfigs.create, { form })
  await assert.rejects(cloud.client.call(api.accountConfigs.create, { form }), {
    code: 'KEY_TAKEN',
  })
  const { token } = await cloud.client.call(api.createInvitation, { form: { Role: 'viewer' } })
  const user = { Invitation: token, Name: 'bob', Password: PASSWORD }
  await cloud.client.call(api.createUser, { form: user })
  await assert.rejects(cloud.client.call(api.createUser, { form: { ...user, Name: 'bob2' } }), {
    code: 'INVITATION_INVALID',
  })
  const large = { Key: 'large', Value: 'x'.repeat(70_000) }
  await assert.rejects(cloud.client.call(api.accountConfigs.create, { form: large }), {
    code: 'BODY_TOO_LARGE',
  })
})
