import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WakeReason } from '@microvisor/protocol'
import { Bench } from '../../testing/bench.ts'
import { makeApplication, makeImage, smallRegion } from '../../testing/trust.ts'

test('a device without an application takes the target, installs it and starts it', () => {
  const bench = new Bench()
  const image = makeImage(1, 20_000)
  bench.cloud.offer(makeApplication([{ region: smallRegion, content: image }]))
  bench.run(1000)
  assert.deepEqual(bench.hardware.application.starts, [0x0800_0000])
  assert.equal(bench.cloud.last('deviceState')?.wakeReason, WakeReason.APPLICATIONUPDATE)
})
