/**
 * Frames on the stack: what exception entry stacks and exception return unstacks. Armv8-M ARM,
 * B3.19 to B3.21, and the pseudocode of PushStack(), PushCalleeStack() and PopStack().
 *
 * A frame that would pass the stack limit is not written at all: the stack pointer becomes the
 * limit (which words above the limit are written is IMPLEMENTATION DEFINED).
 */

import type { Accesses, Requester } from './access.ts'
import { CFSR, EXCEPTION, type Fault, SFSR } from './faults.ts'
import type { FloatContext } from './float/float-context.ts'
import { WORDS } from './layout.ts'
import { CONTROL, type State } from './state.ts'

/** Bits of EXC_RETURN: B3.18, "EXC_RETURN". */
export const EXC_RETURN = {
  prefix: 0xff,
  reserved: 0x00ff_ff80,
  S: 1 << 6,
  DCRS: 1 << 5,
  FTYPE: 1 << 4,
  MODE: 1 << 3,
  SPSEL: 1 << 2,
  RES0: 1 << 1,
  ES: 1 << 0,
} as const

/** SFPA: in the frame of a Secure background only. */
export const XPSR = { T: 1 << 24, SFPA: 1 << 20, SPREALIGN: 1 << 9, EXCEPTION: 0x1ff } as const

const BASIC_WORDS = 8
/** Signature, a reserved word, r4 to r11. */
const CALLEE_BYTES = 0x28
const CALLER_REGISTERS = [0, 1, 2, 3, 12] as const
const CALLEE_REGISTERS = [4, 5, 6, 7, 8, 9, 10, 11] as const
/** Integrity signature; bit 0 is EXC_RETURN.FType. */
const SIGNATURE = 0xfefa_125a

/** What a failed unstacking found: the fault and the state whose bank it is recorded in. */
export interface FrameFault {
  readonly fault: Fault
  readonly isSecure: boolean
}

/** A frame as read. Its general registers are loaded; the stack pointer has not moved. */
export interface Unstacked {
  readonly bank: typeof WORDS.MSP | typeof WORDS.PSP
  readonly frame: number
  readonly who: Requester
  /** The stack pointer once the frame is consumed. */
  readonly stackPointer: number
  readonly lr: number
  readonly pc: number
  readonly xpsr: number
}

export interface FrameParts {
  readonly state: State
  readonly accesses: Accesses
  readonly float: FloatContext
  /** Limit of a stack that is not current: CCR.STKOFHFNMIGN may lift it. */
  limitOf(bank: typeof WORDS.MSP | typeof WORDS.PSP, isSecure: boolean): number
}

export class Frames {
  readonly #parts: FrameParts

  constructor(parts: FrameParts) {
    this.#parts = parts
  }

