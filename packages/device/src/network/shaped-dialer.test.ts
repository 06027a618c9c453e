import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@microvisor/mcu'
import type { ConnectionEvents } from '../hardware/network.ts'
import type { InterfaceConditions } from './conditions.ts'
import { ShapedDialer } from './shaped-dialer.ts'

const perfect = { isUp: true, latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, lossPercent: 0 }

/** A connection through a way, with time in the test's hand. */
function shaped(change: Partial<InterfaceConditions>) {
  const timers: { at: number; action: () => void }[] = []
  const heard: string[] = []
  const bench = { now: 0, way: { ...perfect, ...change } as InterfaceConditions | undefined }
  const random = seededRandom(7)
  let far: ConnectionEvents | undefined
  const dialer = new ShapedDialer(
    {
      connect(events) {
        far = events
        return {
          pendingBytes: 0,
          send: (bytes) => heard.push(`${bench.now} out ${bytes.length}`),
          setReceiving() {},
          end: () => heard.push(`${bench.now} end`),
          destroy: () => heard.push(`${bench.now} destroy`),
        }
      },
    },
    {
      way: () => bench.way,
      now: () => bench.now,
      after(ms, action) {
        const timer = { at: bench.now + ms, action }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
      random: () => (random() >>> 0) / 2 ** 32,
    },
  )
  const connection = dialer.connect({
    connected: () => heard.push(`${bench.now} connected`),
    received: (bytes) => heard.push(`${bench.now} in ${bytes.length}`),
    drained: () => heard.push(`${bench.now} drained`),
    closed: (reason) => heard.push(`${bench.now} closed ${reason}`),
  })
  const run = (until: number) => {
    for (;;) {
      timers.sort((a, b) => a.at - b.at)
      if (timers[0] === undefined || timers[0].at > until) break
      const { at, action } = timers.shift()!
      bench.now = at
      action()
    }
    bench.now = until
  }
  return { bench, heard, connection, far: far!, run }
}

test('a perfect way changes nothing', () => {
  const { heard, connection, far } = shaped({})
  far.connected()
  connection.send(new Uint8Array(5))
  far.received(new Uint8Array(6))
  connection.end()
  assert.deepEqual(heard, ['0 connected', '0 out 5', '0 in 6', '0 end'])
})

test('latency delays each piece once, and a connection by two round trips', () => {
  const { heard, connection, far, run } = shaped({ latencyMs: 100 })
  far.connected()
  run(400)
  connection.send(new Uint8Array(5))
  far.received(new Uint8Array(6))
  far.received(new Uint8Array(7))
  run(1_000)
  assert.deepEqual(heard, ['400 connected', '500 out 5', '500 drained', '500 in 6', '500 in 7'])
})

test('bandwidth lets bytes through at its rate', () => {
  const { heard, connection, run } = shaped({ bytesPerSecond: 1_000, latencyMs: 50 })
  for (let i = 0; i < 3; i++) connection.send(new Uint8Array(100))
  assert.equal(connection.pendingBytes, 300)
  run(10_000)
  const out = heard.filter((line) => line.includes('out'))
  assert.deepEqual(out, ['150 out 100', '250 out 100', '350 out 100'])
  assert.equal(connection.pendingBytes, 0)
})

test('with jitter and loss everything arrives, late, in its order', () => {
  const { heard, far, run } = shaped({ latencyMs: 20, jitterMs: 200, lossPercent: 30 })
  for (let size = 1; size <= 200; size++) far.received(new Uint8Array(size))
  far.closed('gone')
  run(10_000_000)
  const sizes = heard.slice(0, -1).map((line) => Number(line.split(' ')[2]))
  assert.deepEqual(
    sizes,
    Array.from({ length: 200 }, (_, i) => i + 1),
  )
  assert.match(heard.at(-1)!, /closed gone/)
  assert.ok(Number(heard[0]!.split(' ')[0]) >= 20)
})

test('a way that loses everything holds all back until it is better', () => {
  const { bench, heard, connection, run } = shaped({ lossPercent: 100 })
  connection.send(new Uint8Array(1))
  run(60_000)
  assert.equal(heard.length, 0)
  bench.way = perfect
  run(61_000)
  assert.deepEqual(
    heard.map((line) => line.replace(/^\d+ /, '')),
    ['out 1', 'drained'],
  )
})

test('what was broken off is never heard of', () => {
  const { heard, connection, far, run } = shaped({ latencyMs: 10 })
  far.received(new Uint8Array(1))
  connection.send(new Uint8Array(1))
  connection.destroy()
  run(1_000)
  assert.deepEqual(heard, ['0 destroy'])
})
