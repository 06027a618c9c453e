import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareChip } from '../testing/bare-chip.ts'

const SPIN = 0xe7fe
const [DBGMCU, RCC, TIM2, IWDG] = [0xe004_4000, 0x4602_0c00, 0x4000_0000, 0x4000_3000]
const MILLISECOND = 4000

function chip() {
  const unit = bareChip(SPIN)
  const write = (address: number, value: number) => unit.writeNonSecure(address, value >>> 0)
  const read = (address: number) => unit.readNonSecure(address)
  write(RCC + 0x9c, 1)
  write(TIM2 + 0x2c, 0xffff_ffff)
  write(TIM2, 1)
  write(IWDG, 0xcccc)
  return { unit, write, read, count: () => read(TIM2 + 0x24)! }
}

test('the chip says which it is', () => {
  const { read, unit } = chip()
  assert.equal(read(DBGMCU)! & 0xfff, 0x482)
  assert.deepEqual(unit.notModelled.accesses, [])
})

test('what is frozen stands while the CPU is halted, and goes on with it', () => {
  const { unit, write, count } = chip()
  write(DBGMCU + 0x08, 1 | (1 << 12))
  unit.run(MILLISECOND)
  unit.haltApplication()
  const before = count()
  assert.ok(before > 0)
  assert.equal(unit.run(2000 * MILLISECOND), 'cycle', 'the watchdog stands')
  assert.equal(count(), before)
  unit.resumeApplication('continue')
  unit.run(unit.cpu.cycles + 10)
  assert.ok(count() - before >= 9 && count() - before <= 12)
})

test('what is not frozen goes on while the CPU is halted', () => {
  const { unit, count } = chip()
  unit.run(MILLISECOND)
  unit.haltApplication()
  const before = count()
  assert.equal(unit.run(2000 * MILLISECOND), 'reset-request', 'the watchdog bites')
  assert.ok(count() > before)
})

test('a timer whose SMEN bit is off stands while the CPU sleeps', () => {
  for (const [smen, stands] of [
    [0xffff_fffe, true],
    [0xffff_ffff, false],
  ] as const) {
    const unit = bareChip(0xbf30, 0xe7fd)
    const write = (address: number, value: number) => unit.writeNonSecure(address, value >>> 0)
    write(RCC + 0x9c, 1)
    write(RCC + 0xc4, smen)
    write(TIM2 + 0x2c, 0xffff_ffff)
    write(TIM2, 1)
    unit.run(100 * MILLISECOND)
    assert.equal(unit.readNonSecure(TIM2 + 0x24)! < 100, stands)
  }
})
