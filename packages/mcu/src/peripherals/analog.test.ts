import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import type { Peripheral, Wiring } from '../wiring.ts'
import { Comp } from './comp.ts'
import { Dac } from './dac.ts'
import { Opamp } from './opamp.ts'
import { Vrefbuf } from './vrefbuf.ts'

const HZ = 160_000_000

function bench<Model extends Peripheral>(name: string, make: (wiring: Wiring) => Model) {
  return new PeripheralBench(name, { cycleHz: HZ, hz: HZ }, make)
}
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 0.002, `${a} is not ${b}`)

test('DAC: every holding register puts its value out, in volts on the pad', () => {
  const cases = [
    ['DHR12R1', 0x800, 0x800, undefined],
    ['DHR12L1', 0x8000, 0x800, undefined],
    ['DHR8R1', 0x80, 0x800, undefined],
    ['DHR12R2', 0x123, undefined, 0x123],
    ['DHR12L2', 0x1230, undefined, 0x123],
    ['DHR8R2', 0x12, undefined, 0x120],
    ['DHR12RD', 0x0123_0456, 0x456, 0x123],
    ['DHR12LD', 0x1230_4560, 0x456, 0x123],
    ['DHR8RD', 0x1245, 0x450, 0x120],
  ] as const
  for (const [name, written, first = 0, second = 0] of cases) {
    const b = bench('DAC1', (wiring) => new Dac(wiring))
    b.write('CR', 0x0001_0001)
    b.settle()
    assert.equal(b.read('SR'), (1 << 11) | (1 << 27))
    b.write(name, written)
    assert.deepEqual([b.read('DOR1'), b.read('DOR2')], [first, second], name)
    near(b.pins.pad('PA4').volts, (first / 4096) * 3.3)
    near(b.pins.pad('PA5').volts, (second / 4096) * 3.3)
  }
})

test('DAC: with TEN the value waits for its trigger', () => {
  for (const [select, fire] of [
    [0, (b: ReturnType<typeof dac>) => b.write('SWTRIGR', 1)],
    [5, (b: ReturnType<typeof dac>) => b.wires.get('TIM6_TRGO').pulse()],
  ] as const) {
    const b = dac()
    b.write('CR', 3 | (select << 2))
    b.write('DHR12R1', 77)
    assert.equal(b.read('DOR1'), 0)
    fire(b)
    assert.equal(b.read('DOR1'), 77)
  }
})

function dac() {
  return bench('DAC1', (wiring) => new Dac(wiring))
}

test('DAC: a triangle goes up to its amplitude and back; noise repeats after 4095 steps', () => {
  const b = dac()
  b.write('CR', 3 | (2 << 6) | (1 << 8))
  b.write('DHR12R1', 100)
  const seen = Array.from({ length: 8 }, () => {
    b.write('SWTRIGR', 1)
    return b.read('DOR1')
  })
  assert.deepEqual(seen, [100, 101, 102, 103, 102, 101, 100, 101])
  const noise = dac()
  noise.write('CR', 3 | (1 << 6) | (11 << 8))
  const values = Array.from({ length: 4096 }, () => {
    noise.write('SWTRIGR', 1)
    return noise.read('DOR1')
  })
  assert.equal(values[0], 0xaaa)
  assert.equal(values[4095], values[0])
  assert.equal(new Set(values).size, 4095)
})

test('DAC: each hardware trigger asks DMA for a value; one too late is an underrun', () => {
  const b = dac()
  b.write('CR', 3 | (5 << 2) | (1 << 12) | (1 << 13))
  const trigger = b.wires.get('TIM6_TRGO')
  trigger.pulse()
  assert.equal(b.isRequesting('DAC1_CH1'), true)
  b.write('DHR12R1', 5)
  assert.equal(b.isRequesting('DAC1_CH1'), false)
  trigger.pulse()
  assert.deepEqual([b.read('DOR1'), b.isPending('DAC1')], [5, false])
  trigger.pulse()
  assert.equal(b.read('SR') & (1 << 13), 1 << 13)
  assert.equal(b.isPending('DAC1'), true)
  b.write('SR', 1 << 13)
  assert.equal(b.isPending('DAC1'), false)
})

test('COMP: the output follows the inputs, whichever changes, with its polarity', () => {
  for (const inverted of [false, true]) {
    const b = bench('COMP', (wiring) => new Comp(wiring))
    const plus = b.pins.pad('PB2').connect('sensor')
    const minus = b.pins.pad('PB1').connect('threshold')
    minus.voltage(1)
    b.write('CSR1', 1 | (6 << 4) | (1 << 8) | (inverted ? 1 << 15 : 0))
    const seen = [0.5, 1.5, 0.9, 1.2].map((volts) => {
      plus.voltage(volts)
      assert.equal(b.wires.get('COMP1_OUT').isHigh, (b.read('CSR1') & (1 << 30)) !== 0)
      return b.wires.get('COMP1_OUT').isHigh !== inverted
    })
    assert.deepEqual(seen, [false, true, false, true])
    minus.voltage(2)
    assert.equal(b.wires.get('COMP1_OUT').isHigh, inverted)
  }
})

test('COMP: fractions of the internal reference are thresholds', () => {
  for (const [selection, volts] of [0.303, 0.606, 0.909, 1.212].entries()) {
    const b = bench('COMP', (wiring) => new Comp(wiring))
    const plus = b.pins.pad('PB4').connect('sensor')
    b.write('CSR2', 1 | (selection << 4))
    plus.voltage(volts - 0.01)
    assert.equal(b.wires.get('COMP2_OUT').isHigh, false)
    plus.voltage(volts + 0.01)
    assert.equal(b.wires.get('COMP2_OUT').isHigh, true)
  }
})

test('COMP: window mode shares the input, LOCK keeps the settings', () => {
  const b = bench('COMP', (wiring) => new Comp(wiring))
  const plus = b.pins.pad('PC5').connect('sensor')
  b.write('CSR1', 1 | (1 << 14))
  b.write('CSR2', 1 | (3 << 4) | (1 << 11))
  const seen = [0.1, 0.8, 2].map((volts) => {
    plus.voltage(volts)
    return b.wires.get('COMP1_OUT').isHigh
  })
  assert.deepEqual(seen, [false, true, false], 'high inside the window')
  b.write('CSR1', (b.read('CSR1') | 0x8000_0000) >>> 0)
  b.write('CSR1', 0)
  assert.equal(b.read('CSR1') & 1, 1)
})

test('OPAMP: follower and gains, up to the supply', () => {
  const cases = [
    [3 << 2, 1],
    [2 << 2, 2],
    [(2 << 2) | (1 << 4), 4],
    [(2 << 2) | (2 << 4), 8],
    [(2 << 2) | (3 << 4), 16],
  ] as const
  for (const [mode, gain] of cases) {
    const b = bench('OPAMP', (wiring) => new Opamp(wiring))
    const input = b.pins.pad('PA0').connect('sensor')
    b.write('OPAMP1_CSR', mode | 1)
    for (const volts of [0.1, 0.3, 1]) {
      input.voltage(volts)
      near(b.pins.pad('PA3').volts, Math.min(volts * gain, 3.3))
    }
  }
})

test('VREFBUF becomes ready', () => {
  const b = bench('VREFBUF', (wiring) => new Vrefbuf(wiring))
  assert.equal(b.read('CSR'), 2)
  b.write('CSR', 1)
  assert.equal(b.read('CSR') & 8, 0)
  b.settle()
  assert.equal(b.read('CSR') & 8, 8)
})
