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
  readonly f: ReturnType<typeof channelCells>
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
  /** No channel is set up: outputs stay as they are, off. */
  #isQuiet = false

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
        f: channelCells(parts.registers, number),
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
    this.#isQuiet = false
    this.drive()
    this.#isQuiet = true
  }

  /** CCRx in force. */
  active(channel: number): number {
    return this.#channels[channel - 1]!.active
  }

  isOutput(channel: number): boolean {
    return this.#channels[channel - 1]!.f.source.value === SOURCE.output
  }

  /** Somebody could see the reference of this channel: at a pin, or on its wire. */
  isSeen(channel: number): boolean {
    if (this.#isQuiet) return false
    const { number, f, pin, complement } = this.#channels[channel - 1]!
    const mode = f.mode.value
    if (!this.isOutput(number) || mode === MODE.frozen) return false
    if (mode === MODE.forceLow || mode === MODE.forceHigh) return false
    if (this.#parts.wiring.wire(`${this.#parts.wiring.name}_OC${number}`).isWatched) return true
    if (!this.#parts.isOutputOn()) return false
    const isOn = f.enable.isSet && pin.pads.length > 0
    return (
      isOn ||
      (this.#isComplemented(this.#channels[channel - 1]!) && (complement?.pads.length ?? 0) > 0)
    )
  }

  inputLevel(input: number): boolean {
    return this.#channels[input - 1]?.pin.read(false) ?? false
  }

  /** CCRx was written; true if the value waits for an update. */
  written(channel: number): boolean {
    const found = this.#channels[channel - 1]
    if (found === undefined || !this.isOutput(channel)) return false
    if (this.#isPreloaded(found)) return this.#value(found) !== found.active
    found.active = this.#value(found)
    return false
  }

  /** An update: preloaded values act. */
  load(): void {
    for (const channel of this.#channels) channel.active = this.#value(channel)
  }

  /** CCMR or CCER was written. */
  configure(): void {
    for (const channel of this.#channels) {
      if (!this.#isPreloaded(channel)) channel.active = this.#value(channel)
      if (channel.f.source.value === SOURCE.trigger) {
        this.#parts.wiring.notModelled(`CCMR.CC${channel.number}S`, 'capture of TRC: never happens')
      }
    }
    this.#isQuiet = false
    this.drive()
    const { registers: r } = this.#parts
    this.#isQuiet = r.get('CCMR1') === 0 && r.get('CCMR2') === 0 && r.get('CCER') === 0
  }

  /** Calls for each output channel whose value in force `isPassed`, in order. */
  eachMatch(isPassed: (value: number) => boolean, matched: (channel: number) => void): void {
    const met = this.#channels.filter(
      ({ f, active }) => f.source.value === SOURCE.output && isPassed(active),
    )
    for (const { number } of met) matched(number)
  }

  /** The counter has met the value. */
  matched(channel: number): void {
    const found = this.#channels[channel - 1]!
    const mode = found.f.mode.value
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
    if (this.#isQuiet) return
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
    const mode = channel.f.mode.value
    const isBelow = isDown ? count <= channel.active : count < channel.active
    if (mode === PWM1) channel.isHigh = isBelow
    if (mode === PWM2) channel.isHigh = !isBelow
    if (mode === MODE.forceLow) channel.isHigh = false
    if (mode === MODE.forceHigh) channel.isHigh = true
  }

  #level({ number, f, isHigh }: Channel): boolean | undefined {
    const { registers: r } = this.#parts
    if (!this.#parts.isOutputOn()) {
      return r.is('BDTR', 'OSSI') && f.enable.isSet ? r.is('CR2', `OIS${number}`) : undefined
    }
    return f.enable.isSet ? isHigh !== f.polarity.isSet : undefined
  }

  #complementLevel(channel: Channel): boolean | undefined {
    const { number, f, isHigh } = channel
    const { registers: r } = this.#parts
    const isOn = this.#isComplemented(channel)
    if (!this.#parts.isOutputOn()) {
      return r.is('BDTR', 'OSSI') && isOn ? r.is('CR2', `OIS${number}N`) : undefined
    }
    if (!isOn) return undefined
    const reference = f.enable.isSet ? !isHigh : isHigh
    return reference !== f.complementPolarity.isSet
  }

  #input(input: Number4, isHigh: boolean): void {
    this.#parts.sync()
    for (const channel of this.#channels) {
      const source = channel.f.source.value
      const isOwn = source === SOURCE.own && channel.number === input
      const isPartners = source === SOURCE.partner && partnerOf(channel.number) === input
      if ((isOwn || isPartners) && channel.f.enable.isSet) this.#edge(channel, isHigh)
    }
    this.#parts.inputChanged(input, isHigh)
  }

  #edge(channel: Channel, isHigh: boolean): void {
    const isInverted = channel.f.polarity.isSet
    const isBoth = isInverted && channel.f.complementPolarity.isSet
    if (!isBoth && isHigh === isInverted) return
    channel.edges++
    if (channel.edges < 1 << channel.f.inputPrescaler.value) return
    channel.edges = 0
    this.#capture(channel)
  }

  #capture({ number }: Channel): void {
    this.#parts.registers.setAll(`CCR${number}`, this.#parts.counter().count)
    this.#parts.captured(number)
  }

  #isPreloaded({ f }: Channel): boolean {
    return f.source.value === SOURCE.output && f.preload.isSet
  }

  #isComplemented({ number, f }: Channel): boolean {
    return number <= this.#parts.shape.complementary && f.complement.isSet
  }

  #value({ f }: Channel): number {
    return this.#parts.shape.bits === 32 ? f.value.value : f.value.value & 0xffff
  }
}

/** The fields of a channel; some stand twice in a register, for outputs and for inputs. */
function channelCells(registers: RegisterFile<typeof timLayout>, number: Number4) {
  const mode = modeRegister(number)
  return {
    source: registers.cell(mode, `CC${number}S` as never),
    mode: registers.cell(mode, `OC${number}M` as never),
    preload: registers.cell(mode, `OC${number}PE` as never),
    /** As an input's field: bits 2 and 3 of the channel's byte. */
    inputPrescaler: registers.cell(mode, { bit: number % 2 === 1 ? 2 : 10, width: 2 }),
    enable: registers.cell('CCER', `CC${number}E`),
    polarity: registers.cell('CCER', `CC${number}P`),
    complement: registers.cell('CCER', `CC${number}NE`),
    complementPolarity: registers.cell('CCER', `CC${number}NP`),
    value: registers.cell(`CCR${number}`),
  }
}

function modeRegister(number: Number4): 'CCMR1' | 'CCMR2' {
  return number <= 2 ? 'CCMR1' : 'CCMR2'
}

function partnerOf(number: Number4): Number4 {
  return (((number - 1) ^ 1) + 1) as Number4
}
