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
import type { Ticks, TickTimer } from '../ticks.ts'
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
  readonly #timer: TickTimer
  readonly #f: ReturnType<typeof timCells>

  constructor(wiring: Wiring, shape: TimShape) {
    this.#wiring = wiring
    this.#shape = shape
    this.#requests = new TimRequests(wiring, () => this.registers)
    this.registers = this.#makeRegisters()
    this.#f = timCells(this.registers)
    this.#ticks = wiring.clocks.ticks(() => wiring.clocks.hz(wiring.name))
    this.#timer = this.#ticks.timer(() => {
      this.#sync()
      this.#changed()
    })
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
    this.#timer.cancel()
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
      SR: { writable: synced, read: () => this.#freshStatus(), write: () => this.#update() },
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
    return this.#f.CEN.isSet && this.#slave.letsClock && this.#counter.arr > 0
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
    this.#counter.position = to - updates * period
    // In the middle modes both ends are updates: the upper one was passed at ARR.
    const upper = this.#counter.isMiddle && passes(from, to, this.#counter.arr, period) ? 1 : 0
    this.#channels.eachMatch(
      (value) => this.#counter.meets(from, to, value),
      (channel) => this.#matched(channel),
    )
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
    const f = this.#f
    if (f.UDIS.isSet) return
    this.#loadShadows()
    if (setsFlag) {
      f.UIF.value = 1
      if (f.UDE.isSet) this.#requests.send('UP')
    }
    if (f.OPM.isSet && setsFlag) {
      r.set('CR1', 'CEN', false)
      this.#sayEnabled()
    }
    if (this.#shape.hasBreak && f.AOE.isSet && !isBreaking(this.#wiring, r))
      r.set('BDTR', 'MOE', true)
    if (f.MMS.value === MMS.update) this.#trigger.pulse()
    this.#pulseSecond(MMS.update)
  }

  #loadShadows(): void {
    const counter = this.#counter
    const isAtTop = counter.isMiddle && counter.position === counter.arr
    counter.arr = this.#written
    if (isAtTop) counter.position = counter.arr
    this.#psc = this.#f.PSC.value
    this.#repeatsLeft = this.#shape.hasBreak ? this.#f.REP.value : 0
    this.#channels.load()
    this.#isPreloaded = false
  }

  // Scheduling.

  /** Something changed: flags to lines, the next thing that anybody waits for to the scheduler. */
  #changed(): void {
    this.#update()
    this.#timer.cancel()
    if (!this.#isTicking) return
    const next = this.#nextPosition()
    if (next === Infinity) return
    this.#timer.at(this.#since + (next - this.#counter.position) * (this.#psc + 1))
  }

  /** The first position beyond the present one at which something happens that matters. */
  #nextPosition(): number {
    let next = this.#isUpdateAwaited ? this.#counter.nextUpdate : Infinity
    for (let channel = 1; channel <= this.#shape.channels; channel++) {
      const value = this.#channels.active(channel)
      if (this.#isMatchAwaited(channel)) next = Math.min(next, this.#counter.nextMatch(value))
      if (this.#isEdgeAwaited(channel)) next = Math.min(next, this.#counter.nextEdge(value))
    }
    return next
  }

  get #isUpdateAwaited(): boolean {
    const f = this.#f
    if (f.DIER.value & 0x101 || this.#isPreloaded || f.OPM.isSet) return true
    const isRepeating = this.#repeatsLeft > 0 || (this.#shape.hasBreak && f.REP.isSet)
    if (isRepeating || (this.#shape.hasBreak && f.AOE.isSet)) return true
    return f.MMS.value === MMS.update && this.#trigger.isWatched
  }

  #isMatchAwaited(channel: number): boolean {
    if (!this.#channels.isOutput(channel)) return false
    if ((this.#f.DIER.value >>> channel) & 0x101) return true
    return channel === 1 && this.#f.MMS.value === MMS.compare && this.#trigger.isWatched
  }

  /** Somebody sees the reference of a channel. */
  #isEdgeAwaited(channel: number): boolean {
    const isTrigger = this.#f.MMS.value === MMS.reference + channel - 1 && this.#trigger.isWatched
    return isTrigger || this.#channels.isSeen(channel)
  }

  // Registers.

  #freshStatus(): number {
    this.#sync()
    return this.#f.SR.value
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
    if (!r.is('CR1', 'ARPE')) this.#counter.arr = this.#written
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
    const value = this.#written
    if (this.registers.is('CR1', 'ARPE')) this.#preload(value !== this.#counter.arr)
    else this.#counter.reload(value)
    this.#changed()
  }

  /** ARR as software has it. */
  get #written(): number {
    const { value } = this.#f.ARR
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
    if (this.#shape.hasFourLines && this.#f.MMS2.value === event) {
      this.#wiring.wire(`${this.#wiring.name}_TRGO2`).pulse()
    }
  }
}

/** The fields that are looked at with every event. */
function timCells(registers: RegisterFile<typeof timLayout>) {
  return {
    ...{ CEN: registers.cell('CR1', 'CEN'), UDIS: registers.cell('CR1', 'UDIS') },
    ...{ OPM: registers.cell('CR1', 'OPM'), MMS: registers.cell('CR2', 'MMS') },
    ...{ DIER: registers.cell('DIER'), UDE: registers.cell('DIER', 'UDE') },
    ...{
      SR: registers.cell('SR'),
      UIF: registers.cell('SR', 'UIF'),
      REP: registers.cell('RCR', 'REP'),
    },
    ...{ PSC: registers.cell('PSC'), ARR: registers.cell('ARR') },
    ...{ AOE: registers.cell('BDTR', 'AOE'), MMS2: registers.cell('CR2', 'MMS2') },
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
