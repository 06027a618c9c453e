/** Between accounts: what is another's is not found, on every route, whatever is done to it; and hostile input. */
import assert from 'node:assert/strict'
import { request as rawRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { accounts } from '../storage/schema.ts'
import { appBundle } from '../testing/bundles.ts'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'
import { type Estate, makeEstate, PASSWORD } from '../testing/estate.ts'
import { hashToken } from './tokens.ts'

const STRANGER = { sid: `AC${'5'.repeat(32)}`, token: 'e'.repeat(32) }

let cloud: TestCloud
/** Of the first account. */
let estate: Estate
/** A device and an App of the stranger's own. */
let own: { device: string; app: string }
let stranger: api.Client

before(async () => {
  cloud = await testCloud()
  estate = await makeEstate(cloud)
  await cloud.server.close()
  const { db, close } = await cloud.openDatabase()
  await db.insert(accounts).values({ sid: STRANGER.sid, authTokenHash: hashToken(STRANGER.token) })
  await close()
  cloud = await cloud.restart()
  const { url } = cloud.server
  stranger = api.createClient({ url, accountSid: STRANGER.sid, authToken: STRANGER.token })
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const app = await stranger.upload(api.createApp, { file })
  own = { device: (await provision(stranger)).sid, app: app.sid }
})
after(() => cloud.close())

test('what belongs to another account is not found, on every route, and stays as it is', async () => {
  const headers = { authorization: `Basic ${btoa(`${STRANGER.sid}:${STRANGER.token}`)}` }
  const routes = api.routes.filter(({ path, access }) => access === 'account' && path.includes(':'))
  // Of one's own account everybody has Configs and Secrets; theirs are other ones.
  const others = routes.filter(({ path }) => !/^\/v1\/(Configs|Secrets)/.test(path))
  assert.ok(others.length > 40)
  for (const route of others) {
    const init: RequestInit = { method: route.method, headers }
    const fields = await estate.fieldsOf(route)
    if (route.file) {
      const body = new FormData()
      body.append('File', new Blob([Buffer.from(estate.fileOf(route))]), 'x')
      init.body = body
    } else if (Object.keys(route.form.shape).length > 0) init.body = new URLSearchParams(fields)
    const answer = await fetch(`${cloud.server.url}${estate.pathOf(route)}`, init)
    const text = await answer.text()
    assert.equal(answer.status, 404, `${route.name}: ${text.slice(0, 200)}`)
  }
  const { device_count } = await cloud.client.call(api.fetchUsage)
  assert.equal(device_count, 0)
  await cloud.client.call(api.fetchDevice, { params: { Sid: 'theirs' } })
})

test('what a parameter names is looked for in one’s own account alone', async () => {
  const { values } = estate
  const params = { Sid: own.device }
  const ofDevice = { DeviceSid: own.device }
  const target = (TargetApp: string) =>
    stranger.call(api.updateDevice, { params, form: { TargetApp } })
  await target(own.app)
  const strange: readonly (readonly [code: string, call: () => Promise<unknown>])[] = [
    ['TARGET_APP_NOT_FOUND', () => target(values.Apps!)],
    [
      'TARGET_APP_NOT_FOUND',
      () => stranger.call(api.createRollout, { form: { App: values.Apps! } as never }),
    ],
    [
      'KERNEL_NOT_FOUND',
      () => stranger.call(api.deployKernel, { params: ofDevice, form: { Hash: values.Hash! } }),
    ],
    [
      'CERTIFICATE_NOT_FOUND',
      () =>
        stranger.call(api.revokeDeviceCertificate, {
          params: { ...ofDevice, Fingerprint: values.Fingerprint! },
        }),
    ],
    [
      'DEVICE_NOT_FOUND',
      () => stranger.call(api.listEvents, { query: { Device: values.Devices! } }),
    ],
    [
      'DEVICE_NOT_FOUND',
      () => stranger.listen(api.streamEvents, { query: { Device: values.Devices! } }),
    ],
  ]
  for (const [code, call] of strange) await assert.rejects(call(), { code }, String(call))
  for (const query of [{ TargetApp: values.Apps! }, { RunsApp: values.Apps! }])
    assert.deepEqual((await stranger.call(api.listDevices, { query })).devices, [])
  const { app } = await stranger.call(api.fetchDevice, { params })
  assert.equal(app.target_sid, own.app)
})

test('lists of one account have nothing of another', async () => {
  for (const route of api.routes) {
    const isList =
      route.method === 'GET' &&
      /^\/v1\/[A-Za-z]+$/.test(route.path) &&
      'meta' in ((route.returns as { shape?: object }).shape ?? {})
    if (!isList) continue
    for await (const item of stranger.each(route)) {
      const text = JSON.stringify(item)
      for (const [name, value] of Object.entries(estate.values))
        if (/^[A-Z]{2}[0-9a-f]{32}$/.test(value)) assert.ok(!text.includes(value), name)
    }
  }
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
