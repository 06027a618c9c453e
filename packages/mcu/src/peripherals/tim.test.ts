import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PadName } from '../pins/pad.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { tims } from './tim.ts'

type Name = keyof typeof tims

const HZ = 160_000_000

function tim(name: Name = 'TIM3') {
  const bench = new PeripheralBench(name, { cycleHz: HZ, hz: HZ }, tims[name])
  bench.model.reset()
  const pads = 'ABCDEF'
  let used = 0
  /** A pad that carries a signal of the timer, with the times of its edges. */
  const pin = (signal: string) => {
    const pad = bench.pins.pad(`P${pads[used++]}0` as PadName)
    bench.pins.onDriven(pad, () => pad.chip.drive(bench.pins.drivenOn(pad)))
    bench.pins.route(pad, `${name}_${signal}`)
    pad.chip.drive(bench.pins.drivenOn(pad))
    const edges: [number, boolean][] = []
    pad.listen((isHigh) => edges.push([bench.cycle, isHigh]))
    return { pad, edges }
  }
  return { bench, pin }
}

const UIF = 1
const CEN = 1

test('counts up through prescaler and reload, whenever somebody looks', () => {
  const { bench } = tim()
  bench.write('PSC', 9)
  bench.write('ARR', 99)
  bench.write('EGR', 1)
  bench.write('SR', 0)
  bench.write('CR1', CEN)
  const start = bench.cycle
  for (const cycles of [0, 9, 10, 11, 500, 999, 1000, 1001, 12_345, 1_000_005]) {
    bench.runTo(start + cycles)
    assert.equal(bench.read('CNT'), Math.floor(cycles / 10) % 100, `${cycles}`)
  }
  assert.equal(bench.read('SR') & UIF, UIF)
  assert.equal(bench.scheduler.next, Infinity, 'nobody waits, nothing is scheduled')
})

test('the update interrupt comes at the exact cycle, as long as it is enabled', () => {
  for (const [psc, arr] of [
    [0, 1],
    [15_999, 9],
    [0, 159_999 & 0xffff],
    [3, 999],
  ] as const) {
    const { bench } = tim('TIM6')
    bench.write('PSC', psc)
    bench.write('ARR', arr)
    bench.write('EGR', 1)
    bench.write('SR', 0)
    bench.write('DIER', 1)
    bench.write('CR1', CEN)
    const period = (psc + 1) * (arr + 1)
    for (let n = 1; n <= 3; n++) {
      bench.runTo(n * period - 1)
      assert.equal(bench.isPending('TIM6'), false, `${n} at ${period}`)
      bench.runTo(n * period)
      assert.equal(bench.isPending('TIM6'), true)
      bench.write('SR', 0)
    }
  }
})

test('a 38 kHz PWM has its period and its width to the cycle', () => {
  const { bench, pin } = tim()
  const { edges } = pin('CH1')
  const arr = Math.round(HZ / 38_000) - 1
  bench.write('ARR', arr)
  bench.write('CCR1', 1403)
  bench.write('CCMR1', (6 << 4) | 8)
  bench.write('CCER', 1)
  bench.write('EGR', 1)
  bench.write('CR1', CEN | 0x80)
  const start = bench.cycle
  bench.run((arr + 1) * 4 + 10)
  const expected: [number, boolean][] = [[start, true]]
  for (let n = 0; n < 4; n++) {
    expected.push([start + n * (arr + 1) + 1403, false], [start + (n + 1) * (arr + 1), true])
  }
  assert.deepEqual(edges, expected)
  assert.ok(Math.abs((arr + 1) / (HZ / 1e6) - 1e6 / 38_000) < 0.01)
})

test('PWM in all counting modes is active as long as the value says', () => {
  for (const [control, period, value, active] of [
    [0, 100, 30, 30],
    [1 << 4, 100, 30, 31],
    [1 << 5, 198, 30, 60],
    [3 << 5, 198, 0, 0],
    [0, 100, 100, 100],
  ] as const) {
    for (const mode of [6, 7]) {
      const { bench, pin } = tim()
      bench.write('CR1', control)
      bench.write('ARR', 99)
      bench.write('CCR1', value)
      bench.write('CCMR1', mode << 4)
      bench.write('CCER', 1)
      bench.write('EGR', 1)
      const { pad } = pin('CH1')
      bench.write('CR1', control | CEN)
      let high = 0
      for (let n = 0; n < period; n++) {
        bench.run(1)
        if (pad.isHigh) high++
      }
      assert.ok(
        Math.abs((mode === 6 ? high : period - high) - active) <= 1,
        `${control} ${value} mode ${mode}: ${high}`,
      )
    }
  }
})

