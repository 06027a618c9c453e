import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WakeReason } from '@microvisor/protocol'
import { Bench } from '../testing/bench.ts'
import { policiesWith, runningBench, smallApplication } from '../testing/running.ts'
import { TestFactory } from '../testing/test-hardware.ts'

function testBench(): { bench: Bench; factory: TestFactory } {
  const { chips } = runningBench()
  const bench = new Bench({ chips, isFactoryTest: true })
  return { bench, factory: bench.hardware.factoryTest! }
}

test('lines reach the operator’s console at once', () => {
  const { bench, factory } = testBench()
  bench.call('mvTestLoggingInit', bench.place(512, 512), 512)
  bench.call('mvTestLog', bench.text('PA5 toggles'), 11)
  assert.deepEqual(factory.lines, ['PA5 toggles'])
})

test('a failed test is shown and nothing runs; after a reset it runs again', () => {
  const { bench, factory } = testBench()
  assert.equal(bench.call('mvTestingComplete', 7), undefined)
  assert.equal(factory.status, 7)
  assert.equal(bench.run(120_000).hardware.application.isRunning, false)
  const again = new Bench({ chips: bench.chips, isFactoryTest: true })
  assert.equal(again.hardware.application.isRunning, true)
})

test('after a pass the application that was staged takes the place of the test', () => {
  const policies = policiesWith({ update: { maximumPolitenessSeconds: 3_600 } })
  const bench = runningBench(policies)
  bench.hardware.factoryTest = new TestFactory()
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1_000)
  assert.equal(bench.call('mvTestingComplete', 0), undefined)
  assert.equal(bench.hardware.application.isRunning, true)
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
})
