/** BKPT in the application: halts it while a debugger wants that, and the PC stays on the instruction. */
import type { Cpu, HaltCause } from './cpu/cpu.ts'

const BKPT_BYTES = 2

export class BreakInstructions {
  readonly #cpu: Cpu
  /** A debugger takes them. */
  areTaken = false
  #isAtOne = false

  constructor(cpu: Cpu) {
    this.#cpu = cpu
  }

  /** The CPU has executed one; true if it is dealt with. */
  meet(): boolean {
    if (!this.areTaken) return false
    this.#isAtOne = true
    this.#cpu.halt()
    return true
  }

  takeCause(): HaltCause | { readonly kind: 'instruction' } {
    if (!this.#isAtOne) return this.#cpu.haltCause
    this.#isAtOne = false
    this.#cpu.set('pc', this.#cpu.get('pc') - BKPT_BYTES)
    return { kind: 'instruction' }
  }
}
