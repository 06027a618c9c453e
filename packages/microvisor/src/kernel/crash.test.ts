import assert from 'node:assert/strict'
import { createECDH } from 'node:crypto'
import { test } from 'node:test'
import { NetworkReason, openCrashReport, WakeReason } from '@microvisor/protocol'
import { chipGcm } from '../chip-crypto.ts'
import { Bench } from '../testing/bench.ts'
import { someFault } from '../testing/fault.ts'
import { policiesWith, runningBench, smallApplication } from '../testing/running.ts'
import { CRASH_REPORTS_MAX, RestartLaw } from './crash.ts'

function crash(bench: Bench, fault = someFault): void {
  bench.vectors.applicationFault(fault)
  bench.run()
}

test('a crash stops the application alone and is reported with its registers', () => {
  const bench = runningBench()
  bench.run(250)
  crash(bench)
  assert.equal(bench.hardware.application.isRunning, false)
  assert.equal(bench.hardware.network.state, 'connected')
  const report = bench.cloud.last('crashReport')!
  assert.equal(report.exception, 'HardFault')
  assert.deepEqual(report.registers.slice(13), [0x2007_ff00, 0x0800_0123, 0x0800_0456, 0x0100_0000])
  const { cfsr, hfsr, sfsr, mmfar, bfar, sfar } = report
  assert.deepEqual({ cfsr, hfsr, sfsr, mmfar, bfar, sfar }, { ...someFaultStatus })
  assert.equal(report.restartInMs, 1_000)
  assert.equal(report.microseconds, BigInt(bench.hardware.clock.now))
  assert.equal(bench.cloud.last('deviceState')?.running, false)
})

test('it starts again after the wait, with memory cleared and the reason of it', () => {
  const bench = runningBench()
  const mark = bench.place(Uint8Array.of(1, 1, 1, 1))
  crash(bench)
  bench.run(999)
  assert.equal(bench.hardware.application.isRunning, false)
  bench.run(2)
  assert.equal(bench.hardware.application.isRunning, true)
  assert.equal(bench.word(mark), 0)
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONCRASH)
})

test('a report is repeated on each connection until the cloud has received it', () => {
  const bench = runningBench()
  crash(bench)
  bench.disconnect().run(5_000)
  const ids = bench.cloud.all('crashReport').map(({ id }) => id)
  assert.equal(ids.length, 2)
  assert.equal(ids[0], ids[1])
  bench.cloud.send({ case: 'crashReceived', value: { id: ids[0]! } })
  bench.run()
  bench.disconnect().run(5_000)
  assert.equal(bench.cloud.all('crashReport').length, 2)
})

test('reports that nobody receives are bounded', () => {
  const bench = runningBench()
  bench.isCloudUp = false
  bench.disconnect()
  for (let i = 0; i < 2 * CRASH_REPORTS_MAX; i++) {
    crash(bench)
    bench.run(70_000)
  }
  bench.isCloudUp = true
  bench.run(400_000)
  assert.equal(bench.cloud.all('crashReport').length, CRASH_REPORTS_MAX)
})

test('the wait doubles from the minimum to the maximum', () => {
  const law = new RestartLaw()
  const policy = { minimumRestartMs: 200, maximumRestartMs: 3_000 }
  const waits = Array.from({ length: 6 }, () => law.afterCrash(policy, 10))
  assert.deepEqual(waits, [200, 400, 800, 1_600, 3_000, 3_000])
})

test('an application that ran for as long as the maximum begins anew', () => {
  const law = new RestartLaw()
  const policy = { minimumRestartMs: 200, maximumRestartMs: 3_000 }
  for (let i = 0; i < 5; i++) law.afterCrash(policy, 10)
  assert.equal(law.afterCrash(policy, 3_000), 200)
})

test('0 in the manifest means one second and one minute, and a maximum is never below the minimum', () => {
  const law = new RestartLaw()
  const none = { minimumRestartMs: 0, maximumRestartMs: 0 }
  const waits = Array.from({ length: 9 }, () => law.afterCrash(none, 0))
  assert.deepEqual([waits[0], waits[8]], [1_000, 60_000])
  assert.equal(law.afterCrash({ minimumRestartMs: 90_000, maximumRestartMs: 5 }, 0), 90_000)
})

test('an update cures a crashing application while it waits', () => {
  const bench = runningBench(policiesWith({ crash: { minimumRestartMs: 500_000 } }))
  crash(bench)
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(10)
  assert.equal(bench.hardware.application.isRunning, true)
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
  bench.run(600_000)
  assert.equal(bench.hardware.application.starts.length, 2)
})

