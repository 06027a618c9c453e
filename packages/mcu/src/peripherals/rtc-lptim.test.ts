import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { calendarOf, secondsOf } from './calendar.ts'
import { lptims } from './lptim.ts'
import { rtcs } from './rtc.ts'

const HZ = 32_768
const rtc = () => new PeripheralBench('RTC', { cycleHz: HZ, hz: HZ }, rtcs.RTC)
const INIT = 1 << 7

/** As HAL sets the clock: unlock, init mode, time and date, out of it. */
function setClock(bench: ReturnType<typeof rtc>, time: number, date: number): void {
  for (const key of [0xca, 0x53]) bench.write('WPR', key)
  bench.write('ICSR', INIT)
  assert.equal(bench.read('ICSR') & (1 << 6), 1 << 6)
  bench.write('TR', time)
  bench.write('DR', date)
  bench.write('ICSR', 0)
}

test('every day of a century goes into fields and back', () => {
  for (let day = 0; day < 36_525; day++) {
    const seconds = day * 86_400 + (day % 86_400)
    assert.equal(secondsOf(calendarOf(seconds)), seconds)
  }
  assert.equal(
    calendarOf(secondsOf({ year: 24, month: 2, day: 29, hour: 0, minute: 0, second: 0 })).weekday,
    4,
  )
})

test('the calendar runs over midnight at the end of a year, with its parts of a second', () => {
  const bench = rtc()
  setClock(bench, 0x23_5958, 0x24_5231)
  bench.run(HZ * 1.5)
  assert.equal(bench.read('TR'), 0x23_5959)
  assert.equal(bench.read('SSR'), 127)
  bench.run(HZ / 2)
  assert.equal(bench.read('TR'), 0)
  assert.equal(bench.read('DR') & 0xff_1fff, 0x25_0101)
})

test('without the keys nothing can be set', () => {
  const bench = rtc()
  bench.write('ICSR', INIT)
  bench.write('TR', 0x12_0000)
  assert.equal(bench.read('TR'), 0)
})

test('an alarm comes at its second, a masked one every minute', () => {
  const bench = rtc()
  setClock(bench, 0x10_0000, 0x25_2101)
  bench.write('ALRMAR', (1 << 31) | 0x10_0105)
  bench.write('ALRMBR', (1 << 31) | (1 << 23) | (1 << 15) | 0x30)
  bench.write('CR', (1 << 8) | (1 << 9) | (1 << 12))
  bench.run(HZ * 64.5)
  assert.equal(bench.isPending('RTC'), false)
  assert.equal(bench.read('SR'), 2, 'B came at half past, without an interrupt')
  bench.run(HZ)
  assert.equal(bench.isPending('RTC'), true)
  assert.equal(bench.read('MISR'), 1)
  bench.write('SCR', 3)
  assert.equal(bench.isPending('RTC'), false)
})

test('the wake-up timer comes again and again, in both clocks', () => {
  for (const [selection, cycles] of [
    [0, 16 * 100],
    [4, HZ * 100],
    [6, HZ * (100 + 0x1_0000)],
  ] as const) {
    const bench = rtc()
    for (const key of [0xca, 0x53]) bench.write('WPR', key)
    assert.equal(bench.read('ICSR') & 4, 4)
    bench.write('WUTR', 99)
    bench.write('CR', selection | (1 << 10) | (1 << 14))
    for (let n = 0; n < 3; n++) {
      bench.run(cycles - 1)
      assert.equal(bench.isPending('RTC'), false)
      bench.run(1)
      assert.equal(bench.isPending('RTC'), true)
      bench.write('SCR', 4)
    }
  }
})

test('a reset of the chip leaves the clock and the alarm alone', () => {
  const bench = rtc()
  setClock(bench, 0x10_0000, 0x25_2101)
  bench.write('CR', (1 << 8) | (1 << 12))
  bench.write('ALRMAR', (1 << 31) | 0x10_0010)
  bench.run(HZ * 5)
  bench.scheduler.clear()
  bench.model.reset()
  assert.equal(bench.read('TR'), 0x10_0005)
  bench.run(HZ * 5)
  assert.equal(bench.isPending('RTC'), true)
})

const lptim = () => new PeripheralBench('LPTIM1', { cycleHz: HZ, hz: HZ }, lptims.LPTIM1)

test('a low-power timer counts, matches and overflows where it should', () => {
  const bench = lptim()
  bench.write('CFGR', 2 << 9)
  bench.write('CR', 1)
  bench.write('DIER', 1 << 7)
  assert.equal(bench.read('ISR') & (1 << 24), 1 << 24)
  bench.write('ARR', 99)
  bench.write('CCR1', 40)
  assert.equal(bench.read('ISR') & 0x18, 0x18)
  bench.write('CR', 5)
  bench.run(4 * 39)
  assert.equal(bench.read('CNT'), 39)
  assert.equal(bench.read('ISR') & 1, 0)
  bench.run(4)
  assert.equal(bench.read('ISR') & 1, 1)
  bench.run(4 * 60 - 1)
  assert.equal(bench.isPending('LPTIM1'), false)
  bench.run(1)
  assert.equal(bench.isPending('LPTIM1'), true)
  assert.equal(bench.read('CNT'), 0)
})

test('a single shot stops by itself, its waveform is high behind the value', () => {
  const bench = lptim()
  const pad = bench.pins.pad('PB2')
  bench.pins.route(pad, 'LPTIM1_CH1')
  bench.write('CR', 1)
  bench.write('ARR', 9)
  bench.write('CCR1', 5)
  bench.write('CCMR1', 2)
  bench.write('CR', 3)
  const levels: boolean[] = []
  for (let n = 0; n < 12; n++) {
    levels.push(bench.pins.drivenOn(pad) === true)
    bench.run(1)
  }
  assert.deepEqual(levels.map(Number), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0])
  assert.equal(bench.read('CNT'), 0)
})

/** RM0456, LPTIM_DIER.UEDE: at each update, which REP puts off. */
test('a low-power timer asks for DMA at each update', () => {
  const bench = lptim()
  bench.write('CR', 1)
  bench.write('DIER', 1 << 23)
  bench.write('ARR', 9)
  bench.write('RCR', 1)
  const requests: number[] = []
  bench.requests.get('LPTIM1_UE').listen((isHigh) => isHigh && requests.push(bench.cycle))
  bench.write('CR', 5)
  bench.run(45)
  assert.deepEqual(requests, [20, 40])
})
