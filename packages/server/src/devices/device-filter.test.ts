/** Lists of devices by what they are and how they are; the tail of their logs; rates in headers. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { encodeLogRecord, UpdatePhase } from '@microvisor/protocol'
import { appBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { EventReader } from '../testing/events.ts'
import { until } from '../testing/until.ts'

let cloud: TestCloud
let [red, green]: NewDevice[] = []
before(async () => {
  cloud = await testCloud({ logLinesKept: 3 })
  red = await provision(cloud.client, 'wall_red')
  green = await provision(cloud.client, 'wall-green')
})
after(() => cloud.close())

const find = async (query: object) => {
  const { devices } = await cloud.client.call(api.listDevices, { query })
  return devices.map(({ unique_name }) => unique_name).sort()
}

test('devices are found by name, attribute, presence, update and App', async () => {
  const { client } = cloud
  const update = (Sid: string, form: object) =>
    client.call(api.updateDevice, { params: { Sid }, form })
  await update(red!.sid, { Attributes: { floor: '2', 'a=b': "c'd" }, Tags: ['lab'] })
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const app = await client.upload(api.createApp, { form: {}, file })
  await update(green!.sid, { TargetApp: app.sid })
  const link = await TestDevice.join(green!)
  assert.deepEqual(await find({ Name: 'wall_' }), ['wall_red'], 'not any character')
  assert.deepEqual(await find({ Name: 'wall' }), ['wall-green', 'wall_red'])
  assert.deepEqual(await find({ Attribute: 'floor=2' }), ['wall_red'])
  assert.deepEqual(await find({ Attribute: 'floor=' }), [])
  assert.deepEqual(await find({ Attribute: "x=' OR 1=1 --" }), [])
  assert.deepEqual(await find({ Connected: true }), ['wall-green'])
  assert.deepEqual(await find({ Connected: false, Tag: 'lab' }), ['wall_red'])
  assert.deepEqual(await find({ TargetApp: app.sid }), ['wall-green'])
  assert.deepEqual(await find({ RunsApp: app.sid }), [])
  assert.deepEqual(await find({ UpdateStatus: 'pending' }), ['wall-green'])
  assert.deepEqual(await find({ UpdateStatus: 'up-to-date' }), ['wall_red'])
  const manifestHash = Buffer.from(app.hash.slice('sha256:'.length), 'hex')
  link.send({
    case: 'updateProgress',
    value: { phase: UpdatePhase.FAILED, error: 7, manifestHash },
  })
  await link.settle()
  assert.deepEqual(await find({ UpdateStatus: 'error' }), ['wall-green'])
  const page = await client.call(api.listDevices, { query: { Name: 'wall', PageSize: 1 } })
  assert.match(page.meta.next_page_url ?? '', /Name=wall/)
  const { reported } = await client.call(api.fetchDevice, { params: { Sid: green!.sid } })
  assert.equal(reported.wake_reason_name, 'REMOTEMICROVISORRESTART')
  await link.close()
})

test('of what an application logs the newest lines are kept, where the settings say so', async () => {
  const params = { Sid: red!.sid }
  await cloud.client.call(api.updateDevice, { params, form: { LoggingEnabled: true } })
  const events = await EventReader.open(cloud.client, red!.sid)
  const link = await TestDevice.join(red!)
  const stream = link.openStream()
  link.send({ case: 'streamOpen', value: { stream, kind: { case: 'log', value: {} } } })
  await link.expect('streamCredit')
  for (let n = 1; n <= 5; n++) {
    const text = new TextEncoder().encode(`line ${n}\0`)
    const data = encodeLogRecord({ text, wallMicroseconds: 0n, microseconds: 0n, dropped: 0 })
    link.send({ case: 'streamData', value: { stream, data } })
  }
  const lines = await until(async () => {
    const page = await cloud.client.call(api.listDeviceLogs, { params })
    return page.lines[0]?.text.startsWith('line 5') ? page.lines : undefined
  }, 'the last line is kept')
  assert.deepEqual(
    lines.map(({ text }) => text.slice(0, 6)),
    ['line 5', 'line 4', 'line 3'],
  )
  await events.close()
  await link.close()
})

test('answers say how much of the rate is left', async () => {
  const answer = await cloud.request('/v1/Apps')
  const header = (name: string) => Number(answer.headers.get(`ratelimit-${name}`))
  assert.equal(header('limit'), 2000)
  assert.ok(header('remaining') > 0 && header('remaining') < 2000)
  assert.ok(header('reset') >= 0)
})
