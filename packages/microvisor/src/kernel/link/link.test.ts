import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrame, type FrameInit, GoodbyeReason, StreamCloseReason } from '@microvisor/protocol'
import { Bench, KERNEL_VERSION } from '../../testing/bench.ts'
import { runningBench } from '../../testing/running.ts'

/** What the device says when the cloud sends this in the midst of a connection. */
function goodbyeAfter(bytes: Uint8Array) {
  const bench = runningBench()
  bench.cloud.sendBytes(bytes)
  bench.run()
  return bench.cloud.last('goodbye')
}

test('Hello says what the device runs, before anything else', () => {
  const { chips, cloud } = runningBench()
  const bench = new Bench({ chips }).run()
  const [first] = bench.cloud.frames
  assert.equal(first?.case, 'hello')
  const hello = bench.cloud.last('hello')
  assert.equal(hello?.protocolVersion, 1)
  assert.equal(hello?.kernelVersion, KERNEL_VERSION)
  assert.equal(hello?.kernelVersionText, '0.7.0')
  assert.equal(hello?.state?.running, true)
  assert.deepEqual(hello?.state?.manifestHash, cloud.target)
  assert.equal(hello?.state?.layers.length, 1)
  assert.equal(hello?.state?.layers[0]?.measurementHash.length, 32)
})

test('the device answers a ping and pings itself once per heartbeat', () => {
  const bench = runningBench()
  bench.cloud.send({ case: 'ping', value: { token: 4711 } })
  bench.run()
  assert.deepEqual(bench.cloud.last('pong')?.token, 4711)
  bench.run(60_000 * 5)
  assert.equal(bench.cloud.all('ping').length, 5)
  assert.equal(bench.hardware.network.connects, 1)
})

test('a cloud that no longer answers is given up and connected to again', () => {
  const bench = runningBench()
  bench.cloud.receive = () => {}
  bench.run(121_000)
  assert.ok(bench.hardware.network.connects > 1)
})

test('a cloud that does not answer Hello is given up', () => {
  const bench = new Bench()
  bench.cloud.answersHello = false
  bench.run(59_000)
  assert.equal(bench.hardware.network.connects, 1)
  bench.run(3_000)
  assert.equal(bench.hardware.network.connects, 2)
})

test('pauses between attempts double up to five minutes and vary', () => {
  const bench = new Bench({ isCloudUp: false })
  const { network, clock } = bench.hardware
  const pauses: number[] = []
  let last = 0
  for (let seen = network.connects; pauses.length < 14; bench.run(100)) {
    if (network.connects === seen) continue
    seen = network.connects
    pauses.push((clock.now - last) / 1_000_000)
    last = clock.now
  }
  for (const [i, pause] of pauses.slice(1).entries()) {
    const range = Math.min(2 ** (i + 1), 300)
    assert.ok(pause >= range / 2 - 0.2 && pause <= range + 0.2, `pause ${i} was ${pause} s`)
  }
  assert.ok(pauses.slice(9).some((pause, i, all) => i > 0 && pause !== all[0]))
})

test('a Goodbye may ask for a longer pause, and is obeyed', () => {
  const bench = runningBench()
  const reason = GoodbyeReason.OVERLOADED
  bench.cloud.send({ case: 'goodbye', value: { reason, retryAfterSeconds: 120 } })
  bench.run(119_000)
  assert.equal(bench.hardware.network.connects, 1)
  bench.run(32_000)
  assert.equal(bench.hardware.network.connects, 2)
})

test('a Goodbye is heard even if the connection is gone when the device looks', () => {
  const bench = runningBench()
  const { network } = bench.hardware
  const reason = GoodbyeReason.GOING_AWAY
  const bytes = encodeFrame({ case: 'goodbye', value: { reason, retryAfterSeconds: 300 } })
  network.toDevice.push(...bytes)
  network.state = 'idle'
  bench.vectors.network()
  bench.run(299_000)
  assert.equal(network.connects, 1)
})

const notForDevices: readonly FrameInit[] = [
  { case: 'hello', value: {} },
  { case: 'welcome', value: {} },
  { case: 'deviceState', value: {} },
  { case: 'updateProgress', value: {} },
  { case: 'crashReport', value: { registers: new Array(17).fill(0) } },
  { case: 'streamOpen', value: { stream: 3, kind: { case: 'log', value: {} } } },
  { case: 'streamData', value: { stream: 4, data: new Uint8Array(1) } },
  { case: 'streamData', value: { stream: 99, data: new Uint8Array(1) } },
  { case: 'streamCredit', value: { stream: 0, bytes: 1 } },
]

for (const frame of notForDevices) {
  test(`an unexpected ${frame.case} ends the connection with a reason`, () => {
    assert.equal(goodbyeAfter(encodeFrame(frame))?.reason, GoodbyeReason.PROTOCOL_ERROR)
  })
}

test('bytes that are no frame end the connection, and the device connects again', () => {
  const bench = runningBench()
  bench.cloud.sendBytes(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
  bench.run()
  assert.match(bench.cloud.last('goodbye')?.detail ?? '', /FRAME_LENGTH_MALFORMED/)
  bench.run(5_000)
  assert.equal(bench.hardware.network.connects, 2)
  assert.equal(bench.hardware.network.state, 'connected')
})

test('a frame before Welcome ends the connection', () => {
  const bench = new Bench()
  bench.cloud.answersHello = false
  bench.run(1)
  bench.cloud.send({ case: 'ping', value: { token: 1 } })
  bench.run(1)
  assert.equal(bench.cloud.last('goodbye')?.detail, 'A ping came before Welcome.')
})

test('more data than was allowed ends the connection', () => {
  const bench = runningBench()
  bench.call('mvServerLoggingInit', bench.place(512, 512), 512)
  bench.call('mvServerLog', bench.text('x'), 1)
  bench.run()
  const { stream } = bench.cloud.last('streamOpen')!
  bench.cloud.send({ case: 'streamData', value: { stream, data: new Uint8Array(1) } })
  bench.run()
  assert.match(bench.cloud.last('goodbye')?.detail ?? '', /CREDIT_EXCEEDED/)
})

test('a stream that the cloud opens is refused, and the connection stays', () => {
  const bench = runningBench()
  const kind = { case: 'log', value: {} } as const
  bench.cloud.send({ case: 'streamOpen', value: { stream: 2, kind } })
  bench.cloud.send({ case: 'streamClose', value: { stream: 2 } })
  bench.run()
  const { stream, reason } = bench.cloud.last('streamClose')!
  assert.deepEqual({ stream, reason }, { stream: 2, reason: StreamCloseReason.REFUSED })
  assert.equal(bench.hardware.network.connects, 1)
})

test('what does not fit the network waits, in order', () => {
  const bench = runningBench()
  bench.hardware.network.room = 3
  for (let token = 1; token <= 50; token++) bench.cloud.send({ case: 'ping', value: { token } })
  bench.run()
  for (let i = 0; i < 500; i++) {
    bench.vectors.network()
    bench.run()
  }
  const tokens = bench.cloud.all('pong').map(({ token }) => token)
  assert.deepEqual(
    tokens,
    Array.from({ length: 50 }, (_, i) => i + 1),
  )
})

test('a cloud that sends and does not read loses the connection', () => {
  const bench = runningBench()
  bench.hardware.network.room = 0
  for (let i = 0; i < 100_000; i++) bench.cloud.send({ case: 'ping', value: { token: ~i >>> 0 } })
  bench.run()
  assert.ok(bench.hardware.traces.includes('The cloud does not read what the device sends.'))
})
