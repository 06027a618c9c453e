/**
 * FDCAN: CAN and CAN FD. RM0456, chapter "FD controller area network (FDCAN)"; Bosch M_CAN user's
 * manual.
 *
 * Classical and FD frames with bit rate switching, each with the exact length of its bits; message
 * RAM, filters, receive FIFOs, transmit FIFO and queue, events, cancellation; error counters, bus
 * off and its recovery, restricted operation, bus monitoring, both loop-backs, sleep; time stamps,
 * time-outs, both interrupt lines.
 *
 * Not modelled, and reported: RAM watchdog, time stamps from TIM3, protocol exception, edge
 * filtering, transmit pause, direct control of TX. Arbitration happens between frames.
 */
import type { AccessSize } from '../bus.ts'
import type { CanBus, CanNode, CanTransmission, CanVerdict } from '../lines/can-bus.ts'
import { isSameRate } from '../lines/can-bus.ts'
import { bitsOf, type CanFrame, classicalLevels } from '../lines/can-frame.ts'
import { levelEdges } from '../lines/line-edges.ts'
import { RegisterFile } from '../registers.ts'
import type { Output } from '../wire.ts'
import type { Makers, MappedWindow, Peripheral, Wiring } from '../wiring.ts'
import { ErrorCounters } from './fdcan-errors.ts'
import { type CanInterrupt, fdcanLayout } from './fdcan-layout.ts'
import { MessageRam } from './fdcan-ram.ts'
import { FdcanReceiver } from './fdcan-receive.ts'
import { FdcanTimers } from './fdcan-timers.ts'
import { FdcanTransmitter } from './fdcan-transmit.ts'

const RAM_BASE = 0x4000_ac00
const RAM_BYTES = 0x800
const INIT = 1
const CCE = 2
/** Recessive bits before a node takes part, and the sequences of them after bus off. */
const INTEGRATION_BITS = 11
const BUS_OFF_SEQUENCES = 129
/** Error flag, its echo, delimiter and intermission. */
const ERROR_FRAME_BITS = 20
const LEC = { none: 0, stuff: 1, form: 2, acknowledge: 3, bit1: 4, unchanged: 7 } as const
const ACT = { synchronizing: 0, idle: 1, receiver: 2, transmitter: 3 } as const
/** Bits of ILS that lead a group of interrupts to the second line, lowest interrupt first. */
const GROUP_OF = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 6, 6, 6]

