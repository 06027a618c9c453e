/** A running server against the tables of the original API, over plain HTTP. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { request as rawRequest } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createApiKey } from '@microvisor/api'
import type { Blobs } from '../../packages/server/src/storage/blobs.ts'
import { appBundle } from '../../packages/server/src/testing/bundles.ts'
import {
  authorization,
  type TestCloud,
  testCloud,
} from '../../packages/server/src/testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../../packages/server/src/testing/device.ts'
import {
  errorCodes,
  faultsOf,
  manifest,
  pageMeta,
  type Resource,
  resources,
} from './original-api.ts'

type Json = Record<string, unknown>

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Json
}

let cloud: TestCloud
let device: NewDevice
let appSid: string
before(async () => {
  cloud = await testCloud()
  device = await provision(cloud.client, 'board')
  appSid = String((await upload({ UniqueName: 'blink' })).body.sid)
})
after(() => cloud.close())

async function send(method: string, path: string, form?: Json): Promise<Answer> {
  const body = form && { body: new URLSearchParams(form as Record<string, string>) }
  const answer = await cloud.request(path, { method, ...body })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    body: text === '' ? {} : JSON.parse(text),
  }
}

async function upload(fields: Record<string, string> = {}, bytes = appBundle()): Promise<Answer> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  body.append('File', new Blob([Buffer.from(bytes)], { type: 'application/zip' }), 'app.zip')
  const answer = await cloud.request('/v1/Apps', { method: 'POST', body })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json }
}

const pathOf = ({ path }: Resource) => path.replace(':DeviceSid', device.sid)

/** One more of its kind, and where it is. */
async function make(resource: Resource, name: string): Promise<{ answer: Answer; path: string }> {
  const path = pathOf(resource)
  if (resource.what === 'App') {
    const answer = await upload()
    return { answer, path: `${path}/${answer.body.sid}` }
  }
  if (resource.what === 'Device') {
    const { sid } = await provision(cloud.client)
    return { answer: await send('GET', `${path}/${sid}`), path: `${path}/${sid}` }
  }
  const answer = await send('POST', path, { Key: name, Value: 'v' })
  return { answer, path: `${path}/${name}` }
}

