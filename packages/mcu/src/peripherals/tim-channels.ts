/**
 * Channels of a timer: output compare, PWM, input capture, and their pins. RM0456, "Capture/compare
 * channels". Used by tim.ts, which says when the counter meets a channel's value.
 *
 * A captured or compared value is CCRx; one that is preloaded acts from the next update on. The
 * reference of a channel (OCxREF) is high while it is active; polarity, enables and, where there is
 * one, the main output enable make the pin's level of it.
 */
import type { SignalPort } from '../pins/pins.ts'
import type { RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Wiring } from '../wiring.ts'
import type { TimShape, timLayout } from './tim-layout.ts'

export interface TimChannelsParts {
  readonly wiring: Wiring
  readonly shape: TimShape
  readonly registers: RegisterFile<typeof timLayout>
  counter(): { readonly count: number; readonly isDown: boolean }
  /** MOE, where there is one. */
  isOutputOn(): boolean
  captured(channel: number): void
  sync(): void
  inputChanged(input: number, isHigh: boolean): void
}

const MODE = { frozen: 0, active: 1, inactive: 2, toggle: 3, forceLow: 4, forceHigh: 5 } as const
const PWM1 = 6
const PWM2 = 7
const SOURCE = { output: 0, own: 1, partner: 2, trigger: 3 } as const

type Number4 = 1 | 2 | 3 | 4

interface Channel {
  readonly number: Number4
  readonly pin: SignalPort
  readonly complement: SignalPort | undefined
  readonly reference: Output
  /** CCRx in force. */
  active: number
  isHigh: boolean
  /** Edges since the last capture, for ICxPSC. */
  edges: number
}

export class TimChannels {
  readonly #parts: TimChannelsParts
  readonly #channels: readonly Channel[]

