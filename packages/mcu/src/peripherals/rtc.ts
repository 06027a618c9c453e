/**
 * RTC: calendar, alarms, wake-up timer. RM0456, chapter "Real-time clock (RTC)".
 *
 * Time runs with the clock that RCC_BDCR selects, through both prescalers. It is in the backup
 * domain: a reset of the chip leaves it running. Write protection, initialization mode, alarms A
 * and B with masks (looked at once a second while one is on), wake-up timer, interrupts and triggers.
 *
 * Tagged or not modelled: 12-hour format, binary mode, sub-second alarms, calibration, shift,
 * timestamps, outputs, the weekday as written (it follows from the date).
 */
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, wo } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { calendarOf, fromBcd, secondsOf, toBcd } from './calendar.ts'

const KEYS = [0xca, 0x53] as const
const WAKE_DIVIDERS = [16, 8, 4, 2] as const
const WAKE_LONG = 0x1_0000

const time = {
  SU: rw(0, 4),
  ST: rw(4, 3),
  MNU: rw(8, 4),
  MNT: rw(12, 3),
  HU: rw(16, 4),
  HT: rw(20, 2),
}
const alarm = {
  ...{ SU: rw(0, 4), ST: rw(4, 3), MSK1: rw(7), MNU: rw(8, 4), MNT: rw(12, 3), MSK2: rw(15) },
  ...{ HU: rw(16, 4), HT: rw(20, 2), PM: tagged(22), MSK3: rw(23), DU: rw(24, 4), DT: rw(28, 2) },
  ...{ WDSEL: rw(30), MSK4: rw(31) },
}
const flags = (field: typeof rw) => ({
  ...{ ALRAF: field(0), ALRBF: field(1), WUTF: field(2), TSF: field(3), TSOVF: field(4) },
  ...{ ITSF: field(5), SSRUF: field(6) },
})

const rtcLayout = {
  TR: reg(0x00, { ...time, PM: tagged(22) }),
  DR: reg(
    0x04,
    {
      DU: rw(0, 4),
      DT: rw(4, 2),
      MU: rw(8, 4),
      MT: rw(12),
      WDU: rw(13, 3),
      YU: rw(16, 4),
      YT: rw(20, 4),
    },
    0x2101,
  ),
  SSR: reg(0x08, { SS: ro(0, 32) }),
  ICSR: reg(
    0x0c,
    {
      ...{ WUTWF: ro(2), SHPF: ro(3), INITS: ro(4), RSF: rw(5), INITF: ro(6), INIT: rw(7) },
      ...{ BIN: tagged(8, 2), BCDU: tagged(10, 3), RECALPF: ro(16) },
    },
    0x07,
  ),
  PRER: reg(0x10, { PREDIV_S: rw(0, 15), PREDIV_A: rw(16, 7) }, 0x007f_00ff),
  WUTR: reg(0x14, { WUT: rw(0, 16), WUTOCLR: tagged(16, 16) }, 0xffff),
  CR: reg(0x18, {
    ...{ WUCKSEL: rw(0, 3), TSEDGE: tagged(3), REFCKON: tagged(4), BYPSHAD: rw(5), FMT: tagged(6) },
    ...{ SSRUIE: tagged(7), ALRAE: rw(8), ALRBE: rw(9), WUTE: rw(10), TSE: tagged(11) },
    ...{ ALRAIE: rw(12), ALRBIE: rw(13), WUTIE: rw(14), TSIE: tagged(15), ADD1H: wo(16) },
    ...{ SUB1H: wo(17), BKP: rw(18), COSEL: tagged(19), POL: tagged(20), OSEL: tagged(21, 2) },
    ...{ COE: tagged(23), ITSE: tagged(24), TAMPTS: tagged(25), TAMPOE: tagged(26) },
    ...{ ALRAFCLR: tagged(27), ALRBFCLR: tagged(28), TAMPALRM: tagged(29, 2), OUT2EN: tagged(31) },
  }),
  PRIVCFGR: reg(0x1c, { PRIV: rw(0, 16) }),
  SECCFGR: reg(0x20, { SEC: rw(0, 16) }),
  WPR: reg(0x24, { KEY: wo(0, 8) }),
  CALR: reg(0x28, { CALM: tagged(0, 9), LPCAL: tagged(12), CALW: tagged(13, 2), CALP: tagged(15) }),
  SHIFTR: reg(0x2c, { SUBFS: tagged(0, 15), ADD1S: tagged(31) }),
  TSTR: reg(0x30, { TS: ro(0, 23) }),
  TSDR: reg(0x34, { TS: ro(0, 16) }),
  TSSSR: reg(0x38, { SS: ro(0, 32) }),
  ALRMAR: reg(0x40, alarm),
  ALRMASSR: reg(0x44, { SS: rw(0, 15), MASKSS: tagged(24, 6), SSCLR: tagged(31) }),
  ALRMBR: reg(0x48, alarm),
  ALRMBSSR: reg(0x4c, { SS: rw(0, 15), MASKSS: tagged(24, 6), SSCLR: tagged(31) }),
  SR: reg(0x50, flags(ro)),
  MISR: reg(0x54, flags(ro)),
  SMISR: reg(0x58, flags(ro)),
  SCR: reg(0x5c, flags(wo)),
  ALRABINR: reg(0x70, { SS: tagged(0, 32) }),
  ALRBBINR: reg(0x74, { SS: tagged(0, 32) }),
} as const