test('preloaded values act from the next update on, the others at once', () => {
  const { bench } = tim()
  bench.write('ARR', 99)
  bench.write('CR1', CEN | 0x80)
  bench.write('EGR', 1)
  bench.run(50)
  bench.write('ARR', 9)
  assert.equal(bench.read('CNT'), 50)
  bench.run(55)
  assert.equal(bench.read('CNT'), 5)
  bench.run(10)
  assert.equal(bench.read('CNT'), 5, 'the period is 10 now')
  bench.write('CR1', CEN)
  bench.write('ARR', 19)
  bench.run(14)
  assert.equal(bench.read('CNT'), 19)
  bench.write('PSC', 1)
  bench.run(1)
  bench.run(4)
  assert.equal(bench.read('CNT'), 2, 'the prescaler took over at the update')
})

test('one pulse: an update stops the counter', () => {
  const { bench } = tim()
  bench.write('ARR', 99)
  bench.write('CR1', CEN | 8)
  bench.run(1000)
  assert.equal(bench.read('CR1') & CEN, 0)
  assert.equal(bench.read('CNT'), 0)
  assert.equal(bench.read('SR') & UIF, UIF)
})

test('the repetition counter lets only every so many updates through', () => {
  const { bench } = tim('TIM1')
  bench.write('ARR', 99)
  bench.write('RCR', 3)
  bench.write('EGR', 1)
  bench.write('SR', 0)
  bench.write('DIER', 1)
  bench.write('CR1', CEN)
  for (let n = 1; n <= 3; n++) {
    bench.runTo(400 * n - 1)
    assert.equal(bench.isPending('TIM1_UP'), false)
    bench.runTo(400 * n)
    assert.equal(bench.isPending('TIM1_UP'), true)
    bench.write('SR', 0)
  }
})

test('output compare sets, clears and toggles, flags and asks for DMA', () => {
  const { bench, pin } = tim()
  const { edges } = pin('CH2')
  const pulses: string[] = []
  bench.requests.get('TIM3_CH2').listen((isHigh) => isHigh && pulses.push(`${bench.cycle}`))
  bench.write('ARR', 99)
  bench.write('CCR2', 40)
  bench.write('CCMR1', 3 << 12)
  bench.write('CCER', 1 << 4)
  bench.write('DIER', (1 << 2) | (1 << 10))
  bench.write('CR1', CEN)
  bench.run(250)
  assert.deepEqual(edges, [
    [40, true],
    [140, false],
    [240, true],
  ])
  assert.deepEqual(pulses, ['40', '140', '240'])
  assert.equal(bench.isPending('TIM3'), true)
  bench.write('SR', ~(1 << 2))
  assert.equal(bench.isPending('TIM3'), false)
})

test('input capture takes the count at the edges that are asked for', () => {
  const { bench, pin } = tim()
  const { pad } = pin('CH1')
  const source = pad.connect('source')
  bench.write('CCMR1', 1 | (2 << 8))
  bench.write('CCER', 1 | (3 << 4))
  bench.write('DIER', 2)
  bench.write('CR1', CEN)
  bench.runTo(123)
  source.drive(true)
  bench.runTo(200)
  source.drive(false)
  assert.equal(bench.isPending('TIM3'), true)
  assert.equal(bench.read('CCR1'), 123, 'rising edge of the own input')
  assert.equal(bench.read('CCR2'), 200, 'falling edge of the partner')
  assert.equal(bench.isPending('TIM3'), false, 'reading the value clears the flag')
  bench.runTo(300)
  source.drive(true)
  source.drive(false)
  source.drive(true)
  assert.equal(bench.read('SR') & (1 << 9), 1 << 9, 'captured again before it was read')
})

test('an encoder counts both ways, and wraps', () => {
  const { bench, pin } = tim()
  const [a, b] = [pin('CH1').pad.connect('A'), pin('CH2').pad.connect('B')]
  bench.write('ARR', 99)
  bench.write('CCMR1', 0x0101)
  bench.write('SMCR', 3)
  bench.write('CR1', CEN)
  const forward = () => {
    a.drive(true)
    b.drive(true)
    a.drive(false)
    b.drive(false)
  }
  const backward = () => {
    b.drive(true)
    a.drive(true)
    b.drive(false)
    a.drive(false)
  }
  for (let n = 0; n < 3; n++) forward()
  assert.equal(bench.read('CNT'), 12)
  assert.equal(bench.read('CR1') & 0x10, 0)
  for (let n = 0; n < 4; n++) backward()
  assert.equal(bench.read('CNT'), 96)
  assert.equal(bench.read('CR1') & 0x10, 0x10)
  assert.equal(bench.read('SR') & UIF, UIF)
})

