/**
 * The vendor's published Node.js client, in the last releases of both lines that know the API, drives
 * every call of its Microvisor part against our server. Nothing of it is changed but the base address.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createApiKey } from '@microvisor/api'
import twilio4 from 'twilio-4'
import twilio5 from 'twilio-5'
import { appBundle } from '../../packages/server/src/testing/bundles.ts'
import { type TestCloud, testCloud } from '../../packages/server/src/testing/cloud.ts'
import { provision } from '../../packages/server/src/testing/device.ts'
import { watchClient } from './driven.ts'
import { manifest, resources } from './original-api.ts'

/** The types of both lines are the same in this part. */
type Microvisor = ReturnType<typeof twilio5>['microvisor']['v1']

const lines = [
  { line: 'twilio 4.23', name: 'twilio-4', make: twilio4 as unknown as typeof twilio5 },
  { line: 'twilio 5.3', name: 'twilio-5', make: twilio5 },
].map((line) => ({ ...line, watch: watchClient(line.name) }))

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

function connect(make: typeof twilio5, user?: string, password?: string): Microvisor {
  const { accountSid, authToken } = cloud.server.account
  const client = make(user ?? accountSid, password ?? authToken, { accountSid })
  client.microvisor.baseUrl = cloud.server.url
  return client.microvisor.v1
}

/** The library has no upload; the vendor's tools sent it as this does. */
async function upload(UniqueName?: string): Promise<string> {
  const body = new FormData()
  body.append('File', new Blob([Buffer.from(appBundle())], { type: 'application/zip' }), 'a.zip')
  if (UniqueName !== undefined) body.append('UniqueName', UniqueName)
  const answer = await cloud.request('/v1/Apps', { method: 'POST', body })
  assert.equal(answer.status, 201)
  return ((await answer.json()) as { sid: string }).sid
}

/** What every error of the library says. */
async function refused(call: Promise<unknown>, status: number, code: number): Promise<void> {
  await assert.rejects(call, (error: Record<string, unknown>) => {
    assert.equal(error.status, status)
    assert.equal(error.code, code)
    assert.match(String(error.moreInfo), /\/errors\/[A-Z_]+$/)
    assert.match(String(error.message), /\.$/)
    assert.match(String((error.details as { fix?: string }).fix), /\.$/)
    return true
  })
}

interface Item {
  readonly sid?: string
  readonly key?: string
}
interface Listing {
  list(options?: { limit?: number; pageSize?: number }): Promise<Item[]>
  each(
    options: { limit?: number; pageSize?: number; done?: (error?: Error) => void },
    visit: (item: Item) => void,
  ): void
  page(options?: { pageSize?: number; pageNumber?: number; pageToken?: string }): Promise<Page>
  getPage(url: string): Promise<Page>
  toJSON(): object
}
interface Page {
  readonly instances: readonly Item[]
  readonly nextPageUrl?: string
  getNextPageUrl(): string | undefined
  getPreviousPageUrl(): string | undefined
  nextPage(): Promise<Page> | undefined
  previousPage(): Promise<Page> | undefined
}

/** All four ways to read a list say the same; `names` are the items, newest first. */
async function checkLists(listing: Listing, names: readonly string[]): Promise<void> {
  const nameOf = ({ sid, key }: Item) => sid ?? key ?? ''
  assert.deepEqual((await listing.list()).map(nameOf), names)
  assert.deepEqual((await listing.list({ limit: 2 })).map(nameOf), names.slice(0, 2))
  assert.deepEqual((await listing.list({ pageSize: 1 })).map(nameOf), names)
  const seen: string[] = []
  await new Promise<void>((resolve, reject) =>
    listing.each({ pageSize: 2, done: (error) => (error ? reject(error) : resolve()) }, (item) =>
      seen.push(nameOf(item)),
    ),
  )
  assert.deepEqual(seen, names)
  const first = await listing.page({ pageSize: 2 })
  const second = (await first.nextPage())!
  assert.deepEqual([...first.instances, ...second.instances].map(nameOf), names.slice(0, 4))
  assert.deepEqual((await second.previousPage())!.instances.map(nameOf), names.slice(0, 2))
  assert.equal(first.previousPage(), undefined)
  const again = await listing.getPage(first.nextPageUrl!)
  assert.deepEqual(again.instances.map(nameOf), names.slice(2, 4))
  assert.equal(first.getNextPageUrl(), first.nextPageUrl)
  assert.equal(first.getPreviousPageUrl(), undefined)
  const pageToken = new URL(first.nextPageUrl!).searchParams.get('PageToken')!
  const named = await listing.page({ pageSize: 2, pageNumber: 1, pageToken })
  assert.deepEqual(named.instances.map(nameOf), names.slice(2, 4))
  const some: string[] = []
  await new Promise<void>((resolve) =>
    listing.each({ limit: 3, done: () => resolve() }, (item) => some.push(nameOf(item))),
  )
  assert.deepEqual(some, names.slice(0, 3))
  assert.deepEqual(listing.toJSON(), solutionOf(listing))
}

/** What identifies a list or a thing in the client. */
const solutionOf = (thing: object) => (thing as { _solution: object })._solution

