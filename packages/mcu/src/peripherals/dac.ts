/**
 * DAC1, two channels of 12 bits. RM0456, chapter "Digital-to-analog converter (DAC)".
 *
 * Data holding registers in every alignment, single and dual; software and hardware triggers; noise
 * and triangle waves; DMA with underrun. The voltage appears on PA4 and PA5 unless MCR.MODE leads
 * it inside only.
 *
 * Not modelled: sample and hold, signed formats, double DMA data, autonomous mode, trimming (a
 * calibration finds nothing to correct).
 */

import type { Contact } from '../pins/pad.ts'
import { interruptLevel, partly, RegisterFile, reg, ro, rw, tagged, w1c, wo } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { VREF_VOLTS } from './analog-inputs.ts'

const holding = (offset: number, bit: number, width: number) =>
  reg(offset, { DACCDHR: rw(bit, width) })
const dual = (offset: number, bit: number, width: number, second: number) =>
  reg(offset, { DACC1DHR: wo(bit, width), DACC2DHR: wo(second, width) })

export const dacLayout = {
  CR: reg(0x00, {
    ...{ EN1: rw(0), TEN1: rw(1), TSEL1: rw(2, 4), WAVE1: rw(6, 2), MAMP1: rw(8, 4) },
    ...{ DMAEN1: rw(12), DMAUDRIE1: rw(13), CEN1: rw(14), EN2: rw(16), TEN2: rw(17) },
    ...{ TSEL2: rw(18, 4), WAVE2: rw(22, 2), MAMP2: rw(24, 4), DMAEN2: rw(28) },
    ...{ DMAUDRIE2: rw(29), CEN2: rw(30) },
  }),
  SWTRIGR: reg(0x04, { SWTRIG1: wo(0), SWTRIG2: wo(1) }),
  ...{ DHR12R1: holding(0x08, 0, 12), DHR12L1: holding(0x0c, 4, 12), DHR8R1: holding(0x10, 0, 8) },
  ...{ DHR12R2: holding(0x14, 0, 12), DHR12L2: holding(0x18, 4, 12), DHR8R2: holding(0x1c, 0, 8) },
  ...{ DHR12RD: dual(0x20, 0, 12, 16), DHR12LD: dual(0x24, 4, 12, 20) },
  DHR8RD: dual(0x28, 0, 8, 8),
  DOR1: reg(0x2c, { DACC1DOR: ro(0, 12) }),
  DOR2: reg(0x30, { DACC2DOR: ro(0, 12) }),
  SR: reg(0x34, {
    ...{ DAC1RDY: ro(11), DORSTAT1: ro(12), DMAUDR1: w1c(13), CAL_FLAG1: ro(14), BWST1: ro(15) },
    ...{ DAC2RDY: ro(27), DORSTAT2: ro(28), DMAUDR2: w1c(29), CAL_FLAG2: ro(30), BWST2: ro(31) },
  }),
  CCR: reg(0x38, { OTRIM1: rw(0, 5), OTRIM2: rw(16, 5) }),
  MCR: reg(0x3c, {
    ...{ MODE1: partly(0, 3, [0, 1, 2, 3]), DMADOUBLE1: tagged(8), SINFORMAT1: tagged(9) },
    ...{ HFSEL: rw(14, 2), MODE2: partly(16, 3, [0, 1, 2, 3]), DMADOUBLE2: tagged(24) },
    SINFORMAT2: tagged(25),
  }),
  ...{
    SHSR1: reg(0x40, { TSAMPLE1: tagged(0, 10) }),
    SHSR2: reg(0x44, { TSAMPLE2: tagged(0, 10) }),
  },
  SHHR: reg(0x48, { THOLD1: tagged(0, 10), THOLD2: tagged(16, 10) }, 0x0001_0001),
  SHRR: reg(0x4c, { TREFRESH1: tagged(0, 8), TREFRESH2: tagged(16, 8) }, 0x0001_0001),
  AUTOCR: reg(0x54, { AUTOMODE: tagged(22) }),
} as const

