import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpdmaRequests, lpdmaRequests } from './dma-requests.ts'
import { interruptLines } from './interrupts.ts'
import { UartLine } from './lines/uart-line.ts'
import { alternateFunctions } from './pins/alternate-functions.ts'
import { MAX_PIN_CONFLICTS, PinConflicts } from './pins/conflicts.ts'
import { Pins } from './pins/pins.ts'
import { EventQueue } from './scheduler.ts'
import { Ticks } from './ticks.ts'
import { WireSet } from './wire.ts'

test('interrupt lines and DMA requests have the numbers of the manual', () => {
  const spots = [
    [interruptLines, { EXTI13: 24, TIM2: 45, I2C1_EV: 55, USART1: 61, OTG_FS: 73, SPI3: 99 }],
    [interruptLines, { GPDMA1_CH8: 80, RNG: 94, LPDMA1_CH0: 114, LSECSSD: 125 }],
    [gpdmaRequests, { USART1_RX: 24, OCTOSPI1: 40, TIM2_CH1: 56, TIM15_CH1: 78, DCMI: 86 }],
    [gpdmaRequests, { ADF1_FLT0: 98, FMAC_RD: 99, LPTIM1_IC1: 105, LPTIM3_UE: 113 }],
    [lpdmaRequests, { LPUART1_RX: 0, ADC4: 7, LPTIM3_UE: 16 }],
  ] as const
  for (const [names, numbers] of spots) {
    assert.equal(new Set(names).size, names.length)
    for (const [name, number] of Object.entries(numbers)) {
      assert.equal((names as readonly string[]).indexOf(name), number, name)
    }
  }
})

test('pins have the alternate functions of the data sheet', () => {
  const spots = [
    ...([
      ['PG12', 13, 'SAI2_SD_A'],
      ['PE6', 13, 'SAI1_SD_A'],
      ['PB12', 5, 'SPI2_NSS'],
    ] as const),
    ...([
      ['PC5', 7, 'USART3_RX'],
      ['PH13', 9, 'FDCAN1_TX'],
      ['PB12', 8, 'LPUART1_RTS'],
    ] as const),
  ]
  for (const [pad, number, signal] of spots) {
    assert.equal(alternateFunctions(pad)[number], signal, pad)
  }
})

test('a wire is high while any output is, and tells each change once', () => {
  const wire = new WireSet().get('TIM1_TRGO')
  const seen: boolean[] = []
  const stop = wire.listen((isHigh) => seen.push(isHigh))
  const [a, b] = [wire.connect(), wire.connect()]
  for (const [output, level] of [
    [a, true],
    [b, true],
    [a, false],
    [a, false],
    [b, false],
  ] as const) {
    output.set(level)
  }
  wire.pulse()
  stop()
  wire.pulse()
  assert.deepEqual(seen, [true, false, true, false])
})

test('a pad follows the chip, then parts, then a voltage, then pulls', () => {
  const pad = new Pins().pad('PA0')
  const part = pad.connect('part')
  const other = pad.connect('other')
  const levels: boolean[] = []
  const show = () => levels.push(pad.isHigh)
  show()
  other.pull(true)
  show()
  part.voltage(1)
  show()
  assert.equal(pad.volts, 1)
  part.voltage(2)
  show()
  part.drive(false)
  show()
  assert.equal(pad.isDrivenFromOutside, true)
  part.release()
  show()
  assert.deepEqual(levels, [false, true, false, true, false, true])
})

test('two drivers against each other are a conflict once, until one lets go', () => {
  const pins = new Pins()
  const conflicts = new PinConflicts()
  pins.onConflict = (conflict) => conflicts.record(conflict, 42)
  const pad = pins.pad('PB1')
  const sensor = pad.connect('sensor INT1')
  pad.chip.drive(true)
  sensor.drive(true)
  assert.equal(conflicts.total, 0)
  sensor.drive(false)
  sensor.drive(undefined)
  sensor.drive(false)
  assert.equal(pad.isHigh, true, 'the chip wins')
  assert.deepEqual(conflicts.conflicts, [
    { pad: 'PB1', high: 'the chip', low: 'sensor INT1', cycle: 42, count: 2 },
  ])
  for (let n = 0; n < MAX_PIN_CONFLICTS * 2; n++) {
    conflicts.record({ pad: 'PB1', high: `${n}`, low: '' }, n)
  }
  assert.equal(conflicts.conflicts.length, MAX_PIN_CONFLICTS)
  assert.equal(conflicts.total, 2 + MAX_PIN_CONFLICTS * 2)
})

