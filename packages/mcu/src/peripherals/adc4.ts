/**
 * ADC4, 12 bits. RM0456, chapter "Analog-to-digital converter (ADC4)".
 *
 * A set of channels in order of number, up or down, or a sequence of eight (CHSELRMOD); once,
 * continuous, or one a trigger; oversampling, three analog watchdogs, WAIT, DMA.
 *
 * Calibration takes time and finds nothing to correct. Not modelled: power saving between
 * conversions (AUTOFF, DPD), protection of the reference, noise.
 */
import { interruptLevel, RegisterFile, reg, ro, rw, tagged, w1c, w1s } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import {
  AdcClock,
  CALIBRATION_CLOCKS,
  isOutside,
  listenToTriggers,
  REGULATOR_S,
  START_UP_S,
} from './adc-conversion.ts'
import { adc4Channels, convert, voltsOf } from './analog-inputs.ts'

const CHANNELS = 24
const thresholds = (offset: number) => reg(offset, { LT: rw(0, 12), HT: rw(16, 12) }, 0x0fff_0000)

export const adc4Layout = {
  ISR: reg(0x00, {
    ...{ ADRDY: w1c(0), EOSMP: w1c(1), EOC: w1c(2), EOS: w1c(3), OVR: w1c(4), AWD1: w1c(7) },
    ...{ AWD2: w1c(8), AWD3: w1c(9), EOCAL: w1c(11), LDORDY: w1c(12) },
  }),
  IER: reg(0x04, {
    ...{ ADRDYIE: rw(0), EOSMPIE: rw(1), EOCIE: rw(2), EOSIE: rw(3), OVRIE: rw(4), AWD1IE: rw(7) },
    ...{ AWD2IE: rw(8), AWD3IE: rw(9), EOCALIE: rw(11), LDORDYIE: rw(12) },
  }),
  CR: reg(0x08, {
    ...{ ADEN: w1s(0), ADDIS: w1s(1), ADSTART: w1s(2), ADSTP: w1s(4), ADVREGEN: rw(28) },
    ADCAL: w1s(31),
  }),
  CFGR1: reg(0x0c, {
    ...{ DMAEN: rw(0), DMACFG: rw(1), RES: rw(2, 2), SCANDIR: rw(4), ALIGN: rw(5) },
    ...{ EXTSEL: rw(6, 3), EXTEN: rw(10, 2), OVRMOD: rw(12), CONT: rw(13), WAIT: rw(14) },
    ...{ DISCEN: rw(16), CHSELRMOD: rw(21), AWD1SGL: rw(22), AWD1EN: rw(23), AWD1CH: rw(26, 5) },
  }),
  CFGR2: reg(0x10, {
    ...{ OVSE: rw(0), OVSR: rw(2, 3), OVSS: rw(5, 4), TOVS: rw(9), LFTRIG: rw(29) },
  }),
  SMPR: reg(0x14, { SMP1: rw(0, 3), SMP2: rw(4, 3), SMPSEL: rw(8, 24) }),
  ...{ AWD1TR: thresholds(0x20), AWD2TR: thresholds(0x24) },
  CHSELR: reg(0x28, { CHSEL: rw(0, 32) }),
  AWD3TR: thresholds(0x2c),
  DR: reg(0x40, { DATA: ro(0, 16) }),
  PWRR: reg(0x44, {
    ...{ AUTOFF: tagged(0), DPD: tagged(1), VREFPROT: tagged(2), VREFSECSMP: tagged(3) },
  }),
  AWD2CR: reg(0xa0, { AWD2CH: rw(0, 24) }),
  AWD3CR: reg(0xa4, { AWD3CH: rw(0, 24) }),
  CALFACT: reg(0xc4, { CALFACT: rw(0, 7) }),
  OR: reg(0xd0, { CHN21SEL: tagged(0) }),
  CCR: reg(0x308, { PRESC: rw(18, 4), VREFEN: rw(22), VSENSESEL: rw(23), VBATEN: rw(24) }),
} as const

