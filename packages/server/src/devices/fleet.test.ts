/** What an operator sees of devices: presence, tags, crashes, usage; and of the server: readiness, metrics. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { until } from '../testing/until.ts'

let cloud: TestCloud
let device: NewDevice
before(async () => {
  cloud = await testCloud()
  device = await provision(cloud.client)
})
after(() => cloud.close())

const show = () => cloud.client.call(api.fetchDevice, { params: { Sid: device.sid } })

test('a device is connected from its hello until its connection ends, also over a restart', async () => {
  assert.deepEqual((await show()).connection, {
    connected: false,
    date_connected: null,
    date_last_seen: null,
    update_bytes_sent: 0,
    address: null,
  })
  const link = await TestDevice.join(device)
  const { connection, reported } = await show()
  assert.equal(connection.connected, true)
  assert.match(connection.address ?? '', /127\.0\.0\.1|::1/)
  for (const date of [connection.date_connected, connection.date_last_seen])
    assert.ok(Math.abs(Date.parse(date ?? '') - Date.now()) < 60_000, `${date}`)
  assert.deepEqual([reported.kernel_version, reported.running, reported.wake_reason], [7, false, 1])
  const measurement = new Uint8Array(32).fill(5)
  const layers = [{ place: 1, start: 4096, size: 8192, measurementHash: measurement }]
  link.send({ case: 'deviceState', value: { layers, running: true, wakeReason: 3 } })
  await link.settle()
  const { reported: later } = await show()
  assert.deepEqual(later.layers, [
    { place: 'INTERNAL_FLASH', start: 4096, size: 8192, measurement_hash: '05'.repeat(32) },
  ])
  assert.deepEqual([later.running, later.wake_reason], [true, 3])
  await link.close()
  await until(async () => !(await show()).connection.connected, 'it is gone')
  const second = await TestDevice.join(device)
  cloud = await cloud.restart()
  assert.equal((await show()).connection.connected, false)
  await second.close()
})

test('how far an update is can be read', async () => {
  const { gateway } = cloud.server
  const link = await TestDevice.connect(device, gateway)
  await link.hello()
  link.send({
    case: 'updateProgress',
    value: { phase: UpdatePhase.FETCHING_LAYERS, bytesDone: 5n, bytesTotal: 2n ** 63n },
  })
  await link.settle()
  assert.deepEqual((await show()).update_progress, {
    phase: 'FETCHING_LAYERS',
    bytes_done: 5,
    bytes_total: Number.MAX_SAFE_INTEGER,
    ...{ bytes_sent: 0, bytes_received: 0 },
  })
  await link.close()
})

test('tags and attributes are kept as given, and devices are found by tag', async () => {
  const other = await provision(cloud.client)
  const update = (form: object) =>
    cloud.client.call(api.updateDevice, { params: { Sid: device.sid }, form })
  const tagged = await update({ Tags: ['lab', 'eu:west'], Attributes: '{"floor":"2","ä":"€"}' })
  assert.deepEqual(tagged.tags, ['lab', 'eu:west'])
  assert.deepEqual(tagged.attributes, { floor: '2', ä: '€' })
  const found = await cloud.client.call(api.listDevices, { query: { Tag: 'lab', PageSize: 1 } })
  assert.deepEqual(
    found.devices.map(({ sid }) => sid),
    [device.sid],
  )
  assert.match(found.meta.url, /Tag=lab/)
  const path = `/v1/Devices/${device.sid}`
  for (const body of [
    'Tags=a b',
    `Tags=${Array.from({ length: 33 }, (_, i) => i).join(',')}`,
    'Attributes=[]',
    'Attributes={',
    'Attributes={"a":1}',
    `Attributes={"a":"${'x'.repeat(4096)}"}`,
  ]) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await cloud.request(path, { method: 'POST', body, headers })
    assert.equal(answer.status, 400, body.slice(0, 40))
  }
  assert.deepEqual((await update({ Tags: [] })).tags, [])
  await cloud.client.call(api.deleteDevice, { params: { Sid: other.sid } })
})

test('crashes are listed; usage counts the devices of a month, and keeps those that are gone', async () => {
  const gone = await provision(cloud.client)
  const link = await TestDevice.connect(gone, cloud.server.gateway)
  await link.hello()
  link.send({
    case: 'crashReport',
    value: { id: 77n, exception: 'HardFault', registers: Array(17).fill(1), cfsr: 0x100 },
  })
  await link.expect('crashReceived')
  const params = { Sid: gone.sid }
  const { crashes } = await cloud.client.call(api.listDeviceCrashes, { params })
  assert.deepEqual(
    crashes.map(({ id, crash }) => [id, crash.exception]),
    [['77', 'HardFault']],
  )
  assert.match(crashes[0]?.text ?? '', /PC 0x0000_0001/)
  await cloud.client.call(api.deleteDevice, { params })
  const usage = await cloud.client.call(api.fetchUsage)
  assert.equal(usage.device_count, 2)
  const mine = usage.devices.find(({ device_sid }) => device_sid === device.sid)
  assert.equal(mine?.connections, 3)
  const csv = await cloud.client.call(api.exportUsage, { query: { Month: usage.month } })
  assert.equal(csv.trim().split('\r\n').length, 3)
  assert.ok(csv.includes(`${usage.month},${gone.sid},`))
  const raw = await fetch(`${cloud.server.url}/v1/Usage.csv`, {
    headers: authorization(cloud.server),
  })
  assert.equal(raw.headers.get('content-type'), 'text/csv; charset=utf-8')
  const before = await cloud.client.call(api.fetchUsage, { query: { Month: '1999-12' } })
  assert.equal(before.device_count, 0)
  await link.close()
})

test('the server says whether it is ready, and what it counts', async () => {
  const ready = await cloud.client.call(api.fetchReadiness)
  assert.deepEqual([ready.status, ready.database, ready.bus], ['ready', 'ok', 'ok'])
  const text = await cloud.client.call(api.fetchMetrics)
  assert.match(text, /^microvisor_device_connections_total [1-9]/m)
  assert.match(text, /microvisor_http_request_seconds_count\{route="fetchDevice",status="200"\} \d/)
  assert.match(text, /microvisor_device_events_total\{type="crash"\} 1/)
})
