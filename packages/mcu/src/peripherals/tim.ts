/**
 * TIM1 to TIM8 and TIM15 to TIM17. RM0456, the four chapters on timers.
 *
 * The counter is worked out from the clock when somebody looks; an event is scheduled only for what
 * somebody waits for: an interrupt, a DMA request, an edge at a pin, a trigger, a preloaded value.
 *
 *   (1) `#position` counts from the last update on: 0 to ARR upwards, 0 to ARR downwards (CNT is
 *       ARR - position), 0 to 2 * ARR - 1 in the middle modes.
 *   (2) `#sync` brings flags and position up to now; what it passes that has an effect was
 *       scheduled, so it happens at its own cycle.
 *   (3) ARR, PSC, RCR and CCRx that are preloaded act from the next update on.
 *
 * Counter modes, prescaler, repetition, one-pulse, slave modes (reset, gated, trigger, external
 * clock, encoder), triggers to others, break, DMA requests and bursts are here; channels are in
 * tim-channels.ts.
 *
 * Not modelled or tagged: dead time, input filters (inputs have no noise), combined and asymmetric
 * PWM, channels 5 and 6, commutation preload, dithering, encoder index, bidirectional break.
 */
import type { DmaRequestName } from '../dma-requests.ts'
import type { InterruptName } from '../interrupts.ts'
import { type InterruptPair, interruptLevel, RegisterFile } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output, Wire } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { TimChannels } from './tim-channels.ts'
import { type TimShape, timLayout } from './tim-layout.ts'

const MMS = { reset: 0, enable: 1, update: 2, compare: 3, reference: 4 } as const
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

class Tim implements Peripheral {
  readonly registers: RegisterFile<typeof timLayout>
  readonly #wiring: Wiring
  readonly #shape: TimShape
  readonly #ticks: Ticks
  readonly #channels: TimChannels
  readonly #lines: readonly { readonly output: Output; readonly level: () => boolean }[]
  readonly #requests = new Map<string, Output>()
  readonly #trigger: Wire
  readonly #triggerOut: Output
  /** Position at the tick `#since`, which began that count. */
  #position = 0
  #since = 0
  /** Values in force. */
  #arr = 0xffff
  #psc = 0
  #repeatsLeft = 0
  /** A preloaded value differs from the one in force. */
  #isPreloaded = false
  #isGateOpen = true
  #isSyncing = false
  #externalCount = 0
  #burstIndex = 0
  #cancel: (() => void) | undefined
  #stopTrigger: (() => void) | undefined

  constructor(wiring: Wiring, shape: TimShape) {
    this.#wiring = wiring
    this.#shape = shape
    this.registers = this.#makeRegisters()
    this.#ticks = wiring.clocks.ticks(() => wiring.clocks.hz(wiring.name))
    this.#trigger = wiring.wire(`${wiring.name}_TRGO`)
    this.#triggerOut = this.#trigger.connect()
    this.#lines = this.#makeLines()
    this.#channels = new TimChannels({
      ...{ wiring, shape, registers: this.registers },
      counter: () => ({ count: this.#count, isDown: this.#isDown }),
      isOutputOn: () => !shape.hasBreak || this.registers.is('BDTR', 'MOE'),
      captured: (channel) => this.#captured(channel),
      sync: () => this.#sync(),
      inputChanged: (input, isHigh) => this.#inputChanged(input, isHigh),
    })
    this.#listenOutside()
    this.reset()
  }