test('a crash ends the wait of an update for consent', () => {
  const bench = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 3_600 } }))
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1_000)
  crash(bench)
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
})

test('the cloud can start a crashed application at once', () => {
  const bench = runningBench(policiesWith({ crash: { minimumRestartMs: 500_000 } }))
  crash(bench)
  bench.cloud.send({ case: 'restartApplication', value: {} })
  bench.run()
  assert.equal(bench.wakeReason, WakeReason.REMOTEAPPLICATIONRESTART)
})

test('a report carries as much stack as the manifest asks for and memory has', () => {
  const bench = runningBench(policiesWith({ crash: { includeStackBytes: 64 } }))
  const sp = bench.place(Uint8Array.from({ length: 64 }, (_, i) => i))
  crash(bench, { ...someFault, registers: { ...someFault.registers, sp } })
  assert.deepEqual(bench.cloud.last('crashReport')?.stack, bench.bytes(sp, 64))
})

test('a stack pointer gone astray gives no stack, and no more than there is', () => {
  const bench = runningBench(policiesWith({ crash: { includeStackBytes: 64 } }))
  crash(bench, { ...someFault, registers: { ...someFault.registers, sp: 0x4002_0000 } })
  assert.equal(bench.cloud.last('crashReport')?.stack.length, 0)
  bench.run(2_000)
  crash(bench, { ...someFault, registers: { ...someFault.registers, sp: 0x2007_ffe0 } })
  assert.equal(bench.cloud.last('crashReport')?.stack.length, 32)
})

test('where reports are to be sealed, only the holder of the key reads registers and stack', () => {
  const reader = createECDH('prime256v1')
  const reportKey = new Uint8Array(reader.generateKeys())
  const bench = runningBench(policiesWith({ crash: { includeStackBytes: 64, reportKey } }))
  const sp = bench.place(Uint8Array.from({ length: 64 }, (_, i) => i))
  crash(bench, { ...someFault, registers: { ...someFault.registers, sp } })
  const report = bench.cloud.last('crashReport')!
  assert.deepEqual([report.stack.length, report.cfsr, ...new Set(report.registers)], [0, 0, 0])
  const gcm = chipGcm(bench.hardware.engines)
  const agree = (sender: Uint8Array) => new Uint8Array(reader.computeSecret(sender))
  const opened = openCrashReport(gcm, reportKey, agree, report.sealed)!
  assert.equal(opened.registers[15], someFault.registers.pc)
  assert.equal(opened.cfsr, someFault.cfsr)
  assert.deepEqual(opened.stack, bench.bytes(sp, 64))
  assert.equal(opened.id, report.id)
  const changed = report.sealed.map((byte, i) => (i === 100 ? byte ^ 1 : byte))
  assert.equal(openCrashReport(gcm, reportKey, agree, changed), undefined)
  assert.equal(openCrashReport(gcm, reportKey, agree, new Uint8Array(10)), undefined)
})

test('a key that is none seals everything for good', () => {
  const reportKey = new Uint8Array(65).fill(4)
  const bench = runningBench(policiesWith({ crash: { includeStackBytes: 64, reportKey } }))
  crash(bench)
  const report = bench.cloud.last('crashReport')!
  assert.deepEqual([report.sealed.length, report.cfsr, ...new Set(report.registers)], [0, 0, 0])
})

test('what the kernel before died of is a reason to connect, until the cloud has been told', () => {
  const bench = runningBench()
  const again = new Bench({ chips: bench.chips, kernelFailure: 'out of luck', isCloudUp: false })
  assert.equal(again.wakeReason, WakeReason.MICROVISORCRASH)
  const reasons = () => {
    const out = again.place(8)
    again.call('mvGetNetworkReasons', out, out + 4)
    return again.word(out) & NetworkReason.KERNELERROR
  }
  assert.equal(reasons(), NetworkReason.KERNELERROR)
  again.isCloudUp = true
  again.run(5_000)
  assert.equal(again.cloud.last('hello')?.kernelFailure, 'out of luck')
  assert.equal(reasons(), 0)
  again.disconnect().run(5_000)
  assert.equal(again.cloud.last('hello')?.kernelFailure, '')
})

test('a fault that comes when nothing runs is nothing', () => {
  const bench = runningBench()
  crash(bench)
  crash(bench)
  assert.equal(bench.cloud.all('crashReport').length, 1)
})

const someFaultStatus = {
  cfsr: someFault.cfsr,
  hfsr: someFault.hfsr,
  sfsr: someFault.sfsr,
  mmfar: someFault.mmfar,
  bfar: someFault.bfar,
  sfar: someFault.sfar,
}
