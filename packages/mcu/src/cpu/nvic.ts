/**
 * What is pending, active and enabled, and who goes first. Armv8-M ARM, B3.9 to B3.13, and the
 * pseudocode of ExceptionPriority(), ExecutionPriority() and DeActivate().
 *
 * An exception is known by its index: its number, or SECURE_BANK + number for the Secure one of a
 * banked pair (HardFault, MemManage, UsageFault, SVCall, PendSV, SysTick).
 *
 * Where the host is the Secure state, what targets it is never taken: it stays pending here, except
 * for faults, which `exceptions.ts` reports.
 */

import type { InterruptLines } from '../bus.ts'
import { EXCEPTION } from './faults.ts'
import { WORDS } from './layout.ts'
import type { State } from './state.ts'

/** RM0456, "Nested vectored interrupt controller": lines 0 to 125, four priority bits. */
export const IRQ_COUNT = 126
export const PRIORITY_MASK = 0xf0
const NUMBERS = EXCEPTION.firstIrq + IRQ_COUNT

/** Distance from an exception's number to the index of its Secure bank. */
const SECURE_BANK = 0x90
const INDICES = SECURE_BANK + EXCEPTION.firstIrq

/** Where the byte arrays stand in memory, so that a snapshot of the state has them. */
export const NVIC_ARRAYS = { start: 0x1000, stride: 0x100, count: 7 } as const

/** Lower than every priority: nothing is active and nothing masks. */
export const IDLE_PRIORITY = 0x100
/** Of a fast interrupt: before all that PRIS leaves to the Non-secure state, its masks included. */
const FAST_PRIORITY = 0x40
/** AIRCR.PRIS moves Non-secure priorities into the lower half. */
const RESTRICTED = 0x80

const BANKED = new Uint8Array(NUMBERS)
for (const number of [
  ...[EXCEPTION.hardFault, EXCEPTION.memManage, EXCEPTION.usageFault],
  ...[EXCEPTION.svCall, EXCEPTION.pendSv, EXCEPTION.sysTick],
]) {
  BANKED[number] = 1
}

export class Nvic implements InterruptLines {
  readonly #state: State
  readonly #changed: () => void
  /** The Secure state is the host's: what targets it waits. */
  readonly #isHostSecure: boolean
  readonly pending: Uint8Array
  readonly active: Uint8Array
  readonly enabled: Uint8Array
  readonly priority: Uint8Array
  /** ITNS: 1 for an interrupt that targets the Non-secure state. By number. */
  readonly nonSecure: Uint8Array
  readonly lines: Uint8Array
  /** 1 for an interrupt of the Non-secure state that the Secure state alone controls. By number. */
  readonly fast: Uint8Array
  /** Told when an exception is taken. */
  onTaken: (index: number) => void = () => {}
  /** AIRCR.PRIGROUP: [Non-secure, Secure]. */
  priorityGroup: [number, number] = [0, 0]
  /** AIRCR.BFHFNMINS: HardFault, BusFault and NMI are Non-secure. */
  faultsAreNonSecure = false
  /** AIRCR.PRIS */
  prioritizeSecure = false
  /** DEMCR.SDME: DebugMonitor targets the Secure state. */
  monitorIsSecure = false

  /** `changed` is called when something became pending or masks moved. */
  constructor(state: State, isHostSecure: boolean, changed: () => void) {
    this.#state = state
    this.#isHostSecure = isHostSecure
    this.#changed = changed
    const { start, stride } = NVIC_ARRAYS
    const array = (at: number) =>
      state.bytes.subarray(start + at * stride, start + at * stride + INDICES)
    this.pending = array(0)
    this.active = array(1)
    this.enabled = array(2)
    this.priority = array(3)
    this.nonSecure = array(4)
    this.lines = array(5)
    this.fast = array(6)
  }

  /** What is not in the arrays. */
  save() {
    const { priorityGroup, faultsAreNonSecure, prioritizeSecure, monitorIsSecure } = this
    const group = [...priorityGroup] as [number, number]
    return { priorityGroup: group, faultsAreNonSecure, prioritizeSecure, monitorIsSecure }
  }

  reset(): void {
    for (const array of [this.pending, this.active, this.enabled, this.priority]) array.fill(0)
    this.nonSecure.fill(0)
    this.fast.fill(0)
    for (let number = EXCEPTION.nmi; number < EXCEPTION.firstIrq; number++) {
      for (const index of [number, number + SECURE_BANK]) {
        this.enabled[index] = isAlwaysEnabled(number) ? 1 : 0
      }
    }
    this.priorityGroup = [0, 0]
    this.faultsAreNonSecure = false
    this.prioritizeSecure = false
    this.monitorIsSecure = false
  }

