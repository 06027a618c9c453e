/** Where the host is the Secure state: calls of Non-secure code that have reached it, and the way back. */
import type { Aftermath } from './aftermath.ts'
import type { Gate } from './cpu.ts'
import type { Fetch } from './fetch.ts'
import { EXC_RETURN } from './frames.ts'
import { WORDS } from './layout.ts'
import { CONTROL, type State } from './state.ts'
import { Worlds } from './worlds.ts'

export interface HostGateParts {
  readonly state: State
  readonly worlds: Worlds
  readonly fetch: Fetch
  readonly aftermath: Aftermath
}

export class HostGate {
  readonly #parts: HostGateParts
  /** The last call. */
  gate: Gate = { veneer: 0, target: 0, stackPointer: 0 }
  /** The last SG that was executed. */
  veneer = 0

  constructor(parts: HostGateParts) {
    this.#parts = parts
  }

  get isCallerPrivileged(): boolean {
    const { state } = this.#parts
    return state.isHandler || (state.bank(WORDS.CONTROL, false) & CONTROL.nPRIV) === 0
  }

  enter(veneer: number): void {
    this.veneer = veneer
    this.#parts.worlds.enterSecure()
  }

  /** Secure execution is at an address that stands for the host's code. */
  reach(target: number): void {
    const { state } = this.#parts
    const usesProcess = (state.bank(WORDS.CONTROL, false) & CONTROL.SPSEL) !== 0 && !state.isHandler
    const stackPointer = state.bank(usesProcess ? WORDS.PSP : WORDS.MSP, false)
    this.gate = { veneer: this.veneer, target, stackPointer }
  }

  returnToNonSecure(r0: number): void {
    const { state, worlds, fetch, aftermath } = this.#parts
    state.setRegister(0, r0)
    const lr = state.get(WORDS.LR)
    worlds.switchTo(false)
    if (lr >>> 24 === EXC_RETURN.prefix && state.isHandler) aftermath.branch(lr)
    else fetch.goTo((lr & ~1) >>> 0, !Worlds.isFunctionReturn(lr), 0)
  }
}