for (const resource of resources) {
  const { what, key, properties } = resource

  test(`${what}: made, listed, fetched and deleted, with its properties and success codes`, async () => {
    const { answer, path } = await make(resource, 'shape')
    assert.equal(answer.status, resource.list.includes('POST') ? 201 : 200)
    const fetched = await send('GET', path)
    const listed = await send('GET', pathOf(resource))
    assert.deepEqual([fetched.status, listed.status], [200, 200])
    const [first] = listed.body[key] as Json[]
    assert.deepEqual(first, fetched.body, 'newest first, and the same as alone')
    for (const shown of [answer, fetched]) {
      assert.match(shown.headers.get('content-type') ?? '', /^application\/json\b/)
      assert.deepEqual([...faultsOf(shown.body, properties, cloud.server.url)], [])
      for (const name of Object.keys(shown.body)) assert.match(name, /^[a-z]+(_[a-z]+)*$/)
    }
    // Devices say more than they did; nothing else does.
    if (what !== 'Device')
      assert.deepEqual(Object.keys(fetched.body), Object.keys(properties), 'in this order')
    assert.equal(fetched.body.url, `${cloud.server.url}${path}`)
    if ('unique_name' in properties) assert.equal(fetched.body.unique_name, null, 'no name, not ""')
    if (resource.verbs.includes('DELETE')) {
      const gone = await send('DELETE', path)
      assert.deepEqual([gone.status, gone.body], [204, {}])
      assert.deepEqual([(await send('GET', path)).body.code], [20404])
    }
  })

  test(`${what}: every other method is refused, and the answer says which there are`, async () => {
    const { path } = await make(resource, 'methods')
    // Ours: devices are made and removed over the API, too.
    const ours = what === 'Device' ? { list: ['POST'], one: ['DELETE'] } : { list: [], one: [] }
    const places = [
      { place: pathOf(resource), known: [...resource.list, ...ours.list] },
      { place: path, known: [...resource.verbs, ...ours.one] },
    ]
    for (const { place, known } of places) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH'])
        if (!known.includes(method)) {
          const { status, headers, body } = await send(method, place)
          assert.deepEqual([status, body.code], [405, 20004], `${method} ${place}`)
          assert.deepEqual(headers.get('allow')?.split(', ').sort(), known.toSorted())
        }
    }
  })

  test(`${what}: pages of 50 unless asked, from 1 to 1000, to the last one and back`, async () => {
    const path = pathOf(resource)
    for (let i = 0; i < 4; i++) await make(resource, `page-${i}`)
    const all = (await send('GET', path)).body[key] as Json[]
    assert.ok(all.length >= 4)
    const first = await send('GET', `${path}?PageSize=3`)
    const meta = first.body.meta as Json
    assert.deepEqual([...faultsOf(meta, pageMeta, cloud.server.url)], [])
    assert.deepEqual(Object.keys(meta).sort(), Object.keys(pageMeta).sort())
    const home = `${cloud.server.url}${path}`
    assert.deepEqual(
      [meta.page, meta.page_size, meta.key, meta.previous_page_url],
      [0, 3, key, null],
    )
    assert.equal(meta.url, `${home}?PageSize=3&Page=0`)
    assert.equal(meta.first_page_url, meta.url)
    assert.match(String(meta.next_page_url), /\?PageSize=3&Page=1&PageToken=[^&]+$/)
    const seen: unknown[] = []
    let last: Json = {}
    for (let next: unknown = `${home}?PageSize=3`, page = 0; next !== null; page++) {
      const { body } = await send('GET', String(next).slice(cloud.server.url.length))
      last = body.meta as Json
      assert.equal(last.page, page)
      seen.push(...(body[key] as Json[]))
      next = last.next_page_url
    }
    assert.deepEqual(seen, all)
    const back = await send('GET', String(last.previous_page_url).slice(cloud.server.url.length))
    assert.equal((back.body.meta as Json).page, Number(last.page) - 1)
    assert.equal(((await send('GET', path)).body.meta as Json).page_size, 50)
    assert.equal((await send('GET', `${path}?PageSize=1000`)).status, 200)
    assert.equal((await send('GET', `${path}?PageSize=1001`)).body.code, 20007)
    for (const wrong of ['PageSize=0', 'PageSize=x', 'Page=-1', 'PageToken=x'])
      assert.equal((await send('GET', `${path}?${wrong}`)).body.code, 20422, wrong)
  })
}

test('a page without PageSize ends after 50', async () => {
  for (let i = 0; i < 51; i++) await send('POST', '/v1/Secrets', { Key: `many-${i}`, Value: '' })
  const { secrets, meta } = (await send('GET', '/v1/Secrets')).body as {
    secrets: Json[]
    meta: Json
  }
  assert.equal(secrets.length, 50)
  assert.notEqual(meta.next_page_url, null)
})

test('an App’s manifest is its bytes in base 64, of the hash that the App has', async () => {
  const path = manifest.path.replace(':AppSid', appSid)
  const { body } = await send('GET', path)
  assert.deepEqual([...faultsOf(body, manifest.properties, cloud.server.url)], [])
  assert.deepEqual(Object.keys(body), Object.keys(manifest.properties))
  const bytes = Buffer.from(String(body.encoded_bytes), 'base64')
  assert.equal(body.hash, `sha256:${createHash('sha256').update(bytes).digest('hex')}`)
  assert.equal(body.hash, (await send('GET', `/v1/Apps/${appSid}`)).body.hash)
  for (const method of ['POST', 'DELETE'])
    assert.equal((await send(method, path)).body.code, 20004, method)
})

test('Apps and Devices go by SID, of either case, or by unique name; nothing else in a path', async () => {
  const upper = (sid: string) => sid.slice(0, 2) + sid.slice(2).toUpperCase()
  const same: readonly (readonly [string, string])[] = [
    [`/v1/Apps/${appSid}`, '/v1/Apps/blink'],
    [`/v1/Apps/${upper(appSid)}`, `/v1/Apps/${appSid}`],
    [`/v1/Apps/${appSid}/Manifest`, '/v1/Apps/blink/Manifest'],
    [`/v1/Devices/${device.sid}`, '/v1/Devices/board'],
    [`/v1/Devices/${upper(device.sid)}`, `/v1/Devices/${device.sid}`],
    [`/v1/Devices/${device.sid}/Configs`, '/v1/Devices/board/Configs'],
    [`/v1/Devices/${device.sid}/Secrets`, '/v1/Devices/board/Secrets'],
  ]
  for (const [one, other] of same)
    assert.deepEqual((await send('GET', one)).body, (await send('GET', other)).body, other)
  for (const name of ['a%2Fb', 'a%3Fb', '%00'])
    assert.equal((await send('GET', `/v1/Devices/${name}`)).body.code, 20422, name)
})

