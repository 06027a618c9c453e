/**
 * Exception return. Armv8-M ARM, B3.22, and the pseudocode of ExceptionReturn(),
 * ValidateExceptionReturn(), TailChain() and PopStack().
 *
 * A return that cannot be, and one whose frame cannot be read, becomes an exception that is
 * tail-chained on the frame that is still there.
 */

import type { Exceptions } from './exceptions.ts'
import { INVALID_RETURN } from './exceptions.ts'
import { EXCEPTION, type Fault, SFSR } from './faults.ts'
import type { FloatContext } from './float/float-context.ts'
import { EXC_RETURN, type Frames, type Unstacked, XPSR } from './frames.ts'
import { WORDS } from './layout.ts'
import { IDLE_PRIORITY, type Nvic } from './nvic.ts'
import { CONTROL, type State } from './state.ts'

export interface ReturnParts {
  readonly state: State
  readonly nvic: Nvic
  readonly frames: Frames
  readonly float: FloatContext
  readonly exceptions: Exceptions
  /** The host is the Secure state: there is no Secure frame to return to. */
  readonly isHostSecure: boolean
  goTo(address: number, thumb: boolean, it: number): void
  refresh(): void
  /** SCR.SLEEPONEXIT */
  sleepsOnExit(isSecure: boolean): boolean
  sleep(): void
}

export class ExceptionReturn {
  readonly #parts: ReturnParts

  constructor(parts: ReturnParts) {
    this.#parts = parts
  }

  /** A branch to an EXC_RETURN value in handler mode. */
  run(value: number): void {
    const { state, nvic, float, refresh } = this.#parts
    const { isSecure } = state
    const claimsSecure = (value & EXC_RETURN.ES) !== 0 || (value & EXC_RETURN.DCRS) === 0
    const isForged = !isSecure && claimsSecure
    const excReturn = (isForged ? value & ~EXC_RETURN.ES : value) >>> 0
    const fromSecure = (excReturn & EXC_RETURN.ES) !== 0
    state.parkStack()
    const wasActive = this.#deactivate(fromSecure)
    const spsel = excReturn & EXC_RETURN.SPSEL ? CONTROL.SPSEL : 0
    const control = state.bank(WORDS.CONTROL, fromSecure)
    state.setBank(WORDS.CONTROL, fromSecure, (control & ~CONTROL.SPSEL) | spsel)
    refresh()
    const floatFault = float.clearOnReturn()
    if (floatFault) this.#fail(excReturn, floatFault, isSecure)
    else if (isForged) this.#fail(excReturn, secureFault(SFSR.INVER), isSecure)
    else if (this.#parts.isHostSecure && (excReturn & EXC_RETURN.S) !== 0) {
      this.#fail(excReturn, secureFault(SFSR.INVIS), isSecure)
    } else if (!wasActive || (excReturn & EXC_RETURN.RES0) !== 0) {
      this.#fail(excReturn, INVALID_RETURN, isSecure)
    } else if (nvic.preempting !== 0) this.#chain(excReturn)
    else this.#unstack(excReturn)
  }

  /** False if the exception in IPSR was not active in the state that EXC_RETURN.ES names. */
  #deactivate(fromSecure: boolean): boolean {
    const { state, nvic } = this.#parts
    const leaving = state.get(WORDS.IPSR)
    if (leaving !== EXCEPTION.nmi && nvic.activePriority >= 0) {
      state.setBank(WORDS.FAULTMASK, fromSecure, 0)
    }
    return nvic.complete(leaving, fromSecure)
  }

  #fail(excReturn: number, fault: Fault, isSecure: boolean): void {
    this.#parts.exceptions.raise(fault, isSecure)
    this.#chain(excReturn)
  }

  #chain(excReturn: number): void {
    this.#parts.exceptions.take(excReturn, { isTailChain: true, ignoresFaults: false })
  }

  #unstack(excReturn: number): void {
    const frame = this.#parts.frames.pop(excReturn)
    if ('fault' in frame) {
      this.#fail(excReturn, frame.fault, frame.isSecure)
      return
    }
    const isThread = (frame.xpsr & XPSR.EXCEPTION) === 0
    const toThread = (excReturn & EXC_RETURN.MODE) !== 0
    const toSecure = (excReturn & EXC_RETURN.S) !== 0
    if (isThread !== toThread) {
      this.#fail(excReturn, INVALID_RETURN, toSecure)
      return
    }
    const refused = this.#parts.frames.popFloat(frame, excReturn)
    if (refused) this.#fail(excReturn, refused.fault, refused.isSecure)
    else this.#resume(frame, excReturn)
  }

  #resume(frame: Unstacked, excReturn: number): void {
    const { state, nvic, exceptions, float, goTo, refresh, sleepsOnExit, sleep } = this.#parts
    const { xpsr } = frame
    const toSecure = (excReturn & EXC_RETURN.S) !== 0
    state.setBank(frame.bank, toSecure, frame.stackPointer)
    state.setRegister(14, frame.lr)
    state.setFlags(xpsr)
    state.set(WORDS.GE, (xpsr >>> 16) & 15)
    state.set(WORDS.SECURE, toSecure ? 1 : 0)
    float.enterContext({
      isActive: (excReturn & EXC_RETURN.FTYPE) === 0,
      isSecureActive: toSecure && (xpsr & XPSR.SFPA) !== 0,
    })
    state.set(WORDS.IPSR, xpsr & XPSR.EXCEPTION)
    state.adoptStack()
    state.set(WORDS.EXCLUSIVE, 0)
    exceptions.event = true
    const it = ((xpsr >>> 25) & 3) | ((xpsr >>> 8) & 0xfc)
    goTo((frame.pc & ~1) >>> 0, (xpsr & XPSR.T) !== 0, it)
    refresh()
    const isIdle = !state.isHandler && nvic.activePriority === IDLE_PRIORITY
    if (isIdle && sleepsOnExit((excReturn & EXC_RETURN.ES) !== 0)) sleep()
  }
}

function secureFault(syndrome: number): Fault {
  return { exception: EXCEPTION.secureFault, syndrome }
}