class Rtc implements Peripheral {
  readonly registers: RegisterFile<typeof rtcLayout>
  readonly #ticks: Ticks
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  readonly #triggers: Readonly<Record<'ALRA' | 'ALRB' | 'WUT', Output>>
  /** Seconds since 2000 at the tick `#since`. */
  #seconds = 0
  #since = 0
  #keys = 0
  #cancelSecond: (() => void) | undefined
  #cancelWake: (() => void) | undefined
  /** Tick of the next wake-up; undefined while the timer is off. */
  #wakeTick: number | undefined
  readonly #wakeLine: Output

  constructor(wiring: Wiring) {
    const { clocks } = wiring
    this.#ticks = clocks.ticks(() => clocks.hz('RTC'))
    this.#line = wiring.interrupt('RTC')
    this.#wakeLine = wiring.wire('RTC_WAKE').connect()
    const trigger = (name: string) => wiring.wire(`RTC_${name}`).connect()
    this.#triggers = { ALRA: trigger('ALRA'), ALRB: trigger('ALRB'), WUT: trigger('WUT') }
    const writable = () => this.#keys === KEYS.length
    const calendar = {
      writable: () => writable() && this.registers.is('ICSR', 'INIT'),
      write: () => this.#set(),
    }
    this.registers = new RegisterFile(rtcLayout, {
      TR: { ...calendar, read: (stored) => (this.#isSetting ? stored : this.#timeBits()) },
      DR: { ...calendar, read: (stored) => (this.#isSetting ? stored : this.#dateBits()) },
      SSR: { read: () => this.#subSecond },
      ICSR: {
        writable,
        read: (stored) => this.#status(stored),
        write: (_, before) => this.#init(before),
      },
      PRER: calendar,
      WUTR: { writable },
      CR: { writable, write: (_, before) => this.#control(before) },
      WPR: { write: (key) => this.#take(key & 0xff) },
      ALRMAR: { writable },
      ALRMBR: { writable },
      MISR: { read: () => this.#masked() },
      SCR: { write: (bits) => this.#clear(bits) },
    })
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.ALRAIE', 'SR.ALRAF'],
      ['CR.ALRBIE', 'SR.ALRBF'],
      ['CR.WUTIE', 'SR.WUTF'],
    ])
  }

  /** The backup domain goes on; what was scheduled is asked for anew. */
  reset(): void {
    this.#keys = 0
    this.#watch()
    if (this.#wakeTick !== undefined) this.#wakeAt(this.#wakeTick)
    this.#update()
  }

  resetBackup(): void {
    this.#cancelWake?.()
    this.#wakeTick = undefined
    this.registers.reset()
    this.#seconds = 0
    this.#since = this.#ticks.now
    this.reset()
  }

  get #isSetting(): boolean {
    return this.registers.is('ICSR', 'INIT')
  }

  get #ticksPerSecond(): number {
    return (
      (this.registers.get('PRER', 'PREDIV_A') + 1) * (this.registers.get('PRER', 'PREDIV_S') + 1)
    )
  }

  get #now(): number {
    return this.#seconds + Math.floor((this.#ticks.now - this.#since) / this.#ticksPerSecond)
  }

  get #subSecond(): number {
    const passed = (this.#ticks.now - this.#since) % this.#ticksPerSecond
    const divider = this.registers.get('PRER', 'PREDIV_A') + 1
    return this.registers.get('PRER', 'PREDIV_S') - Math.floor(passed / divider)
  }

  #timeBits(): number {
    const { hour, minute, second } = calendarOf(this.#now)
    return (toBcd(hour) << 16) | (toBcd(minute) << 8) | toBcd(second)
  }

  #dateBits(): number {
    const { year, month, day, weekday } = calendarOf(this.#now)
    return (toBcd(year) << 16) | (weekday << 13) | (toBcd(month) << 8) | toBcd(day)
  }

  /** TR or DR was written: time stands at what both say. */
  #set(): void {
    const { registers: r } = this
    const [tr, dr] = [r.get('TR'), r.get('DR')]
    const month = Math.max(1, fromBcd((dr >>> 8) & 0x1f))
    const day = Math.max(1, fromBcd(dr & 0x3f))
    const clock = { hour: (tr >>> 16) & 0x3f, minute: (tr >>> 8) & 0x7f, second: tr & 0x7f }
    this.#seconds = secondsOf({
      ...{ year: fromBcd((dr >>> 16) & 0xff), month, day, hour: fromBcd(clock.hour) },
      ...{ minute: fromBcd(clock.minute), second: fromBcd(clock.second) },
    })
    this.#since = this.#ticks.now
  }

  #init(before: number): void {
    const { registers: r } = this
    const was = ((before >>> 7) & 1) === 1
    if (this.#isSetting && !was) {
      const [tr, dr] = [this.#timeBits(), this.#dateBits()]
      r.setAll('TR', tr)
      r.setAll('DR', dr)
    }
    if (!this.#isSetting && was) {
      this.#set()
      this.#watch()
    }
    r.set('ICSR', 'INITF', this.#isSetting)
  }

  #status(stored: number): number {
    const { WUTWF, RSF, INITS } = rtcLayout.ICSR.fields
    const isSet = calendarOf(this.#now).year !== 0
    const wakeFree = this.registers.is('CR', 'WUTE') ? 0 : 1 << WUTWF.bit
    const kept = stored & ~((1 << WUTWF.bit) | (1 << INITS.bit))
    return kept | wakeFree | (1 << RSF.bit) | (isSet ? 1 << INITS.bit : 0)
  }

  #take(key: number): void {
    this.#keys = key === KEYS[this.#keys] ? this.#keys + 1 : key === KEYS[0] ? 1 : 0
  }

  #control(before: number): void {
    const { ADD1H, SUB1H, WUTE } = rtcLayout.CR.fields
    const value = this.registers.get('CR')
    if ((value >>> ADD1H.bit) & 1) this.#seconds += 3600
    if ((value >>> SUB1H.bit) & 1) this.#seconds -= 3600
    this.registers.set('CR', 'ADD1H', false)
    this.registers.set('CR', 'SUB1H', false)
    this.#watch()
    if (((value ^ before) >>> WUTE.bit) & 1) this.#wake()
    this.#update()
  }

  /** While an alarm is on: the next second. */
  #watch(): void {
    this.#cancelSecond?.()
    this.#cancelSecond = undefined
    const { registers: r } = this
    if (this.#isSetting || !(r.is('CR', 'ALRAE') || r.is('CR', 'ALRBE'))) return
    const next = this.#since + (this.#now - this.#seconds + 1) * this.#ticksPerSecond
    this.#cancelSecond = this.#ticks.at(next, () => {
      for (const which of ['A', 'B'] as const) this.#compare(which)
      this.#update()
      this.#watch()
    })
  }

  #compare(which: 'A' | 'B'): void {
    const { registers: r } = this
    if (!r.is('CR', `ALR${which}E`)) return
    const wanted = r.get(`ALRM${which}R`)
    const { second, minute, hour, day, weekday } = calendarOf(this.#now)
    const isWeekday = ((wanted >>> 30) & 1) === 1
    const matches = [
      (wanted >>> 7) & 1 || (wanted & 0x7f) === toBcd(second),
      (wanted >>> 15) & 1 || ((wanted >>> 8) & 0x7f) === toBcd(minute),
      (wanted >>> 23) & 1 || ((wanted >>> 16) & 0x3f) === toBcd(hour),
      (wanted >>> 31) & 1 || ((wanted >>> 24) & 0x3f) === (isWeekday ? weekday : toBcd(day)),
    ]
    if (!matches.every(Boolean)) return
    r.set('SR', `ALR${which}F`, true)
    this.#triggers[`ALR${which}`].pulse()
  }

  #wake(): void {
    this.#cancelWake?.()
    this.#wakeTick = undefined
    const { registers: r } = this
    if (!r.is('CR', 'WUTE')) return
    const selection = r.get('CR', 'WUCKSEL')
    const count = r.get('WUTR', 'WUT') + 1 + (selection >= 6 ? WAKE_LONG : 0)
    this.#wakeAt(this.#ticks.now + count * (WAKE_DIVIDERS[selection] ?? this.#ticksPerSecond))
  }

  #wakeAt(tick: number): void {
    this.#cancelWake?.()
    this.#wakeTick = tick
    this.#cancelWake = this.#ticks.at(tick, () => {
      this.registers.set('SR', 'WUTF', true)
      this.#triggers.WUT.pulse()
      this.#update()
      this.#wake()
    })
  }

  #masked(): number {
    const { registers: r } = this
    const enabled = (r.get('CR') >>> 12) & 7
    return r.get('SR') & enabled
  }

  #clear(bits: number): void {
    this.registers.setAll('SR', this.registers.get('SR') & ~bits)
    this.#update()
  }

  #update(): void {
    const isInterrupting = this.#isInterrupting()
    this.#line.set(isInterrupting)
    this.#wakeLine.set(isInterrupting)
  }
}

export const rtcs = { RTC: (wiring): Peripheral => new Rtc(wiring) } satisfies Makers
