import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status } from '@microvisor/protocol'
import type { Bench } from '../testing/bench.ts'
import { runningBench } from '../testing/running.ts'
import { fast } from '../testing/statuses/fast-interrupts.ts'

const IRQ = 45

function worldOf(bench: Bench) {
  return bench.hardware.application
}

function isEnabled(bench: Bench, irq = IRQ): boolean {
  return worldOf(bench).fast.get(irq)!.isEnabled
}

test('a fast interrupt is off until it is enabled, and ordinary again once cleared', () => {
  const bench = runningBench()
  bench.call('mvSetFastInterrupt', IRQ)
  assert.equal(isEnabled(bench), false)
  bench.call('mvEnableFastInterrupt', IRQ)
  assert.equal(isEnabled(bench), true)
  bench.call('mvClearFastInterrupt', IRQ)
  assert.equal(worldOf(bench).fast.size, 0)
})

test('the mask of all leaves each one’s own state alone', () => {
  const bench = runningBench()
  fast(bench, 45)
  bench.call('mvSetFastInterrupt', 46)
  bench.call('mvDisableAllFastInterrupts')
  assert.deepEqual([isEnabled(bench, 45), isEnabled(bench, 46)], [false, false])
  bench.call('mvEnableFastInterrupt', 46)
  bench.call('mvDisableFastInterrupt', 45)
  assert.deepEqual([isEnabled(bench, 45), isEnabled(bench, 46)], [false, false])
  bench.call('mvEnableAllFastInterrupts')
  assert.deepEqual([isEnabled(bench, 45), isEnabled(bench, 46)], [false, true])
})

test('a fast interrupt is no notification interrupt, until it is cleared', () => {
  const bench = runningBench()
  fast(bench)
  const setup = bench.struct('MvNotificationSetup', {
    ...{ irq: IRQ, buffer: bench.place(64), buffer_size: 64 },
  })
  assert.equal(bench.call('mvSetupNotifications', setup, bench.place(4)), Status.INVALIDINTERRUPT)
  bench.call('mvClearFastInterrupt', IRQ)
  assert.equal(bench.call('mvSetupNotifications', setup, bench.place(4)), Status.OKAY)
})

/** What the handler does, looked at every 10 ms from the first interrupt on. */
function police(bench: Bench, samples: readonly { taken: number; isActive: boolean }[]): void {
  bench.vectors.fastInterrupt()
  for (const sample of samples) {
    Object.assign(worldOf(bench).fast.get(IRQ) ?? {}, sample)
    bench.run(10)
  }
}

test('a handler that does not end stops the application, as a fault does', () => {
  const bench = runningBench()
  fast(bench)
  police(bench, [
    { taken: 1, isActive: true },
    { taken: 1, isActive: true },
  ])
  assert.equal(isEnabled(bench), false)
  assert.equal(worldOf(bench).isRunning, true)
  assert.equal(bench.call('mvSetFastInterrupt', 46), Status.UNAVAILABLE)
  bench.run(2)
  assert.equal(worldOf(bench).isRunning, false)
  assert.equal(bench.cloud.last('crashReport')?.exception, 'FastInterruptHung')
  bench.run(1_000)
  assert.equal(bench.call('mvSetFastInterrupt', 46), Status.OKAY)
})

test('a flood of fast interrupts stops the application', () => {
  const bench = runningBench()
  fast(bench)
  police(bench, [{ taken: 2_001, isActive: false }])
  bench.run(2)
  assert.equal(bench.cloud.last('crashReport')?.exception, 'FastInterruptFlood')
})

test('busy handlers that end are left alone, and a quiet time asks to be told again', () => {
  const bench = runningBench()
  fast(bench)
  const world = worldOf(bench)
  world.isWatchingFast = false
  const busy = Array.from({ length: 50 }, (_, i) => ({ taken: 2_000 * (i + 1), isActive: true }))
  police(bench, busy)
  assert.equal(world.isWatchingFast, false)
  police(bench, [
    { taken: 100_000, isActive: false },
    { taken: 100_000, isActive: false },
  ])
  assert.equal(world.isWatchingFast, true)
  assert.equal(world.isRunning, true)
})
