/**
 * Between the worlds: SG, BXNS, BLXNS and the return from a Non-secure function. Armv8-M ARM,
 * B3.16, and the pseudocode of BLXNS, BXNS and FunctionReturn().
 */
import type { Accesses } from './access.ts'
import { INVALID_RETURN } from './exceptions.ts'
import { CFSR, EXCEPTION, type Fault } from './faults.ts'
import { XPSR } from './frames.ts'
import { WORDS } from './layout.ts'
import { CONTROL, type State } from './state.ts'

/** FNC_RETURN without its bit 0. */
export const FNC_RETURN = 0xfeff_fffe
/** What a Non-secure function finds in IPSR when a Secure handler called it. */
const HIDDEN_HANDLER = 1

export interface WorldParts {
  readonly state: State
  readonly accesses: Accesses
  /** The host is the Secure state: it keeps no stack. */
  readonly isHostSecure: boolean
  goTo(address: number, thumb: boolean, it: number): void
  refresh(): void
}

export class Worlds {
  readonly #parts: WorldParts

  constructor(parts: WorldParts) {
    this.#parts = parts
  }

  static isFunctionReturn(address: number): boolean {
    return (address & ~1) >>> 0 === FNC_RETURN
  }

  switchTo(isSecure: boolean): void {
    const { state, refresh } = this.#parts
    state.parkStack()
    state.set(WORDS.SECURE, isSecure ? 1 : 0)
    state.adoptStack()
    refresh()
  }

  /** SG reached from the Non-secure state: bit 0 of LR tells BXNS where to return to. */
  enterSecure(): void {
    const { state } = this.#parts
    state.set(WORDS.LR, state.get(WORDS.LR) & ~1)
    state.set(WORDS.SFPA, 0)
    this.switchTo(true)
  }

  /**
   * BLXNS to a Non-secure function, as far as it may fault: stacks the return address and the
   * exception number. `link` is the return address with bit 0 set.
   */
  stackCall(link: number): Fault | undefined {
    const { state, accesses } = this.#parts
    const frame = (state.get(WORDS.SP) - 8) >>> 0
    if (frame < state.get(WORDS.SP_LIMIT)) {
      return { exception: EXCEPTION.usageFault, syndrome: CFSR.STKOF }
    }
    const who = accesses.requester(false)
    accesses.fault = undefined
    accesses.storeWord(frame, link, who)
    if (accesses.fault === undefined) {
      const sfpa = state.get(WORDS.SFPA) ? XPSR.SFPA : 0
      accesses.storeWord((frame + 4) >>> 0, state.get(WORDS.IPSR) | sfpa, who)
    }
    const fault = accesses.takeFault()
    if (fault) return fault
    state.set(WORDS.SP, frame)
    state.set(WORDS.LR, FNC_RETURN + 1)
    if (state.isHandler) state.set(WORDS.IPSR, HIDDEN_HANDLER)
    return undefined
  }

  /** The end of BXNS and BLXNS. */
  branchNonSecure(target: number): void {
    this.#parts.state.set(WORDS.SFPA, 0)
    this.switchTo(false)
    this.#parts.goTo((target & ~1) >>> 0, true, 0)
  }

  /** A branch to FNC_RETURN: back into the Secure function that made the call. */
  functionReturn(): Fault | undefined {
    const { state, accesses, isHostSecure } = this.#parts
    if (isHostSecure) return INVALID_RETURN
    state.parkStack()
    const control = state.bank(WORDS.CONTROL, true)
    const isProcess = !state.isHandler && (control & CONTROL.SPSEL) !== 0
    const bank = isProcess ? WORDS.PSP : WORDS.MSP
    const frame = state.bank(bank, true)
    const isPrivileged = state.isHandler || (control & CONTROL.nPRIV) === 0
    const who = { isSecure: true, isPrivileged }
    accesses.fault = undefined
    const pc = accesses.loadWord(frame, who)
    const status = accesses.fault ? 0 : accesses.loadWord((frame + 4) >>> 0, who)
    const exception = status & XPSR.EXCEPTION
    const fault = accesses.takeFault()
    if (fault) return { ...fault, isSecure: true }
    const hidden = state.get(WORDS.IPSR)
    const isConsistent = exception === 0 ? hidden === 0 : hidden === HIDDEN_HANDLER
    if (!isConsistent) return INVALID_RETURN
    state.setBank(bank, true, frame + 8)
    state.set(WORDS.IPSR, exception)
    state.set(WORDS.SFPA, status & XPSR.SFPA ? 1 : 0)
    state.set(WORDS.SECURE, 1)
    state.adoptStack()
    this.#parts.refresh()
    this.#parts.goTo((pc & ~1) >>> 0, (pc & 1) !== 0, 0)
    return undefined
  }
}
