import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PadName } from '../pins/pad.ts'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Adc } from './adc.ts'
import { Adc4 } from './adc4.ts'

const HZ = 160_000_000
const ADC_HZ = 16_000_000
const ISR = {
  ...{ ADRDY: 1, EOSMP: 2, EOC: 4, EOS: 8, OVR: 0x10, JEOC: 0x20, JEOS: 0x40, AWD1: 0x80 },
  ...{ AWD2: 0x100, AWD3: 0x200, EOCAL: 0x800, LDORDY: 0x1000 },
} as const
const ADEN = 1
const ADSTART = 4
const JADSTART = 8
const ADSTP = 16
const ADVREGEN = 2 ** 28
const ADCAL = 2 ** 31
const CONT = 1 << 13

function board(name: 'ADC1' | 'ADC4' = 'ADC1') {
  const bench = new PeripheralBench(name, { cycleHz: HZ, hz: ADC_HZ }, (wiring) =>
    name === 'ADC1' ? new Adc(wiring) : new Adc4(wiring),
  )
  const flags = (...names: (keyof typeof ISR)[]) =>
    names.filter((flag) => bench.read('ISR') & ISR[flag])
  const setVolts = (pad: PadName, volts: number) =>
    bench.pins.pad(pad).connect('test').voltage(volts)
  /** As HAL_ADC_Init and ADC_Enable do it. */
  const enable = () => {
    bench.write('CR', ADVREGEN)
    bench.settle()
    bench.write('CR', ADVREGEN | ADEN)
    bench.settle()
    assert.deepEqual(flags('ADRDY', 'LDORDY'), ['ADRDY', 'LDORDY'])
  }
  const { read, write } = { read: bench.read.bind(bench), write: bench.write.bind(bench) }
  const start = (bits = ADSTART) => write('CR', read('CR') + bits)
  return { bench, read, write, flags, enable, start, setVolts }
}

/** SQR1 for up to four channels. */
const sequence = (...channels: number[]) =>
  channels.reduce((word, channel, n) => word | (channel << (6 + n * 6)), channels.length - 1)

test('the voltage regulator, calibration and enabling each take their time', () => {
  for (const name of ['ADC1', 'ADC4'] as const) {
    const { bench, read, write, flags } = board(name)
    write('CR', ADVREGEN)
    assert.deepEqual(flags('LDORDY'), [])
    bench.run(HZ * 20e-6 + 1)
    assert.deepEqual(flags('LDORDY'), ['LDORDY'])
    write('CR', ADVREGEN + ADCAL)
    assert.equal(read('CR') >>> 31, 1)
    bench.settle()
    assert.equal(read('CR') >>> 31, 0)
    assert.deepEqual(flags('EOCAL'), name === 'ADC4' ? ['EOCAL'] : [])
    write('CR', ADVREGEN + ADEN)
    assert.deepEqual(flags('ADRDY'), [])
    bench.settle()
    assert.deepEqual(flags('ADRDY'), ['ADRDY'])
    write('CR', ADVREGEN + ADEN + 2)
    assert.equal(read('CR'), ADVREGEN)
  }
})

test('the result follows the voltage on the pad, at each resolution', () => {
  for (const [res, bits] of [14, 12, 10, 8].entries()) {
    for (const volts of [0, 0.5, 1.65, 2.9, 3.3, 5]) {
      const { bench, read, write, enable, start, setVolts } = board()
      setVolts('PA0', volts)
      enable()
      write('CFGR1', 2 ** 31 + (res << 2))
      write('SQR1', sequence(5))
      start()
      bench.settle()
      const expected = Math.min(Math.floor((volts / 3.3) * 2 ** bits), 2 ** bits - 1)
      assert.equal(read('DR'), expected)
    }
  }
})

test('a conversion takes the sampling time and the resolution in ADC clocks', () => {
  const sampling = [5, 6, 12, 20, 36, 68, 391, 814]
  for (const [code, clocks] of sampling.entries()) {
    const { bench, write, enable, start, flags } = board()
    enable()
    write('SMPR1', code << 15)
    write('SQR1', sequence(5))
    const from = bench.cycle
    start()
    const cycles = (clocks + 17) * (HZ / ADC_HZ)
    bench.runTo(from + cycles - 1)
    assert.deepEqual(flags('EOC'), [])
    bench.runTo(from + cycles)
    assert.deepEqual(flags('EOC', 'EOS'), ['EOC', 'EOS'])
  }
})

