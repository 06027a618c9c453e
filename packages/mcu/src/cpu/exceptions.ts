/**
 * Faults, exception entry and exception return for the Non-secure state. Armv8-M ARM, B3.18 to
 * B3.24, and the pseudocode of PushStack(), ExceptionTaken() and ExceptionReturn().
 *
 * Everything here happens between two instructions. What targets the Secure state ends in `Stop`:
 * the host is the Secure state.
 *
 * Not modelled: stacking of a Secure background, the additional state context, floating point.
 */

import type { Accesses } from './access.ts'
import type { FaultRecord } from './cpu.ts'
import { CFSR, EXCEPTION, type Fault, HFSR, SFSR } from './faults.ts'
import { WORDS } from './layout.ts'
import { IDLE_PRIORITY, type Nvic } from './nvic.ts'
import { CONTROL, type State } from './state.ts'

/** Bits of EXC_RETURN: B3.18, "EXC_RETURN". */
export const EXC_RETURN = {
  prefix: 0xff,
  reserved: 0x00ff_ff80,
  S: 1 << 6,
  DCRS: 1 << 5,
  FTYPE: 1 << 4,
  MODE: 1 << 3,
  SPSEL: 1 << 2,
  RES0: 1 << 1,
  ES: 1 << 0,
} as const

const FRAME_BYTES = 32
const XPSR = { T: 1 << 24, SPREALIGN: 1 << 9, EXCEPTION: 0x1ff } as const

/** Fault status registers; banked ones by state: MemManage and UsageFault bits of CFSR, MMFAR. */
export class FaultStatus {
  cfsrNonSecure = 0
  cfsrSecure = 0
  /** BusFault bits of CFSR: one set for both states. */
  bfsr = 0
  hfsr = 0
  sfsr = 0
  mmfarNonSecure = 0
  mmfarSecure = 0
  bfar = 0
  sfar = 0

  reset(): void {
    Object.assign(this, new FaultStatus())
  }

  /** Records the syndrome of a fault raised by the Non-secure state. */
  record({ exception, syndrome, address }: Fault): void {
    switch (exception) {
      case EXCEPTION.secureFault:
        this.sfsr |= syndrome
        if (address !== undefined) this.sfar = address
        break
      case EXCEPTION.busFault:
        this.bfsr |= syndrome
        if (address !== undefined) this.bfar = address
        break
      default:
        this.cfsrNonSecure |= syndrome
        if (address !== undefined) this.mmfarNonSecure = address
    }
  }
}

export interface ExceptionParts {
  readonly state: State
  readonly nvic: Nvic
  readonly accesses: Accesses
  readonly status: FaultStatus
  /** VTOR_NS */
  vectorTable(): number
  pc(): number
  /** ITSTATE of the instruction at `pc`. */
  it(): number
  /** Goes on at an address, with EPSR.T and ITSTATE; the code is fetched later. */
  goTo(address: number, thumb: boolean, it: number): void
  /** Mode, privilege or priority changed. */
  refresh(): void
  /** SCR.SLEEPONEXIT */
  sleepsOnExit(): boolean
  sleep(): void
}

export class Exceptions {
  readonly #parts: ExceptionParts
  /** What the host has to be told: the run is over. */
  stopped: FaultRecord | undefined
  /** Armv8-M ARM, B3.30: set by SEV, exception entry and return. */
  event = false

  constructor(parts: ExceptionParts) {
    this.#parts = parts
  }

  /** A synchronous fault of the instruction at PC. */
  takeFault(fault: Fault): void {
    this.#pendFault(fault)
    if (this.stopped === undefined) this.#enter()
  }

  /** Takes the pending exception that preempts, if there is one. */
  takePending(): void {
    if (this.#parts.nvic.preempting !== 0) this.#enter()
  }

  /** SVC: the exception is synchronous; if it cannot be taken it escalates. */
  supervisorCall(): void {
    const { nvic } = this.#parts
    if (nvic.groupPriority(EXCEPTION.svCall) < nvic.executionPriority) {
      nvic.setPending(EXCEPTION.svCall)
      return
    }
    this.#escalate(HFSR.FORCED)
    if (this.stopped === undefined) this.#enter()
  }

  /** BKPT without a debugger. */
  breakpoint(): void {
    this.#escalate(HFSR.DEBUGEVT)
    if (this.stopped === undefined) this.#enter()
  }

  pendLazyFault(fault: Fault, isReady: boolean, mayHardFault: boolean): boolean {
    const { nvic, status } = this.#parts
    status.record(fault)
    if (isReady) nvic.setPending(fault.exception)
    else if (mayHardFault || !nvic.faultsAreNonSecure) this.#escalate(HFSR.FORCED)
    else this.#stop('Lockup')
    return this.stopped !== undefined || nvic.preempting !== 0
  }

  /** Records a fault and makes its exception pending, escalated as need be. */
  #pendFault(fault: Fault): void {
    const { nvic, status } = this.#parts
    const { exception } = fault
    status.record(fault)
    if (exception === EXCEPTION.usageFault && fault.isSecure === true) {
      this.#stop(this.#forced())
      return
    }
    if (exception === EXCEPTION.secureFault) {
      this.#stop(nvic.enabled[exception] === 1 ? 'SecureFault' : this.#forced())
      return
    }
    if (exception === EXCEPTION.busFault && !nvic.faultsAreNonSecure) {
      this.#stop(nvic.enabled[exception] === 1 ? 'BusFault' : this.#forced())
      return
    }
    const isTaken =
      nvic.enabled[exception] === 1 && nvic.groupPriority(exception) < nvic.executionPriority
    if (isTaken) nvic.setPending(exception)
    else this.#escalate(HFSR.FORCED)
  }

