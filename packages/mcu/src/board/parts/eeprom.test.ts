import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

const A = 0x50
const bench = (type: string) => new PartBench('eeprom', { address: A, type, protect: 'PA1' })

test('a page wraps round, and nothing answers while it is written', () => {
  const unit = bench('24C256')
  const page = Array.from({ length: 66 }, (_, i) => i)
  assert.equal(unit.write(A, 0x01, 0x3e, ...page), true)
  assert.equal(unit.write(A, 0), false, 'busy')
  unit.pass(0.0049)
  assert.equal(unit.write(A, 0, 0), false)
  unit.pass(0.0002)
  assert.deepEqual(unit.read(A, [0x01, 0x3e], 2), [64, 65])
  assert.deepEqual(unit.read(A, [0x01, 0x00], 4), [2, 3, 4, 5])
  assert.deepEqual(unit.read(A, [0x01, 0x40], 1), [0xff])
})

test('small ones take address bits from the device address', () => {
  const unit = bench('24C04')
  unit.write(A + 1, 0x10, 0x77)
  unit.pass(0.01)
  assert.deepEqual(unit.read(A + 1, [0x10], 1), [0x77])
  assert.deepEqual(unit.read(A, [0x10], 1), [0xff])
  assert.equal(unit.write(A + 2, 0), false)
})

test('reads go round at the end; protection refuses data', () => {
  const unit = bench('24C02')
  unit.write(A, 0xff, 1)
  unit.pass(0.01)
  unit.write(A, 0x00, 2)
  unit.pass(0.01)
  assert.deepEqual(unit.read(A, [0xff], 2), [1, 2])
  unit.level('PA1', true)
  assert.equal(unit.write(A, 0x00, 9), false)
  assert.deepEqual(unit.read(A, [0x00], 1), [2])
})