/** SMPR.SMPx and CFGR1.RES, in ADC clocks. */
const SAMPLING = [1.5, 3.5, 7.5, 12.5, 19.5, 39.5, 79.5, 814.5]
const RESOLUTION = [
  { bits: 12, clocks: 12.5 },
  { bits: 10, clocks: 10.5 },
  { bits: 8, clocks: 8.5 },
  { bits: 6, clocks: 6.5 },
]
const CR = { ADEN: 1, ADDIS: 2, ADSTART: 4, ADSTP: 0x10 } as const
const ADCAL = 2 ** 31
/** A place of CHSELR in sequence mode that ends the sequence. */
const END_OF_SEQUENCE = 15
const FLAGS = [
  ...([
    ['IER.ADRDYIE', 'ISR.ADRDY'],
    ['IER.EOSMPIE', 'ISR.EOSMP'],
    ['IER.EOCIE', 'ISR.EOC'],
  ] as const),
  ...([
    ['IER.EOSIE', 'ISR.EOS'],
    ['IER.OVRIE', 'ISR.OVR'],
    ['IER.AWD1IE', 'ISR.AWD1'],
  ] as const),
  ...([
    ['IER.AWD2IE', 'ISR.AWD2'],
    ['IER.AWD3IE', 'ISR.AWD3'],
  ] as const),
  ...([
    ['IER.EOCALIE', 'ISR.EOCAL'],
    ['IER.LDORDYIE', 'ISR.LDORDY'],
  ] as const),
] as const
/** EXTSEL. RM0456, "ADC4 external triggers". */
const TRIGGERS = [
  ...['TIM1_TRGO2', 'TIM1_CH4', 'TIM2_TRGO', 'TIM15_TRGO', 'TIM6_TRGO', 'LPTIM1_CH1', 'LPTIM3_CH2'],
  'EXTI15',
]
const WATCHDOGS = [
  ['AWD2CR', 'AWD2TR', 'AWD2'],
  ['AWD3CR', 'AWD3TR', 'AWD3'],
] as const

