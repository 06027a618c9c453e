/**
 * Where execution is and how it gets on: PC and ITSTATE from the loop's position, branches that
 * leave a code window, and the checks that every instruction passes before it is predecoded.
 */
import { type CodeCache, type CodeKind, NOWHERE, nextIt, type Window } from './code.ts'
import type { AddressRange } from './cpu.ts'
import { CFSR, EXCEPTION, type Fault, SFSR } from './faults.ts'
import { ENTRY, IT_FIRST, PREDECODE, WORDS } from './layout.ts'
import { isPrivate, type Protection } from './protection.ts'
import type { State } from './state.ts'

/** Each halfword of SG. */
const SG = 0xe97f

export interface FetchParts {
  readonly state: State
  readonly protection: Protection
  readonly code: CodeCache
  /** Where the host is the Secure state: addresses that stand for its code. */
  readonly hostCode: AddressRange | undefined
  isBelowZero(isSecure: boolean): boolean
  /** There is nothing to execute: a fault of the instruction at PC. */
  fail(fault: Fault, it: number): void
  /** A debugger may stop here, or be passed: then the entry is for once only. */
  intercept(address: number, it: number): 'go' | 'once' | 'stop'
  /** The slice ends with this instruction. */
  endSlice(): void
  /** Secure execution has reached the host's code. */
  reachHost(address: number): void
  /** Code at this address of RAM was decoded: stores to it must be noticed. */
  watch(address: number): void
}

export class Fetch {
  readonly #parts: FetchParts
  #window: Window | undefined
  /** ITSTATE of the instruction at PC while it is being taken back; otherwise IT says. */
  heldIt: number | undefined
  #once: number | undefined

  constructor(parts: FetchParts) {
    this.#parts = parts
  }

  get pc(): number {
    const { state } = this.#parts
    const ip = state.get(WORDS.IP)
    if (ip === NOWHERE) return state.get(WORDS.OUTSIDE_PC)
    const plain = isInIt(ip) ? ip - PREDECODE.itOffset : ip
    const offset = (plain - state.get(WORDS.CODE_TABLE)) >> ENTRY.scale
    return (state.get(WORDS.CODE_BASE) + offset) >>> 0
  }

  /** Between instructions. */
  get it(): number {
    return this.heldIt ?? nextIt(this.#parts.state.get(WORDS.IT))
  }

  /** Inside an instruction, IT is that instruction's. */
  get ownIt(): number {
    const { state } = this.#parts
    return isInIt(state.get(WORDS.IP)) ? state.get(WORDS.IT) & 0xff : 0
  }

  goTo(address: number, thumb: boolean, it: number): void {
    const { state } = this.#parts
    const window = thumb ? this.#enterable(address) : undefined
    const isInBlock = (it & 15) !== 0
    this.#window = window
    this.heldIt = undefined
    state.set(WORDS.THUMB, thumb ? 1 : 0)
    state.set(WORDS.IT, isInBlock ? IT_FIRST | it : 0)
    // The loop keeps the window in locals: it has to start again.
    state.set(WORDS.ATTENTION, 1)
    if (window === undefined) {
      state.set(WORDS.CODE_SIZE, 0)
      state.set(WORDS.OUTSIDE_PC, address)
      state.set(WORDS.IP, NOWHERE)
      return
    }
    const table = this.#wantedTable(window)
    state.set(WORDS.CODE_BASE, window.base)
    state.set(WORDS.CODE_SIZE, window.size)
    state.set(WORDS.CODE_TABLE, table)
    const entry = table + ((address - window.base) << ENTRY.scale)
    state.set(WORDS.IP, isInBlock ? entry + PREDECODE.itOffset : entry)
  }

  /** Privilege changed: the same place in the other table. */
  relocate(): void {
    const window = this.#window
    if (window && this.#wantedTable(window) !== this.#parts.state.get(WORDS.CODE_TABLE)) {
      this.goTo(this.pc, true, this.it)
    }
  }

  /** Fills the entry at `ip`, or finds out why there is nothing to execute. */
  decode(ip: number): void {
    const { state, code } = this.#parts
    const address = this.pc
    const own = nextIt(state.get(WORDS.IT))
    const window = this.#window
    if (window === undefined || address < window.base || address - window.base >= window.size) {
      if (ip === NOWHERE) this.#leave(address)
      else this.goTo(address, true, own)
      return
    }
    if (isInIt(ip) && own === 0) {
      code.fillLeave(window, ip, address)
      return
    }
    const fault = this.#check(window, address)
    if (fault) {
      this.#parts.fail(fault, own)
      return
    }
    const verdict = this.#parts.intercept(address, own)
    if (verdict === 'stop') return
    code.fill(window, ip, address, { before: state.get(WORDS.IT), own })
    if (verdict === 'once') {
      this.#once = ip
      this.#parts.endSlice()
    }
    if (window.kind !== 'ram') return
    this.#parts.watch(address)
    this.#parts.watch(address + 2)
  }

  /** After a slice: an entry that a comparator watches is decoded anew the next time. */
  forgetOnce(): void {
    if (this.#once === undefined) return
    this.#parts.code.forgetEntry(this.#once)
    this.#once = undefined
  }

  /** The window at an address that the present state may branch to. */
  #enterable(address: number): Window | undefined {
    const { state, code } = this.#parts
    const window = code.find(address)
    if (window === undefined || this.#isOwn(address)) return window
    return !state.isSecure && this.#isGateway(window, address) ? window : undefined
  }

  /** Each state executes its own memory only; the private peripheral bus is either's. */
  #isOwn(address: number): boolean {
    const { state, protection } = this.#parts
    if (isPrivate(address)) return true
    const attribution = protection.attribution(address)
    return attribution !== 'hidden' && (attribution === 'non-secure') !== state.isSecure
  }

  /** SG in callable memory: the only Secure instruction that Non-secure code may execute. */
  #isGateway(window: Window, address: number): boolean {
    const { code, protection } = this.#parts
    return (
      protection.attribution(address) === 'callable' &&
      code.halfword(window, address) === SG &&
      code.halfword(window, address + 2) === SG
    )
  }

