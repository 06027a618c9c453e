/**
 * Hostile devices: frames of all kinds in any order with any values, and broken bytes, from somebody
 * with a good certificate. The server ends such connections or bears them; it never fails itself.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type ChannelRequestInit,
  encodeChannelRequest,
  encodeFrame,
  encodeUtf8,
  type FrameInit,
} from '@microvisor/protocol'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { Random } from '../testing/random.ts'

let cloud: TestCloud
let device: NewDevice
before(async () => {
  cloud = await testCloud({ limits: { reportsPerSecond: 10_000, arrivalBurst: 1000 } })
  device = await provision(cloud.client)
})
after(() => cloud.close())

const CONNECTIONS = 60

test('no sequence of frames makes the server fail', async () => {
  const random = Random.fresh()
  for (let i = 0; i < CONNECTIONS; i++) {
    const link = await TestDevice.connect(device, device.gateway)
    if (random.chance(0.9)) await link.hello()
    const bytes = Buffer.concat(Array.from({ length: random.below(30) + 1 }, () => piece(random)))
    link.socket.end(bytes)
    await link.closed()
  }
  assert.deepEqual(
    cloud.log.filter(({ level }) => Number(level) >= 50),
    [],
    `seed ${random.seed}`,
  )
  const honest = await provision(cloud.client)
  const link = await TestDevice.join(honest)
  await link.settle()
  await link.close()
})

function piece(random: Random): Uint8Array {
  const bytes = encodeFrame(frame(random))
  if (random.chance(0.03)) bytes[random.below(bytes.length)] = random.below(256)
  return random.chance(0.02) ? random.bytes(40) : bytes
}

/** What a channel may get, most of it with something wrong. */
function channelRequest(random: Random): Uint8Array {
  const bytes = () => random.bytes(random.below(20))
  const text = encodeUtf8(random.pick(['GET', 'https://127.0.0.1/', 'localhost', 'a/b', 'x: y']))
  const choices: (() => ChannelRequestInit)[] = [
    () => ({ case: 'http', value: { method: text, url: text, headers: [text], timeoutMs: 5000 } }),
    () => ({ case: 'configFetch', value: { keys: [{ scope: 9, store: 9, key: bytes() }] } }),
    () => ({ case: 'mqttConnect', value: { host: text, port: 1, clientId: bytes() } }),
    () => ({ case: 'mqttSubscribe', value: { subscriptions: [{ topic: text, qos: 7 }] } }),
    () => ({ case: 'mqttUnsubscribe', value: { topics: [bytes()] } }),
    () => ({ case: 'mqttPublish', value: { topic: text, payload: bytes(), qos: 2 } }),
    () => ({ case: 'mqttAcknowledge', value: { correlationId: 1 } }),
    () => ({ case: 'mqttDisconnect', value: {} }),
  ]
  const request = encodeChannelRequest(random.pick(choices)())
  if (random.chance(0.2)) request[random.below(request.length)] = random.below(256)
  return request
}

function frame(random: Random): FrameInit {
  const stream = random.pick([1, 1, 3, 5, 7, 2, 0xffff_fffd])
  const manifestHash = random.pick([new Uint8Array(0), random.bytes(32)])
  const word = () => random.pick([0, 1, 0x7fff_ffff, 0xffff_ffff])
  const long = () => random.pick([0n, 1n, 2n ** 63n, 2n ** 64n - 1n])
  const text = () => random.pick(['', 'plain', '\u0000\u001b[2J', '\u{10ffff}', 'x'.repeat(1024)])
  const choices: (() => FrameInit)[] = [
    () => ({ case: 'ping', value: { token: word() } }),
    () => ({ case: 'deviceState', value: { manifestHash, wakeReason: word() } }),
    () => ({
      case: 'deviceState',
      value: { manifestHash, layers: [{ place: word() | 0, start: word(), size: word() }] },
    }),
    () => ({
      case: 'updateProgress',
      value: {
        manifestHash,
        phase: word() % 9,
        error: word() | 0,
        detail: text(),
        bytesDone: long(),
        bytesTotal: long(),
      },
    }),
    () => ({
      case: 'crashReport',
      value: {
        id: long(),
        exception: text(),
        registers: Array.from({ length: 17 }, word),
        manifestHash,
        restartInMs: word(),
        microseconds: long(),
        stack: random.bytes(random.below(100)),
      },
    }),
    () => ({ case: 'streamOpen', value: { stream, kind: { case: 'log', value: {} } } }),
    () => ({
      case: 'streamOpen',
      value: {
        stream,
        kind: { case: 'fetch', value: { hash: random.bytes(32), offset: long() } },
      },
    }),
    () => {
      const endpoint = random.pick(['', 'log', 'echo', 'x'])
      const receiveBytes = random.pick([0, 1, 512, 524_288])
      const value = { type: random.below(6), endpoint, receiveBytes }
      return { case: 'streamOpen', value: { stream, kind: { case: 'channel', value } } }
    },
    () => ({ case: 'streamData', value: { stream, data: channelRequest(random) } }),
    () => ({ case: 'streamData', value: { stream, data: random.bytes(random.below(60)) } }),
    () => ({ case: 'streamCredit', value: { stream, bytes: random.below(1_048_577) } }),
    () => ({ case: 'streamClose', value: { stream, reason: word() % 7, detail: text() } }),
  ]
  if (random.chance(0.01)) return { case: 'goodbye', value: { reason: word() % 9, detail: text() } }
  return random.pick(choices)()
}
