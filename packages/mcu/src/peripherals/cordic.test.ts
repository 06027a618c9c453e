import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Cordic } from './cordic.ts'

const ONE = 2 ** 31
const RRDY = 2 ** 31
const NRES = 1 << 19
const NARGS = 1 << 20
const q31 = (value: number) => Math.round(value * ONE)
const real = (word: number) => (word | 0) / ONE

function unit() {
  return new PeripheralBench(
    'CORDIC',
    { cycleHz: 160e6, hz: 160e6 },
    (wiring) => new Cordic(wiring),
  )
}

test('every function agrees with the manual’s definition and scaling', () => {
  const cases = [
    [0, 0, [0.25, 0.5], 0.5 * Math.cos(Math.PI / 4), 0.5 * Math.sin(Math.PI / 4)],
    [1, 0, [-0.25, 0.5], 0.5 * Math.sin(-Math.PI / 4), 0.5 * Math.cos(Math.PI / 4)],
    [2, 0, [0.3, -0.4], Math.atan2(-0.4, 0.3) / Math.PI, 0.5],
    [3, 0, [0.3, 0.4], 0.5, Math.atan2(0.4, 0.3) / Math.PI],
    [4, 2, [0.5, 0], Math.atan(2) / Math.PI / 4, 0],
    [5, 1, [0.25, 0], Math.cosh(0.5) / 2, Math.sinh(0.5) / 2],
    [6, 1, [0.25, 0], Math.sinh(0.5) / 2, Math.cosh(0.5) / 2],
    [7, 1, [0.25, 0], Math.atanh(0.5) / 2, 0],
    [8, 1, [0.45, 0], Math.log(0.9) / 4, 0],
    [9, 1, [0.6, 0], Math.sqrt(1.2) / 2, 0],
  ] as const
  for (const [func, scale, [first, second], ...expected] of cases) {
    const b = unit()
    b.write('CSR', func | (6 << 4) | (scale << 8) | NRES | NARGS)
    b.write('WDATA', q31(first))
    b.write('WDATA', q31(second))
    b.settle()
    assert.equal(b.read('CSR') >>> 31, 1)
    const results = [real(b.read('RDATA')), real(b.read('RDATA'))]
    results.forEach((result, n) => {
      assert.ok(Math.abs(result - expected[n]) < 2 ** -28, `function ${func}: ${result}`)
    })
    assert.equal(b.read('CSR') >>> 31, 0)
  }
})

test('a read right after the write gets the result', () => {
  const b = unit()
  b.write('CSR', 1 | (6 << 4))
  b.write('WDATA', q31(0.5))
  assert.equal(b.read('CSR') >= RRDY, false)
  assert.equal(b.read('RDATA'), 0x7fff_ffff)
})

test('16-bit arguments and results share a word', () => {
  const b = unit()
  b.write('CSR', (6 << 4) | (1 << 21) | (1 << 22))
  b.write('WDATA', (0x4000 << 16) | 0x2000)
  b.settle()
  const word = b.read('RDATA')
  assert.equal(word & 0xffff, Math.round(0.5 * Math.SQRT1_2 * 2 ** 15))
  assert.equal(word >>> 16, Math.round(0.5 * Math.SQRT1_2 * 2 ** 15))
})

test('interrupt and DMA follow the result', () => {
  const b = unit()
  b.write('CSR', (6 << 4) | (7 << 16))
  assert.deepEqual([b.isRequesting('CORDIC_WR'), b.isRequesting('CORDIC_RD')], [true, false])
  b.write('WDATA', 0)
  assert.equal(b.isRequesting('CORDIC_WR'), false)
  b.settle()
  assert.deepEqual([b.isRequesting('CORDIC_RD'), b.isPending('CORDIC')], [true, true])
  b.read('RDATA')
  assert.deepEqual([b.isRequesting('CORDIC_RD'), b.isPending('CORDIC')], [false, false])
})
