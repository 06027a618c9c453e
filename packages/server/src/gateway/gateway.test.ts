/** The device gateway, spoken to over TLS as a device does. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import * as api from '@microvisor/api'
import {
  encodeLogRecord,
  encodeUtf8,
  fromHex,
  LOG_CREDIT_BYTES,
  parseBundle,
  STREAMS_MAX,
  StreamCloseReason,
  UpdateError,
  UpdatePhase,
} from '@microvisor/protocol'
import { pino } from 'pino'
import { openAuthority } from '../keys/certificates.ts'
import { digest, sha256Hex } from '../keys/engines.ts'
import { openKeyring } from '../keys/keyring.ts'
import { appBundle, kernelBundle, layeredBundle } from '../testing/bundles.ts'
import { type TestCloud, testCloud, testFolder } from '../testing/cloud.ts'
import { makeRequest, provision, stateOf, TestDevice } from '../testing/device.ts'
import { EventReader } from '../testing/events.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

async function upload(file: Uint8Array = appBundle()): Promise<api.App & { manifestHash: string }> {
  const app = await cloud.client.upload(api.createApp, { file: { bytes: file, fileName: 'a.zip' } })
  return { ...app, manifestHash: app.hash.replace('sha256:', '') }
}

const update = (Sid: string, form: NonNullable<api.Input<typeof api.updateDevice>['form']>) =>
  cloud.client.call(api.updateDevice, { params: { Sid }, form })
const show = (Sid: string) => cloud.client.call(api.fetchDevice, { params: { Sid } })

test('a device is welcomed with the time, its settings and its target', async () => {
  const device = await provision(cloud.client)
  const app = await upload()
  await update(device.sid, { TargetApp: app.sid, LoggingEnabled: true })
  const link = await TestDevice.connect(device, device.gateway)
  const welcome = await link.hello()
  const now = Date.now() * 1000
  assert.ok(Math.abs(Number(welcome.wallMicroseconds) - now) < 5_000_000)
  assert.equal(welcome.settings?.loggingEnabled, true)
  assert.deepEqual(Buffer.from(welcome.target!.manifestHash).toString('hex'), app.manifestHash)
  const manifest = await link.fetch(app.manifestHash)
  assert.equal(welcome.target?.manifestSize, manifest.length)
  assert.equal(welcome.heartbeatSeconds, 30)
  await link.close()
})

test('an update goes from pending to up-to-date by what the device reports', async () => {
  const device = await provision(cloud.client)
  const old = await upload()
  const link = await TestDevice.join(device, old.manifestHash)
  assert.equal((await show(device.sid)).app.reported_sid, old.sid)
  const app = await upload(layeredBundle([randomBytes(40_000), randomBytes(100)]))
  await update(device.sid, { TargetApp: app.sid })
  const target = await link.expect('target')
  assert.deepEqual(Buffer.from(target.manifestHash).toString('hex'), app.manifestHash)
  const pending = (await show(device.sid)).app
  assert.equal(pending.update_status, 'pending')
  assert.equal(pending.reported_sid, old.sid)
  assert.equal(pending.target_hash, app.hash)
  const manifest = await link.fetch(app.manifestHash)
  assert.equal(sha256Hex(manifest), app.manifestHash)
  const file = await cloud.client.call(api.fetchAppBundle, { params: { Sid: app.sid } })
  for (const [hash, content] of parseBundle(file, digest).layers)
    assert.ok((await link.fetch(hash)).equals(content))
  link.send({ case: 'deviceState', value: stateOf(app.manifestHash) })
  await link.settle()
  const { date_reported, ...done } = (await show(device.sid)).app
  assert.ok(date_reported)
  assert.equal(done.update_status, 'up-to-date')
  assert.equal(done.reported_sid, app.sid)
  assert.equal(done.update_error_code, 0)
  await link.close()
})

test('a failed update is an error with the code of the device until it is tried again', async () => {
  const device = await provision(cloud.client)
  const app = await upload()
  await update(device.sid, { TargetApp: app.sid })
  const link = await TestDevice.join(device)
  const manifestHash = fromHex(app.manifestHash)!
  const fail = { manifestHash, phase: UpdatePhase.FAILED, error: UpdateError.SIGNATURE }
  link.send({ case: 'updateProgress', value: { ...fail, detail: 'bad \u0000 one' } })
  await link.settle()
  assert.equal((await show(device.sid)).app.update_status, 'error')
  assert.equal((await show(device.sid)).app.update_error_code, UpdateError.SIGNATURE)
  await update(device.sid, { TargetApp: app.sid })
  await link.expect('target')
  assert.equal((await show(device.sid)).app.update_status, 'pending')
  link.send({ case: 'updateProgress', value: fail })
  await link.settle()
  link.send({ case: 'updateProgress', value: { manifestHash, phase: 1 } })
  await link.settle()
  assert.equal((await show(device.sid)).app.update_status, 'pending')
  link.send({
    case: 'updateProgress',
    value: { ...fail, manifestHash: randomBytes(32) },
  })
  await link.settle()
  assert.equal((await show(device.sid)).app.update_status, 'pending', 'another app failed')
  await link.close()
})

test('content is fetched from any offset and with any credit', async () => {
  const device = await provision(cloud.client)
  const content = randomBytes(70_000)
  await upload(appBundle(content))
  const hash = sha256Hex(content)
  const link = await TestDevice.join(device)
  for (const [offset, credit] of [
    [69_000, 1],
    [0, 65_536],
    [0, 1_048_576],
    [1, 32_767],
    [69_999, 7],
    [70_000, 1],
    [40_000, 32_769],
  ] as const)
    assert.ok(
      (await link.fetch(hash, offset, credit)).equals(content.subarray(offset)),
      `${offset}`,
    )
  await assert.rejects(link.fetch(hash, 70_001), /REFUSED.*70000/)
  await assert.rejects(link.fetch('00'.repeat(32)), /NOT_FOUND/)
  await link.close()
})

test('no more is sent than the device has given credit for', async () => {
  const device = await provision(cloud.client)
  const content = randomBytes(100_000)
  await upload(appBundle(content))
  const link = await TestDevice.join(device)
  const stream = link.openStream()
  const kind = { case: 'fetch', value: { hash: fromHex(sha256Hex(content))! } } as const
  link.send({ case: 'streamOpen', value: { stream, kind } })
  link.send({ case: 'streamCredit', value: { stream, bytes: 33_000 } })
  assert.equal((await link.expect('streamData')).data.length, 32_768)
  assert.equal((await link.expect('streamData')).data.length, 232)
  await link.settle()
  link.send({ case: 'streamClose', value: { stream, reason: StreamCloseReason.CANCELLED } })
  link.send({ case: 'streamCredit', value: { stream, bytes: 33_000 } })
  await link.settle()
  await link.close()
})

test('the streams of a connection are limited in number', async () => {
  const device = await provision(cloud.client)
  const content = randomBytes(10)
  await upload(appBundle(content))
  const link = await TestDevice.join(device)
  const kind = { case: 'fetch', value: { hash: fromHex(sha256Hex(content))! } } as const
  for (let i = 0; i < STREAMS_MAX; i++)
    link.send({ case: 'streamOpen', value: { stream: link.openStream(), kind } })
  await link.settle()
  link.send({ case: 'streamOpen', value: { stream: link.openStream(), kind } })
  assert.equal((await link.expect('streamClose')).reason, StreamCloseReason.REFUSED)
  await link.close()
})

test('log lines reach listeners with their time, and only while logging is enabled', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const events = await EventReader.open(cloud.client, device.sid)
  const log = { case: 'log', value: {} } as const
  const refused = link.openStream()
  link.send({ case: 'streamOpen', value: { stream: refused, kind: log } })
  assert.equal((await link.expect('streamClose')).reason, StreamCloseReason.REFUSED)
  const on = await update(device.sid, { LoggingEnabled: true })
  assert.equal(on.logging.enabled, true)
  const expires = Date.parse(on.logging.date_expires!) - Date.now()
  assert.ok(expires > 86_390_000 && expires <= 86_400_000)
  assert.equal((await link.expect('settings')).loggingEnabled, true)
  const stream = link.openStream()
  link.send({ case: 'streamOpen', value: { stream, kind: log } })
  assert.equal((await link.expect('streamCredit')).bytes, LOG_CREDIT_BYTES)
  const line = (text: string, dropped = 0) => ({
    stream,
    data: encodeLogRecord({
      wallMicroseconds: 1_664_982_623_000_007n,
      text: encodeUtf8(text),
      dropped,
    }),
  })
  link.send({ case: 'streamData', value: line('Hello, Wörld') })
  link.send({ case: 'streamData', value: line('again', 3) })
  const [first, second] = [await events.next(), await events.next()]
  assert.deepEqual(first, {
    timestamp: '2022-10-05T15:10:23.000007Z',
    device_sid: device.sid,
    type: 'app_logging',
    text: 'Hello, Wörld',
  })
  assert.equal(second.dropped, 3)
  await update(device.sid, { LoggingEnabled: false })
  assert.equal((await link.expect('settings')).loggingEnabled, false)
  link.send({ case: 'streamData', value: line('unwanted') })
  await link.settle()
  await link.close()
  assert.equal((await events.next()).type, 'connection', 'the unwanted line came through')
  await events.close()
})

test('credit for log lines is renewed as they are taken', async () => {
  const device = await provision(cloud.client)
  await update(device.sid, { LoggingEnabled: true })
  const link = await TestDevice.join(device)
  const stream = link.openStream()
  link.send({ case: 'streamOpen', value: { stream, kind: { case: 'log', value: {} } } })
  let credit = (await link.expect('streamCredit')).bytes
  const data = encodeLogRecord({ text: new Uint8Array(900).fill(65) })
  for (let lines = 0; lines < 100; lines++) {
    while (credit < data.length) credit += (await link.expect('streamCredit')).bytes
    link.send({ case: 'streamData', value: { stream, data } })
    credit -= data.length
  }
  await link.close()
})

test('a crash is confirmed once it is kept, and shown once however often it is sent', async () => {
  const device = await provision(cloud.client)
  const app = await upload()
  const link = await TestDevice.join(device, app.manifestHash)
  const events = await EventReader.open(cloud.client, device.sid)
  const registers = Array.from({ length: 17 }, (_, i) => i)
  registers[15] = 0x0800_1234
  const value = {
    id: 0xffff_ffff_ffff_ffffn,
    exception: 'HardFault',
    registers,
    cfsr: 0x8200,
    hfsr: 0x4000_0000,
    manifestHash: fromHex(app.manifestHash)!,
    restartInMs: 1000,
    stack: new Uint8Array([1, 2, 255]),
  }
  for (let i = 0; i < 2; i++) {
    link.send({ case: 'crashReport', value })
    assert.equal((await link.expect('crashReceived')).id, value.id)
  }
  link.send({ case: 'crashReport', value: { ...value, id: 2n, exception: 'Lockup' } })
  await link.expect('crashReceived')
  const [first, second] = [await events.next(), await events.next()]
  assert.equal(first.type, 'crash')
  assert.match(
    first.text,
    /^HardFault: data access .*\(PRECISERR\); PC 0x0800_1234, LR 0x0000_000E; restart in 1000 ms$/,
  )
  assert.equal(first.crash?.app_sid, app.sid)
  assert.equal(first.crash?.stack, '0102ff')
  assert.equal(first.crash?.registers.pc, 0x0800_1234)
  assert.equal(second.crash?.exception, 'Lockup')
  await events.close()
  await link.close()
})

test('a restart is ordered at once, or when the device is back', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  await update(device.sid, { RestartApp: true })
  await link.expect('restartApplication')
  await update(device.sid, { RestartApp: false })
  await link.settle()
  await link.close()
  await update(device.sid, { RestartApp: true })
  const again = await TestDevice.join(device)
  await again.expect('restartApplication')
  await again.settle()
  await again.close()
  const third = await TestDevice.join(device)
  await third.settle()
  await third.close()
})

test('a new connection of a device replaces the older one', async () => {
  const device = await provision(cloud.client)
  const links = [await TestDevice.join(device)]
  for (let i = 0; i < 3; i++) {
    links.push(await TestDevice.join(device))
    assert.equal(await links.at(-2)?.farewell(), 'REPLACED')
  }
  await links.at(-1)?.settle()
  await links.at(-1)?.close()
})

test('a removed device loses its connection at once and its certificate for good', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const events = await EventReader.open(cloud.client, device.sid)
  await cloud.client.call(api.deleteDevice, { params: { Sid: device.sid } })
  assert.equal(await link.farewell(), 'REVOKED')
  await events.ended()
  const again = await TestDevice.connect(device, device.gateway)
  const goodbye = await again.expect('goodbye')
  assert.match(goodbye.detail, new RegExp(`certificate of device ${device.sid} was revoked on 20`))
  await again.close()
  const line = cloud.log.findLast(({ event }) => event === 'device refused')
  assert.match(String(line?.reason), /revoked/)
})

test('certificates of others, and none, are turned away with a reason', async () => {
  const device = await provision(cloud.client)
  const folder = await testFolder()
  const others = await openAuthority(
    await openKeyring(folder, pino({ enabled: false })),
    new Date(),
  )
  const { csr, key } = await makeRequest()
  const { pem: certificate } = await others.issueForDevice(csr, device.sid)
  await rm(folder, { recursive: true })
  const link = await TestDevice.connect({ key, certificate, ca: device.ca }, device.gateway)
  assert.match((await link.expect('goodbye')).detail, /not of this service's authority/)
  await link.close()
  const { port } = device.gateway
  const nobody = connectTls({ host: 'localhost', port, ca: device.ca, minVersion: 'TLSv1.3' })
  const bytes: Buffer[] = []
  await new Promise((resolve) => nobody.on('data', (b) => bytes.push(b)).on('close', resolve))
  assert.match(Buffer.concat(bytes).toString('latin1'), /No certificate was shown/)
})

test('the first frame has to be a hello of this version', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.connect(device, device.gateway)
  link.send({ case: 'ping', value: { token: 1 } })
  assert.equal(await link.farewell(), 'PROTOCOL_ERROR')
  const newer = await TestDevice.connect(device, device.gateway)
  newer.send({ case: 'hello', value: { protocolVersion: 2 } })
  assert.equal(await newer.farewell(), 'UNSUPPORTED_VERSION')
})

test('frames that a device may not send end the connection with a reason', async () => {
  const device = await provision(cloud.client)
  const hash = randomBytes(32)
  const log = { case: 'log', value: {} } as const
  const fetch = { case: 'fetch', value: { hash } } as const
  for (const frames of [
    [{ case: 'hello', value: { protocolVersion: 1 } }],
    [{ case: 'welcome', value: {} }],
    [{ case: 'target', value: {} }],
    [{ case: 'settings', value: {} }],
    [{ case: 'crashReceived', value: {} }],
    [{ case: 'restartApplication', value: {} }],
    [{ case: 'pong', value: {} }],
    [{ case: 'streamData', value: { stream: 1 } }],
    [{ case: 'streamCredit', value: { stream: 7, bytes: 1 } }],
    [{ case: 'streamClose', value: { stream: 2 } }],
    [{ case: 'streamOpen', value: { stream: 2, kind: log } }],
    [
      { case: 'streamOpen', value: { stream: 3, kind: fetch } },
      { case: 'streamOpen', value: { stream: 1, kind: fetch } },
    ],
  ] as const) {
    const link = await TestDevice.join(device)
    for (const frame of frames) link.send(frame)
    const first = frames[0]
    if (frames.length > 1) await link.expect('streamClose')
    assert.equal(await link.farewell(), 'PROTOCOL_ERROR', first.case)
  }
})

test('bytes that are no frames end the connection with a reason', async () => {
  const device = await provision(cloud.client)
  for (const bytes of [
    [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0x81, 0x80, 0x04],
    [0x03, 0x0a, 0xff, 0xff],
    [0x00],
    [0x02, 0xfa, 0x01],
  ]) {
    const link = await TestDevice.join(device)
    link.socket.write(Uint8Array.from(bytes))
    assert.equal(await link.farewell(), 'PROTOCOL_ERROR', String(bytes))
  }
})

test('garbage on the port hurts nobody', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const garbage = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    randomBytes(10_000),
    Buffer.from([0x16, 0x03, 0x01, 0xff, 0xff]),
    Buffer.alloc(0),
  ]
  for (const bytes of garbage)
    await new Promise<void>((resolve) => {
      const socket = connectTcp(device.gateway.port, '127.0.0.1', () => socket.end(bytes))
      socket.on('error', () => undefined).on('close', () => resolve())
      socket.resume()
    })
  await link.settle()
  await link.close()
})

test('a device hears which kernel it should run, now and when it connects', async () => {
  const device = await provision(cloud.client)
  const link = await TestDevice.join(device)
  const { hash } = await cloud.client.upload(api.createKernel, {
    file: { bytes: kernelBundle(7), fileName: 'kernel.zip' },
  })
  const params = { DeviceSid: device.sid }
  const set = await cloud.client.call(api.deployKernel, { params, form: { Hash: hash } })
  assert.equal(set.target_hash, hash)
  const told = await link.expect('kernelTarget')
  assert.equal(`sha256:${Buffer.from(told.manifestHash).toString('hex')}`, hash)
  await link.close()
  const again = await TestDevice.join(device)
  assert.deepEqual((await again.expect('kernelTarget')).manifestHash, told.manifestHash)
  await again.close()
  const unknown = `sha256:${'0'.repeat(64)}`
  await assert.rejects(cloud.client.call(api.deployKernel, { params, form: { Hash: unknown } }), {
    code: 'KERNEL_NOT_FOUND',
  })
})
