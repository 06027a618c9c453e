/**
 * Slave modes of a timer: what its trigger input is, and what the counter is told to do at its
 * edges. RM0456, "Timers and external trigger synchronization", "Encoder interface mode".
 */
import type { Cell, RegisterFile } from '../registers.ts'
import type { Wiring } from '../wiring.ts'
import type { timLayout } from './tim-layout.ts'

const SMS = {
  encoder1: 1,
  encoder3: 3,
  reset: 4,
  gated: 5,
  trigger: 6,
  external: 7,
  both: 8,
} as const
const TS = { edge: 4, input1: 5, input2: 6, external: 7 } as const
/** Internal triggers by TS: RM0456, "TIM internal trigger connection". */
const ITR = ['TIM1_TRGO', 'TIM2_TRGO', 'TIM3_TRGO', 'TIM4_TRGO', 'TIM5_TRGO', 'TIM8_TRGO']
const ITR_MORE = ['TIM15_TRGO', 'TIM16_OC1', 'TIM17_OC1']

/** The timer, as far as its trigger moves it. */
export interface SlaveOptions {
  readonly wiring: Wiring
  readonly registers: RegisterFile<typeof timLayout>
  readonly hasInputs: boolean
  inputLevel(input: 1 | 2): boolean
  /** Brings the counter up to now. */
  sync(): void
  /** Something that decides about the next event is different. */
  changed(): void
  /** The gate was opened or closed. */
  gated(): void
  /** CEN was set. */
  enabled(): void
  reinitialize(): void
  clockEdge(): void
  step(direction: 1 | -1): void
  requestDma(): void
}

export class TimSlave {
  readonly #timer: SlaveOptions
  readonly #registers: RegisterFile<typeof timLayout>
  readonly #sms: Cell
  readonly #sms3: Cell
  readonly #ece: Cell
  #isGateOpen = true
  #stopTrigger: (() => void) | undefined

  constructor(timer: SlaveOptions) {
    this.#timer = timer
    const { registers } = timer
    this.#registers = registers
    this.#sms = registers.cell('SMCR', 'SMS')
    this.#sms3 = registers.cell('SMCR', 'SMS_3')
    this.#ece = registers.cell('SMCR', 'ECE')
    if (!timer.hasInputs) return
    const { pins, name } = timer.wiring
    pins.signal(`${name}_ETR`).listen((isHigh) => this.#externalTrigger(isHigh))
  }

  reset(): void {
    this.#stopTrigger?.()
    this.#stopTrigger = undefined
    this.#isGateOpen = true
  }

  /** The internal clock moves the counter; not so in encoder and external clock modes. */
  get letsClock(): boolean {
    const isOutside = this.#mode === SMS.external || this.isEncoder
    return !isOutside && !this.#ece.isSet && this.#isGateOpen
  }

  get isEncoder(): boolean {
    const mode = this.#mode
    return mode >= SMS.encoder1 && mode <= SMS.encoder3
  }

  get #mode(): number {
    return this.#sms.value | (this.#sms3.value << 3)
  }

  get #source(): number {
    return this.#registers.get('SMCR', 'TS') | (this.#registers.get('SMCR', 'TS_HIGH') << 3)
  }

  /** SMCR or DIER selects another trigger. */
  connect(): void {
    this.reset()
    const source = this.#source
    const mode = this.#mode
    const name = source < 4 ? ITR[source] : [...ITR.slice(4), ...ITR_MORE][source - 8]
    this.#isGateOpen = mode !== SMS.gated
    if (name !== undefined && (mode >= SMS.reset || this.#registers.is('DIER', 'TIE'))) {
      const wire = this.#timer.wiring.wire(name)
      this.#stopTrigger = wire.listen((isHigh) => this.#triggerLevel(isHigh))
      if (mode === SMS.gated) this.#isGateOpen = wire.isHigh
    } else if (mode === SMS.gated && source !== TS.edge) {
      this.#isGateOpen = this.#inputLevel(source)
    }
  }

  #inputLevel(source: number): boolean {
    if (source === TS.input1) return this.#active(1)
    if (source === TS.input2) return this.#active(2)
    return true
  }

  /** The input, after its polarity. */
  #active(input: 1 | 2): boolean {
    return this.#timer.inputLevel(input) !== this.#registers.is('CCER', `CC${input}P`)
  }

  /** An input pin of a channel changed: encoder, or the trigger if TS selects it. */
  inputChanged(input: number, isHigh: boolean): void {
    if (this.isEncoder) this.#encode(input, isHigh)
    const source = this.#source
    if (source === TS.edge && input === 1) {
      this.#triggerLevel(true)
      return
    }
    const isSource = (source === TS.input1 && input === 1) || (source === TS.input2 && input === 2)
    if (!isSource) return
    this.#triggerLevel(isHigh !== this.#registers.is('CCER', input === 1 ? 'CC1P' : 'CC2P'))
  }

  #triggerLevel(isHigh: boolean): void {
    const mode = this.#mode
    this.#timer.sync()
    if (mode === SMS.gated) {
      this.#isGateOpen = isHigh
      this.#timer.gated()
      this.#registers.set('SR', 'TIF', true)
    } else if (isHigh && mode !== 0) {
      this.triggered()
    }
    this.#timer.changed()
  }

  /** The trigger is there, from outside or by TG. */
  triggered(): void {
    const r = this.#registers
    const mode = this.#mode
    r.set('SR', 'TIF', true)
    if (r.is('DIER', 'TDE')) this.#timer.requestDma()
    if (mode === SMS.reset || mode === SMS.both) this.#timer.reinitialize()
    if ((mode === SMS.trigger || mode === SMS.both) && !r.is('CR1', 'CEN')) {
      r.set('CR1', 'CEN', true)
      this.#timer.enabled()
    }
    if (mode === SMS.external) this.#timer.clockEdge()
  }

  /** Encoder modes 1 to 3: the level of the other input tells the direction. */
  #encode(input: number, isHigh: boolean): void {
    const r = this.#registers
    const mode = this.#mode
    if (!r.is('CR1', 'CEN') || input > 2 || (mode !== SMS.encoder3 && mode !== input)) return
    const own = isHigh !== r.is('CCER', input === 1 ? 'CC1P' : 'CC2P')
    const isUp = input === 1 ? own !== this.#active(2) : own === this.#active(1)
    r.set('CR1', 'DIR', !isUp)
    this.#timer.step(isUp ? 1 : -1)
  }

  #externalTrigger(isHigh: boolean): void {
    const r = this.#registers
    const isActive = isHigh !== r.is('SMCR', 'ETP')
    this.#timer.sync()
    if (isActive && r.is('SMCR', 'ECE')) this.#timer.clockEdge()
    if (this.#source === TS.external) this.#triggerLevel(isActive)
    this.#timer.changed()
  }
}
