/**
 * Faults and exception entry. Armv8-M ARM, B3.18 to B3.24, and the pseudocode of CreateException(),
 * PushStack() and ExceptionTaken(). The way back is in `exception-return.ts`.
 *
 * Everything here happens between two instructions. Where the host is the Secure state, what
 * targets it ends in `stopped`; lock-up ends there in any case.
 */

import type { Accesses } from './access.ts'
import type { FaultRecord } from './cpu.ts'
import type { FaultStatus } from './fault-status.ts'
import { CFSR, EXCEPTION, type Fault, HFSR } from './faults.ts'
import type { FloatContext } from './float/float-context.ts'
import { EXC_RETURN, type Frames, XPSR } from './frames.ts'
import { WORDS } from './layout.ts'
import type { Nvic } from './nvic.ts'
import { CONTROL, type State } from './state.ts'

/** Where the PC stands during lock-up: B3.33. */
const LOCKUP_PC = 0xefff_fffe

export interface ExceptionParts {
  readonly state: State
  readonly nvic: Nvic
  readonly accesses: Accesses
  readonly status: FaultStatus
  readonly frames: Frames
  readonly float: FloatContext
  /** The host is the Secure state. */
  readonly isHostSecure: boolean
  vectorTable(isSecure: boolean): number
  /** A handler is about to begin. */
  entered(exception: number): void
  pc(): number
  /** ITSTATE of the instruction at `pc`. */
  it(): number
  /** Goes on at an address, with EPSR.T and ITSTATE; the code is fetched later. */
  goTo(address: number, thumb: boolean, it: number): void
  /** Mode, privilege or priority changed. */
  refresh(): void
}

export class Exceptions {
  readonly #parts: ExceptionParts
  /** What the host has to be told: the run is over. */
  stopped: FaultRecord | undefined
  /** The PC stands at LOCKUP_PC; only something more urgent, or a reset, ends it. */
  isLockedUp = false
  /** Armv8-M ARM, B3.30: set by SEV, exception entry and return. */
  event = false

  constructor(parts: ExceptionParts) {
    this.#parts = parts
  }

  reset(): void {
    this.stopped = undefined
    this.isLockedUp = false
    this.event = false
  }

  /** A synchronous fault of the instruction at PC, raised by the present state unless told. */
  takeFault(fault: Fault): void {
    this.raise(fault, fault.isSecure ?? this.#parts.state.isSecure)
    this.#enterUnlessOver()
  }

  /** Takes the pending exception that preempts, if there is one. */
  takePending(): void {
    if (this.#parts.nvic.preempting === 0) return
    if (this.isLockedUp) {
      this.isLockedUp = false
      this.stopped = undefined
    }
    this.#enter()
  }

  /** SVC: the exception is synchronous; if it cannot be taken it escalates. */
  supervisorCall(): void {
    const { nvic, state } = this.#parts
    const index = nvic.indexOf(EXCEPTION.svCall, state.isSecure)
    if (nvic.groupPriority(index) < nvic.executionPriority) {
      nvic.setPending(index)
      return
    }
    this.#escalate(HFSR.FORCED, state.isSecure)
    this.#enterUnlessOver()
  }

  /** BKPT that neither a debugger nor DebugMonitor takes. */
  breakpoint(): void {
    this.#escalate(HFSR.DEBUGEVT, this.#parts.state.isSecure)
    this.#enterUnlessOver()
  }

  #enterUnlessOver(): void {
    if (this.stopped === undefined) this.#enter()
  }

  /**
   * A fault while the registers of an earlier context are saved: escalated as that context allowed
   * when it was left. True if it has to be taken before the instruction that wants the registers.
   */
  pendLazyFault(fault: Fault, isReady: boolean, mayHardFault: boolean): boolean {
    const { nvic, status, isHostSecure } = this.#parts
    const isSecure = fault.isSecure === true
    status.record(fault, isSecure)
    const index = nvic.indexOf(fault.exception, isSecure)
    const toSecure = nvic.targetsSecure(index)
    const hardFault = nvic.indexOf(EXCEPTION.hardFault, toSecure || !nvic.faultsAreNonSecure)
    if (!isReady) status.hfsr |= HFSR.FORCED
    const taken = isReady ? index : hardFault
    if (isHostSecure && nvic.targetsSecure(taken)) this.#stop(NAMES[nvic.numberOf(taken)]!)
    else if (isReady || mayHardFault) nvic.setPending(taken)
    else this.#lockUp()
    return this.stopped !== undefined || nvic.preempting !== 0
  }

  /** Records a fault and makes its exception pending, escalated as need be. */
  raise(fault: Fault, isSecure: boolean): void {
    const { nvic, status, isHostSecure } = this.#parts
    status.record(fault, isSecure)
    const index = nvic.indexOf(fault.exception, isSecure)
    const isEnabled = nvic.enabled[index] === 1
    if (isHostSecure && nvic.targetsSecure(index)) {
      this.#stop(isEnabled ? NAMES[fault.exception]! : this.#forced())
    } else if (isEnabled && nvic.groupPriority(index) < nvic.executionPriority) {
      nvic.setPending(index)
    } else this.#escalate(HFSR.FORCED, nvic.targetsSecure(index))
  }

  #forced(): 'HardFault' {
    this.#parts.status.hfsr |= HFSR.FORCED
    return 'HardFault'
  }

