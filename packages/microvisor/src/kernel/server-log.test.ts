import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status } from '@microvisor/protocol'
import type { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { runningBench } from '../testing/running.ts'
import { LOG_MESSAGE_OVERHEAD_BYTES } from './server-log.ts'

function loggingBench(bufferBytes = 1024): Bench {
  const bench = runningBench()
  bench.call('mvServerLoggingInit', bench.place(bufferBytes, 512), bufferBytes)
  return bench
}

function log(bench: Bench, text: string): number | undefined {
  return bench.call('mvServerLog', bench.text(text), Buffer.byteLength(text))
}

test('a message goes to the cloud at once, with both times', () => {
  const bench = loggingBench()
  bench.run(1_500)
  log(bench, 'hello, world')
  bench.run()
  assert.deepEqual(bench.cloud.logLines, ['hello, world'])
  const [record] = bench.cloud.logRecords
  assert.equal(record?.microseconds, BigInt(bench.hardware.clock.now))
  assert.ok(record!.wallMicroseconds >= bench.cloud.wallMicroseconds + 1_500_000n)
  assert.equal(record?.dropped, 0)
})

test('messages wait while offline and leave in order, and what was refused is counted', () => {
  const bench = loggingBench(512)
  bench.isCloudUp = false
  bench.disconnect()
  const statuses: (number | undefined)[] = []
  for (let i = 0; i < 30; i++) statuses.push(log(bench, `line ${String(i).padStart(2, '0')}`))
  const fit = Math.floor(512 / (7 + LOG_MESSAGE_OVERHEAD_BYTES))
  assert.equal(statuses.filter((status) => status === Status.OKAY).length, fit)
  assert.equal(statuses.at(-1), Status.INVALIDBUFFERSIZE)
  bench.isCloudUp = true
  bench.run(5_000)
  log(bench, 'after')
  bench.run()
  const lines = Array.from({ length: fit }, (_, i) => `line ${String(i).padStart(2, '0')}`)
  assert.deepEqual(bench.cloud.logLines, [...lines, 'after'])
  assert.equal(bench.cloud.logRecords.at(-1)?.dropped, 30 - fit)
})

test('the buffer goes round for as long as there is something to say', () => {
  const bench = loggingBench(512)
  const sent: string[] = []
  for (let i = 0; i < 300; i++) {
    const line = `${i} `.padEnd((i * 37) % 400, '.')
    sent.push(line)
    assert.equal(log(bench, line), Status.OKAY)
    bench.run(10)
  }
  assert.deepEqual(bench.cloud.logLines, sent)
})

test('a message of the greatest length passes, in a buffer that holds it', () => {
  const bench = loggingBench(2048)
  assert.equal(log(bench, 'x'.repeat(1024)), Status.OKAY)
  bench.run()
  assert.equal(bench.cloud.logLines[0]?.length, 1024)
})

test('a message that no empty buffer would hold is refused', () => {
  const bench = loggingBench(512)
  assert.equal(log(bench, 'x'.repeat(500)), Status.INVALIDBUFFERSIZE)
})

test('messages leave at a limited rate, and none is lost by it', () => {
  const bench = loggingBench(512 * 64)
  for (let i = 0; i < 600; i++) assert.equal(log(bench, `${i}`), Status.OKAY)
  bench.run()
  assert.equal(bench.cloud.logLines.length, 256)
  bench.run(1_000)
  assert.ok(Math.abs(bench.cloud.logLines.length - 512) <= 1)
  bench.run(1_000)
  assert.equal(bench.cloud.logLines.length, 600)
})

test('the cloud can forbid logging and allow it again', () => {
  const bench = loggingBench()
  bench.cloud.send({ case: 'settings', value: { loggingEnabled: false } })
  bench.run()
  assert.equal(log(bench, 'unheard'), Status.LOGGINGDISABLEDBYSERVER)
  bench.cloud.send({ case: 'settings', value: { loggingEnabled: true } })
  bench.run()
  assert.equal(log(bench, 'heard'), Status.OKAY)
  bench.run()
  assert.deepEqual(bench.cloud.logLines, ['heard'])
})

test('a cloud that refuses the log stream is not asked again in this connection', () => {
  const bench = loggingBench()
  bench.cloud.acceptsLogs = false
  log(bench, 'one')
  bench.run()
  log(bench, 'two')
  bench.run()
  const opens = bench.cloud.all('streamOpen').filter(({ kind }) => kind.case === 'log')
  assert.equal(opens.length, 1)
  bench.cloud.acceptsLogs = true
  bench.disconnect().run(5_000)
  assert.deepEqual(bench.cloud.logLines, ['one', 'two'])
})

test('the last words of a crashed application still leave', () => {
  const bench = loggingBench()
  bench.isCloudUp = false
  bench.disconnect().run(10)
  bench.isCloudUp = true
  log(bench, 'about to crash')
  bench.vectors.applicationFault(someFault)
  bench.run(990)
  assert.deepEqual(bench.cloud.logLines, ['about to crash'])
})

test('after a restart the application gives a buffer again', () => {
  const bench = loggingBench()
  bench.call('mvRestart', 0)
  assert.equal(log(bench, 'x'), Status.UNAVAILABLE)
})
