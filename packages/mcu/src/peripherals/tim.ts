/**
 * TIM1 to TIM8 and TIM15 to TIM17. RM0456, the four chapters on timers.
 *
 * The counter is worked out from the clock when somebody looks; an event is scheduled only for what
 * somebody waits for: an interrupt, a DMA request, an edge at a pin, a trigger, a preloaded value.
 *
 *   (1) `#sync` brings flags and position up to now; what it passes that has an effect was
 *       scheduled, so it happens at its own cycle.
 *   (2) ARR, PSC, RCR and CCRx that are preloaded act from the next update on.
 *
 * Counter modes, prescaler, repetition, one-pulse and triggers to others are here; the count is in
 * tim-counter.ts, channels in tim-channels.ts, slave modes in tim-slave.ts, interrupt lines and DMA
 * requests in tim-requests.ts, break inputs in tim-break.ts.
 *
 * Not modelled or tagged: dead time, input filters (inputs have no noise), combined and asymmetric
 * PWM, channels 5 and 6, commutation preload, dithering, encoder index, bidirectional break.
 */
import { RegisterFile } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Output, Wire } from '../wire.ts'
import type { Makers, Peripheral, Wiring } from '../wiring.ts'
import { isBreaking, listenForBreak } from './tim-break.ts'
import { TimChannels } from './tim-channels.ts'
import { passes, TimCounter } from './tim-counter.ts'
import { type TimShape, timLayout, timShapes } from './tim-layout.ts'
import { TimRequests, timLines } from './tim-requests.ts'
import { TimSlave } from './tim-slave.ts'

const MMS = { reset: 0, enable: 1, update: 2, compare: 3, reference: 4 } as const