  reset(): void {
    this.#cancel?.()
    this.#stopTrigger?.()
    this.#cancel = this.#stopTrigger = undefined
    this.registers.reset()
    if (this.#shape.bits === 32) this.registers.setAll('ARR', 0xffff_ffff)
    this.#arr = this.registers.get('ARR')
    this.#psc = this.#position = this.#repeatsLeft = this.#externalCount = 0
    this.#isPreloaded = false
    this.#isGateOpen = true
    this.#since = this.#ticks.now
    this.#channels.reset()
    this.#triggerOut.set(false)
    this.#update()
  }

  #makeRegisters(): RegisterFile<typeof timLayout> {
    const synced = () => this.#sync()
    const after = (change: () => void) => ({
      writable: synced,
      write: () => {
        change()
        this.#changed()
      },
    })
    const mask = this.#shape.bits === 32 ? 0xffff_ffff : 0xffff
    const compare = (channel: number) => ({
      writable: synced,
      read: (stored: number) => (stored & mask) >>> 0,
      taken: () => this.#taken(channel),
      write: () => this.#compareWritten(channel),
    })
    return new RegisterFile(timLayout, {
      CR1: { writable: synced, write: (_, before) => this.#control(before) },
      CR2: after(() => this.#channels.drive()),
      SMCR: after(() => this.#connectTrigger()),
      DIER: after(() => this.#serveAll()),
      SR: { writable: synced, read: () => this.#fresh('SR'), write: () => this.#update() },
      EGR: { writable: synced, write: (bits) => this.#generate(bits) },
      CCMR1: after(() => this.#channels.configure()),
      CCMR2: after(() => this.#channels.configure()),
      CCER: after(() => this.#channels.configure()),
      CNT: {
        writable: synced,
        read: () => this.#readCount(),
        write: (value) => this.#setCount(value),
      },
      PSC: after(() => this.#preload(this.registers.get('PSC') !== this.#psc)),
      ARR: { writable: synced, write: () => this.#autoReload() },
      RCR: after(() => this.#preload(true)),
      ...{ CCR1: compare(1), CCR2: compare(2), CCR3: compare(3), CCR4: compare(4) },
      BDTR: after(() => this.#breakChanged()),
      DCR: after(() => {
        this.#burstIndex = 0
      }),
      DMAR: {
        read: () => this.registers.peek(this.#burstOffset),
        taken: () => this.#burstNext(),
        write: (value, _, size) => {
          this.registers.write(this.#burstOffset, size, value, true)
          this.#burstNext()
        },
      },
    })
  }

  // Counting.

  get #isDown(): boolean {
    const { registers: r } = this
    if (r.get('CR1', 'CMS') !== 0) return this.#position >= this.#arr
    return r.is('CR1', 'DIR')
  }

  get #isMiddle(): boolean {
    return this.registers.get('CR1', 'CMS') !== 0
  }

  /** Counts from one update to the next. */
  get #period(): number {
    return this.#isMiddle ? 2 * this.#arr : this.#arr + 1
  }

  get #count(): number {
    return this.#countAt(this.#position)
  }

  #countAt(position: number): number {
    if (this.#isEncoder) return position
    if (this.#isMiddle) return position <= this.#arr ? position : 2 * this.#arr - position
    return this.registers.is('CR1', 'DIR') ? this.#arr - position : position
  }

  #positionOf(count: number): number {
    if (this.#isEncoder) return count
    if (!this.#isMiddle && this.registers.is('CR1', 'DIR')) return this.#arr - count
    return count
  }

  /** The clock moves the counter; not so in encoder and external clock modes. */
  get #isTicking(): boolean {
    const mode = this.#slaveMode
    const isOutside = mode === SMS.external || this.#isEncoder || this.registers.is('SMCR', 'ECE')
    return this.registers.is('CR1', 'CEN') && !isOutside && this.#isGateOpen && this.#arr > 0
  }

  get #slaveMode(): number {
    return this.registers.get('SMCR', 'SMS') | (this.registers.get('SMCR', 'SMS_3') << 3)
  }

  get #isEncoder(): boolean {
    const mode = this.#slaveMode
    return mode >= SMS.encoder1 && mode <= SMS.encoder3
  }

  /** Brings position and flags up to now; always true, so that it can stand before a write. */
  #sync(): true {
    if (this.#isSyncing) return true
    const now = this.#ticks.now
    if (!this.#isTicking) {
      this.#since = now
      return true
    }
    const counts = Math.floor((now - this.#since) / (this.#psc + 1))
    if (counts <= 0) return true
    this.#since += counts * (this.#psc + 1)
    this.#isSyncing = true
    this.#move(counts)
    this.#isSyncing = false
    return true
  }

  /** The counter goes on by so many counts: matches and updates on the way. */
  #move(counts: number): void {
    const from = this.#position
    const period = this.#period
    const to = from + counts
    const updates = Math.floor(to / period)
    const matched = this.#channels.matchesBetween((channel) => {
      const places = this.#matchPlaces(channel)
      return places.some((place) => passes(from, to, place, period))
    })
    this.#position = to - updates * period
    // In the middle modes both ends are updates: the upper one was passed at ARR.
    const upper = this.#isMiddle && passes(from, to, this.#arr, period) ? 1 : 0
    for (const channel of matched) this.#matched(channel)
    if (updates + upper > 0) this.#overflowed(updates + upper)
    this.#channels.drive()
    this.#update()
  }

  /** Positions at which CNT equals CCRx, as far as CMS lets them count. */
  #matchPlaces(channel: number): readonly number[] {
    const value = this.#channels.active(channel)
    if (value > this.#arr) return []
    if (!this.#isMiddle) return [this.#positionOf(value)]
    const mode = this.registers.get('CR1', 'CMS')
    const up = [value]
    const down = [2 * this.#arr - value]
    return mode === 1 ? down : mode === 2 ? up : [...up, ...down]
  }

  #overflowed(times: number): void {
    if (times <= this.#repeatsLeft) {
      this.#repeatsLeft -= times
      return
    }
    this.#event(true)
  }

  /** An update event, unless UDIS: preloaded values act, flags and requests follow. */
  #event(setsFlag: boolean): void {
    const { registers: r } = this
    if (r.is('CR1', 'UDIS')) return
    this.#loadShadows()
    if (setsFlag) {
      r.set('SR', 'UIF', true)
      if (r.is('DIER', 'UDE')) this.#requestDma('UP')
    }
    if (r.is('CR1', 'OPM') && setsFlag) {
      r.set('CR1', 'CEN', false)
      this.#sayEnabled()
    }
    if (this.#shape.hasBreak && r.is('BDTR', 'AOE') && !this.#isBreaking) r.set('BDTR', 'MOE', true)
    if (r.get('CR2', 'MMS') === MMS.update) this.#trigger.pulse()
    this.#pulseSecond(MMS.update)
  }

  #loadShadows(): void {
    const { registers: r } = this
    const isAtTop = this.#isMiddle && this.#position === this.#arr
    this.#arr = this.#written('ARR')
    if (isAtTop) this.#position = this.#arr
    this.#psc = r.get('PSC')
    this.#repeatsLeft = this.#shape.hasBreak ? r.get('RCR', 'REP') : 0
    this.#channels.load()
    this.#isPreloaded = false
  }

  // Scheduling.

  /** Something changed: flags to lines, the next thing that anybody waits for to the scheduler. */
  #changed(): void {
    this.#update()
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.#isTicking) return
    const next = this.#nextPosition()
    if (next === Infinity) return
    const tick = this.#since + (next - this.#position) * (this.#psc + 1)
    this.#cancel = this.#ticks.at(tick, () => {
      this.#cancel = undefined
      this.#sync()
      this.#changed()
    })
  }

  /** The first position beyond the present one at which something happens that matters. */
  #nextPosition(): number {
    const period = this.#period
    const places: number[] = []
    if (this.#isUpdateAwaited) places.push(period, ...(this.#isMiddle ? [this.#arr] : []))
    for (let channel = 1; channel <= this.#shape.channels; channel++) {
      if (this.#isMatchAwaited(channel)) places.push(...this.#matchPlaces(channel))
      places.push(...this.#edgePlaces(channel))
    }
    const beyond = places.map((place) => (place <= this.#position ? place + period : place))
    return Math.min(Infinity, ...beyond)
  }

  get #isUpdateAwaited(): boolean {
    const { registers: r } = this
    if (r.get('DIER') & 0x101 || this.#isPreloaded || r.is('CR1', 'OPM')) return true
    const isRepeating = this.#repeatsLeft > 0 || (this.#shape.hasBreak && r.get('RCR') > 0)
    if (isRepeating || (this.#shape.hasBreak && r.is('BDTR', 'AOE'))) return true
    return r.get('CR2', 'MMS') === MMS.update && this.#trigger.isWatched
  }

  #isMatchAwaited(channel: number): boolean {
    const { registers: r } = this
    if (!this.#channels.isOutput(channel)) return false
    if ((r.get('DIER') >>> channel) & 0x101) return true
    return channel === 1 && r.get('CR2', 'MMS') === MMS.compare && this.#trigger.isWatched
  }

  /** Where the reference of a channel that somebody sees changes. */
  #edgePlaces(channel: number): readonly number[] {
    const isTrigger =
      this.registers.get('CR2', 'MMS') === MMS.reference + channel - 1 && this.#trigger.isWatched
    if (!isTrigger && !this.#channels.isSeen(channel)) return []
    const value = this.#channels.active(channel)
    const places = this.#isMiddle ? [value, 2 * this.#arr - value] : [this.#positionOf(value)]
    return [this.#period, ...places.filter((place) => place >= 0 && place <= this.#period)]
  }

  // Registers.

  #fresh(register: 'SR'): number {
    this.#sync()
    return this.registers.get(register)
  }

  #readCount(): number {
    this.#sync()
    const remapped = this.registers.is('CR1', 'UIFREMAP') && this.registers.is('SR', 'UIF')
    return (this.#count | (remapped ? 0x8000_0000 : 0)) >>> 0
  }

  #setCount(value: number): void {
    const count = this.#shape.bits === 32 ? value : value & 0xffff
    this.#position = Math.max(0, Math.min(this.#positionOf(count), this.#period - 1))
    this.#since = this.#ticks.now
    this.#channels.drive()
    this.#changed()
  }

  #control(before: number): void {
    const { registers: r } = this
    const directions = 0x70
    if ((before ^ r.get('CR1')) & directions) this.#redirect(before)
    const wasOn = (before & 1) !== 0
    if (wasOn !== r.is('CR1', 'CEN')) {
      this.#since = this.#ticks.now
      this.#sayEnabled()
    }
    if (!r.is('CR1', 'ARPE')) this.#arr = this.#written('ARR')
    this.#changed()
  }

  /** DIR or CMS was changed: the count stays, its position is another. */
  #redirect(before: number): void {
    const now = this.registers.get('CR1')
    this.registers.setAll('CR1', before)
    const count = this.#count
    this.registers.setAll('CR1', now)
    this.#position = Math.max(0, this.#positionOf(count))
  }

  #sayEnabled(): void {
    if (this.registers.get('CR2', 'MMS') === MMS.enable) {
      this.#triggerOut.set(this.registers.is('CR1', 'CEN'))
    }
  }

  #autoReload(): void {
    const value = this.#written('ARR')
    if (this.registers.is('CR1', 'ARPE')) this.#preload(value !== this.#arr)
    else this.#reload(value)
    this.#changed()
  }

  /** Without preload: the counter keeps its count; one that is beyond runs on from there. */
  #reload(value: number): void {
    const count = this.#count
    this.#arr = value
    this.#position = Math.max(0, Math.min(this.#positionOf(count), Math.max(0, this.#period - 1)))
  }

  #written(register: 'ARR'): number {
    const value = this.registers.get(register)
    return this.#shape.bits === 32 ? value : value & 0xffff
  }

  #preload(isDifferent: boolean): void {
    this.#isPreloaded ||= isDifferent
  }

  #compareWritten(channel: number): void {
    this.#preload(this.#channels.written(channel))
    this.#channels.drive()
    this.#changed()
  }

  /** EGR. */
  #generate(bits: number): void {
    const { registers: r } = this
    if (bits & 1) this.#reinitialize(!r.is('CR1', 'URS'))
    for (let channel = 1; channel <= this.#shape.channels; channel++) {
      if ((bits >>> channel) & 1) this.#channels.generate(channel, () => this.#matched(channel))
    }
    if (bits & 0x20) r.set('SR', 'COMIF', true)
    if (bits & 0x40) this.#triggered()
    if (bits & 0x80) this.#break('BIF')
    if (bits & 0x100) this.#break('B2IF')
    this.#changed()
  }

  /** UG, or the trigger of a slave in reset mode. */
  #reinitialize(setsFlag: boolean): void {
    const { registers: r } = this
    this.#event(setsFlag)
    this.#position = 0
    this.#since = this.#ticks.now
    this.#externalCount = 0
    if (r.get('CR2', 'MMS') === MMS.reset) this.#trigger.pulse()
    this.#channels.drive()
  }

  // Channels.

  #matched(channel: number): void {
    const { registers: r } = this
    r.set('SR', `CC${channel as 1}IF`, true)
    if ((r.get('DIER') >>> (8 + channel)) & 1) this.#requestDma(`CH${channel}`)
    if (channel === 1 && r.get('CR2', 'MMS') === MMS.compare) this.#trigger.pulse()
    this.#channels.matched(channel)
  }

