/**
 * What is pending, active and enabled, and who goes first. Armv8-M ARM, B3.9 to B3.13.
 *
 * Exceptions that target the Non-secure state run in the guest. Those that target the Secure state
 * belong to the host: they stay pending here, except for faults, which `exceptions.ts` reports.
 */

import type { InterruptLines } from '../bus.ts'
import { EXCEPTION } from './faults.ts'
import { WORDS } from './layout.ts'
import type { State } from './state.ts'

/** RM0456, "Nested vectored interrupt controller": lines 0 to 124, four priority bits. */
export const IRQ_COUNT = 125
export const PRIORITY_MASK = 0xf0
const COUNT = EXCEPTION.firstIrq + IRQ_COUNT

/** Where the byte arrays stand in memory, so that a snapshot of the state has them. */
const ARRAYS = 0x1000

/** Lower than every priority: nothing is active and nothing masks. */
export const IDLE_PRIORITY = 0x100

export class Nvic implements InterruptLines {
  readonly #state: State
  readonly #changed: () => void
  readonly pending: Uint8Array
  readonly active: Uint8Array
  readonly enabled: Uint8Array
  /** Of the Non-secure bank, for banked exceptions. */
  readonly priority: Uint8Array
  /** ITNS: 1 for an interrupt that targets the Non-secure state. */
  readonly nonSecure: Uint8Array
  readonly lines: Uint8Array
  /** Priorities of the Secure bank of system exceptions; stored, never acted upon. */
  readonly securePriority: Uint8Array
  /** AIRCR_NS.PRIGROUP */
  priorityGroup = 0
  /** AIRCR.BFHFNMINS: HardFault, BusFault and NMI are Non-secure. */
  faultsAreNonSecure = false
  /** AIRCR.PRIS */
  prioritizeSecure = false

  /** `changed` is called when something became pending or masks moved. */
  constructor(state: State, changed: () => void) {
    this.#state = state
    this.#changed = changed
    const array = (at: number) =>
      state.bytes.subarray(ARRAYS + at * 0x100, ARRAYS + at * 0x100 + COUNT)
    this.pending = array(0)
    this.active = array(1)
    this.enabled = array(2)
    this.priority = array(3)
    this.nonSecure = array(4)
    this.lines = array(5)
    this.securePriority = array(6)
  }

  reset(): void {
    for (const array of [this.pending, this.active, this.enabled, this.priority]) array.fill(0)
    this.nonSecure.fill(0)
    this.securePriority.fill(0)
    this.nonSecure.fill(1, 0, EXCEPTION.firstIrq)
    for (const always of [EXCEPTION.nmi, EXCEPTION.hardFault]) this.enabled[always] = 1
    for (const always of [EXCEPTION.svCall, EXCEPTION.pendSv, EXCEPTION.sysTick]) {
      this.enabled[always] = 1
    }
    this.priorityGroup = 0
    this.faultsAreNonSecure = false
    this.prioritizeSecure = false
  }

  /** Drops what belongs to the Non-secure state; lines, targets and SecureFault stay. */
  resetNonSecure(): void {
    for (let number = 0; number < COUNT; number++) {
      if (this.nonSecure[number] === 0 || number === EXCEPTION.secureFault) continue
      this.pending[number] = 0
      this.active[number] = 0
      this.priority[number] = 0
      if (number >= EXCEPTION.firstIrq || isConfigurableFault(number)) this.enabled[number] = 0
    }
    this.priorityGroup = 0
  }

  setLine(irq: number, isHigh: boolean): void {
    const number = EXCEPTION.firstIrq + irq
    this.lines[number] = isHigh ? 1 : 0
    if (isHigh) this.setPending(number)
  }

  setPending(number: number): void {
    if (number >= COUNT || this.pending[number] === 1) return
    this.pending[number] = 1
    this.#changed()
  }

  clearPending(number: number): void {
    if (number < COUNT) this.pending[number] = this.lines[number]!
  }

  setEnabled(number: number, isEnabled: boolean): void {
    if (number >= COUNT) return
    this.enabled[number] = isEnabled ? 1 : 0
    this.#changed()
  }

  activate(number: number): void {
    this.pending[number] = 0
    this.active[number] = 1
  }

  /** A line that is still high pends again. */
  deactivate(number: number): void {
    this.active[number] = 0
    if (this.lines[number] === 1) this.pending[number] = 1
  }

  /** The priority in the scale of the group: what preemption compares. */
  groupPriority(number: number): number {
    if (number === EXCEPTION.nmi) return -2
    if (number === EXCEPTION.hardFault) return -1
    return this.#grouped(this.priority[number]!)
  }

  /** Of active exceptions only: RawExecutionPriority(). */
  get activePriority(): number {
    let best = IDLE_PRIORITY
    const { active } = this
    for (let number = active.indexOf(1); number >= 0; number = active.indexOf(1, number + 1)) {
      best = Math.min(best, this.groupPriority(number))
    }
    return best
  }

  /** With the Non-secure masks: ExecutionPriority(). */
  get executionPriority(): number {
    return Math.min(this.activePriority, this.#masked(true))
  }

  /** As `executionPriority` without PRIMASK: what WFI looks at. */
  get wakePriority(): number {
    return Math.min(this.activePriority, this.#masked(false))
  }

  /** The pending, enabled Non-secure exception that goes first; 0 for none. */
  get first(): number {
    let [best, bestPriority] = [0, IDLE_PRIORITY + 1]
    const { pending } = this
    for (let number = pending.indexOf(1); number >= 0; number = pending.indexOf(1, number + 1)) {
      if (this.enabled[number] === 0 || this.nonSecure[number] === 0) continue
      const priority = this.#fullPriority(number)
      if (priority < bestPriority) [best, bestPriority] = [number, priority]
    }
    return best
  }

  /** The exception to take now; 0 for none. */
  get preempting(): number {
    const { first } = this
    return first !== 0 && this.groupPriority(first) < this.executionPriority ? first : 0
  }

  get wakes(): boolean {
    const { first } = this
    return first !== 0 && this.groupPriority(first) < this.wakePriority
  }

  get isAnyIrqPending(): boolean {
    return this.pending.subarray(EXCEPTION.firstIrq).includes(1)
  }

  #fullPriority(number: number): number {
    return number <= EXCEPTION.hardFault ? this.groupPriority(number) : this.priority[number]!
  }

  #grouped(priority: number): number {
    return priority & ~((2 << this.priorityGroup) - 1) & 0xff
  }

  #masked(withPrimask: boolean): number {
    const state = this.#state
    let best = IDLE_PRIORITY
    const base = state.bank(WORDS.BASEPRI, false)
    if (base !== 0) best = this.#grouped(base)
    if (withPrimask && state.bank(WORDS.PRIMASK, false) !== 0) best = Math.min(best, 0)
    if (state.bank(WORDS.FAULTMASK, false) !== 0) {
      best = Math.min(best, this.faultsAreNonSecure ? -1 : 0)
    }
    return best
  }
}

function isConfigurableFault(number: number): boolean {
  return number >= EXCEPTION.memManage && number <= EXCEPTION.secureFault
}
