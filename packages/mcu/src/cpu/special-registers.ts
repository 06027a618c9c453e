/**
 * MRS, MSR and CPS: the special registers by SYSm. Armv8-M ARM, D1.1 and the pseudocode of MRS and
 * MSR (register).
 */
import type { FloatContext } from './float/float-context.ts'
import { type Banked, WORDS } from './layout.ts'
import type { Nvic } from './nvic.ts'
import { PRIORITY_MASK } from './nvic.ts'
import { CONTROL, type State } from './state.ts'

const SYSM = {
  msp: 8,
  psp: 9,
  msplim: 10,
  psplim: 11,
  primask: 16,
  basepri: 17,
  basepriMax: 18,
  faultmask: 19,
  control: 20,
  spNonSecure: 24,
} as const

/** SYSm of a banked register, by its low five bits. */
const BANKED: Readonly<Record<number, Banked>> = {
  [SYSM.msp]: WORDS.MSP,
  [SYSM.psp]: WORDS.PSP,
  [SYSM.msplim]: WORDS.MSPLIM,
  [SYSM.psplim]: WORDS.PSPLIM,
  [SYSM.primask]: WORDS.PRIMASK,
  [SYSM.basepri]: WORDS.BASEPRI,
  [SYSM.faultmask]: WORDS.FAULTMASK,
  [SYSM.control]: WORDS.CONTROL,
}

/** Bit 7 of SYSm: the Non-secure bank, named from the Secure state. */
const NON_SECURE = 0x80

export class SpecialRegisters {
  readonly #state: State
  readonly #nvic: Nvic
  readonly #float: Pick<FloatContext, 'control' | 'setControl'>
  readonly #refresh: () => void

  constructor(
    state: State,
    nvic: Nvic,
    float: Pick<FloatContext, 'control' | 'setControl'>,
    refresh: () => void,
  ) {
    this.#state = state
    this.#nvic = nvic
    this.#float = float
    this.#refresh = refresh
  }

  /** A banked register, whichever stack pointer is in r13 now. */
  bank(word: Banked, isSecure: boolean): number {
    const state = this.#state
    const isCurrent = isSecure === state.isSecure && word === state.currentStack
    if (word === WORDS.CONTROL) return state.bank(word, isSecure) | this.#float.control(isSecure)
    return isCurrent ? state.get(WORDS.SP) : state.bank(word, isSecure)
  }

  setBank(word: Banked, isSecure: boolean, value: number): void {
    const state = this.#state
    if (word === WORDS.CONTROL) {
      // SPSEL belongs to exception entry and return while a handler runs.
      const fixed = state.isHandler && isSecure === state.isSecure ? CONTROL.SPSEL : 0
      const kept = state.bank(word, isSecure) & fixed
      state.parkStack()
      state.setBank(word, isSecure, (value & WRITABLE[WORDS.CONTROL] & ~fixed) | kept)
      state.adoptStack()
      this.#float.setControl(isSecure, value)
    } else if (isSecure === state.isSecure && word === state.currentStack) {
      state.set(WORDS.SP, value & ~3)
    } else state.setBank(word, isSecure, value & WRITABLE[word])
    this.#refresh()
  }

  read(sysm: number): number {
    const state = this.#state
    if (sysm < 8) return this.#readStatus(sysm)
    if (!state.isPrivileged && sysm !== SYSM.control) return 0
    const place = this.#locate(withoutMax(sysm))
    return place === undefined ? 0 : this.bank(place.word, place.isSecure)
  }

  #readStatus(sysm: number): number {
    const state = this.#state
    const ipsr = sysm & 1 && state.isPrivileged ? state.get(WORDS.IPSR) : 0
    return (ipsr | (sysm & 4 ? 0 : state.apsr)) >>> 0
  }

  /** `mask` is the instruction's: bit 1 selects NZCVQ, bit 0 GE. */
  write(sysm: number, mask: number, value: number): void {
    const state = this.#state
    if (sysm < 8) {
      if (sysm >= 4) return
      if (mask & 2) state.setFlags(value)
      if (mask & 1) state.set(WORDS.GE, (value >>> 16) & 15)
      return
    }
    const place = this.#locate(withoutMax(sysm))
    if (!state.isPrivileged || place === undefined) return
    if (sysm === SYSM.basepriMax && !this.#raisesBase(value, place.isSecure)) return
    if (place.word === WORDS.FAULTMASK && !this.#mayMaskFaults(value)) return
    this.setBank(place.word, place.isSecure, value)
  }

  /** CPSID and CPSIE. */
  change(isDisable: boolean, flags: { i: boolean; f: boolean }): void {
    const state = this.#state
    if (!state.isPrivileged) return
    const value = isDisable ? 1 : 0
    if (flags.i) this.setBank(WORDS.PRIMASK, state.isSecure, value)
    if (flags.f && this.#mayMaskFaults(value)) this.setBank(WORDS.FAULTMASK, state.isSecure, value)
  }

  #mayMaskFaults(value: number): boolean {
    return (value & 1) === 0 || this.#nvic.executionPriority > -1
  }

  #raisesBase(value: number, isSecure: boolean): boolean {
    const wanted = value & PRIORITY_MASK
    const present = this.#state.bank(WORDS.BASEPRI, isSecure)
    return wanted !== 0 && (present === 0 || wanted < present)
  }

  /** SP_NS: what r13 would be in the Non-secure state. */
  get #nonSecureStack(): Banked {
    const state = this.#state
    const isProcess = (state.bank(WORDS.CONTROL, false) & CONTROL.SPSEL) !== 0 && !state.isHandler
    return isProcess ? WORDS.PSP : WORDS.MSP
  }

  #locate(sysm: number): { word: Banked; isSecure: boolean } | undefined {
    const { isSecure } = this.#state
    const wantsOther = (sysm & NON_SECURE) !== 0
    if (wantsOther && !isSecure) return undefined
    if (sysm === (SYSM.spNonSecure | NON_SECURE))
      return { word: this.#nonSecureStack, isSecure: false }
    const word = BANKED[sysm & ~NON_SECURE]
    return word && { word, isSecure: isSecure && !wantsOther }
  }
}

/** BASEPRI_MAX is BASEPRI but for how it is written. */
function withoutMax(sysm: number): number {
  return sysm === SYSM.basepriMax ? SYSM.basepri : sysm
}

const WRITABLE: Readonly<Record<Banked, number>> = {
  [WORDS.MSP]: ~3,
  [WORDS.PSP]: ~3,
  [WORDS.MSPLIM]: ~7,
  [WORDS.PSPLIM]: ~7,
  [WORDS.CONTROL]: CONTROL.nPRIV | CONTROL.SPSEL,
  [WORDS.PRIMASK]: 1,
  [WORDS.BASEPRI]: PRIORITY_MASK,
  [WORDS.FAULTMASK]: 1,
}