  /** A capture has happened. */
  #captured(channel: number): void {
    const { registers: r } = this
    if (r.is('SR', `CC${channel as 1}IF`)) r.set('SR', `CC${channel as 1}OF`, true)
    r.set('SR', `CC${channel as 1}IF`, true)
    if ((r.get('DIER') >>> (8 + channel)) & 1) this.#requestDma(`CH${channel}`)
    if (channel === 1 && r.get('CR2', 'MMS') === MMS.compare) this.#trigger.pulse()
    this.#changed()
  }

  /** Software has read a captured value. */
  #taken(channel: number): void {
    if (this.#channels.isOutput(channel)) return
    this.registers.set('SR', `CC${channel as 1}IF`, false)
    this.#update()
  }

  // Slave modes and triggers.

  #connectTrigger(): void {
    this.#stopTrigger?.()
    this.#stopTrigger = undefined
    const source = this.registers.get('SMCR', 'TS') | (this.registers.get('SMCR', 'TS_HIGH') << 3)
    const name = source < 4 ? ITR[source] : [...ITR.slice(4), ...ITR_MORE][source - 8]
    this.#isGateOpen = this.#slaveMode !== SMS.gated
    if (name !== undefined && (this.#slaveMode >= SMS.reset || this.registers.is('DIER', 'TIE'))) {
      const wire = this.#wiring.wire(name)
      this.#stopTrigger = wire.listen((isHigh) => this.#triggerLevel(isHigh))
      if (this.#slaveMode === SMS.gated) this.#isGateOpen = wire.isHigh
    } else if (this.#slaveMode === SMS.gated && source !== TS.edge) {
      this.#isGateOpen = this.#inputLevel(source)
    }
  }

  #inputLevel(source: number): boolean {
    const { registers: r } = this
    if (source === TS.input1) return this.#channels.inputLevel(1) !== r.is('CCER', 'CC1P')
    if (source === TS.input2) return this.#channels.inputLevel(2) !== r.is('CCER', 'CC2P')
    return true
  }

  /** An input pin of a channel changed: encoder, or the trigger if TS selects it. */
  #inputChanged(input: number, isHigh: boolean): void {
    if (this.#isEncoder) this.#encode(input, isHigh)
    const { registers: r } = this
    const source = r.get('SMCR', 'TS') | (r.get('SMCR', 'TS_HIGH') << 3)
    if (source === TS.edge && input === 1) {
      this.#triggerLevel(true)
      return
    }
    const isSource = (source === TS.input1 && input === 1) || (source === TS.input2 && input === 2)
    if (!isSource) return
    this.#triggerLevel(isHigh !== r.is('CCER', input === 1 ? 'CC1P' : 'CC2P'))
  }

  #triggerLevel(isHigh: boolean): void {
    const mode = this.#slaveMode
    this.#sync()
    if (mode === SMS.gated) {
      this.#isGateOpen = isHigh
      this.#since = this.#ticks.now
      this.registers.set('SR', 'TIF', true)
    } else if (isHigh && mode !== 0) {
      this.#triggered()
    }
    this.#changed()
  }

  #triggered(): void {
    const { registers: r } = this
    const mode = this.#slaveMode
    r.set('SR', 'TIF', true)
    if (r.is('DIER', 'TDE')) this.#requestDma('TRIG')
    if (mode === SMS.reset || mode === SMS.both) this.#reinitialize(!r.is('CR1', 'URS'))
    if ((mode === SMS.trigger || mode === SMS.both) && !r.is('CR1', 'CEN')) {
      r.set('CR1', 'CEN', true)
      this.#since = this.#ticks.now
      this.#sayEnabled()
    }
    if (mode === SMS.external) this.#externalEdge()
  }

  /** One edge of an external clock; PSC divides it. */
  #externalEdge(): void {
    if (!this.registers.is('CR1', 'CEN') || this.#arr === 0) return
    if (++this.#externalCount <= this.#psc) return
    this.#externalCount = 0
    this.#move(1)
  }

  /** Encoder modes 1 to 3: the level of the other input tells the direction. */
  #encode(input: number, isHigh: boolean): void {
    const { registers: r } = this
    const mode = this.#slaveMode
    if (!r.is('CR1', 'CEN') || input > 2 || (mode !== SMS.encoder3 && mode !== input)) return
    const level = (n: 1 | 2) => this.#channels.inputLevel(n) !== r.is('CCER', `CC${n}P`)
    const own = isHigh !== r.is('CCER', input === 1 ? 'CC1P' : 'CC2P')
    const isUp = input === 1 ? own !== level(2) : own === level(1)
    r.set('CR1', 'DIR', !isUp)
    const next = this.#position + (isUp ? 1 : -1)
    this.#position = next < 0 ? this.#arr : next > this.#arr ? 0 : next
    if (this.#position !== next) this.#overflowed(1)
    this.#changed()
  }

  #listenOutside(): void {
    const wiring = this.#wiring
    const { pins, name } = wiring
    if (this.#shape.channels === 0) return
    pins.signal(`${name}_ETR`).listen((isHigh) => this.#externalTrigger(isHigh))
    if (!this.#shape.hasBreak) return
    pins.signal(`${name}_BKIN`).listen(() => this.#checkBreak())
    for (const comparator of ['COMP1_OUT', 'COMP2_OUT']) {
      wiring.wire(comparator).listen(() => this.#checkBreak())
    }
  }

  #externalTrigger(isHigh: boolean): void {
    const { registers: r } = this
    const isActive = isHigh !== r.is('SMCR', 'ETP')
    this.#sync()
    if (isActive && r.is('SMCR', 'ECE')) this.#externalEdge()
    if (r.get('SMCR', 'TS') === TS.external && r.get('SMCR', 'TS_HIGH') === 0) {
      this.#triggerLevel(isActive)
    }
    this.#changed()
  }

  // Break.

  get #isBreaking(): boolean {
    const { registers: r } = this
    if (!this.#shape.hasBreak || !r.is('BDTR', 'BKE')) return false
    const isActiveHigh = r.is('BDTR', 'BKP')
    const pin = this.#wiring.pins.signal(`${this.#wiring.name}_BKIN`)
    const level = pin.read(!isActiveHigh) !== r.is('AF1', 'BKINP')
    const isPinActive = r.is('AF1', 'BKINE') && level === isActiveHigh
    const comparator = (n: 1 | 2) =>
      r.is('AF1', `BKCMP${n}E`) &&
      this.#wiring.wire(`COMP${n}_OUT`).isHigh !== r.is('AF1', `BKCMP${n}P`)
    return isPinActive || comparator(1) || comparator(2)
  }

  #checkBreak(): void {
    if (this.#isBreaking) this.#break('BIF')
    this.#changed()
  }

  #break(flag: 'BIF' | 'B2IF'): void {
    if (!this.#shape.hasBreak) return
    this.registers.set('BDTR', 'MOE', false)
    this.registers.set('SR', flag, true)
    this.#channels.drive()
  }

  #breakChanged(): void {
    if (this.#isBreaking) this.#break('BIF')
    this.#channels.drive()
  }

  // Lines and requests.

  #makeLines(): { output: Output; level: () => boolean }[] {
    const { name } = this.#wiring
    const up: InterruptPair[] = [['DIER.UIE', 'SR.UIF']]
    const compare = [1, 2, 3, 4].map((n): InterruptPair => [`DIER.CC${n}IE`, `SR.CC${n}IF`])
    const trigger: InterruptPair[] = [
      ['DIER.TIE', 'SR.TIF'],
      ['DIER.COMIE', 'SR.COMIF'],
    ]
    const stop: InterruptPair[] = [['DIER.BIE', 'SR.BIF', 'SR.B2IF', 'SR.SBIF']]
    const line = (suffix: string, pairs: readonly InterruptPair[]) => ({
      output: this.#wiring.interrupt(`${name}${suffix}` as InterruptName),
      level: interruptLevel(this.registers, pairs),
    })
    if (!this.#shape.hasFourLines) return [line('', [...up, ...compare, ...trigger, ...stop])]
    return [line('_UP', up), line('_CC', compare), line('_TRG_COM', trigger), line('_BRK', stop)]
  }

  #update(): void {
    for (const { output, level } of this.#lines) output.set(level())
  }

  #serveAll(): void {
    if (this.registers.is('DIER', 'TIE')) this.#connectTrigger()
  }

  #requestDma(suffix: string): void {
    const name = `${this.#wiring.name}_${suffix}`
    let output = this.#requests.get(name)
    if (output === undefined) {
      output = this.#wiring.dmaRequest(name as DmaRequestName)
      this.#requests.set(name, output)
    }
    this.#burstIndex = 0
    for (let n = 0; n <= this.registers.get('DCR', 'DBL'); n++) output.pulse()
  }

  get #burstOffset(): number {
    return (this.registers.get('DCR', 'DBA') + this.#burstIndex) * 4
  }

  #burstNext(): void {
    this.#burstIndex = (this.#burstIndex + 1) % (this.registers.get('DCR', 'DBL') + 1)
  }

  #pulseSecond(event: number): void {
    if (this.#shape.hasFourLines && this.registers.get('CR2', 'MMS2') === event) {
      this.#wiring.wire(`${this.#wiring.name}_TRGO2`).pulse()
    }
  }
}

