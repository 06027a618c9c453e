import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

const A = 0x19
const bench = () => new PartBench('lis3dh', { address: A, int1: 'PB4', int2: 'PB5' })
const axes = (unit: PartBench) => {
  const bytes = unit.read(A, [0xa8], 6)
  return [0, 2, 4].map((i) => ((bytes[i]! | (bytes[i + 1]! << 8)) << 16) >> 16)
}

test('acceleration in every range and resolution', () => {
  const unit = bench()
  assert.deepEqual(unit.read(A, [0x0f], 1), [0x33])
  unit.part.set!('x', 0.5)
  unit.part.set!('y', -1)
  unit.part.set!('z', 1.5)
  const sensitivity = [1, 2, 4, 12]
  for (const [range, mg] of sensitivity.entries()) {
    for (const [control1, control4, shift, factor] of [
      [0x57, 8, 4, 1],
      [0x57, 0, 6, 4],
      [0x5f, 0, 8, 16],
    ] as const) {
      unit.write(A, 0x23, control4 | (range << 4))
      unit.write(A, 0x20, control1)
      unit.pass(0.05)
      const expected = [500, -1000, 1500].map((g) => Math.round(g / (mg * factor)) << shift)
      assert.deepEqual(axes(unit), expected)
    }
  }
})

test('data-ready comes at the data rate, goes with reading, and tells of overrun', () => {
  const unit = bench()
  unit.write(A, 0x22, 0x10)
  unit.write(A, 0x20, 0x57)
  assert.equal(unit.driven.get('PB4'), false)
  unit.pass(0.0101)
  assert.equal(unit.driven.get('PB4'), true)
  axes(unit)
  assert.equal(unit.driven.get('PB4'), false)
  unit.pass(0.03)
  assert.deepEqual(unit.read(A, [0x27], 1), [0xff])
  unit.pass(1)
  assert.equal(unit.part.readings!().samples, 104)
})

test('an interrupt generator raises INT1 beyond its threshold and duration, latched until read', () => {
  const unit = bench()
  for (const [register, value] of [
    [0x20, 0x57],
    [0x22, 0x40],
    [0x24, 0x08],
    [0x32, 0x20],
    [0x33, 2],
    [0x30, 0x02],
  ] as const)
    unit.write(A, register, value)
  unit.pass(0.1)
  assert.equal(unit.driven.get('PB4'), false)
  unit.part.set!('x', 0.6)
  unit.pass(0.021)
  assert.equal(unit.driven.get('PB4'), false, 'two samples are not more than the duration')
  unit.pass(0.03)
  unit.part.set!('x', 0)
  unit.pass(0.1)
  assert.equal(unit.driven.get('PB4'), true)
  assert.deepEqual(unit.read(A, [0x31], 1), [0x42])
  assert.equal(unit.driven.get('PB4'), false)
})

test('a tap is a click, two are a double click', () => {
  const run = (config: number, taps: number) => {
    const unit = bench()
    for (const [register, value] of [
      [0x20, 0x77],
      [0x22, 0x80],
      [0x38, config],
      [0x3a, 0x80 | 0x60],
      [0x3b, 20],
      [0x3c, 20],
      [0x3d, 100],
    ] as const)
      unit.write(A, register, value)
    unit.pass(0.1)
    unit.part.set!('taps', taps)
    unit.pass(1)
    const isHigh = unit.driven.get('PB4')
    return [isHigh, unit.read(A, [0x39], 1)[0]]
  }
  assert.deepEqual(run(0x10, 1), [true, 0x54])
  assert.deepEqual(run(0x20, 1), [false, 0])
  assert.deepEqual(run(0x20, 2), [true, 0x64])
  assert.deepEqual(run(0x10, 0), [false, 0])
})

test('the FIFO collects, tells its watermark, and in stream mode drops the oldest', () => {
  const unit = bench()
  for (const [register, value] of [
    [0x20, 0x57],
    [0x22, 0x04],
    [0x24, 0x40],
    [0x2e, 0x80 | 9],
  ] as const)
    unit.write(A, register, value)
  unit.pass(0.0901)
  assert.equal(unit.driven.get('PB4'), false)
  unit.pass(0.01)
  assert.equal(unit.driven.get('PB4'), true)
  assert.deepEqual(unit.read(A, [0x2f], 1), [0x80 | 10])
  unit.read(A, [0xa8], 60)
  assert.deepEqual(unit.read(A, [0x2f], 1), [0x20])
  unit.pass(0.5)
  assert.deepEqual(unit.read(A, [0x2f], 1), [0xc0 | 31])
})