test('a signal reaches the pads that carry it, and moves with the route', () => {
  const pins = new Pins()
  const [first, second] = [pins.pad('PA9'), pins.pad('PB6')]
  const signal = pins.signal('USART1_TX')
  const heard: boolean[] = []
  signal.listen((isHigh) => heard.push(isHigh))
  assert.equal(signal.read(true), true, 'idle where no pad carries it')
  pins.route(first, 'USART1_TX')
  assert.equal(signal.read(true), false)
  first.connect('outside').drive(true)
  pins.route(first, undefined)
  pins.route(second, 'USART1_TX')
  signal.drive(true)
  assert.equal(pins.drivenOn(second), true)
  assert.equal(pins.drivenOn(first), undefined)
  assert.deepEqual(heard, [false, true, false])
})

test('a serial line finds the receiver behind its pad, and only that', () => {
  const pins = new Pins()
  const line = new UartLine(pins, { tx: pins.pad('PD5'), rx: pins.pad('PD6') })
  const received: number[] = []
  pins.receive('USART2_RX', (frames) => received.push(...frames.map(({ data }) => data)))
  assert.equal(line.send([1]), false)
  pins.route(pins.pad('PD6'), 'USART2_RX')
  assert.equal(line.send([2, 3]), true)
  assert.deepEqual(received, [2, 3])
  assert.deepEqual(pins.busesOn('uart', { tx: 'USART2_TX' }), [])
  pins.route(pins.pad('PD5'), 'USART2_TX')
  assert.deepEqual(pins.busesOn('uart', { tx: 'USART2_TX' }), [line])
})

test('ticks go on across changes of rate and stand while the clock stands', () => {
  const time = { cycle: 0 }
  const scheduler = new EventQueue(() => time.cycle)
  const runTo = (cycle: number) => {
    while (scheduler.next <= cycle) {
      time.cycle = Math.max(time.cycle, scheduler.next)
      scheduler.runDue()
    }
    time.cycle = cycle
  }
  let rate = 0.1
  const ticks = new Ticks(scheduler, () => rate)
  const seen: number[] = []
  for (const tick of [3, 25, 40]) ticks.at(tick, () => seen.push(time.cycle))
  ticks.at(26, () => assert.fail('was cancelled'))()
  runTo(205)
  assert.equal(ticks.now, 20)
  rate = 0
  ticks.rebase()
  runTo(1000)
  assert.equal(ticks.now, 20)
  rate = 1 / 3
  ticks.rebase()
  runTo(2000)
  assert.deepEqual(seen, [30, 1014, 1059])
})

test('at any rate an action for a tick runs when that tick has come, and not a cycle later', () => {
  for (const [clockHz, cycleHz] of [
    [32_768, 160_000_000],
    [16_000_000, 160_000_000],
    [48_000_000, 4_000_000],
    [32_000, 1_330_000],
    [80_000_000, 110_000_000],
  ] as const) {
    const time = { cycle: 0 }
    const scheduler = new EventQueue(() => time.cycle)
    const ticks = new Ticks(scheduler, () => clockHz / cycleHz)
    for (let tick = 1; tick < 2000; tick += 7) {
      let ran = -1
      ticks.at(tick, () => (ran = time.cycle))
      time.cycle = Math.max(time.cycle, scheduler.next)
      scheduler.runDue()
      assert.equal(ran, Math.ceil((tick * cycleHz) / clockHz - 1e-4), `tick ${tick} at ${clockHz}`)
      assert.ok(ticks.now >= tick)
    }
  }
})
