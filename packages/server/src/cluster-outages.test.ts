/**
 * The database and the bus go away in the midst of everything, and come back: who asks meanwhile is told
 * so, what was acknowledged is there, and everything goes on, devices among it, without a restart.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { appBundle } from './testing/bundles.ts'
import { type Member, TestCluster } from './testing/cluster.ts'
import { type NewDevice, provision, TestDevice } from './testing/device.ts'
import { EventReader } from './testing/events.ts'
import { missingStores, type Stores, startStores } from './testing/stores.ts'
import { until } from './testing/until.ts'

const skip = missingStores()
/** What a request may hear while the database is away. */
const REFUSALS = ['DATABASE_UNAVAILABLE', 'SERVER_BUSY']

let stores: Stores
let cluster: TestCluster
let a: Member
let b: Member
before(async () => {
  if (skip) return
  stores = await startStores()
  cluster = await TestCluster.on(await stores.fresh())
  ;[a, b] = await Promise.all([cluster.add(), cluster.add()])
})
after(async () => {
  if (skip) return
  await cluster.close()
  await stores.stop()
})

async function uploadApp(): Promise<string> {
  const file = { fileName: 'a.zip', bytes: appBundle() }
  return (await a.client.upload(api.createApp, { file })).sid
}

const deploy = (Sid: string, TargetApp: string) =>
  a.client.call(api.updateDevice, { params: { Sid }, form: { TargetApp } })

const join = async (device: NewDevice, { server }: Member) => {
  const link = await TestDevice.connect(device, server.gateway)
  await link.hello()
  return link
}

/** Somebody who writes all the time, and remembers what was acknowledged and what was refused. */
class Writer {
  readonly written: string[] = []
  readonly refused: string[] = []
  #isStopping = false
  readonly #work: Promise<void>

  constructor(name: string, { client }: Member) {
    this.#work = (async () => {
      for (let i = 0; !this.#isStopping; i++) {
        const form = { Key: `${name} ${i}`, Value: `${i}` }
        try {
          await client.call(api.accountConfigs.create, { form })
          this.written.push(form.Key)
        } catch (error) {
          this.refused.push((error as { code: string }).code)
          await sleep(50)
        }
      }
    })()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#work
  }
}

async function expectAll(keys: readonly string[]): Promise<void> {
  const there = new Set<string>()
  for await (const { key } of b.client.each(api.accountConfigs.list, { query: { PageSize: 1000 } }))
    there.add(key)
  for (const key of keys) assert.ok(there.has(key), `${key} was acknowledged, and is lost`)
}

/** Also what was done and not acknowledged, if only as what may have been done. */
async function expectAudited(name: string): Promise<void> {
  const made: string[] = []
  for await (const { key } of b.client.each(api.accountConfigs.list, { query: { PageSize: 1000 } }))
    if (key.startsWith(`${name} `)) made.push(`/v1/Configs/${encodeURIComponent(key)}`)
  await until(async () => {
    const noted = new Map<string, number>()
    let unfinished = 0
    const all = b.client.each(api.listAudit, { query: { PageSize: 1000 } })
    for await (const { action, object, after } of all) {
      noted.set(object, (noted.get(object) ?? 0) + 1)
      if (action.startsWith(`${api.accountConfigs.create.name} `) && api.isUnfinished({ after }))
        unfinished++
    }
    const without = made.filter((object) => !noted.has(object))
    return made.every((object) => (noted.get(object) ?? 1) === 1) && without.length <= unfinished
  }, 'one entry in the audit log for each write')
}

const crash = (id: bigint) =>
  ({
    case: 'crashReport',
    value: { id, exception: 'HardFault', registers: Array(17).fill(1), cfsr: 0x100 },
  }) as const

const crashesOf = async (Sid: string) =>
  (await b.client.call(api.listDeviceCrashes, { params: { Sid } })).crashes.map(({ id }) => id)

test('the database goes away in use: clear errors, no acknowledged write lost, devices stay or return, no restart', {
  skip,
}, async () => {
  const [calm, crashing] = [await provision(a.client), await provision(b.client)]
  const calmLink = await join(calm, a)
  const crashLink = await join(crashing, b)
  const app = await uploadApp()
  const writer = new Writer('database', b)
  await until(() => writer.written.length > 20, 'writes')
  await stores.postgres.kill()
  await until(() => writer.refused.length > 2, 'refusals')
  await assert.rejects(a.client.call(api.listDevices), { code: REFUSALS[0]!, status: 503 })
  const ready = await fetch(`${a.server.url}/ready`)
  assert.equal(ready.status, 503)
  assert.match(ready.headers.get('retry-after') ?? '', /^\d+$/)
  assert.equal((await fetch(`${a.server.url}/health`)).status, 200)
  const status = api.Status.parse(await (await fetch(`${a.server.url}/status`)).json())
  assert.equal(status.status, 'unavailable')
  await calmLink.settle()
  crashLink.send(crash(1n))
  assert.equal(await crashLink.farewell(), 'GOING_AWAY')
  const late = await TestDevice.connect(crashing, a.server.gateway)
  assert.equal(await late.farewell(), 'GOING_AWAY')
  const before = writer.written.length
  await stores.postgres.start()
  await until(() => writer.written.length > before + 20, 'writes go on')
  await writer.stop()
  for (const code of writer.refused) assert.ok(REFUSALS.includes(code), code)
  await expectAll(writer.written)
  await expectAudited('database')
  assert.equal((await a.client.call(api.verifyAudit)).intact, true)
  const again = await join(crashing, a)
  again.send(crash(1n))
  await again.expect('crashReceived')
  assert.deepEqual(await crashesOf(crashing.sid), ['1'])
  await deploy(calm.sid, app)
  await calmLink.expect('target')
  assert.equal((await fetch(`${a.server.url}/ready`)).status, 200)
  for (const link of [calmLink, crashLink, late, again]) await link.close()
})

test('the bus goes away in use: nothing is refused, and what was missed is caught up', {
  skip,
}, async () => {
  const device = await provision(a.client)
  const link = await join(device, b)
  const stop = new AbortController()
  const { events } = await a.client.call(api.listEvents, { query: { PageSize: 1 } })
  const After = events[0]?.id ?? '0'
  const stream = await a.client.listen(
    api.streamEvents,
    { query: { After, Device: device.sid } },
    { signal: AbortSignal.any([stop.signal, AbortSignal.timeout(90_000)]) },
  )
  const writer = new Writer('bus', a)
  await stores.nats.kill()
  await until(async () => {
    const ready = await (await fetch(`${a.server.url}/ready`)).json()
    return (ready as { status: string }).status === 'degraded'
  }, 'it is noticed')
  const app = await uploadApp()
  assert.equal((await deploy(device.sid, app)).app.update_status, 'pending')
  link.send(crash(7n))
  await link.expect('crashReceived')
  await link.settle()
  await stores.nats.start()
  assert.equal((await link.expect('target')).manifestHash.length, 32)
  await until(async () => (await fetch(`${a.server.url}/ready`)).ok, 'ready')
  link.send(crash(8n))
  await link.expect('crashReceived')
  const types: string[] = []
  while (types.filter((type) => type === 'app.crashed').length < 2)
    types.push((await stream.next()).value?.type)
  await writer.stop()
  assert.deepEqual(writer.refused, [])
  await expectAll(writer.written)
  const logs = await EventReader.open(a.client, device.sid)
  link.send(crash(9n))
  assert.equal((await logs.next()).type, 'crash')
  stop.abort()
  await logs.close()
  await link.close()
})