  /** Drops what belongs to the Non-secure state; lines, targets and what the Secure state has stay. */
  resetNonSecure(): void {
    for (let number = 0; number < NUMBERS; number++) {
      if (this.targetsSecure(number)) continue
      this.pending[number] = 0
      this.active[number] = 0
      this.priority[number] = 0
      this.fast[number] = 0
      if (!isAlwaysEnabled(number)) this.enabled[number] = 0
    }
    this.priorityGroup[0] = 0
  }

  /** Index of an exception of a state, for one that is banked. */
  indexOf(number: number, isSecure: boolean): number {
    return isSecure && BANKED[number] === 1 ? number + SECURE_BANK : number
  }

  numberOf(index: number): number {
    return index >= SECURE_BANK ? index - SECURE_BANK : index
  }

  /** The state sees the interrupt in its registers. */
  isSeenBy(isSecure: boolean, number: number): boolean {
    return isSecure || (this.nonSecure[number] === 1 && this.fast[number] === 0)
  }

  targetsSecure(index: number): boolean {
    if (index >= SECURE_BANK) return true
    if (index >= EXCEPTION.firstIrq) return this.nonSecure[index] === 0
    if (index === EXCEPTION.nmi || index === EXCEPTION.busFault) return !this.faultsAreNonSecure
    if (index === EXCEPTION.debugMonitor) return this.monitorIsSecure
    return index === EXCEPTION.secureFault
  }

  setLine(irq: number, isHigh: boolean): void {
    const number = EXCEPTION.firstIrq + irq
    if (number >= NUMBERS) return
    this.lines[number] = isHigh ? 1 : 0
    if (isHigh) this.setPending(number)
  }

  setPending(index: number): void {
    if (index >= INDICES || this.pending[index] === 1) return
    this.pending[index] = 1
    this.#changed()
  }

  clearPending(index: number): void {
    if (index < INDICES) this.pending[index] = this.lines[index]!
  }

  setEnabled(index: number, isEnabled: boolean): void {
    if (index >= INDICES) return
    this.enabled[index] = isEnabled ? 1 : 0
    this.#changed()
  }

  activate(index: number): void {
    this.pending[index] = 0
    this.active[index] = 1
    this.onTaken(index)
  }

  /**
   * Ends an exception for a return that claims to come from it; false if it was not active in that
   * state. At a negative priority HardFault or NMI ends, whatever IPSR says.
   */
  complete(number: number, isSecure: boolean): boolean {
    const index = this.indexOf(number, isSecure)
    const isItsState = BANKED[number] === 1 || this.targetsSecure(index) === isSecure
    const wasActive = isItsState && this.active[index] === 1
    const ended = this.#negativeOne ?? (isItsState ? index : undefined)
    if (ended !== undefined) this.#deactivate(ended)
    return wasActive
  }

