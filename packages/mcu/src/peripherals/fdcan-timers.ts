/**
 * Time stamps and time-outs of an FDCAN, both in bits of the nominal rate. RM0456, "Timestamp
 * generation" and "Timeout counter".
 */
import type { RegisterFile } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { CanInterrupt, fdcanLayout } from './fdcan-layout.ts'

const INTERNAL = 1
const STAMPS = 0x1_0000
/** What the time-out counter is for: always, transmit events, receive FIFO 0 or 1. */
const SOURCE = { always: 0, fifo0: 2 } as const

interface TimerParts {
  /** Of the nominal bit rate. */
  readonly ticks: Ticks
  raise(...flags: CanInterrupt[]): void
}

export class FdcanTimers {
  readonly #registers: RegisterFile<typeof fdcanLayout>
  readonly #parts: TimerParts
  #stampFrom = 0
  /** Tick at which the time-out counter has its preset; undefined while it stands. */
  #timeoutFrom: number | undefined
  #cancelWrap: (() => void) | undefined
  #cancelTimeout: (() => void) | undefined

  constructor(registers: RegisterFile<typeof fdcanLayout>, parts: TimerParts) {
    this.#registers = registers
    this.#parts = parts
  }

  reset(): void {
    this.#cancelWrap?.()
    this.#cancelTimeout?.()
    this.#timeoutFrom = undefined
    this.rebase()
  }

  /** Rates or settings have changed. */
  rebase(): void {
    this.#parts.ticks.rebase()
    this.clearStamp()
    this.#cancelTimeout?.()
    this.#timeoutFrom = undefined
    if (this.#source === SOURCE.always) this.presetTimeout()
  }

  get #bitsAStamp(): number {
    return this.#registers.get('TSCC', 'TCP') + 1
  }

  get stamp(): number {
    if (this.#registers.get('TSCC', 'TSS') !== INTERNAL) return 0
    return Math.floor((this.#parts.ticks.now - this.#stampFrom) / this.#bitsAStamp) % STAMPS
  }

  clearStamp(): void {
    this.#stampFrom = this.#parts.ticks.now
    this.#cancelWrap?.()
    this.#awaitWrap()
  }

  #awaitWrap(): void {
    if (this.#registers.get('TSCC', 'TSS') !== INTERNAL) return
    const { ticks, raise } = this.#parts
    this.#cancelWrap = ticks.at(this.#stampFrom + STAMPS * this.#bitsAStamp, () => {
      this.#stampFrom += STAMPS * this.#bitsAStamp
      raise('TSW')
      this.#awaitWrap()
    })
  }

  /** Undefined: switched off. */
  get #source(): number | undefined {
    const r = this.#registers
    return r.is('TOCC', 'ETOC') ? r.get('TOCC', 'TOS') : undefined
  }

  get timeout(): number {
    const preset = this.#registers.get('TOCC', 'TOP')
    if (this.#timeoutFrom === undefined) return preset
    const passed = Math.floor((this.#parts.ticks.now - this.#timeoutFrom) / this.#bitsAStamp)
    return Math.max(0, preset - passed)
  }

  presetTimeout(): void {
    if (this.#source === undefined) return
    const { ticks, raise } = this.#parts
    this.#cancelTimeout?.()
    this.#timeoutFrom = ticks.now
    const bits = (this.#registers.get('TOCC', 'TOP') + 1) * this.#bitsAStamp
    this.#cancelTimeout = ticks.at(ticks.now + bits, () => raise('TOO'))
  }

  /** A FIFO that was empty has an element: its time-out begins. */
  fifoFilled(fifo: 0 | 1): void {
    if (this.#source === SOURCE.fifo0 + fifo && this.#timeoutFrom === undefined)
      this.presetTimeout()
  }

  fifoRead(fifo: 0 | 1, isEmpty: boolean): void {
    if (this.#source !== SOURCE.fifo0 + fifo || !isEmpty) return
    this.#cancelTimeout?.()
    this.#timeoutFrom = undefined
  }
}
