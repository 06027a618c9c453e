/**
 * Who may use the floating-point registers and whose they are: access checks, creation of a
 * context, its place in exception frames, and lazy preservation. Armv8-M ARM, B3.16 to B3.22, and
 * the pseudocode of ExecuteFPCheck(), PreserveFPState(), UpdateFPCCR(), PushStack(),
 * ExceptionReturn(), VLSTM and VLLDM.
 *
 * The choices that the architecture leaves: registers that become UNKNOWN keep their values,
 * except that s0 to s15 and FPSCR are zero once an exception frame has taken them at once.
 *
 * Not modelled: loss of state by CPPWR, which is stored only.
 */
import type { Accesses, Requester } from '../access.ts'
import type { Controls } from '../controls.ts'
import { CFSR, EXCEPTION, type Fault, SFSR } from '../faults.ts'
import { WORDS } from '../layout.ts'
import type { Nvic } from '../nvic.ts'
import { CONTROL, type State } from '../state.ts'
import { FPSCR } from './fpscr.ts'

export const FPCCR = {
  LSPACT: 1 << 0,
  USER: 1 << 1,
  S: 1 << 2,
  THREAD: 1 << 3,
  HFRDY: 1 << 4,
  MMRDY: 1 << 5,
  BFRDY: 1 << 6,
  SFRDY: 1 << 7,
  MONRDY: 1 << 8,
  SPLIMVIOL: 1 << 9,
  UFRDY: 1 << 10,
  TS: 1 << 26,
  CLRONRETS: 1 << 27,
  CLRONRET: 1 << 28,
  LSPENS: 1 << 29,
  LSPEN: 1 << 30,
  ASPEN: 1 << 31,
} as const

/** Bytes of a frame: without floating point, with s0 to s15 and FPSCR, with all registers. */
const FRAME = { basic: 0x20, extended: 0x68, whole: 0xa8 } as const
/** Offsets in what is saved: s0 to s15, FPSCR, a reserved word, s16 to s31. */
const SAVED = { fpscr: 0x40, rest: 0x48 } as const
const NSACR_CP10 = 1 << 10

export interface FloatParts {
  readonly state: State
  readonly nvic: Nvic
  readonly controls: Controls
  readonly accesses: Accesses
}

export class FloatContext {
  readonly #parts: FloatParts

  constructor(parts: FloatParts) {
    this.#parts = parts
  }

  reset(): void {
    const { state } = this.#parts
    state.setBank(WORDS.FPCCR, true, FPCCR.ASPEN | FPCCR.LSPEN | FPCCR.S)
    for (const word of [WORDS.FPCAR, WORDS.FPDSCR]) state.setBank(word, true, 0)
    state.set(WORDS.SFPA, 0)
    this.resetNonSecure()
  }

  /** Registers too: whoever comes next must not see them. */
  resetNonSecure(): void {
    const { state } = this.#parts
    state.setBank(WORDS.FPCCR, false, FPCCR.ASPEN)
    for (const word of [WORDS.FPCAR, WORDS.FPDSCR]) state.setBank(word, false, 0)
    state.set(WORDS.FPCA, 0)
    this.#clear(32)
  }

  /** CONTROL.FPCA */
  get isActive(): boolean {
    return this.#parts.state.get(WORDS.FPCA) !== 0
  }

  /** FPCA and SFPA as bits of CONTROL. */
  control(isSecure: boolean): number {
    const { state } = this.#parts
    const secure = isSecure && state.get(WORDS.SFPA) !== 0 ? CONTROL.SFPA : 0
    return (this.isActive ? CONTROL.FPCA : 0) | secure
  }

