import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bareChip } from './testing/bare-chip.ts'

const LDR_R0 = 0x4802
const LDR_R1 = 0x4903
const STR_R1_R0 = 0x6001
const SPIN = 0xe7fe
const words = (...values: number[]) => values.flatMap((w) => [w & 0xffff, w >>> 16])
const store = (address: number, value: number) => [
  LDR_R0,
  LDR_R1,
  STR_R1_R0,
  SPIN,
  0xbf00,
  0xbf00,
  ...words(address, value),
]

test('without a secure side software has the clock tree and the upper memories', () => {
  const unit = bareChip(...store(0x4602_0c8c, 0xc000_0001))
  assert.equal(unit.run(100), 'cycle')
  assert.equal(unit.rcc.registers.get('AHB2ENR1'), 0xc000_0001)
  const upper = bareChip(...store(0x200b_0000, 0x1234_5678))
  assert.equal(upper.run(100), 'cycle')
  assert.equal(upper.cpu.bytes[0x200b_0000], 0x78)
})

test('a fault is taken by its own HardFault handler', () => {
  const unit = bareChip(...store(0x7000_0000, 1))
  assert.equal(unit.run(100), 'cycle')
  assert.equal(unit.cpu.get('pc'), 0x0800_0500)
  assert.equal(unit.cpu.isInHandlerMode, true)
})

test('software may reset the chip', () => {
  const unit = bareChip(...store(0xe000_ed0c, 0x05fa_0004))
  assert.equal(unit.run(100), 'reset-request')
})
