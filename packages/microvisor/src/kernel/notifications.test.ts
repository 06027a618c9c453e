import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeStruct, EventType, Status, SystemNotificationSource } from '@microvisor/protocol'
import { sampled, seed } from '../../../../tools/sampling.ts'
import type { Bench } from '../testing/bench.ts'
import { policiesWith, runningBench } from '../testing/running.ts'
import { TestEngines } from '../testing/test-engines.ts'
import { makeApplication, makeImage } from '../testing/trust.ts'
import { Random } from './random.ts'

const STEPS = sampled(2_000, 50_000)

function records(bench: Bench, buffer: number, count: number) {
  return Array.from({ length: count }, (_, i) =>
    decodeStruct('MvNotification', bench.bytes(buffer + 16 * i, 16)),
  )
}

test('a notification is a record with time, type and tag, and pends the interrupt', () => {
  const bench = runningBench()
  const { handle, buffer } = bench.center(45)
  bench.hardware.clock.now = 5_000_000_000
  bench.call('mvTempTriggerNotification', handle, EventType.UPDATEDOWNLOADED, 0xdead_beef)
  const expected = { microseconds: 5_000_000_000, event_type: 5, tag: 0xdead_beef }
  assert.deepEqual(records(bench, buffer, 1), [expected])
  assert.deepEqual(bench.hardware.application.pended, [45])
})

test('records go round the buffer and overwrite the oldest', () => {
  const bench = runningBench()
  const { handle, buffer } = bench.center(45, 3)
  for (let tag = 0; tag < 7; tag++) bench.call('mvTempTriggerNotification', handle, 1, tag)
  const tags = records(bench, buffer, 3).map(({ tag }) => tag)
  assert.deepEqual(tags, [6, 4, 5])
})

test('a closed center gets nothing, and what referred to it goes on', () => {
  const bench = runningBench()
  const { handle, buffer } = bench.center(45)
  const other = bench.center(46)
  requestNetwork(bench, handle)
  const place = bench.place(new Uint8Array(new Uint32Array([handle]).buffer))
  assert.equal(bench.call('mvCloseNotifications', place), Status.OKAY)
  assert.equal(bench.word(place), 0)
  bench.disconnect().run(10_000)
  assert.deepEqual(bench.bytes(buffer, 128), new Uint8Array(128))
  assert.equal(bench.call('mvTempTriggerNotification', other.handle, 1, 1), Status.OKAY)
  assert.deepEqual(bench.hardware.application.pended, [46])
})

test('handles differ, are never 0, and are not given out again', () => {
  const bench = runningBench()
  const handles = new Set(Array.from({ length: 28 }, (_, i) => bench.center(20 + i).handle))
  assert.equal(handles.size, 28)
  assert.ok(!handles.has(0))
})

test('network and system notifications tell each change of the network', () => {
  const bench = runningBench()
  const own = bench.center(45)
  const system = bench.center(46)
  requestNetwork(bench, own.handle)
  subscribe(bench, system.handle, 0)
  bench.disconnect()
  assert.deepEqual(bench.hardware.application.pended, [45, 46])
  bench.run(3_000)
  const types = records(bench, own.buffer, 3).map(({ event_type, tag }) => [event_type, tag])
  assert.deepEqual(types, [
    [EventType.NETWORKSTATUSCHANGED, 7],
    [EventType.NETWORKSTATUSCHANGED, 7],
    [EventType.NETWORKSTATUSCHANGED, 7],
  ])
  assert.equal(records(bench, system.buffer, 1)[0]?.tag, 8)
})

test('who asks for it hears how much of an update has come', () => {
  const bench = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 3_600 } }))
  const { handle, buffer } = bench.center(45, 16)
  const older = bench.center(46)
  subscribe(bench, handle, SystemNotificationSource.UPDATEPROGRESS)
  subscribe(bench, older.handle, SystemNotificationSource.UPDATE)
  const region = { place: 'internal', start: 0, size: 0x4_0000 } as const
  bench.cloud.sendTarget(makeApplication([{ region, content: makeImage(2, 200_000) }]))
  bench.run(1_000)
  const types = records(bench, buffer, 16).map(({ event_type }) => event_type)
  const kib = types.filter((type) => type !== 0).map((type) => type - EventType.UPDATEPROGRESS)
  assert.ok(kib.length >= 3 && kib[0] === 0 && kib.at(-1)! >= 128, `${kib}`)
  assert.deepEqual(
    kib,
    kib.toSorted((a, b) => a - b),
  )
  const [event] = records(bench, older.buffer, 1)
  assert.equal(event?.event_type, EventType.UPDATEDOWNLOADED)
  assert.equal(records(bench, older.buffer, 2)[1]?.event_type, EventType.NOEVENT)
})

test('whatever centers are opened, filled and closed, each ring holds its own newest records', (t) => {
  t.diagnostic(`seed ${seed}`)
  const bench = runningBench()
  const random = new Random(new TestEngines(seed))
  const rings: { handle: number; buffer: number; size: number; tags: number[]; irq: number }[] = []
  const closed: number[] = []
  for (let step = 0; step < STEPS; step++) {
    const what = random.word() % 10
    if (what === 0 && rings.length < 30) {
      const size = 2 + (random.word() % 6)
      const irq = freeInterrupt(rings.map((ring) => ring.irq))
      rings.push({ ...bench.center(irq, size), size, tags: [], irq })
    } else if (what === 1 && rings.length > 0) {
      const [ring] = rings.splice(random.word() % rings.length, 1)
      const place = bench.place(new Uint8Array(new Uint32Array([ring!.handle]).buffer))
      assert.equal(bench.call('mvCloseNotifications', place), Status.OKAY)
      closed.push(ring!.handle)
    } else if (rings.length > 0) {
      const ring = rings[random.word() % rings.length]!
      ring.tags.push(step)
      bench.call('mvTempTriggerNotification', ring.handle, 1, step)
    }
    for (const handle of closed.slice(-3)) {
      assert.equal(bench.call('mvTempTriggerNotification', handle, 1, 1), Status.INVALIDHANDLE)
    }
  }
  assert.equal(
    new Set([...closed, ...rings.map(({ handle }) => handle)]).size,
    closed.length + rings.length,
  )
  for (const { buffer, size, tags } of rings) {
    const expected = Array.from({ length: size }, (_, slot) => {
      const newest = tags.findLastIndex((_tag, i) => i % size === slot)
      return newest < 0 ? 0 : tags[newest]
    })
    assert.deepEqual(
      records(bench, buffer, size).map(({ tag }) => tag),
      expected,
    )
  }
})

/** An interrupt of the application's that none of these is. */
function freeInterrupt(taken: readonly number[]): number {
  for (let irq = 29; ; irq++) if (irq !== 48 && !taken.includes(irq)) return irq
}

function requestNetwork(bench: Bench, center: number): void {
  const fields = { version: 1, notification_handle: center, notification_tag: 7 }
  const params = bench.struct('MvRequestNetworkParams', fields)
  assert.equal(bench.call('mvRequestNetwork', params, bench.place(4)), Status.OKAY)
}

function subscribe(bench: Bench, center: number, source: number): void {
  const fields = { notification_handle: center, notification_tag: 8, notification_source: source }
  const params = bench.struct('MvOpenSystemNotificationParams', fields)
  assert.equal(bench.call('mvOpenSystemNotification', params, bench.place(4)), Status.OKAY)
}
