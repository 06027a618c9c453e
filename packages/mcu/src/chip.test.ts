import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stm32u585 } from './chip.ts'
import { OTP_BYTES } from './flash.ts'
import { Supply } from './power.ts'

function chip() {
  const pins: string[] = []
  const unit = new Stm32u585({
    supply: new Supply(),
    otp: new Uint8Array(OTP_BYTES).fill(0xff),
    uniqueId: new Uint8Array(12),
    hasSecureSide: true,
    kernelPins: [['E', 3]],
    events: {
      internalFlashChanged() {},
      otpChanged() {},
      pin: (port, pin, isHigh) => pins.push(`P${port}${pin} ${isHigh}`),
      serial() {},
    },
  })
  /** Puts a program behind a vector table at the start of flash and starts it. */
  const start = (...program: number[]) => {
    unit.flashBytes.fill(0xff, 0, 0x1000)
    const view = new DataView(unit.flashBytes.buffer, unit.flashBytes.byteOffset)
    view.setUint32(0, 0x2008_0000, true)
    for (let n = 1; n < 142; n++) view.setUint32(n * 4, 0x0800_0401, true)
    program.forEach((halfword, i) => {
      view.setUint16(0x400 + i * 2, halfword, true)
    })
    unit.startApplication(0x0800_0000)
  }
  return { unit, pins, start }
}

const SPIN = 0xe7fe
const WFI = 0xbf30

test('a run ends at exactly its cycle, events happen at exactly theirs', () => {
  const { unit, start } = chip()
  start(SPIN)
  const seen: number[] = []
  for (const at of [7, 100, 101, 5000]) unit.scheduler.at(at, () => seen.push(unit.cpu.cycles))
  for (const until of [50, 101, 102, 10_000]) {
    assert.equal(unit.run(until), 'cycle')
    assert.equal(unit.cpu.cycles, until)
  }
  assert.deepEqual(seen, [7, 100, 101, 5000])
})

test('sleep jumps to the next event, and a stopped application sleeps', () => {
  const { unit, start } = chip()
  start(WFI, SPIN)
  const far = 1e12
  const seen: number[] = []
  unit.scheduler.at(far, () => seen.push(unit.cpu.cycles))
  unit.run(far - 1)
  assert.equal(unit.isAsleep, true)
  unit.run(far + 1)
  assert.deepEqual(seen, [far])
  unit.stopApplication()
  unit.run(far * 2)
  assert.equal(unit.cpu.cycles, far * 2)
})

test('time does not jump when the clock tree changes', () => {
  const { unit } = chip()
  unit.run(4_000_000)
  assert.equal(unit.time.microseconds(unit.cpu.cycles), 1_000_000)
  unit.writeSecure(0x4602_0c00, 0x135)
  unit.writeSecure(0x4602_0c1c, 1)
  assert.equal(unit.rcc.frequencies.hclk, 16_000_000)
  assert.equal(unit.time.microseconds(unit.cpu.cycles), 1_000_000)
  unit.run(4_000_000 + 16_000_000)
  assert.equal(unit.time.microseconds(unit.cpu.cycles), 2_000_000)
})

test('a reset brings back registers, drops events and tells its cause; memory stays', () => {
  const { unit } = chip()
  unit.cpu.bytes[0x2000_0000] = 0x5a
  unit.flashBytes[0] = 0x5a
  unit.writeSecure(0x4602_0c8c, 0xffff_ffff)
  unit.scheduler.at(10, () => assert.fail('an event of a former life'))
  unit.reset('software')
  assert.equal(unit.readSecure(0x4602_0c8c), 0xc000_0000)
  assert.equal(unit.readSecure(0x4602_0cf4) >>> 25, 0x1c00_0000 >>> 25)
  assert.equal(unit.cpu.bytes[0x2000_0000], 0x5a)
  assert.equal(unit.flashBytes[0], 0x5a)
  unit.run(100)
})

test("a peripheral's reset bit resets it and leaves the kernel's pins to the kernel", () => {
  const { unit, pins } = chip()
  unit.writeSecure(0x4602_0c8c, 1 << 4)
  unit.writeSecure(0x4202_1000, 0x5555_5555)
  unit.writeSecure(0x4202_1018, 1 << 7)
  assert.deepEqual(pins, ['PE7 true'])
  unit.writeSecure(0x4602_0c64, 1 << 4)
  assert.deepEqual(pins, ['PE7 true', 'PE7 false'])
  assert.equal(unit.gpio.E.registers.get('SECCFGR'), 1 << 3)
})

test('interrupts that the kernel keeps are not available, the others are', () => {
  const { unit } = chip()
  const kept = [3, 6, 7, 8, 9, 10, 28, 48, 73, 76, 94]
  for (let irq = -1; irq <= 130; irq++) {
    assert.equal(
      unit.isInterruptAvailable(irq),
      irq >= 0 && irq < 126 && !kept.includes(irq),
      `${irq}`,
    )
  }
  assert.equal(unit.isInterruptAvailable(1.5), false)
})