  /** Stacks the caller's registers on the current stack, which is parked afterwards. */
  push(pc: number, xpsr: number): Fault | undefined {
    const { state, accesses, float } = this.#parts
    const { isSecure, currentStack } = state
    const { frameBytes } = float
    state.parkStack()
    const sp = state.get(WORDS.SP)
    const frame = ((sp - frameBytes) & ~4) >>> 0
    const r = (number: number) => state.register(number)
    const realigned = xpsr | (sp & 4 ? XPSR.SPREALIGN : 0)
    const status = isSecure && !float.isSecureIdle ? realigned | XPSR.SFPA : realigned
    const words = [r(0), r(1), r(2), r(3), r(12), r(14), pc, status]
    const who = accesses.requester(false)
    const to = sp < frameBytes ? -1 : frame
    const fault = this.#store({ bank: currentStack, isSecure, frame: to, who }, words)
    const refusal = float.push(to, who, this.#parts.limitOf(currentStack, isSecure))
    const floatFault = refusal ?? this.#stackingFault(CFSR.STKERR, CFSR.MSTKERR)
    return fault ?? floatFault
  }

  /** The registers of an extended frame, which are committed at once. */
  popFloat({ frame, who }: Unstacked, excReturn: number): FrameFault | undefined {
    if ((excReturn & EXC_RETURN.FTYPE) !== 0) return undefined
    const { isSecure } = who
    const refusal = this.#parts.float.pop(frame, who)
    if (refusal) return { fault: refusal, isSecure: refusal.isSecure ?? isSecure }
    const fault = this.#stackingFault(CFSR.UNSTKERR, CFSR.MUNSTKERR)
    return fault && { fault, isSecure }
  }

  /** Adds r4 to r11 of a Secure background below its frame. */
  pushCallee(excReturn: number): Fault | undefined {
    const { state } = this.#parts
    const place = this.#place(true, excReturn)
    const registers = CALLEE_REGISTERS.map((number) => state.register(number))
    const words = [this.#signature(excReturn), undefined, ...registers]
    const frame = (state.bank(place.bank, true) - CALLEE_BYTES) >>> 0
    return this.#store({ bank: place.bank, isSecure: true, frame, who: place.who }, words)
  }

  #store(
    to: {
      bank: typeof WORDS.MSP | typeof WORDS.PSP
      isSecure: boolean
      frame: number
      who: Requester
    },
    /** What is not defined is not written. */
    words: readonly (number | undefined)[],
  ): Fault | undefined {
    const { state, accesses, limitOf } = this.#parts
    const { bank, isSecure, frame, who } = to
    const limit = limitOf(bank, isSecure)
    if (frame < limit) {
      state.setBank(bank, isSecure, limit)
      return { exception: EXCEPTION.usageFault, syndrome: CFSR.STKOF }
    }
    accesses.fault = undefined
    words.forEach((word, at) => {
      if (accesses.fault !== undefined || word === undefined) return
      accesses.storeWord((frame + at * 4) >>> 0, word, who)
    })
    state.setBank(bank, isSecure, frame)
    return this.#stackingFault(CFSR.STKERR, CFSR.MSTKERR)
  }

  /** Reads the frame that a return names, and loads the general registers from it. */
  pop(excReturn: number): Unstacked | FrameFault {
    const { state } = this.#parts
    const isSecure = (excReturn & EXC_RETURN.S) !== 0
    const { bank, who } = this.#place(isSecure, excReturn)
    let frame = state.bank(bank, isSecure)
    if (isSecure && (excReturn & EXC_RETURN.ES && excReturn & EXC_RETURN.DCRS) === 0) {
      const fault = this.#popCallee(frame, excReturn, who)
      if (fault) return { fault, isSecure }
      frame = (frame + CALLEE_BYTES) >>> 0
    }
    const words = this.#read(frame, BASIC_WORDS, who)
    this.#load(CALLER_REGISTERS, words)
    const fault = this.#stackingFault(CFSR.UNSTKERR, CFSR.MUNSTKERR)
    if (fault) return { fault, isSecure }
    const [lr, pc, xpsr] = words.slice(CALLER_REGISTERS.length) as [number, number, number]
    const aligner = xpsr & XPSR.SPREALIGN ? 4 : 0
    const isExtended = (excReturn & EXC_RETURN.FTYPE) === 0
    const bytes = this.#parts.float.returnBytes(isExtended, isSecure)
    return { bank, frame, who, stackPointer: ((frame + bytes) | aligner) >>> 0, lr, pc, xpsr }
  }

  /** The signature is checked before anything is loaded. */
  #popCallee(frame: number, excReturn: number, who: Requester): Fault | undefined {
    const [signature] = this.#read(frame, 1, who)
    if (signature !== undefined && signature !== this.#signature(excReturn)) {
      return { exception: EXCEPTION.secureFault, syndrome: SFSR.INVIS }
    }
    const isRead = signature !== undefined
    if (isRead) this.#load(CALLEE_REGISTERS, this.#read(frame + 8, CALLEE_REGISTERS.length, who))
    return this.#stackingFault(CFSR.UNSTKERR, CFSR.MUNSTKERR)
  }

  /** Words up to the first that cannot be read. */
  #read(frame: number, count: number, who: Requester): number[] {
    const { accesses } = this.#parts
    const words: number[] = []
    accesses.fault = undefined
    for (let at = 0; at < count; at++) {
      const word = accesses.loadWord((frame + at * 4) >>> 0, who) >>> 0
      if (accesses.fault !== undefined) break
      words.push(word)
    }
    return words
  }

  #load(numbers: readonly number[], words: readonly number[]): void {
    for (const [at, number] of numbers.entries()) {
      const word = words[at]
      if (word !== undefined) this.#parts.state.setRegister(number, word)
    }
  }

  /** The stack that a background of this state is on, and the rights of its code. */
  #place(isSecure: boolean, excReturn: number) {
    const { state } = this.#parts
    const control = state.bank(WORDS.CONTROL, isSecure)
    const isThread = (excReturn & EXC_RETURN.MODE) !== 0
    const isPrivileged = !isThread || (control & CONTROL.nPRIV) === 0
    const bank: typeof WORDS.MSP | typeof WORDS.PSP =
      isThread && (control & CONTROL.SPSEL) !== 0 ? WORDS.PSP : WORDS.MSP
    return { bank, who: { isSecure, isPrivileged } }
  }

  #signature(excReturn: number): number {
    return (SIGNATURE | (excReturn & EXC_RETURN.FTYPE ? 1 : 0)) >>> 0
  }

  /** What an access to the stack that failed is called. */
  #stackingFault(busError: number, memoryError: number): Fault | undefined {
    const fault = this.#parts.accesses.takeFault()
    if (fault === undefined || fault.exception === EXCEPTION.secureFault) return fault
    const syndrome = fault.exception === EXCEPTION.busFault ? busError : memoryError
    return { exception: fault.exception, syndrome }
  }
}
