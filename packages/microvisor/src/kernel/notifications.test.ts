import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeStruct, EventType, Status } from '@microvisor/protocol'
import type { Bench } from '../testing/bench.ts'
import { runningBench } from '../testing/running.ts'

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