interface Value {
  fetch(): Promise<ValueInstance>
  update(value: { value: string }): Promise<ValueInstance>
  remove(): Promise<boolean>
  toJSON(): object
}
type ValueInstance = Value & Record<string, unknown>
interface Values {
  (key: string): Value
  get(key: string): Value
  create(item: { key: string; value: string }): Promise<ValueInstance>
}

async function checkValues(values: Values & Listing, isSecret: boolean, deviceSid?: string) {
  const date = isSecret ? 'dateRotated' : 'dateUpdated'
  const check = (item: ValueInstance, key: string, value: string) => {
    assert.equal(item.key, key)
    assert.equal(item.value, isSecret ? undefined : value)
    assert.ok(item[date] instanceof Date)
    assert.equal(item.deviceSid, deviceSid)
    assert.equal(item.url, `${cloud.server.url}${pathOf(deviceSid, isSecret)}/${key}`)
  }
  const keys = ['one', 'two', 'three', 'four', 'five']
  for (const key of keys) check(await values.create({ key, value: `${key} ä€` }), key, `${key} ä€`)
  await checkLists(values, keys.toReversed())
  check(await values('two').fetch(), 'two', 'two ä€')
  check(await values('two').update({ value: 'b' }), 'two', 'b')
  check(await values('two').fetch(), 'two', 'b')
  await refused(values.create({ key: 'two', value: '' }), 409, 20409)
  await refused(values('six').fetch(), 404, 20404)
  await refused(values('six').update({ value: '' }), 404, 20404)
  await refused(values('six').remove(), 404, 20404)
  await refused(values.create({ key: 'x'.repeat(101), value: '' }), 400, 20422)
  await refused(values.create({ key: 'long', value: 'x'.repeat(4097) }), 400, 20422)
  const one = values.get('two')
  assert.deepEqual(one.toJSON(), solutionOf(one))
  const shown = await one.fetch()
  assert.equal((shown.toJSON() as { key: string }).key, 'two')
  check(await shown.update({ value: 'c' }), 'two', 'c')
  check(await shown.fetch(), 'two', 'c')
  assert.equal(await shown.remove(), true)
  for (const key of keys.filter((other) => other !== 'two'))
    assert.equal(await values(key).remove(), true)
  assert.deepEqual(await values.list(), [])
}

function pathOf(deviceSid: string | undefined, isSecret: boolean): string {
  const store = isSecret ? 'Secrets' : 'Configs'
  return deviceSid === undefined ? `/v1/${store}` : `/v1/Devices/${deviceSid}/${store}`
}

