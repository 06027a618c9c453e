/**
 * The network as it is: cut at every message boundary, in both directions, slow by one byte at a
 * time, and losing what was on its way. After each the device does what it was to do.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status } from '@microvisor/protocol'
import type { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { runningBench, smallApplication } from '../testing/running.ts'

const LINES = 5

/** A device that has everything to tell at once: a crash, lines, an update. */
function busyBench(): Bench {
  const bench = runningBench()
  bench.vectors.applicationFault(someFault)
  bench.run(1_100)
  bench.isCloudUp = false
  bench.disconnect()
  bench.call('mvServerLoggingInit', bench.place(4096, 512), 4096)
  for (let i = 0; i < LINES; i++) {
    assert.equal(bench.call('mvServerLog', bench.text(`line ${i}`), 6), Status.OKAY)
  }
  bench.cloud.offer(smallApplication(2))
  bench.isCloudUp = true
  return bench
}

function finish(bench: Bench, what: string): void {
  bench.isCloudUp = true
  bench.run(2_000_000)
  for (const { id } of bench.cloud.all('crashReport')) {
    bench.cloud.send({ case: 'crashReceived', value: { id } })
  }
  bench.run(10_000)
  // What the device runs decides; a COMPLETE that was lost is not told again.
  bench.disconnect().run(10_000)
  const { state } = bench.cloud.last('hello')!
  assert.deepEqual([...state!.manifestHash], [...bench.cloud.target], what)
  assert.equal(state?.running, true, what)
  assert.ok(bench.cloud.all('crashReport').length >= 1, what)
  assert.equal(bench.hardware.network.state, 'connected', what)
}

/** How many frames travel in each direction until all is done. */
function frames(): { up: number; down: number } {
  const bench = busyBench()
  const [up, down] = [bench.cloud.history.length, bench.delivered]
  finish(bench, 'undisturbed')
  return { up: bench.cloud.history.length - up, down: bench.delivered - down }
}

test('a connection cut after any frame of the device’s is taken up again', () => {
  const { up } = frames()
  assert.ok(up > 10, `${up}`)
  for (let cut = 1; cut <= up; cut++) {
    const bench = busyBench()
    bench.cloud.framesUntilCut = cut
    finish(bench, `cut after frame ${cut} of the device`)
  }
})

test('a connection cut after any frame of the cloud’s is taken up again', () => {
  const { down } = frames()
  for (let cut = 1; cut <= down; cut++) {
    const bench = busyBench()
    bench.cutAfterDelivered = bench.delivered + cut
    finish(bench, `cut after frame ${cut} of the cloud`)
  }
})

test('bytes that come one at a time are the same bytes', () => {
  const bench = busyBench()
  bench.pieceBytes = 1
  finish(bench, 'byte by byte')
})

test('a network that drops every connection after a second still gets the update through', () => {
  const bench = busyBench()
  bench.cloud.chunkBytes = 512
  bench.pieceBytes = 256
  for (let i = 0; i < 20; i++) bench.run(1_000).disconnect()
  finish(bench, 'a second at a time')
})
