import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PadName } from '../pins/pad.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Exti } from './exti.ts'

const exti = () =>
  new PeripheralBench('EXTI', { cycleHz: 4e6, hz: 4e6 }, (wiring) => new Exti(wiring))

test('every line of every port: the edges that are asked for, and no others', () => {
  for (let line = 0; line < 16; line++) {
    for (const [number, port] of [...'ABCDEFGHI'].entries()) {
      const bench = exti()
      const pin = bench.pins.pad(`P${port}${line}` as PadName).connect('button')
      bench.write(`EXTICR${(line >> 2) + 1}`, number << ((line & 3) * 8))
      bench.write('IMR1', 1 << line)
      const interrupt = `EXTI${line}`
      pin.drive(true)
      assert.equal(bench.isPending(interrupt), false, 'no trigger is selected')
      bench.write('FTSR1', 1 << line)
      pin.drive(false)
      assert.equal(bench.isPending(interrupt), true)
      assert.equal(bench.read('FPR1'), 1 << line)
      assert.equal(bench.read('RPR1'), 0)
      bench.write('FPR1', 1 << line)
      pin.drive(true)
      assert.equal(bench.isPending(interrupt), false, 'a rising edge is not asked for')
      bench.write('RTSR1', 1 << line)
      pin.drive(false)
      pin.drive(true)
      assert.equal(bench.read('FPR1') & bench.read('RPR1'), 1 << line)
      bench.write('FPR1', 1 << line)
      assert.equal(bench.isPending(interrupt), true, 'the other flag is still set')
      bench.write('RPR1', 1 << line)
      assert.equal(bench.isPending(interrupt), false)
    }
  }
})

test('a masked line pends without interrupting', () => {
  const bench = exti()
  bench.write('RTSR1', 1)
  bench.pins.pad('PA0').connect('button').drive(true)
  assert.equal(bench.read('RPR1'), 1)
  assert.equal(bench.isPending('EXTI0'), false)
  bench.write('IMR1', 1)
  assert.equal(bench.isPending('EXTI0'), true)
})

test('software pends a line by SWIER', () => {
  const bench = exti()
  bench.write('IMR1', 1 << 5)
  bench.write('SWIER1', 1 << 5)
  assert.equal(bench.isPending('EXTI5'), true)
  bench.write('RPR1', 1 << 5)
  assert.equal(bench.isPending('EXTI5'), false)
})

test('a comparator reaches its line, and a trigger its wire', () => {
  const bench = exti()
  bench.write('RTSR1', 1 << 17)
  bench.write('IMR1', 1 << 17)
  let pulses = 0
  bench.wires.get('EXTI17').listen((isHigh) => (pulses += Number(isHigh)))
  bench.wires.get('COMP1_OUT').connect().set(true)
  assert.equal(bench.isPending('COMP'), true)
  assert.equal(pulses, 1)
})

test('non-secure code neither sees nor moves a secure line, and a lock holds', () => {
  const { model, ...bench } = exti()
  const { registers } = model
  registers.write(0x14, 4, 1 << 3, true)
  registers.write(0x00, 4, 0xff, false)
  registers.write(0x60, 4, 0x0101_0101, false)
  assert.equal(registers.get('RTSR1'), 0xf7)
  assert.equal(registers.get('EXTICR1'), 0x0001_0101)
  assert.equal(registers.read(0x14, 4, false), 0)
  registers.write(0x70, 4, 1, true)
  registers.write(0x14, 4, 0, true)
  assert.equal(registers.get('SECCFGR1'), 1 << 3)
  model.reset()
  assert.equal(registers.get('SECCFGR1'), 0)
  assert.ok(bench)
})
