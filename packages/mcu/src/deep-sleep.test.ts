/** Stop, Standby and Shutdown as software without a secure side enters and leaves them. RM0456, PWR. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareChip } from './testing/bare-chip.ts'

const WFI = 0xbf30
const BACK_TO_WFI = 0xe7fd
const HANDLER = 0x0800_0500
const SCR = 0xe000_ed10
const ISER = 0xe000_e100
const [PWR, RCC, RTC] = [0x4602_0800, 0x4602_0c00, 0x4600_7800]
const [TIM2, EXTI, LPTIM1] = [0x4000_0000, 0x4602_2000, 0x4600_4400]
const IRQ = { RTC: 2, EXTI3: 14, TIM2: 45, LPTIM1: 67 } as const
const SECOND = 1_000_000

/** Runs from PLL1 at 160 MHz, with the clocks of all that the tests use, and waits for interrupts. */
function sleeper(lpms: number, ...irqs: number[]) {
  const chip = bareChip(WFI, BACK_TO_WFI)
  const write = (address: number, value: number) =>
    assert.ok(chip.writeNonSecure(address, value >>> 0), `0x${address.toString(16)}`)
  const read = (address: number) => chip.readNonSecure(address)!
  for (const [offset, value] of [
    ...[
      [0x8c, 0xffff],
      [0x94, 0xffff],
      [0x9c, 0xffff],
      [0xa8, 0xffff_ffff],
    ],
    ...[
      [0x28, 0x4_0001],
      [0x34, 0x0100_004f],
      [0x1c, 3],
      [0x00, 0x0100_0035],
    ],
  ] as const) {
    write(RCC + offset, value)
  }
  write(PWR, lpms)
  write(PWR + 0x28, 1)
  write(RCC + 0xf0, 0x8101)
  chip.cpu.writePrivate(SCR, 4, false)
  for (const irq of irqs) {
    chip.cpu.writePrivate(ISER + (irq >> 5) * 4, 2 ** (irq & 31), false)
  }
  assert.equal(chip.rcc.frequencies.sysclk, 160_000_000)
  const microseconds = () => chip.time.microseconds(chip.cpu.cycles)
  const run = (us: number) => chip.run(chip.cpu.cycles + us * (chip.rcc.frequencies.hclk / SECOND))
  return { chip, read, write, run, microseconds, isAwake: () => chip.cpu.get('pc') === HANDLER }
}

function wakeAfterTenSeconds({ write }: ReturnType<typeof sleeper>): void {
  for (const key of [0xca, 0x53]) write(RTC + 0x24, key)
  write(RTC + 0x14, 9)
  write(RTC + 0x18, (1 << 14) | (1 << 10) | 4)
}

for (const lpms of [0, 1, 2, 3]) {
  test(`Stop ${lpms}: the RTC wakes, and the chip runs from MSIS`, () => {
    const unit = sleeper(lpms, IRQ.RTC)
    wakeAfterTenSeconds(unit)
    unit.run(9.9 * SECOND)
    assert.equal(unit.isAwake(), false)
    assert.equal(unit.chip.lowPower.mode, `stop${lpms}`)
    unit.run(0.2 * SECOND)
    assert.equal(unit.isAwake(), true)
    assert.equal(unit.chip.rcc.frequencies.sysclk, 4_000_000)
    assert.equal(unit.read(RCC) & (3 << 24), 0, 'PLL1 is off')
    assert.equal(unit.read(PWR + 0x38), 2, 'STOPF')
    unit.write(PWR + 0x38, 1)
    assert.equal(unit.read(PWR + 0x38), 0)
    const slept = unit.chip.lowPower.times[`stop${lpms}` as 'stop0']
    assert.ok(Math.abs(slept - 10 * SECOND) < 1000, `${slept}`)
  })
}

test('with STOPWUCK it runs from HSI', () => {
  const unit = sleeper(2, IRQ.RTC)
  unit.write(RCC + 0x1c, 3 | (1 << 4))
  wakeAfterTenSeconds(unit)
  unit.run(11 * SECOND)
  assert.equal(unit.isAwake(), true)
  assert.equal(unit.chip.rcc.frequencies.sysclk, 16_000_000)
  assert.equal((unit.read(RCC + 0x1c) >> 2) & 3, 1, 'SWS')
})

