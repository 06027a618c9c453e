/** The registers by name, for the host and the debugger. */

import type { RegisterName } from './cpu.ts'
import { FPSCR } from './float/fpscr.ts'
import { type Banked, type BankedWord, WORDS } from './layout.ts'
import type { SpecialRegisters } from './special-registers.ts'
import type { State } from './state.ts'

export interface Position {
  pc(): number
  it(): number
  goTo(address: number, thumb: boolean, it: number): void
  xpsr(): number
}

export class Registers {
  readonly #state: State
  readonly #special: SpecialRegisters
  readonly #position: Position

  constructor(state: State, special: SpecialRegisters, position: Position) {
    this.#state = state
    this.#special = special
    this.#position = position
  }

  get(name: RegisterName): number {
    const number = numberOf(name)
    if (number !== undefined) return this.#state.register(number)
    if (name === 'pc') return this.#position.pc()
    if (name === 'xpsr') return this.#position.xpsr()
    if (name === 'fpscr') return this.#state.get(WORDS.FPSCR)
    const single = singleOf(name)
    if (single !== undefined) return this.#state.register(single)
    const { word, isSecure } = banked(name)
    return this.#special.bank(word, isSecure)
  }

  set(name: RegisterName, value: number): void {
    const state = this.#state
    const position = this.#position
    const number = numberOf(name)
    if (number !== undefined) state.setRegister(number, number === 13 ? value & ~3 : value)
    else if (name === 'pc') {
      position.goTo((value & ~1) >>> 0, state.get(WORDS.THUMB) !== 0, 0)
    } else if (name === 'xpsr') {
      state.setFlags(value)
      state.set(WORDS.GE, (value >>> 16) & 15)
      const it = ((value >>> 25) & 3) | ((value >>> 8) & 0xfc)
      position.goTo(position.pc(), (value & (1 << 24)) !== 0, it)
    } else if (name === 'fpscr') {
      state.set(WORDS.FPSCR, value & FPSCR.WRITABLE)
    } else if (singleOf(name) !== undefined) {
      state.setRegister(singleOf(name)!, value)
    } else {
      const { word, isSecure } = banked(name)
      this.#special.setBank(word, isSecure, value)
    }
  }
}

function numberOf(name: RegisterName): number | undefined {
  if (name === 'sp') return 13
  if (name === 'lr') return 14
  return /^r\d+$/.test(name) ? Number(name.slice(1)) : undefined
}

/** Index of the state word of s0 to s31. */
function singleOf(name: RegisterName): number | undefined {
  return /^s\d+$/.test(name) ? (WORDS.S >> 2) + Number(name.slice(1)) : undefined
}

function banked(name: RegisterName): { word: Banked; isSecure: boolean } {
  const [word, bank] = name.split('_')
  return { word: WORDS[word!.toUpperCase() as BankedWord], isSecure: bank === 's' }
}
