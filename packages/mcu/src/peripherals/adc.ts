/**
 * ADC1, 14 bits. RM0456, chapter "Analog-to-digital converter (ADC1)".
 *
 * Regular sequences of up to 16 channels, once, continuous, or a few at a time (discontinuous);
 * injected sequences of up to four that interrupt them, by trigger or after them (JAUTO); sampling
 * times, oversampling, offsets, three analog watchdogs, wait for the reader (AUTDLY), DMA.
 *
 * Calibration takes time and finds nothing to correct. Not modelled: differential inputs, gain
 * compensation, bulb and trigger-controlled sampling, results to MDF, noise.
 */
import {
  interruptLevel,
  partly,
  RegisterFile,
  reg,
  ro,
  rw,
  tagged,
  w1c,
  w1s,
} from '../registers.ts'
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
import { adc1Channels, convert, voltsOf } from './analog-inputs.ts'

const offsetRegister = (offset: number) =>
  reg(offset, {
    ...{ OFFSET: rw(0, 24), POSOFF: rw(24), USAT: rw(25), SSAT: rw(26), OFFSET_CH: rw(27, 5) },
  })
const data = (offset: number) => reg(offset, { JDATA: ro(0, 32) })
const threshold = (offset: number, name: 'LTR' | 'HTR') =>
  reg(offset, { [name]: rw(0, 25) }, name === 'HTR' ? 0x01ff_ffff : 0)
const sequence = (first: number, count: number, bit: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`SQ${first + n}`, rw(bit + n * 6, 5)] as const),
  )
const samples = (first: number) =>
  Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [`SMP${first + n}`, rw(n * 3, 3)] as const),
  )

export const adcLayout = {
  ISR: reg(0x00, {
    ...{ ADRDY: w1c(0), EOSMP: w1c(1), EOC: w1c(2), EOS: w1c(3), OVR: w1c(4), JEOC: w1c(5) },
    ...{ JEOS: w1c(6), AWD1: w1c(7), AWD2: w1c(8), AWD3: w1c(9), LDORDY: ro(12) },
  }),
  IER: reg(0x04, {
    ...{ ADRDYIE: rw(0), EOSMPIE: rw(1), EOCIE: rw(2), EOSIE: rw(3), OVRIE: rw(4), JEOCIE: rw(5) },
    ...{ JEOSIE: rw(6), AWD1IE: rw(7), AWD2IE: rw(8), AWD3IE: rw(9) },
  }),
  CR: reg(
    0x08,
    {
      ...{ ADEN: w1s(0), ADDIS: w1s(1), ADSTART: w1s(2), JADSTART: w1s(3), ADSTP: w1s(4) },
      ...{ JADSTP: w1s(5), ADCALLIN: rw(16), CALINDEX: rw(24, 4), ADVREGEN: rw(28) },
      ...{ DEEPPWD: rw(29), ADCAL: w1s(31) },
    },
    0x2000_0000,
  ),
  CFGR1: reg(
    0x0c,
    {
      ...{ DMNGT: partly(0, 2, [0, 1, 3]), RES: rw(2, 2), EXTSEL: rw(5, 5), EXTEN: rw(10, 2) },
      ...{ OVRMOD: rw(12), CONT: rw(13), AUTDLY: rw(14), DISCEN: rw(16), DISCNUM: rw(17, 3) },
      ...{ JDISCEN: rw(20), AWD1SGL: rw(22), AWD1EN: rw(23), JAWD1EN: rw(24), JAUTO: rw(25) },
      AWD1CH: rw(26, 5),
    },
    0x8000_0000,
  ),
  CFGR2: reg(0x10, {
    ...{ ROVSE: rw(0), JOVSE: rw(1), OVSS: rw(5, 4), TROVS: rw(9), ROVSM: tagged(10) },
    ...{ BULB: tagged(13), SWTRIG: tagged(14), SMPTRIG: tagged(15), OSVR: rw(16, 10) },
    ...{ LFTRIG: rw(27), LSHIFT: rw(28, 4) },
  }),
  SMPR1: reg(0x14, samples(0)),
  SMPR2: reg(0x18, samples(10)),
  PCSEL: reg(0x1c, { PCSEL: rw(0, 20) }),
  SQR1: reg(0x30, { L: rw(0, 4), ...sequence(1, 4, 6) }),
  SQR2: reg(0x34, sequence(5, 5, 0)),
  SQR3: reg(0x38, sequence(10, 5, 0)),
  SQR4: reg(0x3c, sequence(15, 2, 0)),
  DR: reg(0x40, { RDATA: ro(0, 32) }),
  JSQR: reg(0x4c, {
    ...{ JL: rw(0, 2), JEXTSEL: rw(2, 5), JEXTEN: rw(7, 2), JSQ1: rw(9, 5), JSQ2: rw(15, 5) },
    ...{ JSQ3: rw(21, 5), JSQ4: rw(27, 5) },
  }),
  ...{ OFR1: offsetRegister(0x60), OFR2: offsetRegister(0x64), OFR3: offsetRegister(0x68) },
  OFR4: offsetRegister(0x6c),
  GCOMP: reg(0x70, { GCOMPCOEFF: tagged(0, 14), GCOMP: tagged(31) }),
  ...{ JDR1: data(0x80), JDR2: data(0x84), JDR3: data(0x88), JDR4: data(0x8c) },
  AWD2CR: reg(0xa0, { AWD2CH: rw(0, 20) }),
  AWD3CR: reg(0xa4, { AWD3CH: rw(0, 20) }),
  ...{ LTR1: threshold(0xa8, 'LTR'), HTR1: threshold(0xac, 'HTR') },
  ...{ LTR2: threshold(0xb0, 'LTR'), HTR2: threshold(0xb4, 'HTR') },
  ...{ LTR3: threshold(0xb8, 'LTR'), HTR3: threshold(0xbc, 'HTR') },
  DIFSEL: reg(0xc0, { DIFSEL: tagged(0, 20) }),
  CALFACT: reg(0xc4, {
    ...{ I_APB_ADDR: rw(0, 8), I_APB_DATA: rw(8, 8), VALIDITY: rw(16), LATCH_COEF: rw(24) },
    CAPTURE_COEF: rw(25),
  }),
  CALFACT2: reg(0xc8, { CALFACT: rw(0, 32) }),
  CCR: reg(0x308, { PRESC: rw(18, 4), VREFEN: rw(22), VSENSESEL: rw(23), VBATEN: rw(24) }),
} as const