export class Fdcan implements Peripheral, CanNode {
  readonly name: string
  readonly registers: RegisterFile<typeof fdcanLayout>
  readonly window: MappedWindow
  readonly #wiring: Wiring
  readonly #lines: readonly Output[]
  readonly #ram = new MessageRam()
  readonly #receiver: FdcanReceiver
  readonly #transmitter: FdcanTransmitter
  readonly #timers: FdcanTimers
  readonly #errors = new ErrorCounters()
  #bus: CanBus | undefined
  #isTakingPart = false
  #cancel: (() => void) | undefined
  #cancelJoin: (() => void) | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.name = wiring.name
    const configuration = { writable: () => this.#isConfigurable }
    this.registers = new RegisterFile(fdcanLayout, {
      ...{ DBTP: configuration, NBTP: configuration, TSCC: configuration, TOCC: configuration },
      ...{ RXGFC: configuration, XIDAM: configuration, CKDIV: configuration },
      TDCR: configuration,
      TXBC: { ...configuration, write: () => this.#transmitter.reset() },
      TEST: { writable: () => this.registers.is('CCCR', 'TEST') },
      CCCR: { write: (written, before) => this.#control(written, before) },
      TSCV: { read: () => this.#timers.stamp, write: () => this.#timers.clearStamp() },
      TOCV: { read: () => this.#timers.timeout, write: () => this.#timers.presetTimeout() },
      ECR: { read: () => this.#errors.word, taken: () => this.#errorsRead() },
      PSR: { taken: () => this.#statusRead() },
      ...{ IR: { write: () => this.#update() }, IE: { write: () => this.#update() } },
      ...{ ILS: { write: () => this.#update() }, ILE: { write: () => this.#update() } },
      RXF0A: { write: (index) => this.#acknowledged(0, index) },
      RXF1A: { write: (index) => this.#acknowledged(1, index) },
      TXBAR: { write: (buffers) => this.#request(buffers & 7) },
      TXBCR: { write: (buffers) => this.#transmitter.cancel(buffers & 7) },
      TXEFA: { write: (index) => this.#transmitter.acknowledgeEvents(index & 3) },
    })
    this.window = {
      ...{ base: RAM_BASE, size: RAM_BYTES },
      read: (offset, size) => this.#readRam(offset, size),
      write: (offset, size, value) => this.#writeRam(offset, size, value),
    }
    this.#lines = [wiring.interrupt('FDCAN1_IT0'), wiring.interrupt('FDCAN1_IT1')]
    const raise = (...flags: CanInterrupt[]) => this.#raise(...flags)
    this.#receiver = new FdcanReceiver(this.registers, this.#ram, raise)
    this.#transmitter = new FdcanTransmitter(this.registers, {
      ...{ ram: this.#ram, raise, isPassive: () => this.#errors.isPassive },
    })
    this.#timers = new FdcanTimers(this.registers, {
      ticks: wiring.clocks.ticks(() => this.#nominalHz),
      raise,
    })
  }

  reset(): void {
    this.#leave()
    this.registers.reset()
    this.#ram.bytes.fill(0)
    this.#errors.reset()
    this.#receiver.reset()
    this.#transmitter.reset()
    this.#timers.reset()
    this.#update()
  }

  #readRam(offset: number, size: AccessSize): number {
    const word = this.#ram.word(offset & ~3) >>> ((offset & 3) * 8)
    return size === 4 ? word : word & (2 ** (8 * size) - 1)
  }

  #writeRam(offset: number, size: AccessSize, value: number): boolean {
    // The RAM has words only: a narrower access writes all of its word.
    const shift = (offset & 3) * 8
    this.#ram.setWord(offset & ~3, size === 4 ? value : value * 2 ** shift)
    return true
  }

  get #isConfigurable(): boolean {
    return (this.registers.get('CCCR') & (INIT | CCE)) === (INIT | CCE)
  }

  get #clockHz(): number {
    const divider = this.registers.get('CKDIV', 'PDIV')
    return this.#wiring.clocks.hz(this.name) / (divider === 0 ? 1 : divider * 2)
  }

  get #nominalHz(): number {
    const { registers: r } = this
    const quanta = r.get('NBTP', 'NTSEG1') + r.get('NBTP', 'NTSEG2') + 3
    return this.#clockHz / (r.get('NBTP', 'NBRP') + 1) / quanta
  }

  get #dataHz(): number {
    const { registers: r } = this
    const quanta = r.get('DBTP', 'DTSEG1') + r.get('DBTP', 'DTSEG2') + 3
    return this.#clockHz / (r.get('DBTP', 'DBRP') + 1) / quanta
  }

  #after(seconds: number, action: () => void): (() => void) | undefined {
    const { scheduler, clocks } = this.#wiring
    const cycles = seconds * clocks.cycleHz
    return Number.isFinite(cycles) ? scheduler.at(scheduler.now + cycles, action) : undefined
  }

  #control(written: number, before: number): void {
    const { registers: r } = this
    if (!r.is('CCCR', 'INIT')) r.set('CCCR', 'CCE', false)
    // What configures the protocol changes only while configuration is enabled.
    const wasOpen = (before & (INIT | CCE)) === (INIT | CCE)
    if (!wasOpen) {
      for (const field of ['ASM', 'MON', 'TEST'] as const) {
        const wasSet = before & (1 << fdcanLayout.CCCR.fields[field].bit)
        if (wasSet === 0) r.set('CCCR', field, false)
      }
      for (const field of ['DAR', 'FDOE', 'BRSE'] as const) {
        r.set('CCCR', field, (before >>> fdcanLayout.CCCR.fields[field].bit) & 1)
      }
    }
    if (!r.is('CCCR', 'TEST')) r.setAll('TEST', 0)
    if (r.is('CCCR', 'CCE') && (before & CCE) === 0) this.#clearState()
    this.#sleep()
    const isInit = (written & INIT) !== 0 || r.is('CCCR', 'INIT')
    if (isInit) this.#leave()
    else if ((before & INIT) !== 0) this.#join()
  }

  #sleep(): void {
    const { registers: r } = this
    const isAsked = r.is('CCCR', 'CSR')
    r.set('CCCR', 'CSA', isAsked)
    if (isAsked) r.set('CCCR', 'INIT', true)
  }

  #clearState(): void {
    this.#receiver.reset()
    this.#transmitter.reset()
    this.#timers.rebase()
  }

  #leave(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#cancelJoin?.()
    this.#cancelJoin = undefined
    this.#isTakingPart = false
    this.#bus?.detach(this)
    this.#bus = undefined
    this.registers.set('PSR', 'ACT', ACT.synchronizing)
  }

  /** Waits for eleven recessive bits; after bus off, for 129 times as many. */
  #join(): void {
    const wasOff = this.#errors.isBusOff
    const bits = INTEGRATION_BITS * (wasOff ? BUS_OFF_SEQUENCES : 1)
    this.#timers.rebase()
    this.#cancelJoin?.()
    this.#cancelJoin = this.#after(bits / this.#nominalHz, () => {
      if (wasOff) this.#recovered()
      this.#isTakingPart = true
      this.registers.set('PSR', 'ACT', ACT.idle)
      this.#attach()
      this.#contend()
    })
  }

  #recovered(): void {
    this.#errors.reset()
    this.#confine(false, false, true)
  }

  get #isInternal(): boolean {
    return this.registers.is('TEST', 'LBCK') && this.registers.is('CCCR', 'MON')
  }

  #attach(): void {
    if (this.#isInternal) return
    const signals = { rx: `${this.name}_RX`, tx: `${this.name}_TX` }
    const [bus] = this.#wiring.pins.busesOn<CanBus>('can', signals)
    if (bus === this.#bus) return
    this.#bus?.detach(this)
    this.#bus = bus
    bus?.attach(this)
  }

  #request(buffers: number): void {
    const { registers: r } = this
    if (r.is('CCCR', 'CCE')) return
    this.#transmitter.request(buffers)
    if (this.#isTakingPart) this.#contend()
  }

  #contend(): void {
    if (!this.#bus?.isBusy) this.#attach()
    if (this.#bus !== undefined) this.#bus.contend()
    else if (this.#cancel === undefined && this.next() !== undefined) this.begin()
  }

  next(): CanFrame | undefined {
    const { registers: r } = this
    const isMute = r.is('CCCR', 'ASM') || (r.is('CCCR', 'MON') && !this.#isInternal)
    return !this.#isTakingPart || isMute ? undefined : this.#transmitter.next()
  }

  begin(): void {
    const element = this.#transmitter.begin()
    if (element === undefined) {
      this.#bus?.release()
      return
    }
    const { frame } = element
    const bits = bitsOf(frame)
    const seconds = bits.nominal / this.#nominalHz + bits.data / this.#dataHz
    this.registers.set('PSR', 'ACT', ACT.transmitter)
    this.#cancel = this.#after(seconds, () => this.#frameOver(frame))
  }

  #frameOver(frame: CanFrame): void {
    this.#cancel = undefined
    this.registers.set('PSR', 'ACT', ACT.idle)
    const isLooped = this.registers.is('TEST', 'LBCK')
    const rates = { nominalHz: this.#nominalHz, dataHz: this.#dataHz }
    const outcome = this.#bus?.complete({ frame, ...rates }) ?? 'not acknowledged'
    if (isLooped || outcome === 'sent') this.#sent(frame, isLooped)
    else this.#notSent(outcome === 'error', frame)
  }

  /** For waveforms: a classical frame has just passed on these lines. */
  #draw(lines: readonly string[], frame: CanFrame): void {
    const { pins, name, clocks } = this.#wiring
    if (pins.onLines === undefined || frame.isFd) return
    const signals = lines.map((line) => `${name}_${line}`)
    const bitCycles = clocks.cycleHz / this.#nominalHz
    pins.onLines({ bitCycles, edges: levelEdges(signals, classicalLevels(frame)) })
  }

  #sent(frame: CanFrame, isLooped: boolean): void {
    this.#draw(['TX', 'RX'], frame)
    const stamp = this.#timers.stamp
    this.#errors.sent()
    this.#protocol(LEC.none, false)
    this.#transmitter.succeeded(stamp)
    if (isLooped) this.#receive(frame)
    this.#confineNow()
    this.#goOn()
  }

  /** An error frame follows, then the next attempt. */
  #notSent(isError: boolean, { hasSwitch }: CanFrame): void {
    this.#errors.sendFailed(!isError)
    this.#protocol(isError ? LEC.bit1 : LEC.acknowledge, isError && hasSwitch)
    this.#transmitter.failed()
    this.#confineNow()
    if (this.#errors.isBusOff) return
    this.#cancel = this.#after(ERROR_FRAME_BITS / this.#nominalHz, () => this.#goOn())
  }

  #goOn(): void {
    this.#cancel = undefined
    if (this.#bus !== undefined) this.#bus.release()
    else this.#contend()
  }

  hear({ frame, nominalHz, dataHz }: CanTransmission): CanVerdict {
    const { registers: r } = this
    if (!this.#isTakingPart) return 'ignore'
    const isReadable =
      isSameRate(nominalHz, this.#nominalHz) &&
      (!frame.isFd || r.is('CCCR', 'FDOE')) &&
      (!frame.hasSwitch || isSameRate(dataHz, this.#dataHz))
    const isMute = r.is('CCCR', 'MON')
    if (!isReadable) {
      if (!isMute && !r.is('CCCR', 'ASM')) this.#errors.receiveFailed()
      this.#protocol(frame.isFd && !r.is('CCCR', 'FDOE') ? LEC.form : LEC.stuff, false)
      this.#confineNow()
      return isMute || r.is('CCCR', 'ASM') ? 'ignore' : 'error'
    }
    this.#errors.received()
    this.#draw(['RX'], frame)
    this.#protocol(LEC.none, false)
    this.#receive(frame)
    this.#confineNow()
    return isMute ? 'ignore' : 'acknowledge'
  }

  #receive(frame: CanFrame): void {
    const { registers: r } = this
    if (frame.isFd) {
      r.set('PSR', 'REDL', true)
      if (frame.hasSwitch) r.set('PSR', 'RBRS', true)
      if (frame.isPassive) r.set('PSR', 'RESI', true)
    }
    this.#receiver.take(frame, this.#timers.stamp)
    for (const fifo of [0, 1] as const) {
      if (!this.#receiver.isEmpty(fifo)) this.#timers.fifoFilled(fifo)
    }
  }

  #acknowledged(fifo: 0 | 1, index: number): void {
    this.#receiver.acknowledge(fifo, index & 7)
    this.#timers.fifoRead(fifo, this.#receiver.isEmpty(fifo))
  }

  /** The last error code, of the arbitration or of the data phase. */
  #protocol(code: number, isData: boolean): void {
    this.registers.set('PSR', isData ? 'DLEC' : 'LEC', code)
    if (code !== LEC.none) this.#raise(isData ? 'PED' : 'PEA')
  }

  #confineNow(): void {
    const { isWarning, isPassive, isBusOff } = this.#errors
    this.#confine(isWarning, isPassive, false)
    if (!isBusOff || this.registers.is('PSR', 'BO')) return
    this.registers.set('PSR', 'BO', true)
    this.registers.set('CCCR', 'INIT', true)
    this.#raise('BO')
    this.#leave()
  }

  #confine(isWarning: boolean, isPassive: boolean, isRecovered: boolean): void {
    const { registers: r } = this
    for (const [flag, isSet] of [
      ['EW', isWarning],
      ['EP', isPassive],
    ] as const) {
      if (r.is('PSR', flag) === isSet) continue
      r.set('PSR', flag, isSet)
      this.#raise(flag)
    }
    if (isRecovered && r.is('PSR', 'BO')) {
      r.set('PSR', 'BO', false)
      this.#raise('BO')
    }
  }

  /** A read leaves "no change" and clears what was received. */
  #statusRead(): void {
    const { registers: r } = this
    r.set('PSR', 'LEC', LEC.unchanged)
    r.set('PSR', 'DLEC', LEC.unchanged)
    for (const flag of ['RESI', 'RBRS', 'REDL', 'PXE'] as const) r.set('PSR', flag, false)
  }

  #errorsRead(): void {
    this.#errors.logged = 0
  }

  #raise(...flags: CanInterrupt[]): void {
    for (const flag of flags) this.registers.set('IR', flag, true)
    this.#update()
  }

  #update(): void {
    const { registers: r } = this
    const active = r.get('IR') & r.get('IE')
    const groups = r.get('ILS')
    let second = 0
    for (const [bit, group] of GROUP_OF.entries()) if ((groups >> group) & 1) second |= 1 << bit
    this.#lines[0]!.set(r.is('ILE', 'EINT0') && (active & ~second) !== 0)
    this.#lines[1]!.set(r.is('ILE', 'EINT1') && (active & second) !== 0)
  }
}

export const fdcans = { FDCAN1: (wiring) => new Fdcan(wiring) } satisfies Makers
