/**
 * LPTIM1 to LPTIM4. RM0456, chapter "Low-power timer (LPTIM)".
 *
 * Counts its kernel clock through a prescaler from 0 to ARR, once or for ever; compare channels 1
 * and 2 flag and make a waveform (high from CCRx to the end of the period); repetition counter,
 * interrupts, DMA at each update, triggers. Writes are taken over at once, their OK flags say so.
 *
 * Tagged: external clock, triggers and encoder, capture, timeout and set-once modes, filters.
 */
import type { DmaRequestName } from '../dma-requests.ts'
import type { InterruptName } from '../interrupts.ts'
import type { SignalPort } from '../pins/pins.ts'
import {
  type InterruptPair,
  interruptLevel,
  RegisterFile,
  reg,
  ro,
  rw,
  tagged,
  wo,
} from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'

const flags = (field: (bit: number) => ReturnType<typeof rw>) => ({
  ...{ CC1: field(0), ARRM: field(1), EXTTRIG: field(2), CMP1OK: field(3), ARROK: field(4) },
  ...{ UP: field(5), DOWN: field(6), UE: field(7), REPOK: field(8), CC2: field(9) },
  ...{ CC1O: field(12), CC2O: field(13), CMP2OK: field(19), DIEROK: field(24) },
})

const lptimLayout = {
  ISR: reg(0x00, flags(ro)),
  ICR: reg(0x04, flags(wo)),
  DIER: reg(0x08, { ...flags(rw), CC1DE: tagged(16), UEDE: rw(23), CC2DE: tagged(25) }),
  CFGR: reg(0x0c, {
    ...{
      CKSEL: tagged(0),
      CKPOL: tagged(1, 2),
      CKFLT: rw(3, 2),
      TRGFLT: rw(6, 2),
      PRESC: rw(9, 3),
    },
    ...{ TRIGSEL: rw(13, 3), TRIGEN: tagged(17, 2), TIMOUT: tagged(19), WAVE: tagged(20) },
    ...{ WAVPOL: rw(21), PRELOAD: rw(22), COUNTMODE: tagged(23), ENC: tagged(24) },
  }),
  CR: reg(0x10, {
    ENABLE: rw(0),
    SNGSTRT: rw(1),
    CNTSTRT: rw(2),
    COUNTRST: rw(3),
    RSTARE: tagged(4),
  }),
  CCR1: reg(0x14, { CCR1: rw(0, 16) }),
  ARR: reg(0x18, { ARR: rw(0, 16) }, 1),
  CNT: reg(0x1c, { CNT: ro(0, 16) }),
  CFGR2: reg(0x24, {
    IN1SEL: tagged(0, 2),
    IN2SEL: tagged(4, 2),
    IC1SEL: tagged(16, 2),
    IC2SEL: tagged(20, 2),
  }),
  RCR: reg(0x28, { REP: rw(0, 8) }),
  CCMR1: reg(0x2c, {
    ...{
      CC1SEL: tagged(0),
      CC1E: rw(1),
      CC1P: rw(2, 2),
      IC1PSC: tagged(8, 2),
      IC1F: tagged(12, 2),
    },
    ...{
      CC2SEL: tagged(16),
      CC2E: rw(17),
      CC2P: rw(18, 2),
      IC2PSC: tagged(24, 2),
      IC2F: tagged(28, 2),
    },
  }),
  CCR2: reg(0x34, { CCR2: rw(0, 16) }),
} as const

const pairs = Object.keys(flags(rw)).map((name): InterruptPair => [`DIER.${name}`, `ISR.${name}`])