/** SMPRx, in ADC clocks. */
const SAMPLING = [5, 6, 12, 20, 36, 68, 391, 814]
/** CFGR1.RES: bits, and ADC clocks after sampling. */
const RESOLUTION = [
  { bits: 14, clocks: 17 },
  { bits: 12, clocks: 15 },
  { bits: 10, clocks: 13 },
  { bits: 8, clocks: 11 },
]
const CR = { ADEN: 1, ADDIS: 2, ADSTART: 4, JADSTART: 8, ADSTP: 0x10, JADSTP: 0x20 } as const
const ADCAL = 2 ** 31
/** Five channels a register; the first place of the first is the length. */
const SEQUENCES = ['SQR1', 'SQR2', 'SQR3', 'SQR4'] as const
const OFFSETS = ['OFR1', 'OFR2', 'OFR3', 'OFR4'] as const
const INJECTED = ['JDR1', 'JDR2', 'JDR3', 'JDR4'] as const
const FLAGS = [
  ...([
    ['IER.ADRDYIE', 'ISR.ADRDY'],
    ['IER.EOSMPIE', 'ISR.EOSMP'],
    ['IER.EOCIE', 'ISR.EOC'],
  ] as const),
  ...([
    ['IER.EOSIE', 'ISR.EOS'],
    ['IER.OVRIE', 'ISR.OVR'],
    ['IER.JEOCIE', 'ISR.JEOC'],
  ] as const),
  ...([
    ['IER.JEOSIE', 'ISR.JEOS'],
    ['IER.AWD1IE', 'ISR.AWD1'],
    ['IER.AWD2IE', 'ISR.AWD2'],
  ] as const),
  ['IER.AWD3IE', 'ISR.AWD3'],
] as const
/** EXTSEL and JEXTSEL. RM0456, "ADC1 external triggers". */
const TRIGGERS = [
  ...['TIM1_CH1', 'TIM1_CH2', 'TIM1_CH3', 'TIM2_CH2', 'TIM3_TRGO', 'TIM4_CH4', 'EXTI11'],
  ...['TIM8_TRGO', 'TIM8_TRGO2', 'TIM1_TRGO', 'TIM1_TRGO2', 'TIM2_TRGO', 'TIM4_TRGO', 'TIM6_TRGO'],
  ...['TIM15_TRGO', 'TIM3_CH4', 'EXTI15', undefined, 'LPTIM1_CH1', 'LPTIM2_CH1', 'LPTIM3_CH1'],
  'LPTIM4_OUT',
]
const INJECTED_TRIGGERS = [
  ...['TIM1_TRGO', 'TIM1_CH4', 'TIM2_TRGO', 'TIM2_CH1', 'TIM3_CH4', 'TIM4_TRGO', 'EXTI15'],
  ...['TIM8_CH4', 'TIM1_TRGO2', 'TIM8_TRGO', 'TIM8_TRGO2', 'TIM3_CH3', 'TIM3_TRGO', 'TIM3_CH1'],
  ...['TIM6_TRGO', 'TIM15_TRGO', 'LPTIM1_CH2', 'LPTIM2_CH2', 'LPTIM3_CH1', 'LPTIM4_OUT'],
]