/** The way from `from` (excluded) to `to` (included) meets `place`, modulo `period`. */
function passes(from: number, to: number, place: number, period: number): boolean {
  return Math.floor((to - place) / period) > Math.floor((from - place) / period)
}

const advanced: TimShape = {
  ...{ bits: 16, channels: 4, complementary: 4, hasBreak: true, hasFourLines: true },
}
const general = (bits: 16 | 32): TimShape => ({
  ...{ bits, channels: 4, complementary: 0, hasBreak: false, hasFourLines: false },
})
const small = (channels: number): TimShape => ({
  ...{ bits: 16, channels, complementary: 1, hasBreak: true, hasFourLines: false },
})
const basic: TimShape = {
  ...{ bits: 16, channels: 0, complementary: 0, hasBreak: false },
  hasFourLines: false,
}
const make =
  (shape: TimShape) =>
  (wiring: Wiring): Peripheral =>
    new Tim(wiring, shape)

export const tims = {
  ...{ TIM1: make(advanced), TIM2: make(general(32)), TIM3: make(general(32)) },
  ...{ TIM4: make(general(32)), TIM5: make(general(32)), TIM6: make(basic), TIM7: make(basic) },
  ...{ TIM8: make(advanced), TIM15: make(small(2)), TIM16: make(small(1)), TIM17: make(small(1)) },
} satisfies Makers