for (const { line, make, watch } of lines) {
  test(`${line}: Apps and their manifests`, async () => {
    const { apps } = connect(make)
    const name = `app of ${line}`
    const sids = [await upload(name)]
    for (let i = 0; i < 4; i++) sids.unshift(await upload())
    await checkLists(apps as unknown as Listing, sids)
    const app = await apps(name).fetch()
    assert.deepEqual(app.toJSON(), (await apps(sids[4]!).fetch()).toJSON())
    assert.equal(app.uniqueName, name)
    assert.equal(app.accountSid, cloud.server.account.accountSid)
    assert.ok(app.dateCreated instanceof Date && app.dateUpdated instanceof Date)
    assert.equal(app.url, `${cloud.server.url}/v1/Apps/${app.sid}`)
    assert.deepEqual(app.links, { app_manifests: `${app.url}/Manifest` })
    const manifests = app.appManifests()
    assert.deepEqual(manifests.toJSON(), solutionOf(manifests))
    for (const one of [manifests(), manifests.get(), apps(name).appManifests()]) {
      const shown = await (await one.fetch()).fetch()
      assert.equal(shown.appSid, app.sid)
      assert.equal(shown.hash, app.hash)
      assert.ok(Buffer.from(shown.encodedBytes, 'base64').length > 100)
      assert.equal(shown.url, `${app.url}/Manifest`)
      assert.deepEqual(shown.toJSON().hash, app.hash)
      assert.deepEqual(one.toJSON(), solutionOf(one))
    }
    const one = apps.get(app.sid)
    assert.deepEqual(one.toJSON(), { sid: app.sid })
    assert.equal(await (await (await one.fetch()).fetch()).remove(), true)
    for (const sid of sids.filter((other) => other !== app.sid))
      assert.equal(await apps(sid).remove(), true)
    await refused(apps(sids[0]!).fetch(), 404, 20404)
    await refused(apps(sids[0]!).appManifests().fetch(), 404, 20404)
    await refused(apps(sids[0]!).remove(), 404, 20404)
    await refused(apps.page({ pageSize: 1001 }), 400, 20007)
  })

  test(`${line}: Devices`, async () => {
    const { apps, devices } = connect(make)
    const made = []
    for (let i = 0; i < 5; i++) made.unshift(await provision(cloud.client))
    const sids = made.map(({ sid }) => sid)
    await checkLists(devices as unknown as Listing, sids)
    const [sid = ''] = sids
    const target = await upload('target')
    const named = await devices(sid).update({ uniqueName: `device of ${line}` })
    assert.equal(named.uniqueName, `device of ${line}`)
    const device = await devices(named.uniqueName).fetch()
    assert.equal(device.sid, sid)
    assert.ok(device.dateCreated instanceof Date && device.dateUpdated instanceof Date)
    assert.equal(device.url, `${cloud.server.url}/v1/Devices/${sid}`)
    const links = {
      device_configs: `${device.url}/Configs`,
      device_secrets: `${device.url}/Secrets`,
    }
    assert.deepEqual(device.links, links)
    assert.deepEqual(device.logging, { enabled: false, date_expires: null })
    assert.equal(device.app.update_status, 'up-to-date')
    const deployed = await device.update({ targetApp: 'target', loggingEnabled: true })
    assert.equal(deployed.app.target_sid, target)
    assert.match(deployed.app.target_hash, /^sha256:/)
    assert.match(deployed.app.date_targeted, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(deployed.app.update_status, 'pending')
    assert.equal(deployed.app.update_error_code, 0)
    assert.equal(deployed.app.reported_sid, null)
    assert.equal(deployed.logging.enabled, true)
    assert.equal((await device.update({ restartApp: true })).sid, sid)
    const one = devices.get(sid)
    assert.deepEqual(one.toJSON(), { sid })
    const shown = await (await one.fetch()).fetch()
    assert.equal(shown.toJSON().uniqueName, named.uniqueName)
    assert.deepEqual([await one.deviceConfigs.list(), await one.deviceSecrets.list()], [[], []])
    assert.equal((await device.update({ loggingEnabled: false })).logging.enabled, false)
    await refused(apps(target).remove(), 400, 72011)
    await refused(devices(sid).update({ targetApp: 'nothing' }), 400, 72010)
    await refused(devices(sids[1]!).update({ uniqueName: device.uniqueName }), 409, 20409)
    await refused(devices('nothing').fetch(), 404, 20404)
    await refused(devices(`UV${'0'.repeat(32)}`).update({}), 404, 20404)
    for (const one of sids) await cloud.request(`/v1/Devices/${one}`, { method: 'DELETE' })
    assert.equal(await apps(target).remove(), true)
  })

  test(`${line}: Configs and Secrets of the account and of a Device`, async () => {
    const { accountConfigs, accountSecrets, devices } = connect(make)
    const { sid } = await provision(cloud.client)
    const { deviceConfigs, deviceSecrets } = await devices(sid)
      .fetch()
      .then((device) => ({
        deviceConfigs: device.deviceConfigs(),
        deviceSecrets: device.deviceSecrets(),
      }))
    const all = [
      [accountConfigs, false],
      [accountSecrets, true],
      [deviceConfigs, false, sid],
      [deviceSecrets, true, sid],
    ] as const
    for (const [values, isSecret, deviceSid] of all)
      await checkValues(values as unknown as Values & Listing, isSecret, deviceSid)
    await cloud.request(`/v1/Devices/${sid}`, { method: 'DELETE' })
  })

  test(`${line}: an API key signs in; wrong credentials are refused as before`, async () => {
    const form = { FriendlyName: line, Scopes: ['read' as const] }
    const key = await cloud.client.call(createApiKey, { form })
    const { devices } = connect(make, key.sid, key.secret)
    assert.deepEqual(await devices.list(), [])
    await refused(devices('x').update({ restartApp: true }), 403, 20403)
    await refused(connect(make, undefined, 'wrong').devices.list(), 401, 20003)
  })

  test(`${line}: too many requests are told so, and the client comes again when it is set to`, async () => {
    const strict = await testCloud({ limits: { requestsPerSecond: 5, requestBurst: 3 } })
    const { accountSid, authToken } = strict.server.account
    const listTwice = async (autoRetry: boolean) => {
      // Each pause is drawn from zero on: its own three retries may all come too soon.
      const client = make(accountSid, authToken, { autoRetry, maxRetries: 20 })
      client.microvisor.baseUrl = strict.server.url
      const { apps } = client.microvisor.v1
      for (let i = 0; i < 8; i++) assert.deepEqual(await apps.list(), [])
    }
    await refused(listTwice(false), 429, 20429)
    await listTwice(true)
    await strict.close()
  })

  test(`${line}: every method of its Microvisor part was driven`, () => {
    assert.ok(watch.methods.length > 80, `${watch.methods.length} methods`)
    assert.deepEqual(watch.undriven(), [])
  })
}

test('the clients sent every request of the original API but the upload', () => {
  const requests = cloud.log.filter(({ event }) => event === 'request')
  const isSent = (verb: string, path: string) => {
    const pattern = new RegExp(`^${path.replace(/:[A-Za-z]+/g, '[^/?]+')}(\\?|$)`)
    return requests.some(({ method, url }) => method === verb && pattern.test(String(url)))
  }
  const all = resources.flatMap(({ path, list, one, verbs }) => [
    ...list.map((verb) => [verb, path] as const),
    ...verbs.map((verb) => [verb, path + one] as const),
  ])
  for (const [verb, path] of [...all, ['GET', manifest.path] as const])
    assert.ok(isSent(verb, path), `${verb} ${path}`)
})