test('a sequence gives one result after the other, then stops; continuous it goes on', () => {
  for (const mode of [0, CONT]) {
    const { bench, read, write, enable, start, setVolts, flags } = board()
    setVolts('PC0', 1)
    setVolts('PC1', 2)
    enable()
    write('CFGR1', 2 ** 31 + mode + (1 << 14))
    write('SQR1', sequence(1, 2))
    start()
    const got: number[] = []
    for (let n = 0; n < 4; n++) {
      bench.run(10_000)
      if (flags('EOC').length > 0) got.push(Math.round((read('DR') / 2 ** 14) * 33) / 10)
    }
    assert.deepEqual(got, mode === 0 ? [1, 2] : [1, 2, 1, 2])
    assert.equal(read('CR') & ADSTART, mode === 0 ? 0 : ADSTART)
    if (mode !== 0) {
      start(ADSTP)
      assert.equal(read('CR') & (ADSTART | ADSTP), 0)
    }
  }
})

test('a result that nobody reads is an overrun: kept, or replaced with OVRMOD', () => {
  for (const mode of [0, 1 << 12]) {
    const { bench, read, write, enable, start, setVolts, flags } = board()
    setVolts('PC0', 1)
    setVolts('PC1', 2)
    enable()
    write('IER', ISR.OVR)
    write('CFGR1', 2 ** 31 + mode)
    write('SQR1', sequence(1, 2))
    start()
    bench.settle()
    assert.deepEqual(flags('OVR'), ['OVR'])
    assert.equal(bench.isPending('ADC1'), true)
    assert.equal(Math.round((read('DR') / 2 ** 14) * 33) / 10, mode === 0 ? 1 : 2)
    write('ISR', ISR.OVR)
    assert.equal(bench.isPending('ADC1'), false)
  }
})

test('triggers start conversions on the edges that EXTEN selects', () => {
  for (const [exten, counts] of [
    [1, [1, 0]],
    [2, [0, 1]],
    [3, [1, 1]],
  ] as const) {
    const { bench, read, write, enable, start, flags } = board()
    enable()
    write('SQR1', sequence(5))
    write('CFGR1', 2 ** 31 + (13 << 5) + (exten << 10))
    start()
    bench.settle()
    assert.deepEqual(flags('EOC'), [])
    const output = bench.wires.get('TIM6_TRGO').connect()
    const seen = [true, false].map((level) => {
      output.set(level)
      bench.settle()
      const count = flags('EOC').length
      read('DR')
      return count
    })
    assert.deepEqual(seen, counts)
    assert.equal(read('CR') & ADSTART, ADSTART)
  }
})

test('an injected sequence interrupts a regular one, which then starts its channel again', () => {
  const { bench, read, write, enable, start, setVolts, flags } = board()
  setVolts('PC0', 1)
  setVolts('PC1', 2)
  enable()
  write('SQR1', sequence(1))
  write('JSQR', 1 | (2 << 9) | (1 << 15))
  start()
  bench.run(100)
  start(JADSTART)
  const from = bench.cycle
  bench.settle()
  assert.deepEqual(flags('JEOC', 'JEOS', 'EOC'), ['JEOC', 'JEOS', 'EOC'])
  assert.equal(bench.cycle - from, 3 * 22 * 10)
  assert.deepEqual(
    ['JDR1', 'JDR2', 'DR'].map((name) => Math.round((read(name) / 2 ** 14) * 33) / 10),
    [2, 1, 1],
  )
})

test('oversampling adds up and shifts; offsets are taken off', () => {
  const { bench, read, write, enable, start, setVolts } = board()
  setVolts('PC0', 1.65)
  enable()
  write('SQR1', sequence(1))
  write('CFGR2', 1 | (15 << 16) | (2 << 5))
  start()
  bench.settle()
  assert.equal(read('DR'), (8192 * 16) >> 2)
  write('CFGR2', 0)
  write('OFR1', 2 ** 27 + 8000)
  start()
  bench.settle()
  assert.equal(read('DR'), 192)
})