export class Adc4 implements Peripheral {
  readonly registers: RegisterFile<typeof adc4Layout>
  readonly #wiring: Wiring
  readonly #clock: AdcClock
  readonly #line: Output
  readonly #request: Output
  readonly #isInterrupting: () => boolean
  /** Channels still to be converted in this round. */
  #queue: number[] = []
  #isRunning = false
  #isHeld = false
  #samples = 0
  #sum = 0

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const update = { write: () => this.#update() }
    this.registers = new RegisterFile(adc4Layout, {
      ...{ ISR: update, IER: update },
      CR: { write: (written, before) => this.#control(written, before) },
      DR: { taken: () => this.#taken() },
    })
    this.#clock = new AdcClock(wiring, () => this.registers.get('CCR', 'PRESC'))
    this.#line = wiring.interrupt('ADC4')
    this.#request = wiring.dmaRequest('ADC4')
    this.#isInterrupting = interruptLevel(this.registers, FLAGS)
    const selection = () => ({
      edges: this.registers.get('CFGR1', 'EXTEN'),
      source: this.registers.get('CFGR1', 'EXTSEL'),
    })
    listenToTriggers(wiring, TRIGGERS, selection, () => {
      if (this.registers.is('CR', 'ADSTART')) this.#begin()
    })
  }

  reset(): void {
    this.registers.reset()
    this.#stop()
    this.#update()
  }

  #control(written: number, before: number): void {
    const { registers: r } = this
    const isNew = (bit: number) => (written & bit) !== 0 && (before & bit) === 0
    if (r.is('CR', 'ADVREGEN') && ((written ^ before) >>> 28) & 1)
      this.#raiseLater('LDORDY', REGULATOR_S)
    if (written >= ADCAL) this.#calibrate()
    if (isNew(CR.ADEN)) this.#raiseLater('ADRDY', START_UP_S)
    if (written & CR.ADDIS) this.#disable()
    if (isNew(CR.ADSTART)) this.#start()
    if (written & CR.ADSTP) this.#stop()
    this.#update()
  }

  #raiseLater(flag: 'LDORDY' | 'ADRDY', seconds: number): void {
    this.#clock.afterSeconds(seconds, () => {
      const isOn = this.registers.is('CR', flag === 'ADRDY' ? 'ADEN' : 'ADVREGEN')
      this.registers.set('ISR', flag, isOn)
      this.#update()
    })
  }

  #calibrate(): void {
    this.#clock.after(CALIBRATION_CLOCKS, () => {
      this.registers.set('CR', 'ADCAL', false)
      this.registers.set('ISR', 'EOCAL', true)
      this.#update()
    })
  }

  #disable(): void {
    this.#stop()
    for (const bit of ['ADEN', 'ADDIS'] as const) this.registers.set('CR', bit, false)
  }

  #stop(): void {
    this.#clock.stop()
    this.#queue = []
    this.#isRunning = this.#isHeld = false
    this.#samples = this.#sum = 0
    for (const bit of ['ADSTART', 'ADSTP'] as const) this.registers.set('CR', bit, false)
  }

  #start(): void {
    if (!this.registers.is('CR', 'ADEN')) this.registers.set('CR', 'ADSTART', false)
    else {
      this.#queue = []
      if (this.registers.get('CFGR1', 'EXTEN') === 0) this.#begin()
    }
  }

  #begin(): void {
    if (this.#isRunning) return
    if (this.#queue.length === 0) this.#queue = this.#sequence()
    this.#isRunning = this.#queue.length > 0
    this.#convertNext()
  }

  /** The channels that CHSELR names, in order. */
  #sequence(): number[] {
    const { registers: r } = this
    const selected = r.get('CHSELR')
    if (r.is('CFGR1', 'CHSELRMOD')) {
      const places = Array.from({ length: 8 }, (_, n) => (selected >>> (n * 4)) & 0xf)
      const end = places.indexOf(END_OF_SEQUENCE)
      return end < 0 ? places : places.slice(0, end)
    }
    const channels = Array.from({ length: CHANNELS }, (_, n) => n).filter(
      (n) => (selected >>> n) & 1,
    )
    return r.is('CFGR1', 'SCANDIR') ? channels.reverse() : channels
  }

  #convertNext(): void {
    const [channel] = this.#queue
    if (!this.#isRunning || this.#isHeld || this.#clock.isBusy || channel === undefined) return
    const { registers: r } = this
    const { bits, clocks } = RESOLUTION[r.get('CFGR1', 'RES')]
    const isSecond = (r.get('SMPR', 'SMPSEL') >>> channel) & 1
    const sampling = SAMPLING[r.get('SMPR', isSecond ? 'SMP2' : 'SMP1')]
    this.#clock.after(sampling + clocks, () => {
      const volts = voltsOf(adc4Channels.get(channel), this.#wiring.pins, (bit) => r.is('CCR', bit))
      r.set('ISR', 'EOSMP', true)
      this.#converted(convert(volts, bits), channel)
      this.#convertNext()
      this.#update()
    })
  }

  #converted(raw: number, channel: number): void {
    const { registers: r } = this
    this.#samples++
    this.#sum += raw
    const wanted = r.is('CFGR2', 'OVSE') ? 2 << r.get('CFGR2', 'OVSR') : 1
    if (this.#samples < wanted) return
    const shift = r.is('CFGR2', 'OVSE') ? r.get('CFGR2', 'OVSS') : 0
    const value = Math.floor(this.#sum / 2 ** shift) & 0xffff
    this.#samples = this.#sum = 0
    this.#watch(value, channel)
    this.#store(value)
    this.#queue.shift()
    this.#advance()
    this.#isHeld = r.is('CFGR1', 'WAIT')
  }

  #advance(): void {
    const { registers: r } = this
    if (this.#queue.length > 0) {
      if (r.is('CFGR1', 'DISCEN')) this.#isRunning = false
      return
    }
    r.set('ISR', 'EOS', true)
    if (r.is('CFGR1', 'CONT')) this.#queue = this.#sequence()
    else {
      this.#isRunning = false
      if (r.get('CFGR1', 'EXTEN') === 0) r.set('CR', 'ADSTART', false)
    }
  }

  #watch(value: number, channel: number): void {
    const { registers: r } = this
    const isMine = !r.is('CFGR1', 'AWD1SGL') || r.get('CFGR1', 'AWD1CH') === channel
    const isOut = (name: 'AWD1TR' | 'AWD2TR' | 'AWD3TR') =>
      isOutside(value, r.get(name, 'LT'), r.get(name, 'HT'))
    if (r.is('CFGR1', 'AWD1EN') && isMine && isOut('AWD1TR')) r.set('ISR', 'AWD1', true)
    for (const [channels, limits, flag] of WATCHDOGS) {
      if ((r.get(channels) >>> channel) & 1 && isOut(limits)) r.set('ISR', flag, true)
    }
  }

  #store(value: number): void {
    const { registers: r } = this
    const shift = r.is('CFGR1', 'ALIGN') ? 16 - RESOLUTION[r.get('CFGR1', 'RES')].bits : 0
    const isUnread = r.is('ISR', 'EOC')
    if (isUnread) r.set('ISR', 'OVR', true)
    if (!isUnread || r.is('CFGR1', 'OVRMOD')) r.setAll('DR', (value << shift) & 0xffff)
    r.set('ISR', 'EOC', true)
  }

  #taken(): void {
    this.registers.set('ISR', 'EOC', false)
    this.#isHeld = false
    this.#update()
    this.#convertNext()
  }

  #update(): void {
    this.#line.set(this.#isInterrupting())
    this.#request.set(this.registers.is('CFGR1', 'DMAEN') && this.registers.is('ISR', 'EOC'))
  }
}

export const adc4s = { ADC4: (wiring) => new Adc4(wiring) } satisfies Makers