test('names and keys are taken once, each in its scope, and both scopes and stores are apart', async () => {
  const { body } = await upload({ UniqueName: 'blink' })
  assert.deepEqual([body.code, body.status], [20409, 409])
  const other = await provision(cloud.client)
  const rename = await send('POST', `/v1/Devices/${other.sid}`, { UniqueName: 'board' })
  assert.equal(rename.body.code, 20409)
  const places = resources.filter(({ one }) => one === '/:Key').map(pathOf)
  for (const place of places) {
    const form = { Key: 'shared', Value: 'v' }
    assert.equal((await send('POST', place, form)).status, 201, place)
    assert.equal((await send('POST', place, form)).body.code, 20409, place)
  }
  const elsewhere = `/v1/Devices/${other.sid}/Configs`
  assert.equal((await send('POST', elsewhere, { Key: 'shared', Value: '' })).status, 201)
})

test('keys have up to 100 characters and values up to 4096; both are required, and only values change', async () => {
  for (const place of resources.filter(({ one }) => one === '/:Key').map(pathOf)) {
    const post = async (form: Json) => (await send('POST', place, form)).body.code
    const Key = 'k'.repeat(100)
    assert.equal(await post({ Key, Value: '€'.repeat(4096) }), undefined, place)
    assert.equal(await post({ Key: `${Key}k`, Value: '' }), 20422)
    assert.equal(await post({ Key: 'long', Value: 'x'.repeat(4097) }), 20422)
    assert.equal(await post({ Key: 'v' }), 20001)
    assert.equal(await post({ Value: 'v' }), 20001)
    const one = `${place}/${Key}`
    assert.equal((await send('POST', one, { Value: 'y'.repeat(4096) })).status, 200)
    assert.equal((await send('POST', one, {})).body.code, 20001)
    assert.equal((await send('POST', one, { Key: 'other', Value: '' })).body.code, 20001)
    const shown = (await send('GET', one)).body
    assert.equal(shown.value, place.endsWith('/Secrets') ? undefined : 'y'.repeat(4096))
    for (const method of ['GET', 'DELETE'])
      assert.equal((await send(method, `${place}/missing`)).body.code, 20404)
    assert.equal((await send('POST', `${place}/missing`, { Value: '' })).body.code, 20404)
  }
})

test('a Device is renamed, given an App, its logging switched for 24 hours, its application restarted', async () => {
  const path = `/v1/Devices/${device.sid}`
  const link = await TestDevice.join(device)
  const update = async (form: Json) => (await send('POST', path, form)).body
  assert.equal((await update({ UniqueName: 'renamed' })).unique_name, 'renamed')
  assert.equal((await update({ UniqueName: 'board' })).unique_name, 'board')
  for (const TargetApp of ['blink', appSid]) {
    const { app } = (await update({ TargetApp })) as { app: Json }
    assert.deepEqual([app.target_sid, app.update_status], [appSid, 'pending'])
  }
  await link.expect('target')
  const hours = async (LoggingEnabled: string) => {
    const { logging } = (await update({ LoggingEnabled })) as { logging: Json }
    const expires = Date.parse(String(logging.date_expires))
    return { enabled: logging.enabled, expires, hours: (expires - Date.now()) / 3_600_000 }
  }
  const on = await hours('true')
  assert.equal(on.enabled, true)
  assert.ok(on.hours > 23.9 && on.hours <= 24, `${on.hours} hours`)
  await sleep(1100)
  assert.ok((await hours('true')).expires > on.expires, 'again: longer')
  assert.equal((await hours('false')).enabled, false)
  await update({ RestartApp: 'false' })
  await update({ RestartApp: 'true' })
  const kinds: string[] = []
  while (kinds.at(-1) !== 'restartApplication') kinds.push((await link.next())?.case ?? 'the end')
  link.send({ case: 'ping', value: { token: 1 } })
  await link.expect('pong')
  assert.equal((await update({})).sid, device.sid, 'nothing to change is no error')
  for (const form of [{ LoggingEnabled: 'maybe' }, { RestartApp: '' }])
    assert.equal((await update(form)).code, 20422)
  assert.equal((await update({ AppSid: appSid })).code, 20001, 'as in the private beta')
  const used = await send('DELETE', `/v1/Apps/${appSid}`)
  assert.deepEqual([used.status, used.body.status], [400, 400], 'an App that is targeted stays')
  await link.close()
})