  constructor(parts: TimChannelsParts) {
    this.#parts = parts
    const { wiring, shape } = parts
    const { pins, name } = wiring
    this.#channels = Array.from({ length: shape.channels }, (_, index) => {
      const number = (index + 1) as Number4
      const pin = pins.signal(`${name}_CH${number}`)
      pin.listen((isHigh) => this.#input(number, isHigh))
      return {
        ...{ number, pin, active: 0, isHigh: false, edges: 0 },
        complement: index < shape.complementary ? pins.signal(`${name}_CH${number}N`) : undefined,
        reference: wiring.wire(`${name}_OC${number}`).connect(),
      }
    })
  }

  reset(): void {
    for (const channel of this.#channels) {
      channel.active = channel.edges = 0
      channel.isHigh = false
      channel.reference.set(false)
    }
    this.drive()
  }

  /** CCRx in force. */
  active(channel: number): number {
    return this.#channels[channel - 1]!.active
  }

  isOutput(channel: number): boolean {
    return this.#source(channel as Number4) === SOURCE.output
  }

  /** Somebody could see the reference of this channel: at a pin, or on its wire. */
  isSeen(channel: number): boolean {
    const { number, pin, complement } = this.#channels[channel - 1]!
    const mode = this.#mode(number)
    if (!this.isOutput(number) || mode === MODE.frozen) return false
    if (mode === MODE.forceLow || mode === MODE.forceHigh) return false
    if (this.#parts.wiring.wire(`${this.#parts.wiring.name}_OC${number}`).isWatched) return true
    if (!this.#parts.isOutputOn()) return false
    const isOn = this.#is(`CC${number}E`) && pin.pads.length > 0
    return isOn || (this.#isComplemented(number) && (complement?.pads.length ?? 0) > 0)
  }

  inputLevel(input: number): boolean {
    return this.#channels[input - 1]?.pin.read(false) ?? false
  }

  /** CCRx was written; true if the value waits for an update. */
  written(channel: number): boolean {
    const found = this.#channels[channel - 1]
    if (found === undefined || !this.isOutput(channel)) return false
    if (this.#isPreloaded(found.number)) return this.#value(found.number) !== found.active
    found.active = this.#value(found.number)
    return false
  }

  /** An update: preloaded values act. */
  load(): void {
    for (const channel of this.#channels) channel.active = this.#value(channel.number)
  }

  /** CCMR or CCER was written. */
  configure(): void {
    for (const channel of this.#channels) {
      if (!this.#isPreloaded(channel.number)) channel.active = this.#value(channel.number)
      if (this.#source(channel.number) === SOURCE.trigger) {
        this.#parts.wiring.notModelled(`CCMR.CC${channel.number}S`, 'capture of TRC: never happens')
      }
    }
    this.drive()
  }

  /** The output channels of which `isPassed` is true. */
  matchesBetween(isPassed: (channel: number) => boolean): number[] {
    return this.#channels
      .map(({ number }) => number)
      .filter((number) => this.isOutput(number) && isPassed(number))
  }

  /** The counter has met the value. */
  matched(channel: number): void {
    const found = this.#channels[channel - 1]!
    const mode = this.#mode(found.number)
    if (mode === MODE.active) found.isHigh = true
    if (mode === MODE.inactive) found.isHigh = false
    if (mode === MODE.toggle) found.isHigh = !found.isHigh
  }

  /** EGR.CCxG: as a match or an edge. */
  generate(channel: number, match: () => void): void {
    if (this.isOutput(channel)) match()
    else this.#capture(this.#channels[channel - 1]!)
  }

  /** References and pins as the counter stands now. */
  drive(): void {
    const counter = this.#parts.counter()
    for (const channel of this.#channels) {
      if (!this.isOutput(channel.number)) {
        channel.pin.drive(undefined)
        continue
      }
      this.#refer(channel, counter)
      channel.reference.set(channel.isHigh)
      channel.pin.drive(this.#level(channel))
      channel.complement?.drive(this.#complementLevel(channel))
    }
  }

  #refer(channel: Channel, { count, isDown }: { count: number; isDown: boolean }): void {
    const mode = this.#mode(channel.number)
    const isBelow = isDown ? count <= channel.active : count < channel.active
    if (mode === PWM1) channel.isHigh = isBelow
    if (mode === PWM2) channel.isHigh = !isBelow
    if (mode === MODE.forceLow) channel.isHigh = false
    if (mode === MODE.forceHigh) channel.isHigh = true
  }

  #level({ number, isHigh }: Channel): boolean | undefined {
    const { registers: r } = this.#parts
    if (!this.#parts.isOutputOn()) {
      return r.is('BDTR', 'OSSI') && this.#is(`CC${number}E`)
        ? r.is('CR2', `OIS${number}`)
        : undefined
    }
    return this.#is(`CC${number}E`) ? isHigh !== this.#is(`CC${number}P`) : undefined
  }

  #complementLevel({ number, isHigh }: Channel): boolean | undefined {
    const { registers: r } = this.#parts
    const isOn = this.#isComplemented(number)
    if (!this.#parts.isOutputOn()) {
      return r.is('BDTR', 'OSSI') && isOn ? r.is('CR2', `OIS${number}N`) : undefined
    }
    if (!isOn) return undefined
    const reference = this.#is(`CC${number}E`) ? !isHigh : isHigh
    return reference !== this.#is(`CC${number}NP`)
  }

  #input(input: Number4, isHigh: boolean): void {
    this.#parts.sync()
    for (const channel of this.#channels) {
      const source = this.#source(channel.number)
      const isOwn = source === SOURCE.own && channel.number === input
      const isPartners = source === SOURCE.partner && partnerOf(channel.number) === input
      if ((isOwn || isPartners) && this.#is(`CC${channel.number}E`)) this.#edge(channel, isHigh)
    }
    this.#parts.inputChanged(input, isHigh)
  }

  #edge(channel: Channel, isHigh: boolean): void {
    const isInverted = this.#is(`CC${channel.number}P`)
    const isBoth = isInverted && this.#is(`CC${channel.number}NP`)
    if (!isBoth && isHigh === isInverted) return
    channel.edges++
    if (channel.edges < 1 << this.#inputPrescaler(channel.number)) return
    channel.edges = 0
    this.#capture(channel)
  }

  #capture({ number }: Channel): void {
    this.#parts.registers.setAll(`CCR${number}`, this.#parts.counter().count)
    this.#parts.captured(number)
  }

  // Fields that stand twice in a register.

  #mode(number: Number4): number {
    return this.#parts.registers.get(modeRegister(number), `OC${number}M` as never)
  }

  #source(number: Number4): number {
    return this.#parts.registers.get(modeRegister(number), `CC${number}S` as never)
  }

  /** As an input's field: bits 2 and 3 of the channel's byte. */
  #inputPrescaler(number: Number4): number {
    const { registers: r } = this.#parts
    const register = modeRegister(number)
    return (
      r.get(register, `OC${number}FE` as never) | (r.get(register, `OC${number}PE` as never) << 1)
    )
  }

  #isPreloaded(number: Number4): boolean {
    return (
      this.isOutput(number) &&
      this.#parts.registers.is(modeRegister(number), `OC${number}PE` as never)
    )
  }

  #isComplemented(number: Number4): boolean {
    return number <= this.#parts.shape.complementary && this.#is(`CC${number}NE`)
  }

  #value(number: Number4): number {
    const value = this.#parts.registers.get(`CCR${number}`)
    return this.#parts.shape.bits === 32 ? value : value & 0xffff
  }

  #is(field: keyof (typeof timLayout)['CCER']['fields']): boolean {
    return this.#parts.registers.is('CCER', field)
  }
}

function modeRegister(number: Number4): 'CCMR1' | 'CCMR2' {
  return number <= 2 ? 'CCMR1' : 'CCMR2'
}

function partnerOf(number: Number4): Number4 {
  return (((number - 1) ^ 1) + 1) as Number4
}
