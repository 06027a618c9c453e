import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Fmac } from './fmac.ts'

const START = 0x8000_0000
const FUNC = { loadX1: 1, loadX2: 2, loadY: 3, fir: 8, iir: 9 }
const [YEMPTY, X1FULL, OVFL, UNFL, SAT] = [1, 2, 1 << 8, 1 << 9, 1 << 10]
const CR = { RIEN: 1, WIEN: 2, OVFLIEN: 4, SATIEN: 16, DMAREN: 256, DMAWEN: 512, CLIPEN: 0x8000 }
const q15 = (value: number) => Math.round(value * 0x8000) & 0xffff
const real = (word: number) => ((word << 16) >> 16) / 0x8000

/** X2 at 0, X1 at 32, Y at 64, as ST's examples lay them out. */
function unit(taps: readonly number[], feedback: readonly number[] = [], x1 = 16, y = 16) {
  const b = new PeripheralBench('FMAC', { cycleHz: 160e6, hz: 160e6 }, (w) => new Fmac(w))
  const [p, q] = [taps.length, feedback.length]
  b.write('X2BUFCFG', (p + q) << 8)
  b.write('X1BUFCFG', 32 | (x1 << 8))
  b.write('YBUFCFG', 64 | (y << 8))
  b.write('PARAM', (START | (FUNC.loadX2 << 24) | (q << 8) | p) >>> 0)
  for (const value of [...taps, ...feedback]) b.write('WDATA', q15(value))
  assert.equal(b.read('PARAM') >>> 31, 0, 'the load ends by itself')
  const start = (func: number, gain = 0) =>
    b.write('PARAM', (START | (func << 24) | (gain << 16) | (q << 8) | p) >>> 0)
  const preload = (count: number) => {
    b.write('PARAM', (START | (FUNC.loadX1 << 24) | count) >>> 0)
    for (let n = 0; n < count; n++) b.write('WDATA', 0)
  }
  const filter = (samples: readonly number[]) =>
    samples.flatMap((sample) => {
      b.write('WDATA', q15(sample))
      b.settle()
      return b.read('SR') & YEMPTY ? [] : [real(b.read('RDATA'))]
    })
  return { b, start, preload, filter }
}
const near = (actual: readonly number[], wanted: readonly number[]) => {
  assert.equal(actual.length, wanted.length)
  for (const [n, value] of wanted.entries()) {
    assert.equal(Math.abs(actual[n]! - value) <= 2 / 0x8000, true, `${actual} against ${wanted}`)
  }
}

test('reset: Y is empty, X1 is not full', () => {
  const b = new PeripheralBench('FMAC', { cycleHz: 1, hz: 1 }, (w) => new Fmac(w))
  assert.equal(b.read('SR'), YEMPTY)
})

test('a FIR filter answers an impulse with its coefficients', () => {
  const { start, preload, filter } = unit([0.5, 0.25, -0.125])
  preload(2)
  start(FUNC.fir)
  near(filter([0.5, 0, 0, 0]), [0.25, 0.125, -0.0625, 0])
})

test('without samples before the first, results begin when the filter is full', () => {
  const { start, filter } = unit([0.5, 0.25, 0.125])
  start(FUNC.fir)
  near(filter([0.5, 0.5, 0.5]), [0.4375])
})

test('an IIR filter feeds its results back, with gain', () => {
  const { start, preload, filter } = unit([0.25], [0.25])
  preload(0)
  start(FUNC.iir, 1)
  // y[n] = 2 * (x[n] / 4 + y[n-1] / 4)
  near(filter([0.5, 0, 0]), [0.25, 0.125, 0.0625])
})

test('what does not fit is clipped, or wraps, and sets SAT', () => {
  for (const clip of [0, CR.CLIPEN]) {
    const { b, start, filter } = unit([0.75])
    b.write('CR', clip | CR.SATIEN)
    start(FUNC.fir, 1)
    const [result = 0] = filter([0.75])
    near([result], [clip ? 1 - 1 / 0x8000 : 1.125 - 2])
    assert.equal(b.read('SR') & SAT, SAT)
    assert.equal(b.isPending('FMAC'), true)
  }
})

test('a full X1 overflows, an empty Y underflows', () => {
  const { b, start } = unit([0.5], [], 4, 1)
  start(FUNC.fir)
  assert.equal(b.read('SR') & X1FULL, 0)
  for (let n = 0; n < 4; n++) b.write('WDATA', 1)
  assert.equal(b.read('SR') & (X1FULL | OVFL), X1FULL)
  b.write('WDATA', 1)
  assert.equal(b.read('SR') & OVFL, OVFL)
  b.settle()
  b.read('RDATA')
  assert.equal(b.read('SR') & UNFL, 0)
  b.read('RDATA')
  assert.equal(b.read('SR') & UNFL, UNFL)
  b.write('CR', 1 << 16)
  assert.deepEqual([b.read('SR'), b.read('PARAM') >>> 31], [YEMPTY, 0])
})

test('watermarks: full while fewer places than said are free', () => {
  const { b, start } = unit([0.5], [], 8)
  b.write('X1BUFCFG', 32 | (8 << 8) | (2 << 24))
  start(FUNC.fir)
  for (let n = 0; n < 4; n++) b.write('WDATA', 1)
  assert.equal(b.read('SR') & X1FULL, 0)
  b.write('WDATA', 1)
  assert.equal(b.read('SR') & X1FULL, X1FULL)
})

test('a result takes two cycles for four products and six more', () => {
  const { b, start } = unit([0.5, 0, 0, 0, 0])
  b.write('PARAM', (START | (FUNC.loadX1 << 24) | 4) >>> 0)
  for (let n = 0; n < 4; n++) b.write('WDATA', 0)
  start(FUNC.fir)
  b.write('WDATA', 1)
  b.run(9)
  assert.equal(b.read('SR') & YEMPTY, YEMPTY)
  b.run(1)
  assert.equal(b.read('SR') & YEMPTY, 0)
})

test('interrupts and DMA ask for samples and for results to be taken', () => {
  const { b, start } = unit([0.5])
  b.write('CR', CR.WIEN | CR.DMAWEN | CR.DMAREN)
  assert.deepEqual([b.isPending('FMAC'), b.isRequesting('FMAC_WR')], [false, false])
  start(FUNC.fir)
  assert.deepEqual([b.isPending('FMAC'), b.isRequesting('FMAC_WR')], [true, true])
  b.write('CR', CR.RIEN | CR.DMAREN)
  b.write('WDATA', q15(0.5))
  assert.deepEqual([b.isPending('FMAC'), b.isRequesting('FMAC_RD')], [false, false])
  b.settle()
  assert.deepEqual([b.isPending('FMAC'), b.isRequesting('FMAC_RD')], [true, true])
  assert.equal(real(b.read('RDATA')), 0.25)
  assert.deepEqual([b.isPending('FMAC'), b.isRequesting('FMAC_RD')], [false, false])
})