test('an edge at a pin wakes from Stop 2, not from Stop 3', () => {
  for (const [lpms, wakes] of [
    [2, true],
    [3, false],
  ] as const) {
    const unit = sleeper(lpms, IRQ.EXTI3)
    unit.write(EXTI, 1 << 3)
    unit.write(EXTI + 0x80, 1 << 3)
    const contact = unit.chip.pins.pad('PA3').connect('button')
    contact.drive(false)
    unit.run(1000)
    assert.equal(unit.isAwake(), false)
    contact.drive(true)
    unit.run(1000)
    assert.equal(unit.isAwake(), wakes, `Stop ${lpms}`)
  }
})

test('a timer of the bus stands in Stop; it counts on afterwards', () => {
  const unit = sleeper(1, IRQ.TIM2, IRQ.RTC)
  unit.write(TIM2 + 0x28, 159)
  unit.write(TIM2 + 0x14, 1)
  unit.write(TIM2 + 0x10, 0)
  unit.write(TIM2 + 0x2c, 5 * SECOND)
  unit.write(TIM2 + 0x0c, 1)
  unit.write(TIM2, 1)
  wakeAfterTenSeconds(unit)
  unit.run(9 * SECOND)
  assert.equal(unit.isAwake(), false)
  unit.run(1.001 * SECOND)
  assert.equal(unit.isAwake(), true)
  const count = unit.read(TIM2 + 0x24)
  assert.ok(count < 2000, `${count}: ten seconds would be ten million`)
  unit.run(SECOND)
  assert.ok(unit.read(TIM2 + 0x24) > count)
})

test('LPTIM1 from LSE counts in Stop 2 and wakes', () => {
  const unit = sleeper(2, IRQ.LPTIM1)
  unit.write(RCC + 0xe8, 3 << 10)
  unit.write(LPTIM1 + 0x08, 1 << 1)
  unit.write(LPTIM1 + 0x10, 1)
  unit.write(LPTIM1 + 0x18, 32_767)
  unit.write(LPTIM1 + 0x10, 5)
  unit.run(0.9 * SECOND)
  assert.equal(unit.isAwake(), false)
  unit.run(0.2 * SECOND)
  assert.equal(unit.isAwake(), true)
})

test('without SLEEPDEEP the clocks go on', () => {
  const unit = sleeper(2, IRQ.RTC)
  unit.chip.cpu.writePrivate(SCR, 0, false)
  unit.run(1000)
  assert.equal(unit.chip.lowPower.mode, undefined)
  assert.equal(unit.read(PWR + 0x38), 0)
  assert.equal(unit.chip.rcc.frequencies.sysclk, 160_000_000)
})

const IRQ_WAKE = 77

for (const [polarity, from, to] of [
  [0, false, true],
  [1, true, false],
] as const) {
  for (const [lpms, mode] of [
    [3, 'stop3'],
    [4, 'standby'],
    [6, 'shutdown'],
  ] as const) {
    test(`an edge at PC13, wake-up line 2 with WUPP2=${polarity}, ends ${mode}`, () => {
      const unit = sleeper(lpms, IRQ_WAKE)
      const contact = unit.chip.pins.pad('PC13').connect('button')
      contact.drive(from)
      unit.write(PWR + 0x18, polarity << 1)
      unit.write(PWR + 0x1c, 1 << 2)
      unit.write(PWR + 0x14, 1 << 1)
      unit.run(1000)
      contact.drive(!to)
      unit.run(1000)
      assert.equal(unit.isAwake(), false)
      assert.equal(unit.chip.requestedReset, 'software')
      contact.drive(to)
      const reason = unit.run(1000)
      if (mode === 'stop3') assert.equal(unit.isAwake(), true)
      else {
        assert.equal(reason, 'reset-request')
        unit.chip.reset(unit.chip.requestedReset)
        unit.write(RCC + 0x94, 0xffff)
      }
      assert.equal(unit.read(PWR + 0x44), 1 << 1, 'WUF2')
      unit.write(PWR + 0x48, 1 << 1)
      assert.equal(unit.read(PWR + 0x44), 0)
    })
  }
}