  /** What holds the priority below zero. */
  get #negativeOne(): number | undefined {
    switch (this.activePriority) {
      case -1:
        return this.indexOf(EXCEPTION.hardFault, !this.faultsAreNonSecure)
      case -2:
        return EXCEPTION.nmi
      case -3:
        return this.indexOf(EXCEPTION.hardFault, true)
      default:
        return undefined
    }
  }

  /** A line that is still high pends again. */
  #deactivate(index: number): void {
    this.active[index] = 0
    if (this.lines[index] === 1) this.pending[index] = 1
  }

  /** The priority in the scale of the group: what preemption compares. */
  groupPriority(index: number): number {
    const number = this.numberOf(index)
    if (number === EXCEPTION.nmi) return -2
    if (this.fast[index] === 1) return FAST_PRIORITY
    const isSecure = this.targetsSecure(index)
    if (number === EXCEPTION.hardFault) return isSecure && this.faultsAreNonSecure ? -3 : -1
    return this.#inScale(this.#grouped(this.priority[index]!, isSecure), isSecure)
  }

  #subpriority(index: number): number {
    const own = this.priority[index]!
    return own - this.#grouped(own, this.targetsSecure(index))
  }

  #grouped(priority: number, isSecure: boolean): number {
    return priority & ~((2 << this.priorityGroup[isSecure ? 1 : 0]) - 1) & 0xff
  }

  #inScale(priority: number, isSecure: boolean): number {
    return this.prioritizeSecure && !isSecure ? (priority >> 1) + RESTRICTED : priority
  }

  /** Of active exceptions only: RawExecutionPriority(). */
  get activePriority(): number {
    let best = IDLE_PRIORITY
    const { active } = this
    for (let index = active.indexOf(1); index >= 0; index = active.indexOf(1, index + 1)) {
      best = Math.min(best, this.groupPriority(index))
    }
    return best
  }

  /** With the masks of both states: ExecutionPriority(). */
  get executionPriority(): number {
    return Math.min(this.activePriority, this.#masked(true))
  }

  /**
   * HardFault, NMI or FAULTMASK of a state are in force, whatever they make of the priority:
   * IsReqExcPriNeg(). The MPU and stack limits of that state may be off then.
   */
  isBelowZero(isSecure: boolean): boolean {
    const { active } = this
    if (this.#state.bank(WORDS.FAULTMASK, isSecure) !== 0) return true
    if (active[this.indexOf(EXCEPTION.hardFault, isSecure)] === 1) return true
    return active[EXCEPTION.nmi] === 1 && this.targetsSecure(EXCEPTION.nmi) === isSecure
  }

  /** As `executionPriority` without PRIMASK: what WFI looks at. */
  get wakePriority(): number {
    return Math.min(this.activePriority, this.#masked(false))
  }

  /** Index of the pending, enabled exception that goes first; 0 for none. */
  get first(): number {
    let best = 0
    const { pending } = this
    for (let index = pending.indexOf(1); index >= 0; index = pending.indexOf(1, index + 1)) {
      if (this.enabled[index] === 0) continue
      if (this.#isHostSecure && this.targetsSecure(index)) continue
      if (best === 0 || this.#precedes(index, best)) best = index
    }
    return best
  }

  /** By group priority, subpriority, number; of a banked pair the Secure one. */
  #precedes(a: number, b: number): boolean {
    const group = this.groupPriority(a) - this.groupPriority(b)
    if (group !== 0) return group < 0
    const sub = this.#subpriority(a) - this.#subpriority(b)
    return sub !== 0 ? sub < 0 : this.numberOf(a) <= this.numberOf(b)
  }

  /** The exception to take now; 0 for none. */
  get preempting(): number {
    const { first } = this
    return first !== 0 && this.groupPriority(first) < this.executionPriority ? first : 0
  }

  /** A fast interrupt is to be taken now, or is active. */
  get isFastBusy(): boolean {
    const { fast, active } = this
    for (let index = fast.indexOf(1); index >= 0; index = fast.indexOf(1, index + 1)) {
      if (active[index] === 1) return true
    }
    return fast[this.preempting] === 1
  }

  /** It would be taken if it were pended now. */
  isReady(index: number): boolean {
    return this.enabled[index] === 1 && this.groupPriority(index) < this.executionPriority
  }

  get wakes(): boolean {
    const { first } = this
    return first !== 0 && this.groupPriority(first) < this.wakePriority
  }

  get isAnyIrqPending(): boolean {
    return this.pending.subarray(EXCEPTION.firstIrq, NUMBERS).includes(1)
  }

  get activeCount(): number {
    return this.active.reduce((sum, bit) => sum + bit, 0)
  }

  #masked(withPrimask: boolean): number {
    return Math.min(this.#maskedBy(false, withPrimask), this.#maskedBy(true, withPrimask))
  }

  /** What BASEPRI, PRIMASK and FAULTMASK of one state raise the priority to. */
  #maskedBy(isSecure: boolean, withPrimask: boolean): number {
    const state = this.#state
    const base = state.bank(WORDS.BASEPRI, isSecure)
    let best = base === 0 ? IDLE_PRIORITY : this.#inScale(this.#grouped(base, isSecure), isSecure)
    const zero = this.#inScale(0, isSecure)
    if (withPrimask && state.bank(WORDS.PRIMASK, isSecure) !== 0) best = Math.min(best, zero)
    if (state.bank(WORDS.FAULTMASK, isSecure) === 0) return best
    if (isSecure) return this.faultsAreNonSecure ? -3 : -1
    return this.faultsAreNonSecure ? -1 : Math.min(best, zero)
  }
}

function isAlwaysEnabled(number: number): boolean {
  return (
    number === EXCEPTION.nmi ||
    number === EXCEPTION.hardFault ||
    number === EXCEPTION.svCall ||
    number === EXCEPTION.pendSv ||
    number === EXCEPTION.sysTick
  )
}