class Tim implements Peripheral {
  readonly registers: RegisterFile<typeof timLayout>
  readonly #wiring: Wiring
  readonly #shape: TimShape
  readonly #ticks: Ticks
  readonly #channels: TimChannels
  readonly #lines: readonly { readonly output: Output; readonly level: () => boolean }[]
  readonly #requests: TimRequests
  readonly #slave: TimSlave
  readonly #trigger: Wire
  readonly #triggerOut: Output
  readonly #counter: TimCounter
  /** The tick at which the present count began. */
  #since = 0
  /** The value in force. */
  #psc = 0
  #repeatsLeft = 0
  /** A preloaded value differs from the one in force. */
  #isPreloaded = false
  #isSyncing = false
  #externalCount = 0
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring, shape: TimShape) {
    this.#wiring = wiring
    this.#shape = shape
    this.#requests = new TimRequests(wiring, () => this.registers)
    this.registers = this.#makeRegisters()
    this.#ticks = wiring.clocks.ticks(() => wiring.clocks.hz(wiring.name))
    this.#trigger = wiring.wire(`${wiring.name}_TRGO`)
    this.#triggerOut = this.#trigger.connect()
    this.#lines = timLines(wiring, this.registers, shape.hasFourLines)
    this.#channels = new TimChannels({
      ...{ wiring, shape, registers: this.registers },
      counter: () => ({ count: this.#counter.count, isDown: this.#counter.isDown }),
      isOutputOn: () => !shape.hasBreak || this.registers.is('BDTR', 'MOE'),
      captured: (channel) => this.#captured(channel),
      sync: () => this.#sync(),
      inputChanged: (input, isHigh) => this.#slave.inputChanged(input, isHigh),
    })
    this.#slave = this.#makeSlave()
    this.#counter = new TimCounter(this.registers, () => this.#slave.isEncoder)
    if (shape.hasBreak) listenForBreak(wiring, () => this.#checkBreak())
    this.reset()
  }

  reset(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.registers.reset()
    if (this.#shape.bits === 32) this.registers.setAll('ARR', 0xffff_ffff)
    this.#counter.arr = this.registers.get('ARR')
    this.#psc = this.#counter.position = this.#repeatsLeft = this.#externalCount = 0
    this.#isPreloaded = false
    this.#slave.reset()
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
      SMCR: after(() => this.#slave.connect()),
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
      DCR: after(() => this.#requests.restart()),
      DMAR: {
        read: () => this.#requests.read(),
        taken: () => this.#requests.next(),
        write: (value, _, size) => this.#requests.write(size, value),
      },
    })
  }

  // Counting.

  /** The clock moves the counter. */
  get #isTicking(): boolean {
    return this.registers.is('CR1', 'CEN') && this.#slave.letsClock && this.#counter.arr > 0
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
    const from = this.#counter.position
    const period = this.#counter.period
    const to = from + counts
    const updates = Math.floor(to / period)
    const matched = this.#channels.matchesBetween((channel) => {
      const places = this.#counter.matchPlaces(this.#channels.active(channel))
      return places.some((place) => passes(from, to, place, period))
    })
    this.#counter.position = to - updates * period
    // In the middle modes both ends are updates: the upper one was passed at ARR.
    const upper = this.#counter.isMiddle && passes(from, to, this.#counter.arr, period) ? 1 : 0
    for (const channel of matched) this.#matched(channel)
    if (updates + upper > 0) this.#overflowed(updates + upper)
    this.#channels.drive()
    this.#update()
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
      if (r.is('DIER', 'UDE')) this.#requests.send('UP')
    }
    if (r.is('CR1', 'OPM') && setsFlag) {
      r.set('CR1', 'CEN', false)
      this.#sayEnabled()
    }
    if (this.#shape.hasBreak && r.is('BDTR', 'AOE') && !isBreaking(this.#wiring, r))
      r.set('BDTR', 'MOE', true)
    if (r.get('CR2', 'MMS') === MMS.update) this.#trigger.pulse()
    this.#pulseSecond(MMS.update)
  }

  #loadShadows(): void {
    const { registers: r } = this
    const isAtTop = this.#counter.isMiddle && this.#counter.position === this.#counter.arr
    this.#counter.arr = this.#written('ARR')
    if (isAtTop) this.#counter.position = this.#counter.arr
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
    const tick = this.#since + (next - this.#counter.position) * (this.#psc + 1)
    this.#cancel = this.#ticks.at(tick, () => {
      this.#cancel = undefined
      this.#sync()
      this.#changed()
    })
  }

  /** The first position beyond the present one at which something happens that matters. */
  #nextPosition(): number {
    const period = this.#counter.period
    const places: number[] = []
    if (this.#isUpdateAwaited)
      places.push(period, ...(this.#counter.isMiddle ? [this.#counter.arr] : []))
    for (let channel = 1; channel <= this.#shape.channels; channel++) {
      if (this.#isMatchAwaited(channel))
        places.push(...this.#counter.matchPlaces(this.#channels.active(channel)))
      places.push(...this.#edgePlaces(channel))
    }
    const beyond = places.map((place) => (place <= this.#counter.position ? place + period : place))
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
    return this.#counter.edgePlaces(this.#channels.active(channel))
  }

  // Registers.

  #fresh(register: 'SR'): number {
    this.#sync()
    return this.registers.get(register)
  }

  #readCount(): number {
    this.#sync()
    const remapped = this.registers.is('CR1', 'UIFREMAP') && this.registers.is('SR', 'UIF')
    return (this.#counter.count | (remapped ? 0x8000_0000 : 0)) >>> 0
  }

  #setCount(value: number): void {
    const count = this.#shape.bits === 32 ? value : value & 0xffff
    this.#counter.count = count
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
    if (!r.is('CR1', 'ARPE')) this.#counter.arr = this.#written('ARR')
    this.#changed()
  }

  /** DIR or CMS was changed: the count stays, its position is another. */
  #redirect(before: number): void {
    const now = this.registers.get('CR1')
    this.registers.setAll('CR1', before)
    const { count } = this.#counter
    this.registers.setAll('CR1', now)
    this.#counter.turn(count)
  }

  #sayEnabled(): void {
    if (this.registers.get('CR2', 'MMS') === MMS.enable) {
      this.#triggerOut.set(this.registers.is('CR1', 'CEN'))
    }
  }

  #autoReload(): void {
    const value = this.#written('ARR')
    if (this.registers.is('CR1', 'ARPE')) this.#preload(value !== this.#counter.arr)
    else this.#counter.reload(value)
    this.#changed()
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
    if (bits & 0x40) this.#slave.triggered()
    if (bits & 0x80) this.#break('BIF')
    if (bits & 0x100) this.#break('B2IF')
    this.#changed()
  }

  /** UG, or the trigger of a slave in reset mode. */
  #reinitialize(setsFlag: boolean): void {
    const { registers: r } = this
    this.#event(setsFlag)
    this.#counter.position = 0
    this.#since = this.#ticks.now
    this.#externalCount = 0
    if (r.get('CR2', 'MMS') === MMS.reset) this.#trigger.pulse()
    this.#channels.drive()
  }

  // Channels.

  #matched(channel: number): void {
    const { registers: r } = this
    r.set('SR', `CC${channel as 1}IF`, true)
    if ((r.get('DIER') >>> (8 + channel)) & 1) this.#requests.send(`CH${channel}`)
    if (channel === 1 && r.get('CR2', 'MMS') === MMS.compare) this.#trigger.pulse()
    this.#channels.matched(channel)
  }

  /** A capture has happened. */
  #captured(channel: number): void {
    const { registers: r } = this
    if (r.is('SR', `CC${channel as 1}IF`)) r.set('SR', `CC${channel as 1}OF`, true)
    r.set('SR', `CC${channel as 1}IF`, true)
    if ((r.get('DIER') >>> (8 + channel)) & 1) this.#requests.send(`CH${channel}`)
    if (channel === 1 && r.get('CR2', 'MMS') === MMS.compare) this.#trigger.pulse()
    this.#changed()
  }

  /** Software has read a captured value. */
  #taken(channel: number): void {
    if (this.#channels.isOutput(channel)) return
    this.registers.set('SR', `CC${channel as 1}IF`, false)
    this.#update()
  }

  // Slave modes: what they do to the counter.

  #makeSlave(): TimSlave {
    return new TimSlave({
      ...{ wiring: this.#wiring, registers: this.registers },
      hasInputs: this.#shape.channels > 0,
      inputLevel: (input) => this.#channels.inputLevel(input),
      sync: () => this.#sync(),
      changed: () => this.#changed(),
      gated: () => {
        this.#since = this.#ticks.now
      },
      enabled: () => {
        this.#since = this.#ticks.now
        this.#sayEnabled()
      },
      reinitialize: () => this.#reinitialize(!this.registers.is('CR1', 'URS')),
      clockEdge: () => this.#externalEdge(),
      step: (direction) => this.#step(direction),
      requestDma: () => this.#requests.send('TRIG'),
    })
  }

  /** One edge of an external clock; PSC divides it. */
  #externalEdge(): void {
    if (!this.registers.is('CR1', 'CEN') || this.#counter.arr === 0) return
    if (++this.#externalCount <= this.#psc) return
    this.#externalCount = 0
    this.#move(1)
  }

  /** The encoder has turned by one. */
  #step(direction: 1 | -1): void {
    if (this.#counter.step(direction)) this.#overflowed(1)
    this.#changed()
  }

  // Break.

  #checkBreak(): void {
    if (isBreaking(this.#wiring, this.registers)) this.#break('BIF')
    this.#changed()
  }

  #break(flag: 'BIF' | 'B2IF'): void {
    if (!this.#shape.hasBreak) return
    this.registers.set('BDTR', 'MOE', false)
    this.registers.set('SR', flag, true)
    this.#channels.drive()
  }

  #breakChanged(): void {
    const isActive = this.#shape.hasBreak && isBreaking(this.#wiring, this.registers)
    if (isActive) this.#break('BIF')
    this.#channels.drive()
  }

  // Lines and requests.

  #update(): void {
    for (const { output, level } of this.#lines) output.set(level())
  }

  #serveAll(): void {
    if (this.registers.is('DIER', 'TIE')) this.#slave.connect()
  }

  #pulseSecond(event: number): void {
    if (this.#shape.hasFourLines && this.registers.get('CR2', 'MMS2') === event) {
      this.#wiring.wire(`${this.#wiring.name}_TRGO2`).pulse()
    }
  }
}

const make =
  (shape: TimShape) =>
  (wiring: Wiring): Peripheral =>
    new Tim(wiring, shape)

const { advanced, small, basic } = timShapes
const general = make(timShapes.general)

export const tims = {
  ...{ TIM1: make(advanced), TIM2: general, TIM3: general },
  ...{ TIM4: general, TIM5: general, TIM6: make(basic), TIM7: make(basic) },
  ...{ TIM8: make(advanced), TIM15: make(small(2)), TIM16: make(small(1)), TIM17: make(small(1)) },
} satisfies Makers