/** CR.TSELx, from 1 on; 0 is software. RM0456, "DAC trigger selection". */
const TRIGGERS = [
  ...[undefined, 'TIM1_TRGO', 'TIM2_TRGO', 'TIM4_TRGO', 'TIM5_TRGO', 'TIM6_TRGO', 'TIM7_TRGO'],
  ...['TIM8_TRGO', 'TIM15_TRGO', undefined, undefined, 'LPTIM1_CH1', 'LPTIM3_CH1', 'EXTI9'],
]
/** From ENx to DACxRDY (DS13086, typical), in seconds. */
const WAKE_UP_S = 3e-6
const FULL_SCALE = 0xfff
const LFSR_START = 0xaaa
/** MCR.MODE: the output pin is connected. */
const MODES_WITH_PIN = [0, 1, 4, 5]
const CHANNELS = [1, 2] as const
type ChannelNumber = (typeof CHANNELS)[number]

interface Channel {
  readonly contact: Contact
  readonly request: Output
  held: number
  isRequested: boolean
  lfsr: number
  triangle: number
  isFalling: boolean
}

export class Dac implements Peripheral {
  readonly registers: RegisterFile<typeof dacLayout>
  readonly #wiring: Wiring
  readonly #line: Output
  readonly #channels: Readonly<Record<ChannelNumber, Channel>>
  readonly #isInterrupting: () => boolean

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    const held = (channel: ChannelNumber, shift: number) => ({
      write: (written: number) =>
        this.#hold(channel, shift < 0 ? written >>> -shift : written << shift),
    })
    const both = (width: number, first: number, second: number, shift: number) => ({
      write: (written: number) => {
        const mask = 2 ** width - 1
        this.#hold(1, ((written >>> first) & mask) << shift)
        this.#hold(2, ((written >>> second) & mask) << shift)
      },
    })
    this.registers = new RegisterFile(dacLayout, {
      CR: { write: (_written, before) => this.#control(before) },
      SWTRIGR: { write: (written) => this.#softwareTrigger(written) },
      ...{ DHR12R1: held(1, 0), DHR12L1: held(1, -4), DHR8R1: held(1, 4) },
      ...{ DHR12R2: held(2, 0), DHR12L2: held(2, -4), DHR8R2: held(2, 4) },
      ...{ DHR12RD: both(12, 0, 16, 0), DHR12LD: both(12, 4, 20, 0), DHR8RD: both(8, 0, 8, 4) },
      ...{ SR: { write: () => this.#update() }, MCR: { write: () => this.#update() } },
    })
    this.#line = wiring.interrupt('DAC1')
    this.#isInterrupting = interruptLevel(this.registers, [
      ['CR.DMAUDRIE1', 'SR.DMAUDR1'],
      ['CR.DMAUDRIE2', 'SR.DMAUDR2'],
    ])
    const channel = (number: ChannelNumber): Channel => ({
      contact: wiring.pins.pad(number === 1 ? 'PA4' : 'PA5').connect(`DAC1_OUT${number}`),
      request: wiring.dmaRequest(`DAC1_CH${number}`),
      ...{ held: 0, isRequested: false, lfsr: LFSR_START, triangle: 0, isFalling: false },
    })
    this.#channels = { 1: channel(1), 2: channel(2) }
    this.#listen()
  }

  reset(): void {
    this.registers.reset()
    for (const number of CHANNELS) {
      const channel = this.#channels[number]
      Object.assign(channel, { held: 0, lfsr: LFSR_START, triangle: 0, isFalling: false })
      channel.isRequested = false
    }
    this.#update()
  }

  #listen(): void {
    TRIGGERS.forEach((name, source) => {
      if (name === undefined) return
      this.#wiring.wire(name).listen((isHigh) => {
        if (!isHigh) return
        for (const number of CHANNELS) {
          if (this.#isTriggeredBy(number, source)) this.#trigger(number, true)
        }
      })
    })
  }

  #isTriggeredBy(number: ChannelNumber, source: number): boolean {
    const { registers: r } = this
    const isOn = r.is('CR', `EN${number}`) && r.is('CR', `TEN${number}`)
    return isOn && r.get('CR', `TSEL${number}`) === source
  }

  #softwareTrigger(written: number): void {
    for (const number of CHANNELS) {
      if ((written >>> (number - 1)) & 1 && this.#isTriggeredBy(number, 0))
        this.#trigger(number, false)
    }
  }

  #control(before: number): void {
    const { registers: r } = this
    for (const number of CHANNELS) {
      const wasOn = (before >>> (number === 1 ? 0 : 16)) & 1
      const isOn = r.is('CR', `EN${number}`)
      if (isOn && !wasOn) this.#wakeUp(number)
      if (!isOn) r.set('SR', `DAC${number}RDY`, false)
      if (!r.is('CR', `DMAEN${number}`)) this.#channels[number].isRequested = false
    }
    this.#update()
  }

  #wakeUp(number: ChannelNumber): void {
    const { scheduler, clocks } = this.#wiring
    scheduler.at(scheduler.now + WAKE_UP_S * clocks.cycleHz, () => {
      this.registers.set('SR', `DAC${number}RDY`, this.registers.is('CR', `EN${number}`))
    })
  }

  /** A data holding register was written: without triggers it goes out at once. */
  #hold(number: ChannelNumber, value: number): void {
    const channel = this.#channels[number]
    channel.held = value & FULL_SCALE
    channel.isRequested = false
    if (!this.registers.is('CR', `TEN${number}`)) this.#put(number, channel.held)
    this.#update()
  }

  #trigger(number: ChannelNumber, isHardware: boolean): void {
    const { registers: r } = this
    const channel = this.#channels[number]
    this.#put(number, this.#shaped(number))
    if (isHardware && r.is('CR', `DMAEN${number}`)) {
      if (channel.isRequested) r.set('SR', `DMAUDR${number}`, true)
      channel.isRequested = true
    }
    this.#update()
  }

  /** The held value with the noise or triangle that CR.WAVEx adds. */
  #shaped(number: ChannelNumber): number {
    const { registers: r } = this
    const channel = this.#channels[number]
    const amplitude = 2 ** Math.min(r.get('CR', `MAMP${number}`) + 1, 12) - 1
    const wave = r.get('CR', `WAVE${number}`)
    if (wave === 0) return channel.held
    if (wave === 1) {
      const sum = channel.held + (channel.lfsr & amplitude)
      channel.lfsr = nextNoise(channel.lfsr)
      return Math.min(sum, FULL_SCALE)
    }
    const sum = channel.held + channel.triangle
    channel.triangle += channel.isFalling ? -1 : 1
    if (channel.triangle === amplitude) channel.isFalling = true
    if (channel.triangle === 0) channel.isFalling = false
    return Math.min(sum, FULL_SCALE)
  }

  #put(number: ChannelNumber, value: number): void {
    this.registers.setAll(`DOR${number}`, value)
  }

  #update(): void {
    const { registers: r } = this
    for (const number of CHANNELS) {
      const channel = this.#channels[number]
      const hasPin = MODES_WITH_PIN.includes(r.get('MCR', `MODE${number}`))
      const volts = (r.get(`DOR${number}`) / (FULL_SCALE + 1)) * VREF_VOLTS
      channel.contact.voltage(r.is('CR', `EN${number}`) && hasPin ? volts : undefined)
      channel.request.set(channel.isRequested)
    }
    this.#line.set(this.#isInterrupting())
  }
}

/** RM0456, "DAC noise generation": taps at bits 0, 1, 4 and 6; all zeros is left by the NOR. */
function nextNoise(lfsr: number): number {
  const taps = lfsr ^ (lfsr >>> 1) ^ (lfsr >>> 4) ^ (lfsr >>> 6)
  const bit = (taps & 1) ^ Number(lfsr === 0)
  return (lfsr >>> 1) | (bit << 11)
}

export const dacs = { DAC1: (wiring) => new Dac(wiring) } satisfies Makers
