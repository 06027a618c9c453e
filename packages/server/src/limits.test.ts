/** Limits of one server, each at its edge. */
import assert from 'node:assert/strict'
import { get, type IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { encodeLogRecord } from '@microvisor/protocol'
import { authorization, type TestCloud, testCloud } from './testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from './testing/device.ts'
import { EventReader } from './testing/events.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud({
    limits: {
      listenersPerDevice: 2,
      eventsPerListener: 20,
      // Longer than any test that logs takes on a busy machine.
      loggingMs: 4000,
      connections: 2,
      refusalsAtOnce: 0,
      stopMs: 200,
      logBytesPerSecond: 40_000,
      logBurstBytes: 4000,
      reportBurst: 10_000,
    },
  })
})
after(() => cloud.close())

const listenersFree = async (sid: string) => {
  for (;;) {
    const reader = await EventReader.open(cloud.client, sid).catch(() => undefined)
    if (reader) return reader
  }
}

test('a device has so many listeners and no more; one that leaves makes room', async () => {
  const { sid } = await provision(cloud.client)
  const one = await EventReader.open(cloud.client, sid)
  const two = await EventReader.open(cloud.client, sid)
  const third = EventReader.open(cloud.client, sid)
  await assert.rejects(third, { code: 'TOO_MANY_LISTENERS', status: 429 })
  await one.close()
  const next = await listenersFree(sid)
  await next.close()
  await two.close()
})

test('logging ends by itself when its time is over', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const form = { LoggingEnabled: true }
  await cloud.client.call(api.updateDevice, { params: { Sid: device.sid }, form })
  assert.equal((await link.expect('settings')).loggingEnabled, true)
  assert.equal((await link.expect('settings')).loggingEnabled, false)
  const { logging } = await cloud.client.call(api.fetchDevice, { params: { Sid: device.sid } })
  assert.deepEqual(logging, { enabled: false, date_expires: null })
  await link.close()
})

test('a device that logs too fast gets its credit later', async () => {
  const device = await provision(cloud.client)
  const form = { LoggingEnabled: true }
  await cloud.client.call(api.updateDevice, { params: { Sid: device.sid }, form })
  const link = await TestDevice.join(device)
  const stream = link.openStream()
  link.send({ case: 'streamOpen', value: { stream, kind: { case: 'log', value: {} } } })
  let credit = (await link.expect('streamCredit')).bytes
  const data = encodeLogRecord({ text: new Uint8Array(990).fill(65) })
  const started = performance.now()
  for (let sent = 0; sent < 20_000; sent += data.length) {
    while (credit < data.length) credit += (await link.expect('streamCredit')).bytes
    link.send({ case: 'streamData', value: { stream, data } })
    credit -= data.length
  }
  // 4000 bytes at once and 16,384 in flight: what comes behind waits for the pace.
  await link.expect('streamCredit')
  assert.ok(performance.now() - started > 150)
  await link.close()
})

test('a listener that does not read loses the oldest events, and is told how many', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const { port } = cloud.server
  const path = `/v1/Devices/${device.sid}/Logs`
  const response = await new Promise<IncomingMessage>((resolve) => {
    get({ host: '127.0.0.1', port, path, headers: authorization(cloud.server) }, resolve)
  })
  response.pause()
  const count = 2500
  for (let i = 0; i < count; i++) {
    const manifestHash = new Uint8Array(32)
    const detail = `${i} ${'x'.repeat(1000)}`
    link.send({ case: 'updateProgress', value: { manifestHash, phase: 1, detail } })
  }
  await link.settle()
  const seen: api.DeviceEvent[] = []
  for await (const data of lines(response)) {
    seen.push(JSON.parse(data))
    if (seen.at(-1)?.text.includes(` ${count - 1} `)) break
  }
  const lost = seen.reduce((sum, { dropped = 0 }) => sum + dropped, 0)
  assert.ok(lost > 0, 'nothing was lost')
  assert.equal(seen.length + lost, count)
  response.destroy()
  await link.close()
})

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part.startsWith('data: ')) yield part.slice(6)
  }
}

/** Connections that others have just closed may still count for a moment. */
async function joinOnceThereIsRoom(device: NewDevice): Promise<TestDevice> {
  for (;;) {
    const link = await TestDevice.join(device).catch(() => undefined)
    if (link) return link
  }
}

test('more connections than allowed are dropped, and room is given back', async () => {
  const devices = [await provision(cloud.client), await provision(cloud.client)]
  const links = [await joinOnceThereIsRoom(devices[0]!), await joinOnceThereIsRoom(devices[1]!)]
  await assert.rejects(TestDevice.join(devices[0]!))
  assert.ok(cloud.log.some(({ event }) => event === 'connection dropped'))
  for (const link of links) await link.close()
  await (await joinOnceThereIsRoom(devices[0]!)).close()
})

test('requests and handshakes that do not end do not keep the server from stopping', async () => {
  const other = await testCloud({ limits: { stopMs: 200 } })
  const slow = connectTcp(other.server.port, '127.0.0.1')
  slow.write('POST /v1/Devices HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n')
  const mute = connectTcp(other.server.gateway.port, '127.0.0.1')
  for (const socket of [slow, mute]) socket.on('error', () => undefined)
  await other.client.call(api.listApps)
  const started = performance.now()
  await other.close()
  assert.ok(performance.now() - started < 3000)
  slow.destroy()
  mute.destroy()
})