  #forced(): 'HardFault' {
    this.#parts.status.hfsr |= HFSR.FORCED
    return 'HardFault'
  }

  /** HardFault, for the host unless AIRCR.BFHFNMINS gives it to the guest. */
  #escalate(why: number): void {
    const { nvic, status } = this.#parts
    status.hfsr |= why
    if (!nvic.faultsAreNonSecure) this.#stop('HardFault')
    else if (nvic.executionPriority <= -1) this.#stop('Lockup')
    else nvic.setPending(EXCEPTION.hardFault)
  }

  #stop(exception: FaultRecord['exception']): void {
    this.stopped ??= { exception, ...this.#snapshot() }
  }

  #snapshot(): Omit<FaultRecord, 'exception'> {
    const { state, status, pc } = this.#parts
    const r = (number: number) => state.register(number)
    const registers = {
      ...{ r0: r(0), r1: r(1), r2: r(2), r3: r(3), r4: r(4), r5: r(5), r6: r(6), r7: r(7) },
      ...{ r8: r(8), r9: r(9), r10: r(10), r11: r(11), r12: r(12) },
      ...{ sp: r(13), lr: r(14), pc: pc(), xpsr: this.xpsr() },
    }
    return {
      registers,
      cfsr: (status.cfsrNonSecure | status.bfsr) >>> 0,
      hfsr: status.hfsr >>> 0,
      sfsr: status.sfsr,
      mmfar: status.mmfarNonSecure,
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
    const { state, accesses } = this.#parts
    const isThread = !state.isHandler
    const usesProcess = state.currentStack === WORDS.PSP
    const excReturn =
      0xff00_0000 |
      EXC_RETURN.reserved |
      EXC_RETURN.DCRS |
      EXC_RETURN.FTYPE |
      (isThread ? EXC_RETURN.MODE : 0) |
      (usesProcess ? EXC_RETURN.SPSEL : 0)
    accesses.fault = undefined
    const fault = this.#pushFrame()
    if (fault) this.#pendFault(fault)
    if (this.stopped === undefined) this.#take(excReturn)
  }

  #pushFrame(): Fault | undefined {
    const { state, accesses, pc } = this.#parts
    const sp = state.get(WORDS.SP)
    const xpsr = this.xpsr() | (sp & 4 ? XPSR.SPREALIGN : 0)
    const frame = ((sp - FRAME_BYTES) & ~4) >>> 0
    if (sp < FRAME_BYTES || frame < state.get(WORDS.SP_LIMIT)) {
      state.set(WORDS.SP, state.get(WORDS.SP_LIMIT))
      return { exception: EXCEPTION.usageFault, syndrome: CFSR.STKOF }
    }
    const r = (number: number) => state.register(number)
    const words = [r(0), r(1), r(2), r(3), r(12), r(14), pc(), xpsr]
    const who = accesses.requester(false)
    words.forEach((word, at) => {
      if (accesses.fault === undefined) accesses.storeAligned(frame + at * 4, 4, word, who)
    })
    state.set(WORDS.SP, frame)
    return this.#stackingFault('entry')
  }

  /** What an access to the stack that failed is called. */
  #stackingFault(during: 'entry' | 'return'): Fault | undefined {
    const { accesses } = this.#parts
    const { fault } = accesses
    accesses.fault = undefined
    if (fault === undefined || fault.exception === EXCEPTION.secureFault) return fault
    const isEntry = during === 'entry'
    const syndrome =
      fault.exception === EXCEPTION.busFault
        ? isEntry
          ? CFSR.STKERR
          : CFSR.UNSTKERR
        : isEntry
          ? CFSR.MSTKERR
          : CFSR.MUNSTKERR
    return { exception: fault.exception, syndrome }
  }

  /** The frame is on the stack: enters the handler of the first pending exception. */
  #take(excReturn: number): void {
    const { state, nvic, goTo, refresh } = this.#parts
    const number = nvic.first
    state.parkStack()
    const control = state.bank(WORDS.CONTROL, false)
    state.setBank(WORDS.CONTROL, false, control & ~CONTROL.SPSEL)
    state.set(WORDS.IPSR, number)
    state.adoptStack()
    nvic.activate(number)
    const vector = this.#fetchVector(number)
    if (vector === undefined) {
      this.#badVector(excReturn)
      return
    }
    state.set(WORDS.LR, excReturn)
    state.set(WORDS.EXCLUSIVE, 0)
    this.event = true
    goTo((vector & ~1) >>> 0, (vector & 1) !== 0, 0)
    refresh()
  }

  #fetchVector(number: number): number | undefined {
    const { accesses, vectorTable } = this.#parts
    const address = (vectorTable() + number * 4) >>> 0
    const vector = accesses.loadWord(address, { isSecure: false, isPrivileged: true })
    const isBad = accesses.fault !== undefined
    accesses.fault = undefined
    return isBad ? undefined : vector >>> 0
  }

  /** The vector cannot be read: HardFault on the same frame. */
  #badVector(excReturn: number): void {
    const { nvic } = this.#parts
    const wasHardFault = nvic.active[EXCEPTION.hardFault] === 1
    this.#parts.status.hfsr |= HFSR.VECTTBL
    if (!nvic.faultsAreNonSecure) this.#stop('HardFault')
    else if (wasHardFault || nvic.executionPriority <= -1) this.#stop('Lockup')
    else {
      nvic.setPending(EXCEPTION.hardFault)
      this.#take(excReturn)
    }
  }

  /** A branch to an EXC_RETURN value in handler mode. */
  return(excReturn: number): void {
    const { state, nvic, status, refresh } = this.#parts
    const leaving = state.get(WORDS.IPSR)
    const isForSecure = (excReturn & EXC_RETURN.ES) !== 0 || (excReturn & EXC_RETURN.DCRS) === 0
    const wasActive = nvic.active[leaving] === 1
    if (leaving !== EXCEPTION.nmi && nvic.activePriority >= 0)
      state.setBank(WORDS.FAULTMASK, false, 0)
    nvic.deactivate(leaving)
    const spsel = excReturn & EXC_RETURN.SPSEL ? CONTROL.SPSEL : 0
    const control = state.bank(WORDS.CONTROL, false)
    state.setBank(WORDS.CONTROL, false, (control & ~CONTROL.SPSEL) | spsel)
    refresh()
    if (isForSecure || (excReturn & EXC_RETURN.S) !== 0) {
      status.sfsr |= isForSecure ? SFSR.INVER : SFSR.INVIS
      this.#stop(nvic.enabled[EXCEPTION.secureFault] === 1 ? 'SecureFault' : this.#forced())
      return
    }
    const isValid = wasActive && (excReturn & EXC_RETURN.RES0) === 0
    if (!isValid)
      this.#failReturn({ exception: EXCEPTION.usageFault, syndrome: CFSR.INVPC }, excReturn)
    else if (nvic.preempting !== 0) this.#take(excReturn)
    else this.#popFrame(excReturn)
  }

  /** A return that cannot be: the fault is taken on the frame that is still there. */
  #failReturn(fault: Fault, excReturn: number): void {
    this.#pendFault(fault)
    if (this.stopped === undefined) this.#take(excReturn)
  }

  #popFrame(excReturn: number): void {
    const { state, accesses } = this.#parts
    const toThread = (excReturn & EXC_RETURN.MODE) !== 0
    const bank = toThread && (excReturn & EXC_RETURN.SPSEL) !== 0 ? WORDS.PSP : WORDS.MSP
    state.parkStack()
    const frame = state.bank(bank, false)
    const isPrivileged = !toThread || (state.bank(WORDS.CONTROL, false) & CONTROL.nPRIV) === 0
    const words = Array.from({ length: 8 }, (_, at) =>
      accesses.fault
        ? 0
        : accesses.loadWord((frame + at * 4) >>> 0, { isSecure: false, isPrivileged }),
    )
    const fault = this.#stackingFault('return')
    const xpsr = words[7]!
    const isMismatch = ((xpsr & XPSR.EXCEPTION) === 0) !== toThread
    if (fault) this.#failReturn(fault, excReturn)
    else if (isMismatch) {
      this.#failReturn({ exception: EXCEPTION.usageFault, syndrome: CFSR.INVPC }, excReturn)
    } else {
      const realigned = (frame + FRAME_BYTES) | (xpsr & XPSR.SPREALIGN ? 4 : 0)
      state.setBank(bank, false, realigned)
      this.#resume(words, toThread)
    }
  }

  #resume(words: readonly number[], toThread: boolean): void {
    const { state, nvic, goTo, refresh } = this.#parts
    const xpsr = words[7]!
    for (const number of [0, 1, 2, 3]) state.setRegister(number, words[number]!)
    state.setRegister(12, words[4]!)
    state.setRegister(14, words[5]!)
    state.setFlags(xpsr)
    state.set(WORDS.GE, (xpsr >>> 16) & 15)
    state.set(WORDS.IPSR, xpsr & XPSR.EXCEPTION)
    state.adoptStack()
    state.set(WORDS.EXCLUSIVE, 0)
    this.event = true
    const it = ((xpsr >>> 25) & 3) | ((xpsr >>> 8) & 0xfc)
    goTo((words[6]! & ~1) >>> 0, (xpsr & XPSR.T) !== 0, it)
    refresh()
    const isIdle = toThread && nvic.activePriority === IDLE_PRIORITY
    if (isIdle && this.#parts.sleepsOnExit()) this.#parts.sleep()
  }
}