  #wantedTable(window: Window): number {
    const { state, protection, code } = this.#parts
    const isChecked = !state.isPrivileged && protection.isMpuOn(state.isSecure)
    const kind = ((state.isSecure ? 2 : 0) + (isChecked ? 1 : 0)) as CodeKind
    return code.tableFor(window, kind).address
  }

  /** PC is in no window: the host's code, or a fault. */
  #leave(address: number): void {
    const { state, code, hostCode } = this.#parts
    const isThumb = state.get(WORDS.THUMB) !== 0
    const isHost = hostCode && address >= hostCode.start && address < hostCode.end
    if (state.isSecure && isHost && isThumb) {
      this.#parts.reachHost(address)
      return
    }
    const isMemory = code.find(address) !== undefined
    const fault = this.#checkAddress(address) ?? (isThumb || !isMemory ? busError : notThumb)
    this.#parts.fail(fault, this.it)
  }

  #check(window: Window, address: number): Fault | undefined {
    const isGate = !this.#parts.state.isSecure && this.#isGateway(window, address)
    const fault = this.#checkAddress(address, isGate)
    if (fault || isGate) return fault
    const isWide = this.#parts.code.halfword(window, address) >>> 11 >= 0b11101
    if (!isWide) return undefined
    const isCutOff = address + 2 - window.base >= window.size
    return isCutOff ? busError : this.#checkAddress(address + 2)
  }

  /** A gateway is Secure memory: the Secure MPU has the say. */
  #checkAddress(address: number, isGateway = false): Fault | undefined {
    const { state, protection } = this.#parts
    if (!isGateway && !this.#isOwn(address)) {
      if (state.isSecure && protection.attribution(address) === 'hidden') return busError
      const syndrome = state.isSecure ? SFSR.INVTRAN : SFSR.INVEP
      return { exception: EXCEPTION.secureFault, syndrome }
    }
    const isSecure = state.isSecure || isGateway
    const isBelowZero = this.#parts.isBelowZero(isSecure)
    const who = { isSecure, isPrivileged: state.isPrivileged, isBelowZero }
    if (protection.mpuAllows(address, 'execute', who)) return undefined
    return { exception: EXCEPTION.memManage, syndrome: CFSR.IACCVIOL }
  }
}

const busError: Fault = { exception: EXCEPTION.busFault, syndrome: CFSR.IBUSERR }

const notThumb: Fault = { exception: EXCEPTION.usageFault, syndrome: CFSR.INVSTATE }

function isInIt(ip: number): boolean {
  return ip >= PREDECODE.start + PREDECODE.itOffset
}
