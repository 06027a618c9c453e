/**
 * What the loop's words and the access maps derive from mode, bank and priority; brought up to date
 * by `refresh` whenever one of them may have changed.
 */
import { CCR, type Controls } from './controls.ts'
import type { FloatContext } from './float/float-context.ts'
import { mapOf, WORDS } from './layout.ts'
import type { Nvic } from './nvic.ts'
import type { Protection } from './protection.ts'
import type { State } from './state.ts'

export interface DerivedParts {
  readonly state: State
  readonly controls: Controls
  readonly nvic: Nvic
  readonly float: FloatContext
  readonly protection: Protection
  protectionChanged(): void
}

export class Derived {
  readonly #parts: DerivedParts
  /** What access maps and limits reckon with: [Non-secure, Secure]. */
  #wasBelowZero: [boolean, boolean] = [false, false]

  constructor(parts: DerivedParts) {
    this.#parts = parts
  }

  refresh(): void {
    const { state, controls, float, protection, protectionChanged } = this.#parts
    const ccr = controls.ccr[state.isSecure ? 1 : 0]
    state.set(WORDS.MAP, mapOf(state.isSecure, state.isPrivileged))
    state.set(WORDS.TRAP_DIVIDE, ccr & CCR.DIV_0_TRP ? 1 : 0)
    state.set(WORDS.TRAP_UNALIGNED, ccr & CCR.UNALIGN_TRP ? 1 : 0)
    float.refresh()
    state.set(WORDS.ATTENTION, 1)
    const [nonSecure, secure] = this.#wasBelowZero
    this.adoptPriority()
    state.set(WORDS.SP_LIMIT, this.limitOf(state.currentStack, state.isSecure))
    const hasMoved = (isSecure: boolean, was: boolean) =>
      this.isBelowZero(isSecure) !== was && protection.isMpuOn(isSecure)
    if (hasMoved(false, nonSecure) || hasMoved(true, secure)) protectionChanged()
  }

  /** The present priority is the one that maps are made for. */
  adoptPriority(): void {
    const { nvic } = this.#parts
    this.#wasBelowZero = [nvic.isBelowZero(false), nvic.isBelowZero(true)]
  }

  isBelowZero(isSecure: boolean): boolean {
    return this.#wasBelowZero[isSecure ? 1 : 0]
  }

  /** MSPLIM or PSPLIM, unless CCR.STKOFHFNMIGN lifts it for HardFault and NMI. */
  limitOf(bank: typeof WORDS.MSP | typeof WORDS.PSP, isSecure: boolean): number {
    const { state, controls } = this.#parts
    const ignores = (controls.ccr[isSecure ? 1 : 0] & CCR.STKOFHFNMIGN) !== 0
    if (ignores && this.isBelowZero(isSecure)) return 0
    return state.bank(bank === WORDS.MSP ? WORDS.MSPLIM : WORDS.PSPLIM, isSecure)
  }
}
