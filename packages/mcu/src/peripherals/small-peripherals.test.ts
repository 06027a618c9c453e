import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Crs } from './crs.ts'
import { Dlyb } from './dlyb.ts'
import { Tsc } from './tsc.ts'

test('CRS: reset values, and synchronisation by LSE with its verdicts', () => {
  const clocks = { lse: 32_768, hsi48: 48e6 }
  const b = new PeripheralBench('CRS', { cycleHz: 48e6, hz: 48e6, clocks }, (w) => new Crs(w))
  assert.deepEqual([b.read('CR'), b.read('CFGR')], [0x4000, 0x2022_bb7f])
  const verdict = (reload: number, flags: number) => {
    b.write('CR', 0x4000)
    b.write('CFGR', (1 << 28) | (34 << 16) | reload)
    b.write('CR', 0x4000 | (1 << 5) | 1)
    b.run(1500)
    assert.equal(b.read('ISR') & 0x70f, flags)
    b.write('ICR', 0xf)
    assert.equal(b.read('ISR') & 0x70f, 0)
  }
  verdict(1464, 0b1001)
  verdict(1464 - 200, 0b1010)
  verdict(1464 + 10_000, 0b1100 | (1 << 8))
})

test('CRS: software synchronises at once, CFGR is closed while it counts', () => {
  const b = new PeripheralBench('CRS', { cycleHz: 48e6, hz: 48e6 }, (w) => new Crs(w))
  b.write('CR', 0x4000 | (1 << 5) | (1 << 7) | 1)
  assert.deepEqual([b.read('ISR') & 1, b.isPending('CRS')], [1, true])
  b.write('CFGR', 0)
  assert.equal(b.read('CFGR'), 0x2022_bb7f)
})

test('DLYB: a length is valid while sampling, and found among the units', () => {
  const b = new PeripheralBench('DLYBSD1', { cycleHz: 1, hz: 1 }, () => new Dlyb())
  b.write('CFGR', 5)
  assert.equal(b.read('CFGR'), 0, 'closed without SEN')
  b.write('CR', 3)
  const lengths = [0, 15, 16, 127].map((unit) => {
    b.write('CFGR', (unit << 8) | 12)
    assert.equal(b.read('CFGR') >>> 31, 1)
    return (b.read('CFGR') >>> 16) & 0xfff
  })
  assert.deepEqual(lengths, [0xfff, 0xfff, 0x3ff, 0x3ff])
})

test('TSC: an acquisition counts its groups and ends, or runs into its limit', () => {
  const b = new PeripheralBench('TSC', { cycleHz: 160e6, hz: 160e6 }, (w) => new Tsc(w))
  assert.equal(b.read('IOHCR'), 0xffff_ffff)
  b.write('IER', 1)
  b.write('IOGCSR', 0b101)
  b.write('CR', (3 << 5) | 3)
  b.run(2999)
  assert.deepEqual([b.read('ISR'), b.isPending('TSC')], [0, false])
  b.run(1)
  assert.deepEqual([b.read('ISR'), b.isPending('TSC'), b.read('CR') & 2], [1, true, 0])
  assert.deepEqual([b.read('IOGCSR'), b.read('IOG1CR'), b.read('IOG2CR')], [0x5_0005, 1500, 0])
  b.write('ICR', 3)
  b.write('CR', 3)
  b.settle()
  assert.deepEqual([b.read('ISR'), b.read('IOG1CR')], [3, 255])
})