test('a wake-up flag that is still set keeps the chip from Standby', () => {
  const unit = sleeper(4)
  const contact = unit.chip.pins.pad('PA0').connect('button')
  unit.write(PWR + 0x14, 1)
  contact.drive(true)
  assert.equal(unit.run(1000), 'reset-request')
})

test('in Standby pins float or are pulled as PWR says, and the watchdog bites', () => {
  const unit = sleeper(4)
  unit.write(0x4202_0000, 0xabff_f7ff)
  unit.write(0x4202_0018, 1 << 5)
  unit.write(PWR + 0x50, 1 << 6)
  unit.write(PWR + 0x4c, 1)
  unit.write(0x4000_3000, 0xcccc)
  const { pins } = unit.chip
  const led = pins.pad('PA5')
  assert.equal(led.isHigh, true)
  unit.run(1000)
  assert.deepEqual([led.isHigh, pins.pad('PA6').isHigh], [false, true])
  assert.equal(unit.run(0.52 * SECOND), 'reset-request')
  assert.equal(unit.chip.requestedReset, 'watchdog')
})

test('after Standby MSI has the range of MSISSRANGE, after Shutdown the flags of a power-on', () => {
  const standby = sleeper(4, IRQ.RTC)
  standby.write(RCC + 0xf4, 0x8400)
  wakeAfterTenSeconds(standby)
  standby.run(11 * SECOND)
  standby.chip.reset('standby')
  assert.equal(standby.chip.rcc.frequencies.sysclk, 3_072_000)
  const shutdown = sleeper(6, IRQ.RTC)
  shutdown.write(RCC + 0xf4, 1 << 23)
  wakeAfterTenSeconds(shutdown)
  shutdown.run(11 * SECOND)
  shutdown.chip.reset('standby')
  assert.equal(shutdown.read(RCC + 0xf4) >>> 24, 0x0c, 'BORRSTF, PINRSTF')
  assert.equal(shutdown.read(RCC + 0xf0) & 0x8101, 0x8101, 'the backup domain goes on')
})

test('RTC, TAMP and RCC_BDCR take writes only while DBP is set; a lost write is reported', () => {
  const unit = sleeper(0)
  unit.write(PWR + 0x28, 0)
  unit.write(0x4600_7d00, 1)
  unit.write(RCC + 0xf0, 0)
  assert.equal(unit.read(0x4600_7d00), 0)
  assert.equal(unit.read(RCC + 0xf0) & 0x8101, 0x8101)
  assert.match(unit.chip.notModelled.accesses.at(-1)!.answer, /PWR_DBPR.DBP/)
  unit.write(PWR + 0x28, 1)
  unit.write(0x4600_7d00, 0x1234)
  assert.equal(unit.read(0x4600_7d00), 0x1234)
  unit.write(RCC + 0xf0, 1 << 16)
  assert.equal(unit.read(0x4600_7d00), 0, 'BDRST')
  assert.equal(unit.read(RCC + 0xf0), 1 << 16)
})

for (const [lpms, mode, flag] of [
  [4, 'standby', 4],
  [6, 'shutdown', 0],
] as const) {
  test(`${mode}: the RTC goes on and wakes by a reset`, () => {
    const unit = sleeper(lpms, IRQ.RTC)
    wakeAfterTenSeconds(unit)
    assert.equal(unit.run(9.9 * SECOND), 'cycle')
    assert.equal(unit.chip.isApplicationRunning, false)
    assert.equal(unit.run(0.2 * SECOND), 'reset-request')
    assert.equal(unit.chip.requestedReset, 'standby')
    unit.chip.reset('standby')
    unit.write(RCC + 0x94, 0xffff)
    assert.equal(unit.read(PWR + 0x38), flag, 'SBF')
    assert.ok(Math.abs(unit.chip.lowPower.times[mode] - 10 * SECOND) < 1000)
    unit.write(RCC + 0xa8, 0xffff_ffff)
    assert.equal(unit.read(RTC) & 0xff, 0x10, 'ten seconds on the clock')
  })
}
