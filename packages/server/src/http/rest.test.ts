/** REST as any program sees it: credentials, parameters, errors, what is open to anyone. */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { appBundle } from '../testing/bundles.ts'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'
import { provision } from '../testing/device.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

async function refusal(response: Promise<Response>): Promise<string> {
  const answer = await response
  const body = api.ErrorBody.parse(await answer.json())
  const code = body.details.code as api.ErrorCode
  assert.equal(body.status, answer.status)
  assert.equal(answer.status, api.errors[code].status)
  assert.equal(body.code, api.errors[code].number)
  assert.equal(body.details.fix, api.errors[code].fix)
  assert.match(body.message, /^[A-Z"'/].*\.$/)
  const page = await fetch(body.more_info)
  assert.ok((await page.text()).includes(body.details.fix))
  return code
}

test('without the right credentials nothing is shown', async () => {
  const { accountSid, authToken } = cloud.server.account
  const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`
  const cases: [string, string | undefined][] = [
    ['CREDENTIALS_MISSING', undefined],
    ['CREDENTIALS_MISSING', 'Bearer abc'],
    ['CREDENTIALS_MISSING', 'Basic ***'],
    ['CREDENTIALS_MISSING', `Basic ${btoa('no colon')}`],
    ['CREDENTIALS_MISSING', `Basic ${'QUJD'.repeat(1000)}`],
    ['CREDENTIALS_WRONG', basic(accountSid, `${authToken}0`)],
    ['CREDENTIALS_WRONG', basic(accountSid, '')],
    ['CREDENTIALS_WRONG', basic(`AC${'0'.repeat(32)}`, authToken)],
    ['CREDENTIALS_WRONG', basic("' OR 1=1 --", authToken)],
    ['CREDENTIALS_WRONG', basic('\u0000', authToken)],
  ]
  for (const [code, header] of cases) {
    const headers: Record<string, string> = header === undefined ? {} : { authorization: header }
    const response = await fetch(`${cloud.server.url}/v1/Apps`, { headers })
    assert.equal(
      response.headers.get('www-authenticate'),
      'Basic realm="microvisor", charset="UTF-8"',
    )
    assert.equal(await refusal(Promise.resolve(response)), code, header)
  }
  const upper = basic(accountSid.toUpperCase(), authToken)
  const { status } = await fetch(`${cloud.server.url}/v1/Apps`, {
    headers: { authorization: upper },
  })
  assert.equal(status, 200, 'digits of a SID may be of either case')
})

test('every route but the open ones asks for credentials', async () => {
  for (const route of api.routes) {
    const path = api.fillPath(route.path, new Proxy({}, { get: () => 'x' }))
    const response = await fetch(`${cloud.server.url}${path}`, { method: route.method })
    assert.equal(response.status === 401, route.access === 'account', route.name)
    await response.body?.cancel()
  }
})

test('what does not fit the contract is refused with a code of its own', async () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const post = (path: string, body: string, headers = form) =>
    cloud.request(path, { method: 'POST', body, headers })
  const device = await provision(cloud.client)
  const update = `/v1/Devices/${device.sid}`
  const cases: [string, Promise<Response>][] = [
    ['ROUTE_NOT_FOUND', cloud.request('/v1/apps')],
    ['ROUTE_NOT_FOUND', cloud.request('/v2/Apps')],
    ['ROUTE_NOT_FOUND', cloud.request('/errors/NOTHING')],
    ['METHOD_NOT_ALLOWED', cloud.request('/v1/Apps/x', { method: 'PUT' })],
    ['METHOD_NOT_ALLOWED', cloud.request('/v1/Devices', { method: 'DELETE' })],
    ['BODY_MALFORMED', cloud.request('/v1/Apps/%zz')],
    ['PARAMETER_UNKNOWN', cloud.request('/v1/Apps?Pagesize=3')],
    ['PARAMETER_INVALID', cloud.request('/v1/Apps?PageSize=0')],
    ['PARAMETER_INVALID', cloud.request('/v1/Apps?PageSize=many')],
    ['PARAMETER_INVALID', cloud.request('/v1/Apps?PageSize=1&PageSize=2')],
    ['PARAMETER_INVALID', cloud.request('/v1/Apps?Page=-1')],
    ['PAGE_SIZE_TOO_LARGE', cloud.request('/v1/Apps?PageSize=1001')],
    ['PAGE_TOKEN_INVALID', cloud.request("/v1/Devices?PageToken=1' OR '1")],
    ['PARAMETER_INVALID', cloud.request(`/v1/Apps/${'x'.repeat(300)}`)],
    ['PARAMETER_INVALID', cloud.request('/v1/Apps/%00')],
    ['APP_NOT_FOUND', cloud.request('/v1/Apps/nothing')],
    ['APP_NOT_FOUND', cloud.request(`/v1/Apps/KA${'0'.repeat(32)}/Manifest`)],
    ['APP_NOT_FOUND', cloud.request('/v1/Apps/nothing/Bundle')],
    ['APP_NOT_FOUND', cloud.request('/v1/Apps/nothing', { method: 'DELETE' })],
    ['DEVICE_NOT_FOUND', cloud.request(`/v1/Devices/UV${'0'.repeat(32)}`)],
    ['DEVICE_NOT_FOUND', cloud.request('/v1/Devices/nothing/Logs')],
    ['DEVICE_NOT_FOUND', cloud.request('/v1/Devices/nothing', { method: 'DELETE' })],
    ['DEVICE_NOT_FOUND', post('/v1/Devices/nothing', 'UniqueName=a')],
    ['KERNEL_NOT_FOUND', cloud.request(`/v1/Kernels/sha256:${'0'.repeat(64)}/Bundle`)],
    ['PARAMETER_INVALID', cloud.request('/v1/Kernels/sha256:0/Bundle')],
    ['PARAMETER_UNKNOWN', post(update, 'TargetAp=x')],
    ['PARAMETER_INVALID', post(update, 'LoggingEnabled=yes')],
    ['PARAMETER_INVALID', post(update, `UniqueName=${'x'.repeat(65)}`)],
    ['PARAMETER_INVALID', post(update, 'UniqueName=a%2Fb')],
    ['PARAMETER_INVALID', post(update, `UniqueName=UV${'0'.repeat(32)}`)],
    ['TARGET_APP_NOT_FOUND', post(update, 'TargetApp=nothing')],
    ['CONTENT_TYPE_UNSUPPORTED', post(update, '{}', { 'content-type': 'application/json' })],
    ['CONTENT_TYPE_UNSUPPORTED', post('/v1/Apps', 'File=x')],
    ['CONTENT_TYPE_UNSUPPORTED', cloud.request(update, { method: 'POST', body: new FormData() })],
    ['BODY_TOO_LARGE', post(update, `UniqueName=${'x'.repeat(70_000)}`)],
    ['PARAMETER_MISSING', post('/v1/Devices', 'UniqueName=x')],
    ['CSR_MALFORMED', post('/v1/Devices', 'Csr=x')],
  ]
  for (const [code, response] of cases) {
    const { url } = await response
    assert.equal(await refusal(response), code, url)
  }
})

test('a name is taken once, and by one kind of thing', async () => {
  const bytes = appBundle()
  const upload = (UniqueName: string) =>
    cloud.client.upload(api.createApp, { file: { bytes, fileName: 'a' }, form: { UniqueName } })
  const first = await upload('thing')
  await assert.rejects(upload('thing'), { code: 'NAME_TAKEN', status: 409 })
  const one = await provision(cloud.client, 'thing')
  const two = await provision(cloud.client)
  await assert.rejects(provision(cloud.client, 'thing'), { code: 'NAME_TAKEN' })
  const rename = (Sid: string, UniqueName: string) =>
    cloud.client.call(api.updateDevice, { params: { Sid }, form: { UniqueName } })
  await assert.rejects(rename(two.sid, 'thing'), { code: 'NAME_TAKEN' })
  await rename(one.sid, '')
  assert.equal((await rename(two.sid, 'thing')).unique_name, 'thing')
  const found = await cloud.client.call(api.fetchDevice, { params: { Sid: 'thing' } })
  assert.equal(found.sid, two.sid)
  const upper = `KA${first.sid.slice(2).toUpperCase()}`
  const app = await cloud.client.call(api.fetchApp, { params: { Sid: upper } })
  assert.equal(app.unique_name, 'thing')
})

test('an App that a Device should run stays; afterwards it goes', async () => {
  const file = { bytes: appBundle(), fileName: 'a' }
  const app = await cloud.client.upload(api.createApp, { file })
  const { sid: Sid } = await provision(cloud.client)
  const target = (TargetApp: string) =>
    cloud.client.call(api.updateDevice, { params: { Sid }, form: { TargetApp } })
  assert.equal((await target(app.sid)).app.target_sid, app.sid)
  const remove = () => cloud.client.call(api.deleteApp, { params: { Sid: app.sid } })
  await assert.rejects(remove(), { code: 'APP_IN_USE', status: 400 })
  const cleared = await target('')
  assert.equal(cleared.app.target_sid, null)
  assert.equal(cleared.app.update_status, 'up-to-date')
  await remove()
  await assert.rejects(remove(), { code: 'APP_NOT_FOUND', status: 404 })
})

test('a certificate request is checked before a device is made', async () => {
  const { makeRequest } = await import('../testing/device.ts')
  const create = (Csr: string) => cloud.client.call(api.createDevice, { form: { Csr } })
  const { csr } = await makeRequest()
  const body = csr.split('\n')
  const flipped = body.with(
    4,
    (body[4] ?? '').replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
  )
  await assert.rejects(create(flipped.join('\n')), { code: /CSR_SIGNATURE_WRONG|CSR_MALFORMED/ })
  await assert.rejects(create((await makeRequest('P-384')).csr), { code: 'CSR_KEY_UNSUPPORTED' })
  await assert.rejects(create(body.slice(0, 3).join('\n')), { code: 'CSR_MALFORMED' })
  await assert.rejects(create('-----BEGIN CERTIFICATE REQUEST-----\nAAAA'), {
    code: 'CSR_MALFORMED',
  })
})

test('the open pages answer', async () => {
  const text = async (path: string) => (await fetch(`${cloud.server.url}${path}`)).text()
  assert.match(await text('/'), /openapi\.json/)
  const health = JSON.parse(await text('/health'))
  assert.equal(health.status, 'ok')
  const document = JSON.parse(await text('/v1/openapi.json'))
  assert.equal(document.servers[0].url, cloud.server.url)
  assert.match(await text('/errors/APP_IN_USE'), /APP_IN_USE \(code 72011, HTTP status 400\)/)
})

test('addresses in answers are those by which the service was called', async () => {
  const get = (host: string) =>
    new Promise<string>((resolve, reject) => {
      const { port } = cloud.server
      const headers = { ...authorization(cloud.server), host }
      httpRequest({ host: '127.0.0.1', port, path: '/v1/Apps', headers }, (response) => {
        let body = ''
        response.on('data', (part) => {
          body += part
        })
        response.on('end', () => resolve(JSON.parse(body).meta.url))
      })
        .on('error', reject)
        .end()
    })
  assert.equal(
    await get('cloud.example:8700'),
    'http://cloud.example:8700/v1/Apps?PageSize=50&Page=0',
  )
  assert.match(await get('[::1]:8700'), /^http:\/\/\[::1\]:8700\//)
  assert.match(await get('evil/"><script>'), /^http:\/\/localhost\//)
})

test('pages show everything once, forwards and backwards, also while the list changes', async () => {
  const names = Array.from({ length: 23 }, (_, i) => `page-${i}`)
  for (const name of names) await provision(cloud.client, name)
  const all: string[] = []
  for await (const { sid } of cloud.client.each(api.listDevices)) all.push(sid)
  for (let PageSize = 1; PageSize <= all.length + 1; PageSize++) {
    const seen: string[] = []
    for await (const { sid } of cloud.client.each(api.listDevices, { query: { PageSize } }))
      seen.push(sid)
    assert.deepEqual(seen, all, `PageSize ${PageSize}`)
  }
  const page = async (url: string) =>
    (await (await cloud.request(url.replace(cloud.server.url, ''))).json()) as api.Output<
      typeof api.listDevices
    >
  const first = await page('/v1/Devices?PageSize=5')
  assert.equal(first.meta.previous_page_url, null)
  assert.equal(first.meta.key, 'devices')
  const second = await page(first.meta.next_page_url!)
  assert.equal(second.meta.page, 1)
  assert.equal(second.meta.page_size, 5)
  await provision(cloud.client, 'page-new')
  const gone = first.devices[2]!.sid
  await cloud.client.call(api.deleteDevice, { params: { Sid: gone } })
  const third = await page(second.meta.next_page_url!)
  const sids = (one: typeof first) => one.devices.map((device) => device.sid)
  assert.deepEqual(sids(third), all.slice(10, 15))
  assert.deepEqual(sids(await page(third.meta.previous_page_url!)), sids(second))
  const back = await page(second.meta.previous_page_url!)
  assert.deepEqual(new Set(sids(back)).size, 5)
  assert.ok(!sids(back).includes(gone))
})

test('a stream of events has the headers of every answer', async () => {
  const ordinary = await cloud.request('/v1/Apps')
  await ordinary.text()
  const stream = await cloud.request('/v1/Events/Stream')
  await stream.body?.cancel()
  const given = [...ordinary.headers.keys()].filter((name) => !/^content-(length|type)$/.test(name))
  assert.ok(given.includes('request-id') && given.includes('x-content-type-options'))
  for (const name of given) assert.ok(stream.headers.has(name), name)
})
