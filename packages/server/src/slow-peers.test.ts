/**
 * Peers that take their time: on both ports, whatever they begin and do not end is ended for them, and
 * a device that comes again and again is told to wait; nobody else notices.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { encodeFrame, GoodbyeReason } from '@microvisor/protocol'
import { type TestCloud, testCloud } from './testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from './testing/device.ts'
import { until } from './testing/until.ts'

let cloud: TestCloud
let devices: NewDevice[]
before(async () => {
  cloud = await testCloud({
    limits: {
      ...{ headersMs: 1000, bodyMs: 1000, requestSilenceMs: 2000, requestConnections: 40 },
      ...{ handshakeMs: 1000, helloMs: 1000, frameMs: 500, heartbeatSeconds: 1 },
      arrivalBurst: 1000,
    },
  })
  devices = await Promise.all([1, 2, 3].map(() => provision(cloud.client)))
})
after(() => cloud.close())

/** Sends the first piece, then a byte of the second now and then, until the other side has had enough. */
async function dribble(port: number, first: string, then: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.on('error', () => undefined)
  socket.write(Buffer.from(first, 'latin1'))
  let at = 0
  const timer = setInterval(() => then !== '' && socket.write(then[at++ % then.length]!), 300)
  // `once` of node:events would take a reset, which may follow the answer, for a failure.
  await new Promise((resolve) => socket.once('close', resolve))
  clearInterval(timer)
  return answer
}

const POST = 'POST /v1/Devices HTTP/1.1\r\nHost: x\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\n'
/** The beginning of a ClientHello (RFC 8446, 4.1.2) in a record of 512 bytes. */
const HELLO = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'

const SLOW = /^HTTP\/1\.1 408 .*REQUEST_TOO_SLOW/s
const NOTHING = /^$/
const cases = [
  ['headers of a request that do not end', 'rest', POST, 'X', SLOW],
  ['a body of which nothing comes', 'rest', POST + FORM, '', SLOW],
  ['a body that comes byte by byte', 'rest', POST + FORM, 'x', SLOW],
  ['a connection without a request', 'rest', '', '', SLOW],
  ['a connection on which nothing comes', 'gateway', '', '', NOTHING],
  ['a handshake that does not end', 'gateway', HELLO, 'x', NOTHING],
] as const
/** Of each, at once. */
const PEERS = 5
/** What is asked of the server meanwhile. On a busy machine, too; a peer that is waited for takes longer. */
const SERVED_MS = 900

test('many slow peers of every kind, on both ports: each is ended, and others are served meanwhile', {
  timeout: 60_000,
}, async () => {
  const honest = await TestDevice.join(devices[0]!)
  let isOver = false
  const peers = cases.flatMap(([what, place, first, then, said]) =>
    Array.from({ length: PEERS }, async () => {
      const { port } = place === 'rest' ? cloud.server : cloud.server.gateway
      assert.match(await dribble(port, first, then), said, what)
    }),
  )
  const all = Promise.all(peers).finally(() => {
    isOver = true
  })
  const took: number[] = []
  const serve = async (work: () => Promise<unknown>) => {
    const started = performance.now()
    await work()
    took.push(performance.now() - started)
  }
  while (!isOver) {
    await serve(() => cloud.client.call(api.listDevices))
    await serve(() => honest.settle())
    await serve(async () => (await TestDevice.join(devices[2]!)).close())
    await sleep(100)
  }
  await all
  const [middle = 0] = took.sort((a, b) => a - b).slice(took.length / 2)
  assert.ok(middle < SERVED_MS, `half of ${took.length} took more than ${middle} ms`)
  await honest.close()
})

test('a device that says no hello, does not end a frame, or falls silent, is told that its time is over', async () => {
  const [mute, slow] = [devices[0]!, devices[1]!]
  const silent = await TestDevice.connect(mute, mute.gateway)
  assert.equal(await silent.farewell(), 'TIMED_OUT')
  const link = await TestDevice.join(slow)
  const frame = encodeFrame({ case: 'ping', value: { token: 1 } })
  link.socket.write(frame)
  link.socket.write(frame.subarray(0, 1))
  await link.expect('pong')
  assert.equal(await link.farewell(), 'TIMED_OUT')
  const quiet = await TestDevice.join(mute)
  const { reason, detail } = await quiet.expect('goodbye')
  assert.equal(reason, GoodbyeReason.TIMED_OUT)
  assert.match(detail, /^Nothing was heard of the device for 2.5 s/)
  await Promise.all([silent.close(), link.close(), quiet.close()])
})

test('a device that comes again and again is told to wait; another is let in', async () => {
  const strict = await testCloud({ limits: { arrivalBurst: 3, arrivalsPerMinute: 1 } })
  const [eager, calm] = [await provision(strict.client), await provision(strict.client)]
  for (let i = 0; i < 3; i++) await (await TestDevice.join(eager)).close()
  const refused = await TestDevice.connect(eager, eager.gateway)
  const { reason, detail, retryAfterSeconds } = await refused.expect('goodbye')
  assert.equal(reason, GoodbyeReason.OVERLOADED)
  assert.match(detail, /connects too often/)
  assert.ok(retryAfterSeconds > 1 && retryAfterSeconds <= 60, `${retryAfterSeconds}`)
  await refused.close()
  await (await TestDevice.join(calm)).close()
  await strict.close()
})

test('more connections to the API than allowed are dropped, and room is given back', async () => {
  const few = await testCloud({ limits: { requestConnections: 4 } })
  const { port } = few.server
  const sockets = [1, 2, 3, 4].map(() => connect(port, '127.0.0.1').on('error', () => undefined))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const fifth = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(fifth, 'close')
  for (const socket of sockets) socket.destroy()
  await until(() => few.request('/health').catch(() => undefined), 'room')
  await few.close()
})