export class Adc implements Peripheral {
  readonly registers: RegisterFile<typeof adcLayout>
  readonly #wiring: Wiring
  readonly #clock: AdcClock
  readonly #line: Output
  readonly #request: Output
  readonly #isInterrupting: () => boolean
  /** Next place in the regular and the injected sequence; undefined while none runs. */
  #regular: number | undefined
  #injected: number | undefined
  #nextRegular = 0
  #nextInjected = 0
  #oversampled = { count: 0, sum: 0 }
  #isHeld = false

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.registers = new RegisterFile(adcLayout, {
      ...{ ISR: { write: () => this.#update() }, IER: { write: () => this.#update() } },
      CR: { write: (written, before) => this.#control(written, before) },
      DR: { taken: () => this.#taken() },
    })
    this.#clock = new AdcClock(wiring, () => this.registers.get('CCR', 'PRESC'))
    this.#line = wiring.interrupt('ADC1')
    this.#request = wiring.dmaRequest('ADC1')
    this.#isInterrupting = interruptLevel(this.registers, FLAGS)
    const { registers: r } = this
    listenToTriggers(
      wiring,
      TRIGGERS,
      () => ({ edges: r.get('CFGR1', 'EXTEN'), source: r.get('CFGR1', 'EXTSEL') }),
      () => this.#triggered('ADSTART'),
    )
    listenToTriggers(
      wiring,
      INJECTED_TRIGGERS,
      () => ({ edges: r.get('JSQR', 'JEXTEN'), source: r.get('JSQR', 'JEXTSEL') }),
      () => this.#triggered('JADSTART'),
    )
  }

  reset(): void {
    this.registers.reset()
    this.#stop()
    this.#update()
  }

  #control(written: number, before: number): void {
    const { registers: r } = this
    const isNew = (bit: number) => (written & bit) !== 0 && (before & bit) === 0
    if (r.is('CR', 'ADVREGEN') && !r.is('CR', 'DEEPPWD')) this.#powerUp()
    else r.set('ISR', 'LDORDY', false)
    if (written >= ADCAL) this.#calibrate()
    if (isNew(CR.ADEN)) this.#enable()
    if (isNew(CR.ADDIS)) this.#disable()
    if (isNew(CR.ADSTART)) this.#start('ADSTART')
    if (isNew(CR.JADSTART)) this.#start('JADSTART')
    if (written & CR.ADSTP) this.#endRegular('ADSTP')
    if (written & CR.JADSTP) this.#endInjected('JADSTP')
    this.#update()
  }

  #powerUp(): void {
    if (this.registers.is('ISR', 'LDORDY')) return
    this.#clock.afterSeconds(REGULATOR_S, () => {
      const isOn = this.registers.is('CR', 'ADVREGEN')
      this.registers.set('ISR', 'LDORDY', isOn)
    })
  }

  #calibrate(): void {
    this.#clock.after(CALIBRATION_CLOCKS, () => this.registers.set('CR', 'ADCAL', false))
  }

  #enable(): void {
    this.#clock.afterSeconds(START_UP_S, () => {
      this.registers.set('ISR', 'ADRDY', this.registers.is('CR', 'ADEN'))
      this.#update()
    })
  }

  #disable(): void {
    this.#stop()
    for (const bit of ['ADEN', 'ADDIS'] as const) this.registers.set('CR', bit, false)
  }

  #stop(): void {
    this.#clock.stop()
    this.#regular = this.#injected = undefined
    this.#nextRegular = this.#nextInjected = 0
    this.#oversampled = { count: 0, sum: 0 }
    this.#isHeld = false
    for (const bit of ['ADSTART', 'JADSTART', 'ADSTP', 'JADSTP'] as const) {
      this.registers.set('CR', bit, false)
    }
  }

  /** ADSTART, JADSTART: begins at once, or waits for triggers. */
  #start(bit: 'ADSTART' | 'JADSTART'): void {
    const { registers: r } = this
    if (!r.is('CR', 'ADEN')) {
      r.set('CR', bit, false)
      return
    }
    if (bit === 'ADSTART') {
      this.#nextRegular = 0
      if (r.get('CFGR1', 'EXTEN') === 0) this.#begin('ADSTART')
    } else {
      this.#nextInjected = 0
      if (r.get('JSQR', 'JEXTEN') === 0) this.#begin('JADSTART')
    }
  }

  #triggered(bit: 'ADSTART' | 'JADSTART'): void {
    if (this.registers.is('CR', bit)) this.#begin(bit)
  }

  /** A trigger, by software or hardware. One that comes while its group runs is lost. */
  #begin(bit: 'ADSTART' | 'JADSTART'): void {
    if (bit === 'ADSTART') this.#regular ??= this.#nextRegular
    else if (this.#injected === undefined) {
      this.#injected = this.#nextInjected
      if (this.#regular !== undefined) this.#clock.stop()
    }
    this.#convertNext()
  }

  #convertNext(): void {
    if (this.#clock.isBusy || this.#isHeld) return
    if (this.#injected !== undefined) {
      this.#sample(this.#injectedChannel(this.#injected), (value) => this.#injectedDone(value))
    } else if (this.#regular !== undefined) {
      this.#sample(this.#regularChannel(this.#regular), (value) => this.#regularDone(value))
    }
  }

  #sample(channel: number, done: (value: number) => void): void {
    const { registers: r } = this
    const { bits, clocks } = RESOLUTION[r.get('CFGR1', 'RES')]
    const field = `SMP${channel}`
    const sampling = SAMPLING[channel < 10 ? r.get('SMPR1', field) : r.get('SMPR2', field)]
    this.#clock.after(sampling + clocks, () => {
      const volts = voltsOf(adc1Channels.get(channel), this.#wiring.pins, (bit) => r.is('CCR', bit))
      r.set('ISR', 'EOSMP', true)
      done(convert(volts, bits))
      this.#convertNext()
      this.#update()
    })
  }

  #regularDone(raw: number): void {
    const { registers: r } = this
    const place = this.#regular!
    const channel = this.#regularChannel(place)
    const value = this.#finish(raw, channel, 'ROVSE')
    if (value === undefined) return
    this.#store(value)
    const isLast = place === r.get('SQR1', 'L')
    if (isLast) r.set('ISR', 'EOS', true)
    this.#nextRegular = isLast ? 0 : place + 1
    const endsGroup = r.is('CFGR1', 'DISCEN') && (place + 1) % (r.get('CFGR1', 'DISCNUM') + 1) === 0
    if (isLast && r.is('CFGR1', 'CONT')) this.#regular = 0
    else if (isLast || endsGroup) this.#regular = undefined
    else this.#regular = place + 1
    if (isLast && r.is('CFGR1', 'JAUTO')) this.#injected = 0
    const isOver = this.#regular === undefined && r.get('CFGR1', 'EXTEN') === 0
    if (isOver && isLast) r.set('CR', 'ADSTART', false)
    if (r.is('CFGR1', 'AUTDLY')) this.#isHeld = true
  }

  #injectedDone(raw: number): void {
    const { registers: r } = this
    const place = this.#injected!
    const value = this.#finish(raw, this.#injectedChannel(place), 'JOVSE')
    if (value === undefined) return
    r.setAll(INJECTED[place], value)
    r.set('ISR', 'JEOC', true)
    const isLast = place === r.get('JSQR', 'JL')
    if (isLast) r.set('ISR', 'JEOS', true)
    this.#nextInjected = isLast ? 0 : place + 1
    const isOver = isLast || r.is('CFGR1', 'JDISCEN')
    this.#injected = isOver ? undefined : place + 1
    if (isLast && r.get('JSQR', 'JEXTEN') === 0) r.set('CR', 'JADSTART', false)
  }

  /** Oversampling, then offset and watchdogs; undefined while more samples are wanted. */
  #finish(raw: number, channel: number, enable: 'ROVSE' | 'JOVSE'): number | undefined {
    const { registers: r } = this
    let value = raw
    if (r.is('CFGR2', enable)) {
      this.#oversampled.count++
      this.#oversampled.sum += raw
      if (this.#oversampled.count <= r.get('CFGR2', 'OSVR')) return undefined
      value = Math.floor(this.#oversampled.sum / 2 ** r.get('CFGR2', 'OVSS'))
      this.#oversampled = { count: 0, sum: 0 }
    }
    const corrected = this.#withOffset(value, channel) * 2 ** r.get('CFGR2', 'LSHIFT')
    this.#watch(corrected, channel, enable === 'JOVSE')
    return corrected >>> 0
  }

  #withOffset(value: number, channel: number): number {
    const { registers: r } = this
    const name = OFFSETS.find((n) => r.get(n, 'OFFSET') !== 0 && r.get(n, 'OFFSET_CH') === channel)
    if (name === undefined) return value
    const moved = value + (r.is(name, 'POSOFF') ? 1 : -1) * r.get(name, 'OFFSET')
    const top = 2 ** RESOLUTION[r.get('CFGR1', 'RES')].bits - 1
    return r.is(name, 'USAT') ? Math.min(Math.max(moved, 0), top) : moved
  }

  #watch(value: number, channel: number, isInjected: boolean): void {
    const { registers: r } = this
    const isMine = !r.is('CFGR1', 'AWD1SGL') || r.get('CFGR1', 'AWD1CH') === channel
    const isWatched = r.is('CFGR1', isInjected ? 'JAWD1EN' : 'AWD1EN') && isMine
    if (isWatched && isOutside(value, r.get('LTR1'), r.get('HTR1'))) r.set('ISR', 'AWD1', true)
    const others = [
      ['AWD2CR', 'LTR2', 'HTR2', 'AWD2'],
      ['AWD3CR', 'LTR3', 'HTR3', 'AWD3'],
    ] as const
    for (const [channels, low, high, flag] of others) {
      const isOn = ((r.get(channels) >>> channel) & 1) === 1
      if (isOn && isOutside(value, r.get(low), r.get(high))) r.set('ISR', flag, true)
    }
  }

  #store(value: number): void {
    const { registers: r } = this
    const isUnread = r.is('ISR', 'EOC')
    if (isUnread) r.set('ISR', 'OVR', true)
    if (!isUnread || r.is('CFGR1', 'OVRMOD')) r.setAll('DR', value)
    r.set('ISR', 'EOC', true)
  }

  #taken(): void {
    this.registers.set('ISR', 'EOC', false)
    this.#isHeld = false
    this.#update()
    this.#convertNext()
  }

  #endRegular(bit: 'ADSTP'): void {
    if (this.#injected === undefined) this.#clock.stop()
    this.#regular = undefined
    this.#oversampled = { count: 0, sum: 0 }
    for (const name of ['ADSTART', bit] as const) this.registers.set('CR', name, false)
  }

  #endInjected(bit: 'JADSTP'): void {
    if (this.#injected !== undefined) this.#clock.stop()
    this.#injected = undefined
    for (const name of ['JADSTART', bit] as const) this.registers.set('CR', name, false)
    this.#convertNext()
  }

  #regularChannel(place: number): number {
    const number = place + 1
    const row = SEQUENCES[Math.floor(number / 5)]
    return (this.registers.get(row) >>> ((number % 5) * 6)) & 0x1f
  }

  #injectedChannel(place: number): number {
    return this.registers.get('JSQR', `JSQ${place + 1}` as 'JSQ1')
  }

  #update(): void {
    const { registers: r } = this
    this.#line.set(this.#isInterrupting())
    const isMoved = r.get('CFGR1', 'DMNGT') === 1 || r.get('CFGR1', 'DMNGT') === 3
    this.#request.set(isMoved && r.is('ISR', 'EOC'))
  }
}

export const adcs = { ADC1: (wiring) => new Adc(wiring) } satisfies Makers
