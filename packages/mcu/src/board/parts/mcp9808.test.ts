import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartBench } from '../testing/part-bench.ts'

const A = 0x18
const bench = () => new PartBench('mcp9808', { address: A, alert: 'PB0' })
const word = (unit: PartBench, register: number) => {
  const [high, low] = unit.read(A, [register], 2) as [number, number]
  return high * 256 + low
}

test('identity and power-up values are the datasheet’s', () => {
  const unit = bench()
  assert.deepEqual(
    [6, 7, 1, 2, 3, 4].map((n) => word(unit, n)),
    [0x54, 0x400, 0, 0, 0, 0],
  )
  assert.deepEqual(unit.read(A, [8], 1), [3])
})

test('temperatures read back at every step of a sixteenth, with their sign', () => {
  const unit = bench()
  for (let sixteenths = -40 * 16; sixteenths <= 125 * 16; sixteenths++) {
    unit.part.set!('temperature', sixteenths / 16)
    const ta = word(unit, 5)
    assert.equal(((ta & 0x1fff) << 19) >> 19, sixteenths)
    assert.equal((ta & 0x1000) !== 0, sixteenths < 0)
  }
})

test('coarser resolutions cut bits off', () => {
  const unit = bench()
  unit.part.set!('temperature', 20.9375)
  const expected = [20.5, 20.75, 20.875, 20.9375]
  for (const [resolution, celsius] of expected.entries()) {
    unit.write(A, 8, resolution)
    assert.equal((word(unit, 5) & 0x0fff) / 16, celsius)
  }
})

test('comparison bits and the alert output follow the limits, with hysteresis on the way down', () => {
  const unit = bench()
  unit.write(A, 2, 0x01, 0xe0)
  unit.write(A, 4, 0x02, 0x80)
  unit.write(A, 1, 0x02, 0x08)
  const at = (celsius: number) => {
    unit.part.set!('temperature', celsius)
    return [word(unit, 5) >> 13, unit.driven.get('PB0')]
  }
  assert.deepEqual(at(25), [0, true])
  assert.deepEqual(at(30.5), [2, false])
  assert.deepEqual(at(29), [2, false], 'within 1.5 degrees')
  assert.deepEqual(at(28), [0, true])
  assert.deepEqual(at(40), [6, false])
  assert.deepEqual(at(-1), [1, false])
})

test('an interrupt lasts until it is cleared', () => {
  const unit = bench()
  unit.write(A, 2, 0x01, 0xe0)
  unit.write(A, 4, 0x06, 0x40)
  unit.write(A, 1, 0x00, 0x09)
  unit.write(A, 1, 0x00, 0x29)
  unit.part.set!('temperature', 31)
  assert.equal(unit.driven.get('PB0'), false)
  unit.write(A, 1, 0x00, 0x29)
  assert.equal(unit.driven.get('PB0'), true)
  unit.part.set!('temperature', 29)
  assert.equal(unit.driven.get('PB0'), false, 'the way back is an event, too')
})

test('in shutdown the last temperature stays', () => {
  const unit = bench()
  unit.write(A, 1, 0x01, 0x00)
  unit.part.set!('temperature', 99)
  assert.equal(word(unit, 5) & 0xfff, 25 * 16)
})
