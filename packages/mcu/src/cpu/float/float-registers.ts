/** FPCCR, FPCAR and FPDSCR. Armv8-M ARM, D1.2. */
import { WORDS } from '../layout.ts'
import type { Nvic } from '../nvic.ts'
import type { Entry } from '../private-bus.ts'
import type { State } from '../state.ts'
import { FPCCR } from './float-context.ts'
import { FPDSCR_WRITABLE } from './fpscr.ts'

/** FPCCR's bits that each state has for itself. */
const BANKED =
  FPCCR.LSPACT |
  FPCCR.USER |
  FPCCR.THREAD |
  FPCCR.MMRDY |
  FPCCR.SPLIMVIOL |
  FPCCR.UFRDY |
  FPCCR.ASPEN
const WRITABLE = 0xfc00_07ff

export interface FloatRegisterParts {
  readonly state: State
  readonly nvic: Pick<Nvic, 'faultsAreNonSecure'>
  refresh(): void
}

export function floatRegisters(parts: FloatRegisterParts): Entry[] {
  const { state } = parts
  const banked = (address: number, name: 'FPCAR' | 'FPDSCR', mask: number): Entry => [
    address,
    {
      name,
      read: (isSecure) => state.bank(WORDS[name], isSecure),
      write: (value, isSecure) => state.setBank(WORDS[name], isSecure, value & mask),
    },
  ]
  return [
    contextControl(parts),
    banked(0xe000_ef38, 'FPCAR', ~7),
    banked(0xe000_ef3c, 'FPDSCR', FPDSCR_WRITABLE),
  ]
}

function contextControl({ state, nvic, refresh }: FloatRegisterParts): Entry {
  /** Bits of the Secure register that Non-secure code sees, and may change. */
  const shared = () => {
    const faults = nvic.faultsAreNonSecure ? FPCCR.BFRDY | FPCCR.HFRDY : 0
    return FPCCR.LSPEN | FPCCR.CLRONRET | FPCCR.MONRDY | faults
  }
  const mayChange = () => {
    const secure = state.bank(WORDS.FPCCR, true)
    const lazy = secure & FPCCR.LSPENS ? FPCCR.LSPEN : 0
    const clears = secure & FPCCR.CLRONRETS ? FPCCR.CLRONRET : 0
    return shared() & ~lazy & ~clears
  }
  return [
    0xe000_ef34,
    {
      name: 'FPCCR',
      read: (isSecure) => {
        const secure = state.bank(WORDS.FPCCR, true)
        return (isSecure ? secure : state.bank(WORDS.FPCCR, false) | (secure & shared())) >>> 0
      },
      write: (value, isSecure) => {
        if (isSecure) state.setBank(WORDS.FPCCR, true, value & WRITABLE)
        else {
          const mask = mayChange()
          const secure = (state.bank(WORDS.FPCCR, true) & ~mask) | (value & mask)
          state.setBank(WORDS.FPCCR, true, secure)
          state.setBank(WORDS.FPCCR, false, value & BANKED)
        }
        refresh()
      },
    },
  ]
}