  setControl(isSecure: boolean, value: number): void {
    const { state } = this.#parts
    if (isSecure) state.set(WORDS.SFPA, value & CONTROL.SFPA ? 1 : 0)
    if (isSecure || this.#nonSecureMayUse) state.set(WORDS.FPCA, value & CONTROL.FPCA ? 1 : 0)
  }

  /** ExceptionTaken() */
  leaveContext(): void {
    this.enterContext({ isActive: false, isSecureActive: false })
  }

  enterContext({ isActive, isSecureActive }: { isActive: boolean; isSecureActive: boolean }): void {
    this.#parts.state.set(WORDS.FPCA, isActive ? 1 : 0)
    this.#parts.state.set(WORDS.SFPA, isSecureActive ? 1 : 0)
  }

  /** Sets the word that instructions look at. */
  refresh(): void {
    const { state } = this.#parts
    const isReady = this.refusal === undefined && this.#isOwn && !this.#needsContext
    state.set(WORDS.FLOAT_READY, isReady ? 1 : 0)
  }

  // Before an instruction

  /**
   * ExecuteFPCheck(): what stops the instruction, if anything does. `pend` is told of a fault of
   * lazy preservation with the exceptions that the saved context allows; it says whether the
   * exception is taken now.
   */
  prepare(pend: (fault: Fault, isReady: boolean, mayHardFault: boolean) => boolean): Verdict {
    const refusal = this.refusal
    if (refusal) return refusal
    if (this.#isLazyActive && !this.#preserve(pend)) return 'preempted'
    const { state } = this.#parts
    const owner = state.isSecure ? FPCCR.S : 0
    this.#setFpccr(true, (this.#fpccr(true) & ~FPCCR.S) | owner)
    if (this.#needsContext) {
      state.set(WORDS.FPSCR, state.bank(WORDS.FPDSCR, state.isSecure))
      state.set(WORDS.FPCA, 1)
      if (state.isSecure) state.set(WORDS.SFPA, 1)
    }
    this.refresh()
    return 'go'
  }

  /** CheckCPEnabled(10): NOCP, unless the present state may use floating point. */
  get refusal(): Fault | undefined {
    const { state } = this.#parts
    return this.#refuses(state.isSecure, state.isPrivileged)
  }

  #refuses(isSecure: boolean, isPrivileged: boolean): Fault | undefined {
    const fault = { exception: EXCEPTION.usageFault, syndrome: CFSR.NOCP }
    if (!this.#cpacrAllows(isSecure, isPrivileged)) return { ...fault, isSecure }
    return isSecure || this.#nonSecureMayUse ? undefined : { ...fault, isSecure: true }
  }

  #cpacrAllows(isSecure: boolean, isPrivileged: boolean): boolean {
    const access = (this.#parts.controls.cpacr[isSecure ? 1 : 0] >>> 20) & 3
    return access === 3 || (access === 1 && isPrivileged)
  }

  /** NSACR.CP10 */
  get #nonSecureMayUse(): boolean {
    return (this.#parts.controls.nsacr & NSACR_CP10) !== 0
  }

  get #isLazyActive(): boolean {
    return (this.#fpccr(this.#ownerIsSecure) & FPCCR.LSPACT) !== 0
  }

  get #ownerIsSecure(): boolean {
    return (this.#fpccr(true) & FPCCR.S) !== 0
  }

  /** Nothing is left to be saved, and FPCCR.S names the present state. */
  get #isOwn(): boolean {
    return !this.#isLazyActive && this.#ownerIsSecure === this.#parts.state.isSecure
  }

  get #needsContext(): boolean {
    const { state } = this.#parts
    const { isSecure } = state
    if ((this.#fpccr(isSecure) & FPCCR.ASPEN) === 0) return false
    return !this.isActive || (isSecure && state.get(WORDS.SFPA) === 0)
  }

  /** PreserveFPState(): false if an exception has to be taken first. */
  #preserve(pend: (fault: Fault, isReady: boolean, mayHardFault: boolean) => boolean): boolean {
    const isSecure = this.#ownerIsSecure
    const fpccr = this.#fpccr(isSecure)
    const shared = this.#fpccr(true)
    const isPrivileged = (fpccr & FPCCR.USER) === 0
    const who = { isSecure, isPrivileged, isBelowZero: (shared & FPCCR.HFRDY) === 0 }
    let fault = this.#refuses(isSecure, isPrivileged)
    if (fault === undefined && (fpccr & FPCCR.SPLIMVIOL) === 0) {
      this.#save(this.#parts.state.bank(WORDS.FPCAR, isSecure), who)
      fault = this.#lazyFault(isSecure)
    }
    if (fault) {
      const isReady = isReadyFor(fault, this.#fpccr(fault.isSecure === true), shared)
      if (pend(fault, isReady, (shared & FPCCR.HFRDY) !== 0)) return false
    }
    this.#setFpccr(isSecure, this.#fpccr(isSecure) & ~FPCCR.LSPACT)
    if (this.#savesAll(isSecure)) this.#clear(32)
    return true
  }

  /** As lazy preservation calls a failed access. */
  #lazyFault(isSecure: boolean): Fault | undefined {
    const fault = this.#parts.accesses.takeFault()
    if (fault === undefined) return undefined
    const { exception } = fault
    if (exception === EXCEPTION.secureFault) return { exception, syndrome: SFSR.LSPERR }
    const isBus = exception === EXCEPTION.busFault
    return { exception, syndrome: isBus ? CFSR.LSPERR : CFSR.MLSPERR, isSecure }
  }

  // Frames

  /** Bytes that the present context takes on the stack. */
  get frameBytes(): number {
    const { isSecure } = this.#parts.state
    if (!this.isActive || (!isSecure && !this.#nonSecureMayUse)) return FRAME.basic
    return this.#savesAll(isSecure) ? FRAME.whole : FRAME.extended
  }

  /** Bytes of the frame that a return takes off. */
  returnBytes(isExtended: boolean, toSecure: boolean): number {
    if (!isExtended) return FRAME.basic
    return this.#savesAll(toSecure) ? FRAME.whole : FRAME.extended
  }

  /**
   * The part of PushStack() for an active context, after the basic frame. An access that fails
   * leaves its fault in `accesses`. Nothing is written below the stack's limit; `frame`
   * is below zero where it would begin before memory does.
   */
  push(frame: number, who: Requester, limit: number): Fault | undefined {
    if (!this.isActive) return undefined
    if (this.#isLazyActive) {
      return { exception: EXCEPTION.secureFault, syndrome: SFSR.LSERR, isSecure: true }
    }
    if (!who.isSecure && !this.#nonSecureMayUse) {
      return { exception: EXCEPTION.usageFault, syndrome: CFSR.NOCP, isSecure: true }
    }
    if ((this.#fpccr(true) & FPCCR.LSPEN) !== 0) {
      const isTooLow = frame < 0 || frame + FRAME.basic < limit
      const flag = isTooLow ? FPCCR.SPLIMVIOL : 0
      this.#setFpccr(who.isSecure, (this.#fpccr(who.isSecure) & ~FPCCR.SPLIMVIOL) | flag)
      this.#defer(frame + FRAME.basic)
      return undefined
    }
    const refusal = this.#refuses(who.isSecure, who.isPrivileged)
    if (refusal) return refusal
    if (frame >= limit) this.#save(frame + FRAME.basic, who)
    this.#clear(this.#savesAll(who.isSecure) ? 32 : 16)
    return undefined
  }

  /** UpdateFPCCR(): the registers will be saved at `address` when somebody wants them. */
  #defer(address: number): void {
    const { state, nvic } = this.#parts
    const { isSecure } = state
    state.setBank(WORDS.FPCAR, isSecure, address & ~7)
    const bit = (isSet: boolean, flag: number) => (isSet ? flag : 0)
    const ready = (number: number, bank: boolean) => nvic.isReady(nvic.indexOf(number, bank))
    const hardFault = nvic.indexOf(EXCEPTION.hardFault, !nvic.faultsAreNonSecure)
    const own =
      FPCCR.LSPACT |
      bit(!state.isPrivileged, FPCCR.USER) |
      bit(!state.isHandler, FPCCR.THREAD) |
      bit(ready(EXCEPTION.memManage, isSecure), FPCCR.MMRDY)
    const ownBits = FPCCR.LSPACT | FPCCR.USER | FPCCR.THREAD | FPCCR.MMRDY
    this.#setFpccr(isSecure, (this.#fpccr(isSecure) & ~ownBits) | own)
    const shared =
      bit(isSecure, FPCCR.S) |
      bit(nvic.isReady(hardFault), FPCCR.HFRDY) |
      bit(nvic.isReady(EXCEPTION.busFault), FPCCR.BFRDY) |
      bit(nvic.isReady(EXCEPTION.secureFault), FPCCR.SFRDY) |
      bit(nvic.isReady(EXCEPTION.debugMonitor), FPCCR.MONRDY)
    const sharedBits = FPCCR.S | FPCCR.HFRDY | FPCCR.BFRDY | FPCCR.SFRDY | FPCCR.MONRDY
    this.#setFpccr(true, (this.#fpccr(true) & ~sharedBits) | shared)
    for (const bank of [false, true]) {
      const usage = bit(ready(EXCEPTION.usageFault, bank), FPCCR.UFRDY)
      this.#setFpccr(bank, (this.#fpccr(bank) & ~FPCCR.UFRDY) | usage)
    }
  }

  /** FPCCR.CLRONRET, before an exception returns: a SecureFault if the registers are not saved. */
  clearOnReturn(): Fault | undefined {
    const shared = this.#fpccr(true)
    if (!this.isActive || (shared & FPCCR.CLRONRET) === 0) return undefined
    if (shared & FPCCR.LSPACT) {
      return { exception: EXCEPTION.secureFault, syndrome: SFSR.LSERR, isSecure: true }
    }
    this.#clear(16)
    return undefined
  }

  /**
   * The part of ExceptionReturn() for an extended frame, whose basic part begins at `frame`. An
   * access that fails leaves its fault in `accesses`.
   */
  pop(frame: number, to: Requester): Fault | undefined {
    const { isSecure, isPrivileged } = to
    if (!isSecure && (this.#fpccr(true) & FPCCR.LSPACT) !== 0) {
      return { exception: EXCEPTION.secureFault, syndrome: SFSR.LSERR, isSecure: true }
    }
    if (this.#fpccr(isSecure) & FPCCR.LSPACT) {
      this.#setFpccr(isSecure, this.#fpccr(isSecure) & ~FPCCR.LSPACT)
      return undefined
    }
    const refusal = this.#refuses(isSecure, isPrivileged)
    if (refusal) {
      const isNsacr = this.#cpacrAllows(isSecure, isPrivileged)
      return isNsacr ? { ...refusal, syndrome: CFSR.INVPC } : refusal
    }
    const count = this.#savesAll(isSecure) ? 32 : 16
    if (!this.#restore(frame + FRAME.basic, count, to)) this.#clear(count)
    return undefined
  }

  // Secure state: VLSTM and VLLDM

  /** True and nothing else to do: there is no Secure context to save. */
  get isSecureIdle(): boolean {
    return this.#parts.state.get(WORDS.SFPA) === 0
  }

  /** VLSTM: the fault that it ends in, if any. */
  saveSecure(address: number): Fault | undefined {
    const { accesses } = this.#parts
    const who = accesses.requester(false)
    const refusal = this.refusal
    if (refusal) return refusal
    if (this.#isLazyActive) {
      return { exception: EXCEPTION.secureFault, syndrome: SFSR.LSERR, isSecure: true }
    }
    if (address & 7) return unaligned
    if (this.#fpccr(true) & FPCCR.LSPEN) this.#defer(address)
    else {
      this.#save(address, who)
      const fault = accesses.takeFault()
      if (fault) return fault
      if (this.#savesAll(true)) this.#clear(32)
    }
    this.#parts.state.set(WORDS.FPCA, 0)
    this.refresh()
    return undefined
  }

  /** VLLDM */
  loadSecure(address: number): Fault | undefined {
    const { state, accesses } = this.#parts
    const refusal = this.refusal
    if (refusal) return refusal
    if (this.#fpccr(true) & FPCCR.LSPACT) {
      this.#setFpccr(true, this.#fpccr(true) & ~FPCCR.LSPACT)
    } else {
      if (address & 7) return unaligned
      const count = this.#savesAll(true) ? 32 : 16
      if (!this.#restore(address, count, accesses.requester(false))) return accesses.takeFault()
    }
    state.set(WORDS.FPCA, 1)
    this.refresh()
    return undefined
  }

  // Parts

  /** FPCCR.TS: the Secure state's callee-saved registers go on the stack too. */
  #savesAll(isSecure: boolean): boolean {
    return isSecure && (this.#fpccr(true) & FPCCR.TS) !== 0
  }

  /** Writes registers and FPSCR to `address`. */
  #save(address: number, who: Requester): void {
    const { state, accesses } = this.#parts
    const put = (offset: number, word: number) => {
      if (accesses.fault === undefined) accesses.storeWord((address + offset) >>> 0, word, who)
    }
    for (let number = 0; number < 16; number++) put(number * 4, this.#single(number))
    put(SAVED.fpscr, state.get(WORDS.FPSCR))
    if (this.#savesAll(who.isSecure)) {
      for (let number = 16; number < 32; number++) {
        put(SAVED.rest + (number - 16) * 4, this.#single(number))
      }
    }
  }

  /** Reads registers and FPSCR; false if a word cannot be read, and then nothing is changed. */
  #restore(address: number, count: number, who: Requester): boolean {
    const { state, accesses } = this.#parts
    const words: number[] = []
    const get = (offset: number) => {
      if (accesses.fault === undefined) {
        words.push(accesses.loadWord((address + offset) >>> 0, who))
      }
    }
    for (let number = 0; number < count; number++) {
      get(number < 16 ? number * 4 : SAVED.rest + (number - 16) * 4)
    }
    get(SAVED.fpscr)
    if (accesses.fault !== undefined) return false
    for (let number = 0; number < count; number++) this.#setSingle(number, words[number]!)
    state.set(WORDS.FPSCR, words[count]! & FPSCR.WRITABLE)
    return true
  }

  #clear(count: number): void {
    for (let number = 0; number < count; number++) this.#setSingle(number, 0)
    this.#parts.state.set(WORDS.FPSCR, 0)
  }

  #fpccr(isSecure: boolean): number {
    return this.#parts.state.bank(WORDS.FPCCR, isSecure)
  }

  #setFpccr(isSecure: boolean, value: number): void {
    this.#parts.state.setBank(WORDS.FPCCR, isSecure, value)
  }

  #single(number: number): number {
    return this.#parts.state.words[(WORDS.S >> 2) + number]! >>> 0
  }

  #setSingle(number: number, value: number): void {
    this.#parts.state.words[(WORDS.S >> 2) + number] = value
  }
}

/** The instruction goes ahead, must be tried again after an exception, or faults. */
export type Verdict = 'go' | 'preempted' | Fault

const unaligned: Fault = { exception: EXCEPTION.usageFault, syndrome: CFSR.UNALIGNED }

/** FPCCR's ready bits: whether the exception could have been taken when the context was left. */
function isReadyFor({ exception }: Fault, own: number, shared: number): boolean {
  switch (exception) {
    case EXCEPTION.memManage:
      return (own & FPCCR.MMRDY) !== 0
    case EXCEPTION.usageFault:
      return (own & FPCCR.UFRDY) !== 0
    case EXCEPTION.busFault:
      return (shared & FPCCR.BFRDY) !== 0
    default:
      return (shared & FPCCR.SFRDY) !== 0
  }
}