  /** HardFault, Secure unless AIRCR.BFHFNMINS leaves it to the state of the fault. */
  #escalate(why: number, isSecure: boolean): void {
    const { nvic, status, isHostSecure } = this.#parts
    const toSecure = isSecure || !nvic.faultsAreNonSecure
    const index = nvic.indexOf(EXCEPTION.hardFault, toSecure)
    status.hfsr |= why
    if (isHostSecure && toSecure) this.#stop('HardFault')
    else if (nvic.executionPriority <= nvic.groupPriority(index)) this.#lockUp()
    else nvic.setPending(index)
  }

  #stop(exception: FaultRecord['exception']): void {
    this.stopped ??= { exception, ...this.#snapshot() }
  }

  #lockUp(): void {
    const { isHostSecure, goTo, state } = this.#parts
    this.#stop('Lockup')
    if (isHostSecure) return
    this.isLockedUp = true
    state.adoptStack()
    goTo(LOCKUP_PC, true, 0)
  }

  #snapshot(): Omit<FaultRecord, 'exception'> {
    const { state, status, pc } = this.#parts
    const r = (number: number) => state.register(number)
    const registers = {
      ...{ r0: r(0), r1: r(1), r2: r(2), r3: r(3), r4: r(4), r5: r(5), r6: r(6), r7: r(7) },
      ...{ r8: r(8), r9: r(9), r10: r(10), r11: r(11), r12: r(12) },
      ...{ sp: r(13), lr: r(14), pc: pc(), xpsr: this.xpsr() },
    }
    const own = state.isSecure ? status.cfsrSecure : status.cfsrNonSecure
    return {
      registers,
      cfsr: (own | status.bfsr) >>> 0,
      hfsr: status.hfsr >>> 0,
      sfsr: status.sfsr,
      mmfar: state.isSecure ? status.mmfarSecure : status.mmfarNonSecure,
      bfar: status.bfar,
      sfar: status.sfar,
    }
  }

  /** APSR, EPSR and IPSR in one word, as on the stack. */
  xpsr(): number {
    const { state, it } = this.#parts
    const itState = it()
    const epsr =
      ((itState & 3) << 25) | ((itState & 0xfc) << 8) | (state.get(WORDS.THUMB) ? XPSR.T : 0)
    return (state.apsr | epsr | state.get(WORDS.IPSR)) >>> 0
  }

  /** Stacks the context and takes whatever goes first. */
  #enter(): void {
    const { state, frames, float, pc } = this.#parts
    const excReturn =
      0xff00_0000 |
      EXC_RETURN.reserved |
      (state.isSecure ? EXC_RETURN.S : 0) |
      EXC_RETURN.DCRS |
      (float.isActive ? 0 : EXC_RETURN.FTYPE) |
      (state.isHandler ? 0 : EXC_RETURN.MODE)
    const { isSecure } = state
    const fault = frames.push(pc(), this.xpsr())
    if (fault) this.raise(fault, fault.isSecure ?? isSecure)
    if (this.stopped === undefined) {
      this.take(excReturn, { isTailChain: false, ignoresFaults: fault !== undefined })
    } else state.adoptStack()
  }

  /**
   * The frame is on its stack, and all stacks are parked: enters the handler of the first pending
   * exception. Faults on the way make others pending, which then may go first.
   */
  take(excReturn: number, how: { isTailChain: boolean; ignoresFaults: boolean }): void {
    const { state, nvic } = this.#parts
    let { isTailChain, ignoresFaults } = how
    let lr = excReturn
    while (this.stopped === undefined) {
      const index = nvic.first
      const toSecure = nvic.targetsSecure(index)
      const fault = this.#protectCallee(lr, toSecure, isTailChain)
      lr = this.#finalExcReturn(lr, toSecure, isTailChain)
      this.#clearRegisters(lr, toSecure)
      const isStacked = fault === undefined || ignoresFaults
      if (fault && !ignoresFaults) this.raise(fault, true)
      const vector = isStacked ? this.#fetchVector(index, toSecure) : undefined
      if (vector !== undefined) {
        this.#startHandler(index, vector, lr)
        return
      }
      isTailChain = true
      ignoresFaults = true
    }
    state.adoptStack()
  }

  /** A Non-secure handler must not find what Secure code left in r4 to r11: they are stacked, too. */
  #protectCallee(lr: number, toSecure: boolean, isTailChain: boolean): Fault | undefined {
    const isStacked = (lr & EXC_RETURN.DCRS) === 0 || (isTailChain && (lr & EXC_RETURN.ES) === 0)
    if ((lr & EXC_RETURN.S) === 0 || toSecure || isStacked) return undefined
    return this.#parts.frames.pushCallee(lr)
  }

  #finalExcReturn(lr: number, toSecure: boolean, isTailChain: boolean): number {
    const control = this.#parts.state.bank(WORDS.CONTROL, toSecure)
    const cameFromNonSecure = isTailChain && (lr & EXC_RETURN.ES) === 0
    let value = lr & ~(EXC_RETURN.ES | EXC_RETURN.SPSEL)
    if ((lr & EXC_RETURN.S) !== 0) {
      if (!toSecure) value |= EXC_RETURN.DCRS
      else if (cameFromNonSecure) value &= ~EXC_RETURN.DCRS
    }
    if (toSecure) value |= EXC_RETURN.ES
    if ((control & CONTROL.SPSEL) !== 0) value |= EXC_RETURN.SPSEL
    return value >>> 0
  }

  /** A Secure handler may see anything; UNKNOWN registers keep their values there. */
  #clearRegisters(lr: number, toSecure: boolean): void {
    const { state } = this.#parts
    if (toSecure) return
    const clearsCallee = (lr & EXC_RETURN.S) !== 0
    for (let number = 0; number < 13; number++) {
      const isCallee = number >= 4 && number <= 11
      if (!isCallee || clearsCallee) state.setRegister(number, 0)
    }
    state.setFlags(0)
    state.set(WORDS.GE, 0)
  }

  #fetchVector(index: number, toSecure: boolean): number | undefined {
    const { accesses, vectorTable, nvic } = this.#parts
    const address = (vectorTable(toSecure) + nvic.numberOf(index) * 4) >>> 0
    accesses.fault = undefined
    const vector = accesses.loadVector(address, toSecure)
    const fault = accesses.takeFault()
    if (fault === undefined) return vector >>> 0
    this.#badVector(index, fault)
    return undefined
  }

  /**
   * The vector cannot be read: HardFault on the same frame, of the state that the BusFault or
   * SecureFault behind it targets; or lock-up if that is no more urgent.
   */
  #badVector(index: number, { exception }: Fault): void {
    const { nvic, status, isHostSecure } = this.#parts
    const toSecure = exception === EXCEPTION.secureFault || !nvic.faultsAreNonSecure
    const hardFault = nvic.indexOf(EXCEPTION.hardFault, toSecure)
    status.hfsr |= HFSR.VECTTBL | HFSR.FORCED
    if (isHostSecure && toSecure) this.#stop('HardFault')
    else if (nvic.groupPriority(hardFault) >= nvic.groupPriority(index)) this.#lockUp()
    else nvic.setPending(hardFault)
  }

  #startHandler(index: number, vector: number, lr: number): void {
    const { state, nvic, float, goTo, refresh, entered } = this.#parts
    const toSecure = nvic.targetsSecure(index)
    const control = state.bank(WORDS.CONTROL, toSecure)
    state.setBank(WORDS.CONTROL, toSecure, control & ~CONTROL.SPSEL)
    state.set(WORDS.SECURE, toSecure ? 1 : 0)
    state.set(WORDS.IPSR, nvic.numberOf(index))
    state.adoptStack()
    nvic.activate(index)
    state.set(WORDS.LR, lr)
    float.leaveContext()
    state.set(WORDS.EXCLUSIVE, 0)
    this.event = true
    goTo((vector & ~1) >>> 0, (vector & 1) !== 0, 0)
    refresh()
    entered(nvic.numberOf(index))
  }
}

/** Exceptions that the host may be told of by name. */
const NAMES: Readonly<Record<number, FaultRecord['exception']>> = {
  [EXCEPTION.hardFault]: 'HardFault',
  [EXCEPTION.memManage]: 'MemManage',
  [EXCEPTION.busFault]: 'BusFault',
  [EXCEPTION.usageFault]: 'UsageFault',
  [EXCEPTION.secureFault]: 'SecureFault',
}

/** The fault of a return that cannot be: UsageFault INVPC. */
export const INVALID_RETURN: Fault = {
  exception: EXCEPTION.usageFault,
  syndrome: CFSR.INVPC,
}
