/**
 * Peers that take their time: on both ports, whatever they begin and do not end is ended for them, and
 * a device that comes again and again is told to wait; nobody else notices.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { encodeFrame, GoodbyeReason } from '@microvisor/protocol'
import { type TestCloud, testCloud } from './testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from './testing/device.ts'

let cloud: TestCloud
let devices: NewDevice[]
before(async () => {
  cloud = await testCloud({
    limits: {
      ...{ headersMs: 1000, requestSilenceMs: 2000, requestConnections: 4 },
      ...{ handshakeMs: 1000, helloMs: 1000, frameMs: 1500, heartbeatSeconds: 600 },
      ...{ arrivalBurst: 3, arrivalsPerMinute: 1 },
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
  await once(socket, 'close')
  clearInterval(timer)
  return answer
}

const POST = 'POST /v1/Devices HTTP/1.1\r\nHost: x\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\n'
/** The beginning of a ClientHello (RFC 8446, 4.1.2) in a record of 512 bytes. */
const HELLO = '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'

const cases = [
  ['headers of a request that do not end', 'rest', POST, 'X'],
  ['a body of which nothing comes', 'rest', POST + FORM, ''],
  ['a connection on which nothing comes', 'gateway', '', ''],
  ['a handshake that does not end', 'gateway', HELLO, 'x'],
] as const

for (const [what, place, first, then] of cases)
  test(`${what}: the connection is ended`, { timeout: 60_000 }, async () => {
    const { port } = place === 'rest' ? cloud.server : cloud.server.gateway
    await dribble(port, first, then)
  })

test('a device that says no hello, or does not end a frame, is told that its time is over', async () => {
  const [mute, slow] = [devices[0]!, devices[1]!]
  const silent = await TestDevice.connect(mute, mute.gateway)
  assert.equal(await silent.farewell(), 'TIMED_OUT')
  const link = await TestDevice.join(slow)
  const frame = encodeFrame({ case: 'ping', value: { token: 1 } })
  link.socket.write(frame)
  link.socket.write(frame.subarray(0, 1))
  await link.expect('pong')
  assert.equal(await link.farewell(), 'TIMED_OUT')
  await Promise.all([silent.close(), link.close()])
})

test('a device that comes again and again is told to wait; another is let in', async () => {
  const device = devices[2]!
  for (let i = 0; i < 3; i++) await (await TestDevice.join(device)).close()
  const refused = await TestDevice.connect(device, device.gateway)
  const { reason, detail, retryAfterSeconds } = await refused.expect('goodbye')
  assert.equal(reason, GoodbyeReason.OVERLOADED)
  assert.match(detail, /connects too often/)
  assert.ok(retryAfterSeconds > 1 && retryAfterSeconds <= 60, `${retryAfterSeconds}`)
  await refused.close()
  await (await TestDevice.join(devices[0]!)).close()
})

test('more connections to the API than allowed are dropped, and room is given back', async () => {
  const { port } = cloud.server
  const sockets = [1, 2, 3, 4].map(() => connect(port, '127.0.0.1').on('error', () => undefined))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const fifth = connect(port, '127.0.0.1').on('error', () => undefined)
  await once(fifth, 'close')
  for (const socket of sockets) socket.destroy()
  for (;;) if (await cloud.request('/health').catch(() => undefined)) break
})
