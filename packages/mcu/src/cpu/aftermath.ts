/**
 * What an instruction leaves to be done once it is over: faults, SVC, returns, calls between the
 * worlds, debug events. Instructions note it here; the run loop has it done between two of them.
 */
import type { Clock } from './clock.ts'
import { type DebugUnit, DFSR } from './debug-unit.ts'
import type { ExceptionReturn } from './exception-return.ts'
import type { Exceptions } from './exceptions.ts'
import { CFSR, EXCEPTION, type Fault } from './faults.ts'
import type { Fetch } from './fetch.ts'
import { EXC_RETURN } from './frames.ts'
import { WORDS } from './layout.ts'
import type { State } from './state.ts'
import { FNC_RETURN, Worlds } from './worlds.ts'

/** `it` is the ITSTATE of an instruction that was taken back. */
type Deferred =
  | { readonly kind: 'fault'; readonly fault: Fault; readonly it: number }
  | { readonly kind: 'breakpoint'; readonly it: number }
  /** A comparator of software stops the instruction: DFSR bit. */
  | { readonly kind: 'debugEvent'; readonly why: number; readonly it: number }
  /** An exception goes first that is pending already. */
  | { readonly kind: 'pending'; readonly it: number }
  /** The host's debugger stops before the instruction. */
  | { readonly kind: 'halt'; readonly it: number }
  | { readonly kind: 'supervisorCall' }
  | { readonly kind: 'return'; readonly excReturn: number }
  | { readonly kind: 'functionReturn'; readonly target: number }
  | { readonly kind: 'branchNonSecure'; readonly target: number }
  | { readonly kind: 'branchSecure'; readonly target: number }

export interface AftermathParts {
  readonly state: State
  readonly clock: Clock
  readonly fetch: Fetch
  readonly exceptions: Exceptions
  readonly returns: ExceptionReturn
  readonly worlds: Worlds
  readonly debug: DebugUnit
}

export class Aftermath {
  readonly #parts: AftermathParts
  #deferred: Deferred | undefined

  constructor(parts: AftermathParts) {
    this.#parts = parts
  }

  forget(): void {
    this.#deferred = undefined
  }

  /** After the instruction, which is complete. */
  defer(deferred: Deferred): void {
    this.#deferred = deferred
    this.#parts.state.set(WORDS.ATTENTION, 1)
  }

  /** The instruction stops here and leaves nothing behind. */
  abort(deferred: Deferred): void {
    this.defer(deferred)
    this.#parts.state.set(WORDS.ABORT, 1)
  }

  fault(fault: Fault): void {
    this.abort({ kind: 'fault', fault, it: this.#parts.fetch.ownIt })
  }

  usageFault(syndrome: number): void {
    this.fault({ exception: EXCEPTION.usageFault, syndrome })
  }

  /** An interworking branch out of the window: EXC_RETURN, FNC_RETURN, or an address. */
  branch(value: number): void {
    const { state, fetch } = this.#parts
    if (value >>> 24 === EXC_RETURN.prefix && state.isHandler) {
      this.defer({ kind: 'return', excReturn: value })
    } else if (Worlds.isFunctionReturn(value)) {
      this.defer({ kind: 'functionReturn', target: value })
    } else fetch.goTo((value & ~1) >>> 0, (value & 1) !== 0, 0)
  }

  /** BXNS and BLXNS, in the Secure state; bit 0 of the target tells whether they stay in it. */
  branchNonSecure(target: number, isCall: boolean): void {
    const { state, fetch, worlds } = this.#parts
    if (!state.isSecure) {
      this.usageFault(CFSR.UNDEFINSTR)
      return
    }
    const link = (fetch.pc + 2) | 1
    const isReturn = !isCall && state.isHandler && target >>> 24 === EXC_RETURN.prefix
    if (isReturn) this.defer({ kind: 'return', excReturn: target })
    else if (!isCall && Worlds.isFunctionReturn(target)) {
      this.defer({ kind: 'functionReturn', target })
    } else if ((target & 1) !== 0) {
      if (isCall) state.set(WORDS.LR, link)
      this.defer({ kind: 'branchSecure', target })
    } else {
      const fault = isCall ? worlds.stackCall(link) : undefined
      if (fault) this.fault(fault)
      else this.defer({ kind: 'branchNonSecure', target })
    }
  }

  /** Does what there is to do. */
  finish(): void {
    const deferred = this.#deferred
    this.#deferred = undefined
    if (deferred === undefined) return
    const { clock, fetch } = this.#parts
    if ('it' in deferred) fetch.heldIt = deferred.it
    if ('it' in deferred && deferred.kind !== 'halt') clock.countAborted()
    this.#act(deferred)
  }

  #act(deferred: Deferred): void {
    const { fetch, exceptions, returns, worlds, debug } = this.#parts
    switch (deferred.kind) {
      case 'fault':
        exceptions.takeFault(deferred.fault)
        break
      case 'breakpoint':
        if (debug.mayMonitor) this.#monitor(DFSR.BKPT)
        else exceptions.breakpoint()
        break
      case 'debugEvent':
        this.#monitor(deferred.why)
        break
      case 'pending':
        exceptions.takePending()
        break
      case 'supervisorCall':
        exceptions.supervisorCall()
        break
      case 'return':
        returns.run(deferred.excReturn)
        break
      case 'functionReturn':
        this.#returnFromFunction(deferred.target)
        break
      case 'branchNonSecure':
        worlds.branchNonSecure(deferred.target)
        break
      case 'branchSecure':
        fetch.goTo((deferred.target & ~1) >>> 0, true, 0)
    }
  }

  /** DebugMonitor before the instruction at PC. */
  #monitor(why: number): void {
    this.#parts.debug.pendMonitor(why)
    this.#parts.exceptions.takePending()
  }

  #returnFromFunction(target: number): void {
    const { fetch, worlds, exceptions } = this.#parts
    const fault = worlds.functionReturn()
    if (fault === undefined) return
    // The branch was taken; what fails is at its target.
    fetch.goTo(FNC_RETURN, (target & 1) !== 0, 0)
    exceptions.takeFault(fault)
  }
}