test('uploads go to whatever host leads here, and the addresses in the answer are of that host', async () => {
  const boundary = 'b'
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="File"; filename="a.zip"\r\n\r\n`,
    ),
    appBundle(),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  const headers = {
    ...authorization(cloud.server),
    host: 'microvisor-upload.dublin.ie1.example.com',
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': body.length,
  }
  const { port } = cloud.server
  const text = await new Promise<string>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: '/v1/Apps', method: 'POST', headers }
    rawRequest(options, async (answer) => resolve(Buffer.concat(await answer.toArray()).toString()))
      .on('error', reject)
      .end(body)
  })
  const { sid, url } = JSON.parse(text)
  assert.equal(url, `http://microvisor-upload.dublin.ie1.example.com/v1/Apps/${sid}`)
})

const brokenBlobs: Blobs = {
  put: () => Promise.reject(new Error('broken on purpose')),
  get: async () => undefined,
  open: async () => undefined,
  remove: async () => undefined,
  list: async function* () {
    yield* []
  },
}

/** How to come by each of the general codes. */
const troubles: Record<keyof typeof errorCodes, () => Promise<Json>> = {
  20001: async () => (await send('GET', '/v1/Apps?Nothing=1')).body,
  20003: async () => (await (await fetch(`${cloud.server.url}/v1/Apps`)).json()) as Json,
  20004: async () => (await send('PUT', '/v1/Apps')).body,
  20007: async () => (await send('GET', '/v1/Apps?PageSize=1001')).body,
  20403: async () => {
    const form = { FriendlyName: 'reader', Scopes: ['read' as const] }
    const { sid, secret } = await cloud.client.call(createApiKey, { form })
    const headers = { authorization: `Basic ${btoa(`${sid}:${secret}`)}` }
    return (await cloud.request('/v1/Configs', { method: 'POST', headers })).json() as Promise<Json>
  },
  20404: async () => (await send('GET', '/v1/Devices/nothing')).body,
  20409: async () => {
    const form = { Key: 'twice', Value: '' }
    await send('POST', '/v1/Configs', form)
    return (await send('POST', '/v1/Configs', form)).body
  },
  20422: async () => (await send('GET', '/v1/Apps?PageSize=x')).body,
  20429: async () => {
    const strict = await testCloud({ limits: { requestsPerSecond: 0.001, requestBurst: 1 } })
    await strict.request('/v1/Apps')
    const answer = await strict.request('/v1/Apps')
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/)
    const body = (await answer.json()) as Json
    await strict.close()
    return body
  },
  20500: async () => {
    const broken = await testCloud({ blobs: brokenBlobs })
    const body = new FormData()
    body.append('File', new Blob([Buffer.from(appBundle())]), 'a.zip')
    const answer = await broken.request('/v1/Apps', { method: 'POST', body })
    const refused = (await answer.json()) as Json
    assert.doesNotMatch(JSON.stringify(refused), /broken on purpose/, 'nothing of why')
    await broken.server.close()
    await rm(broken.folder, { recursive: true })
    return refused
  },
  20503: async () => {
    const leaving = await testCloud({ drainSeconds: 60 })
    void leaving.server.close()
    const refused = (await (await fetch(`${leaving.server.url}/ready`)).json()) as Json
    await leaving.close()
    return refused
  },
}

for (const [code, what] of Object.entries(errorCodes))
  test(`${what} is answered with ${code}, in the vendor's form`, async () => {
    const body = await troubles[Number(code) as keyof typeof errorCodes]()
    assert.equal(body.code, Number(code))
    const members = ['code', 'message', 'more_info', 'status', 'details']
    assert.deepEqual(Object.keys(body), members)
    assert.match(String(body.message), /^\S.*\.$/s)
    assert.match(String(body.more_info), /^http:.*\/errors\/[A-Z_]+$/)
    assert.equal(typeof body.status, 'number')
    assert.equal(typeof body.details, 'object')
  })