test('analog watchdogs bite outside their window, on their channels', () => {
  const cases = [
    { CFGR1: 2 ** 31 + (1 << 23), LTR1: 100, HTR1: 5000, flag: 'AWD1' },
    { CFGR1: 2 ** 31 + (1 << 23) + (1 << 22) + (1 << 26), LTR1: 100, HTR1: 5000, flag: 'AWD1' },
    { AWD2CR: 2, LTR2: 9000, HTR2: 16_383, flag: 'AWD2' },
    { AWD3CR: 2, LTR3: 0, HTR3: 8000, flag: 'AWD3' },
  ] as const
  for (const { flag, ...settings } of cases) {
    for (const [pad, channel, bites] of [
      ['PC0', 1, true],
      ['PC1', 2, !('LTR1' in settings && settings.CFGR1 & (1 << 22)) && 'LTR1' in settings],
    ] as const) {
      const { bench, write, enable, start, setVolts, flags } = board()
      setVolts(pad, 1.65)
      enable()
      write('SQR1', sequence(channel))
      for (const [name, value] of Object.entries(settings)) write(name, value as number)
      start()
      bench.settle()
      assert.deepEqual(flags(flag), bites ? [flag] : [])
    }
  }
})

test('DMA is asked for each result', () => {
  const { bench, read, write, enable, start } = board()
  enable()
  write('CFGR1', 2 ** 31 + 3)
  write('SQR1', sequence(1, 2))
  start()
  bench.run(10_000)
  assert.equal(bench.isRequesting('ADC1'), true)
  read('DR')
  assert.equal(bench.isRequesting('ADC1'), false)
})

test('internal channels: reference, temperature at 30 degrees, a quarter of the battery', () => {
  const expected = [
    [0, 22, 1.212],
    [19, 23, 0.742],
    [18, 24, 0.825],
  ] as const
  for (const [channel, bit, volts] of expected) {
    for (const isOn of [true, false]) {
      const { bench, read, write, enable, start } = board()
      enable()
      write('CCR', isOn ? 1 << bit : 0)
      write('SQR1', sequence(channel))
      start()
      bench.settle()
      assert.equal(read('DR'), isOn ? Math.floor((volts / 3.3) * 2 ** 14) : 0)
    }
  }
})

test('ADC4 converts the channels of CHSELR up, down, or in the order of a sequence', () => {
  const cases = [
    [0, 0b110, [1, 2]],
    [1 << 4, 0b110, [2, 1]],
    [1 << 21, 0xffff_f212, [2, 1, 2]],
  ] as const
  for (const [mode, channels, expected] of cases) {
    const { bench, read, write, enable, start, setVolts, flags } = board('ADC4')
    setVolts('PC0', 1)
    setVolts('PC1', 2)
    enable()
    write('CFGR1', mode | (1 << 14))
    write('CHSELR', channels)
    start()
    const got: number[] = []
    while (got.length < expected.length) {
      bench.settle()
      assert.deepEqual(flags('EOC', 'OVR'), ['EOC'])
      got.push(Math.round((read('DR') / 2 ** 12) * 33) / 10)
    }
    assert.deepEqual(got, expected)
    assert.deepEqual(flags('EOS'), ['EOS'])
    assert.equal(read('CR') & ADSTART, 0)
  }
})

test('ADC4: oversampling, alignment, watchdog, discontinuous triggers, DMA', () => {
  const { bench, read, write, enable, start, setVolts, flags } = board('ADC4')
  setVolts('PC0', 1.65)
  enable()
  write('CHSELR', 0b110)
  write('CFGR2', 1 | (1 << 2) | (2 << 5))
  write('CFGR1', 1 | (1 << 5) | (1 << 10) | (4 << 6) | (1 << 16) | (1 << 23))
  write('AWD1TR', (2000 << 16) | 10)
  start()
  const trigger = bench.wires.get('TIM6_TRGO')
  trigger.pulse()
  bench.settle()
  assert.deepEqual(flags('EOC', 'EOS', 'AWD1'), ['EOC', 'AWD1'])
  assert.equal(bench.isRequesting('ADC4'), true)
  assert.equal(read('DR'), 2048 << 4)
  trigger.pulse()
  bench.settle()
  assert.deepEqual(flags('EOC', 'EOS'), ['EOC', 'EOS'])
})