test('slave modes: external clock, gate, trigger and reset by another timer', () => {
  const master = () => {
    const { bench } = tim()
    return { bench, trigger: bench.wires.get('TIM2_TRGO').connect() }
  }
  const external = master()
  external.bench.write('SMCR', 7 | (1 << 4))
  external.bench.write('CR1', CEN)
  for (let n = 0; n < 5; n++) external.bench.wires.get('TIM2_TRGO').pulse()
  external.bench.run(1000)
  assert.equal(external.bench.read('CNT'), 5)
  const gated = master()
  gated.bench.write('SMCR', 5 | (1 << 4))
  gated.bench.write('CR1', CEN)
  gated.bench.run(100)
  gated.trigger.set(true)
  gated.bench.run(30)
  gated.trigger.set(false)
  gated.bench.run(100)
  assert.equal(gated.bench.read('CNT'), 30)
  const started = master()
  started.bench.write('SMCR', 6 | (1 << 4))
  started.bench.run(100)
  started.trigger.set(true)
  started.bench.run(40)
  assert.equal(started.bench.read('CNT'), 40)
  const reset = master()
  reset.bench.write('SMCR', 4 | (1 << 4))
  reset.bench.write('CR1', CEN)
  reset.bench.run(100)
  reset.trigger.set(true)
  reset.bench.run(7)
  assert.equal(reset.bench.read('CNT'), 7)
  assert.equal(reset.bench.read('SR') & (1 << 6), 1 << 6)
})

test('an update goes out as a trigger while somebody listens', () => {
  const { bench } = tim()
  bench.write('ARR', 9)
  bench.write('CR2', 2 << 4)
  bench.write('CR1', CEN)
  const at: number[] = []
  bench.wires.get('TIM3_TRGO').listen((isHigh) => isHigh && at.push(bench.cycle))
  bench.write('CR1', CEN)
  bench.run(35)
  assert.deepEqual(at, [10, 20, 30])
})

test('complementary outputs need MOE, and a break takes it away', () => {
  const { bench, pin } = tim('TIM1')
  const [high, low] = [pin('CH1').pad, pin('CH1N').pad]
  const fault = pin('BKIN').pad.connect('fault')
  fault.drive(false)
  bench.write('ARR', 99)
  bench.write('CCR1', 50)
  bench.write('CCMR1', 6 << 4)
  bench.write('CCER', 5)
  bench.write('DIER', 1 << 7)
  bench.write('EGR', 1)
  bench.write('CR1', CEN)
  bench.run(10)
  assert.deepEqual([high.isHigh, low.isHigh], [false, false])
  bench.write('BDTR', (1 << 15) | (1 << 12) | (1 << 13) | (1 << 10))
  assert.deepEqual([high.isHigh, low.isHigh], [true, false])
  bench.run(60)
  assert.deepEqual([high.isHigh, low.isHigh], [false, true])
  fault.drive(true)
  assert.deepEqual([high.isHigh, low.isHigh], [false, false])
  assert.equal(bench.read('BDTR') & (1 << 15), 0)
  assert.equal(bench.isPending('TIM1_BRK'), true)
})

test('DMAR spreads a burst over registers, asked for once each', () => {
  const { bench } = tim()
  let requests = 0
  bench.requests.get('TIM3_UP').listen((isHigh) => (requests += Number(isHigh)))
  bench.write('DCR', 13 | (2 << 8))
  bench.write('ARR', 99)
  bench.write('DIER', 1 << 8)
  bench.write('CR1', CEN)
  bench.run(100)
  assert.equal(requests, 3)
  for (const value of [11, 22, 33]) bench.write('DMAR', value)
  assert.deepEqual([bench.read('CCR1'), bench.read('CCR2'), bench.read('CCR3')], [11, 22, 33])
})

test('32-bit timers count beyond 16 bits, the others do not', () => {
  const wide = tim('TIM2').bench
  wide.write('CR1', CEN)
  wide.run(0x12_3456)
  assert.equal(wide.read('CNT'), 0x12_3456)
  const narrow = tim('TIM15').bench
  narrow.write('CR1', CEN)
  narrow.run(0x12_3456)
  assert.equal(narrow.read('CNT'), 0x3456)
})

test('the counter keeps its value across a change of its clock', () => {
  const { bench } = tim()
  bench.write('CR1', CEN)
  bench.run(1000)
  bench.setClock('TIM3', HZ / 2)
  bench.run(1000)
  assert.equal(bench.read('CNT'), 1500)
  bench.setClock('TIM3', 0)
  bench.run(1000)
  assert.equal(bench.read('CNT'), 1500)
})