class Lptim implements Peripheral {
  readonly registers: RegisterFile<typeof lptimLayout>
  readonly #ticks: Ticks
  readonly #line: Output
  readonly #isInterrupting: () => boolean
  /** LPTIM4 has none. */
  readonly #updateRequest: Output | undefined
  readonly #pins: readonly SignalPort[]
  readonly #triggers: readonly Output[]
  #since = 0
  #isCounting = false
  #repeatsLeft = 0
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring) {
    const { name, clocks, pins } = wiring
    this.#ticks = clocks.ticks(() => clocks.hz(name))
    this.#line = wiring.interrupt(name as InterruptName)
    if (name !== 'LPTIM4') this.#updateRequest = wiring.dmaRequest(`${name}_UE` as DmaRequestName)
    this.#pins = [pins.signal(`${name}_CH1`), pins.signal(`${name}_CH2`)]
    this.#triggers = [1, 2].map((n) => wiring.wire(`${name}_CH${n}`).connect())
    const says = (flag: 'ARROK' | 'CMP1OK' | 'CMP2OK' | 'REPOK' | 'DIEROK') => ({
      write: () => {
        this.registers.set('ISR', flag, true)
        this.#changed()
      },
    })
    this.registers = new RegisterFile(lptimLayout, {
      ICR: { write: (bits) => this.#clear(bits) },
      CR: { write: () => this.#control() },
      CNT: { read: () => this.#count },
      CCMR1: { write: () => this.#changed() },
      ...{ ARR: says('ARROK'), CCR1: says('CMP1OK'), CCR2: says('CMP2OK') },
      ...{ RCR: says('REPOK'), DIER: says('DIEROK') },
    })
    this.#isInterrupting = interruptLevel(this.registers, pairs)
  }

  reset(): void {
    this.registers.reset()
    this.#isCounting = false
    this.#changed()
  }

  get #cyclesPerCount(): number {
    return 1 << this.registers.get('CFGR', 'PRESC')
  }

  get #count(): number {
    if (!this.#isCounting) return 0
    return Math.floor((this.#ticks.now - this.#since) / this.#cyclesPerCount)
  }

  #control(): void {
    const { registers: r } = this
    const isOn = r.is('CR', 'ENABLE')
    const starts = isOn && (r.is('CR', 'SNGSTRT') || r.is('CR', 'CNTSTRT'))
    if (!isOn) this.#isCounting = false
    if ((starts && !this.#isCounting) || r.is('CR', 'COUNTRST')) this.#restart(starts)
    r.set('CR', 'COUNTRST', false)
    this.#changed()
  }

  #restart(isCounting: boolean): void {
    this.#isCounting ||= isCounting
    this.#since = this.#ticks.now
    this.#repeatsLeft = this.registers.get('RCR', 'REP')
  }

  /** The next of: compare 1, compare 2, ARR, the end of the period. */
  #changed(): void {
    this.#update()
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.#isCounting) return
    const { registers: r } = this
    const count = this.#count
    const end = r.get('ARR', 'ARR') + 1
    const places = [r.get('CCR1', 'CCR1'), r.get('CCR2', 'CCR2'), end - 1, end]
    const next = Math.min(...places.filter((place) => place > count && place <= end))
    this.#cancel = this.#ticks.at(this.#since + next * this.#cyclesPerCount, () =>
      this.#reached(next),
    )
  }

  #reached(place: number): void {
    const { registers: r } = this
    const last = r.get('ARR', 'ARR')
    if (place === r.get('CCR1', 'CCR1')) r.set('ISR', 'CC1', true)
    if (place === r.get('CCR2', 'CCR2')) r.set('ISR', 'CC2', true)
    if (place === last) r.set('ISR', 'ARRM', true)
    if (place === last + 1) this.#overflow()
    this.#changed()
  }

  #overflow(): void {
    const { registers: r } = this
    this.#since += (r.get('ARR', 'ARR') + 1) * this.#cyclesPerCount
    if (this.#repeatsLeft-- > 0) return
    this.#repeatsLeft = r.get('RCR', 'REP')
    r.set('ISR', 'UE', true)
    if (r.is('DIER', 'UEDE')) this.#updateRequest?.pulse()
    if (r.is('CR', 'CNTSTRT')) return
    this.#isCounting = false
    r.set('CR', 'SNGSTRT', false)
  }

  #clear(bits: number): void {
    this.registers.setAll('ISR', this.registers.get('ISR') & ~bits)
    this.#update()
  }

  #update(): void {
    const { registers: r } = this
    this.#line.set(this.#isInterrupting())
    for (const channel of [1, 2] as const) {
      const isOn = r.is('CCMR1', `CC${channel}E`) && r.is('CR', 'ENABLE')
      const isHigh = this.#isCounting && this.#count >= r.get(`CCR${channel}`)
      const level = isHigh !== ((r.get('CCMR1', `CC${channel}P`) & 1) === 1)
      this.#pins[channel - 1]!.drive(isOn ? level : undefined)
      this.#triggers[channel - 1]!.set(isOn && isHigh)
    }
  }
}

const make = (wiring: Wiring): Peripheral => new Lptim(wiring)

export const lptims = { LPTIM1: make, LPTIM2: make, LPTIM3: make, LPTIM4: make } satisfies Makers
