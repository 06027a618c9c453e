import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status, systemCallNames, systemCalls, WakeReason } from '@microvisor/protocol'
import { Bench, fuseContents } from '../../testing/bench.ts'
import { runningBench } from '../../testing/running.ts'

const RCC = 0x4602_0c00

test('the device id is the SID in the fuses', () => {
  const bench = runningBench()
  const buffer = bench.place(36)
  bench.call('mvGetDeviceId', buffer, 34)
  assert.equal(Buffer.from(bench.bytes(buffer, 35)).toString(), `${fuseContents.deviceSid}\0`)
})

test('each clock is told', () => {
  const bench = runningBench()
  const out = bench.place(4)
  const told = (['mvGetSysClk', 'mvGetHClk', 'mvGetPClk1', 'mvGetPClk2'] as const).map((call) => {
    bench.call(call, out)
    return bench.word(out)
  })
  assert.deepEqual(told, [160_000_000, 80_000_000, 40_000_000, 20_000_000])
})

test('microseconds take 64 bits', () => {
  const bench = runningBench()
  bench.hardware.clock.now = 2 ** 32 * 3 + 77
  const out = bench.place(8)
  bench.call('mvGetMicroseconds', out)
  assert.deepEqual([bench.word(out), bench.word(out + 4)], [77, 3])
})

test('the time of day is unknown until the cloud has told it', () => {
  const { chips } = runningBench()
  const bench = new Bench({ chips, isCloudUp: false })
  const out = bench.place(8)
  assert.equal(bench.call('mvGetWallTime', out), Status.TIMENOTSET)
  bench.isCloudUp = true
  bench.run(5_000)
  assert.equal(bench.call('mvGetWallTime', out), Status.OKAY)
  const told = bench.word(out) + bench.word(out + 4) * 2 ** 32
  const start = Number(bench.cloud.wallMicroseconds)
  assert.ok(told >= start && told <= start + 5_000_000, `${told} is not just after ${start}`)
})

test('a poke changes only bits that are the application’s', () => {
  const bench = runningBench()
  const { registers } = bench.hardware
  registers.set(0x8c, 0x4000_0001) // AHB2ENR1: SRAM2EN and GPIOAEN
  bench.call('mvPeriphPoke32', RCC + 0x8c, 0xffff_ffff, 0x0004_0102) // RNGEN is the kernel's
  assert.equal(registers.get(0x8c), 0x4000_0102)
})

test('a poke assigns where the mask is 1 and toggles where it is 0', () => {
  const bench = runningBench()
  const { registers } = bench.hardware
  registers.set(0xa4, 0b0101 << 11)
  bench.call('mvPeriphPoke32', RCC + 0xa4, 0b0011 << 11, 0b0110 << 11)
  assert.equal(registers.get(0xa4), 0b0010 << 11)
})

test('a start without an update has the reason of the reset', () => {
  const bench = runningBench()
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
  const again = new Bench({ chips: bench.chips })
  assert.equal(again.wakeReason, WakeReason.COLDBOOT)
})

test('each way in which a kernel comes to start is a wake reason', () => {
  const { chips } = runningBench()
  const cases = [
    [{}, WakeReason.COLDBOOT],
    [{ resetCause: 'software' }, WakeReason.REMOTEMICROVISORRESTART],
    [{ resetCause: 'watchdog' }, WakeReason.MICROVISORWATCHDOG],
    [{ resetCause: 'option-bytes' }, WakeReason.OPTIONBYTES],
    [{ resetCause: 'software', record: { isTrial: true } }, WakeReason.MICROVISORUPDATE],
    [{ resetCause: 'software', record: { hasFailed: true } }, WakeReason.MICROVISORUPDATE],
    [{ resetCause: 'watchdog', kernelFailure: 'a bug' }, WakeReason.MICROVISORCRASH],
  ] as const
  for (const [how, reason] of cases)
    assert.equal(new Bench({ chips, ...how }).wakeReason, reason, JSON.stringify(how))
})

test('mvRestart starts the application again with empty memory and does not return', () => {
  const bench = runningBench()
  const mark = bench.place(Uint8Array.of(1, 2, 3, 4))
  bench.center(45)
  assert.equal(bench.call('mvRestart', 0), undefined)
  assert.equal(bench.hardware.application.starts.length, 2)
  assert.equal(bench.word(mark), 0)
  assert.equal(bench.wakeReason, WakeReason.REMOTEAPPLICATIONRESTART)
  bench.center(45) // The interrupt is free again.
})

test('the LED shows the connection until the application switches it off', () => {
  const bench = runningBench()
  const { colours } = bench.hardware
  assert.equal(colours.at(-1), 'g')
  bench.call('mvSystemLedEnable', 0)
  assert.equal(colours.at(-1), '')
  bench.isCloudUp = false
  bench.disconnect()
  assert.equal(colours.at(-1), '')
  bench.call('mvSystemLedEnable', 1)
  assert.equal(colours.at(-1), 'r')
})

test('an address that is no slot of a call answers UNAVAILABLE', () => {
  const bench = runningBench()
  assert.equal(bench.vectors.systemCall(0x0c1f_e0a0), Status.UNAVAILABLE)
})

test('calls of the first releases are carried out in interrupt handlers, later ones are refused', () => {
  const bench = runningBench()
  bench.hardware.application.isInHandlerMode = true
  assert.equal(bench.call('mvGetHClk', bench.place(4)), Status.OKAY)
  const late = systemCallNames.filter((name) => systemCalls[name].since === '0.6.5')
  for (const name of late) assert.equal(bench.call(name), Status.UNAVAILABLE, name)
})
