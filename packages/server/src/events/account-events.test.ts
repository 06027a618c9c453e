/** Events of an account: numbered without gaps, kept up to a limit, followed from any of them. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { pino } from 'pino'
import { defaultLimits } from '../limits.ts'
import { Metrics } from '../metrics.ts'
import { openDatabase } from '../storage/database.ts'
import { type TestCloud, testCloud, testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { provision, TestDevice } from '../testing/device.ts'
import { AccountEvents, type NewEvent } from './account-events.ts'
import { ProcessBus } from './bus.ts'
import { EventReaders } from './event-readers.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud({ limits: { eventReadersPerAccount: 2, eventHeartbeatMs: 100 } })
})
after(() => cloud.close())

/** The next `count` events of a stream. */
async function take(events: AsyncGenerator<api.AccountEvent>, count: number) {
  const taken: api.AccountEvent[] = []
  while (taken.length < count) {
    const { value, done } = await events.next()
    if (done) throw new Error(`the stream ended after ${taken.length}`)
    taken.push(value)
  }
  return taken
}

async function follow(query: Record<string, unknown> = {}) {
  const stop = new AbortController()
  const events = await cloud.client.listen(api.streamEvents, { query }, { signal: stop.signal })
  return { events, stop: () => stop.abort() }
}

test('what happens to all devices comes in one stream, numbered, and is listed', async () => {
  const { events, stop } = await follow()
  const [a, b] = [await provision(cloud.client, 'a'), await provision(cloud.client, 'b')]
  const link = await TestDevice.join(a)
  link.send({ case: 'updateProgress', value: { phase: UpdatePhase.FETCHING_MANIFEST } })
  link.send({ case: 'updateProgress', value: { phase: UpdatePhase.FETCHING_LAYERS } })
  link.send({ case: 'updateProgress', value: { phase: UpdatePhase.FAILED, error: 7 } })
  link.send({
    case: 'crashReport',
    value: { id: 5n, exception: 'HardFault', registers: Array(17).fill(1) },
  })
  await link.expect('crashReceived')
  await link.close()
  await cloud.client.call(api.deleteDevice, { params: { Sid: b.sid } })
  const seen = await take(events, 8)
  stop()
  assert.deepEqual(
    seen.map(({ type }) => type).sort(),
    [
      ...['app.crashed', 'device.connected', 'device.disconnected', 'device.provisioned'],
      ...['device.provisioned', 'device.removed', 'update.failed', 'update.started'],
    ].sort(),
  )
  assert.deepEqual(
    seen.map(({ id }) => Number(id)),
    seen.map((_, i) => i + 1),
  )
  const crash = seen.find(({ type }) => type === 'app.crashed')
  assert.equal(crash?.device_sid, a.sid)
  assert.equal(crash.data.exception, 'HardFault')
  assert.equal(seen.find(({ type }) => type === 'update.failed')?.data.error, 'LAYER_HASH')
  const listed = await cloud.client.call(api.listEvents, { query: { PageSize: 3 } })
  assert.deepEqual(listed.events, seen.slice(-3).reverse())
})

test('a reader goes on behind the last event it got, by header or parameter, and filters', async () => {
  const all = await follow({ After: '0' })
  const first = await take(all.events, 8)
  all.stop()
  const answer = await cloud.request('/v1/Events/Stream', { headers: { 'last-event-id': '6' } })
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!text.includes('id: 8')) text += (await reader.read()).value
  await reader.cancel()
  assert.doesNotMatch(text, /id: 6\n/)
  assert.match(text, /id: 7\ndata: \{"id":"7","type"/)
  const isOfA = (event: api.AccountEvent) => event.device_sid === first[0]?.device_sid
  const own = await follow({ After: '0', Device: 'a', Type: ['device.*', 'app.crashed'] })
  const wanted = first.filter((event) => isOfA(event) && !event.type.startsWith('update'))
  assert.deepEqual(await take(own.events, wanted.length), wanted)
  own.stop()
})

test('readers are limited, wrong ones are told what is wrong, all end with the server', async () => {
  const open = [await follow(), await follow()]
  await assert.rejects(follow(), { code: 'TOO_MANY_LISTENERS' })
  for (const one of open) one.stop()
  await assert.rejects(follow({ Device: 'nobody' }), { code: 'DEVICE_NOT_FOUND' })
  const wrong = await cloud.request('/v1/Events/Stream?Type=app.started')
  assert.match(await wrong.text(), /must be some of \*, device\.\*/)
  const late = await testCloud()
  const events = await late.client.listen(api.streamEvents, {})
  const ended = events.next()
  await late.close()
  assert.equal((await ended).done, true)
})

test('only the newest are kept; a reader that comes too late is told how many it missed', async () => {
  const folder = await testFolder()
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  const { db, close } = await openDatabase(join(folder, 'db'))
  const bus = new ProcessBus()
  const limits = { ...defaultLimits, eventsKept: 100 }
  const parts = { db, bus, limits, metrics: new Metrics(), log: pino({ enabled: false }) }
  const events = new AccountEvents({ ...parts, onDeliveries: () => undefined })
  const event = (n: number): NewEvent => ({
    ...{ accountSid: 'AC1', deviceSid: null, type: 'device.connected', text: String(n) },
    timestamp: '2026-01-01T00:00:00.000000Z',
  })
  const readers = new EventReaders({ events, bus, limits })
  const live = await readers.open('AC1', {}, undefined)
  for (let n = 1; n <= 1000; n++) events.append(event(n))
  await events.close()
  const late = await readers.open('AC1', {}, 10)
  const first = await late.next()
  assert.deepEqual([first?.id, first?.text, first?.dropped], ['901', '901', 890])
  for (let n = 902; n <= 1000; n++) assert.equal((await late.next())?.text, String(n))
  const others = await readers.open('AC2', {}, 0)
  const nothing = others.next()
  others.end()
  assert.equal(await nothing, undefined)
  assert.equal((await live.next())?.dropped, 900)
  readers.endAll()
  await close()
  await rm(folder, { recursive: true })
})
