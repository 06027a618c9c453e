/**
 * The host's debugger: breakpoints, watchpoints and vector catch that software does not see, and
 * where it gets control. What software has of its own (FPB, DWT) is in `debug-unit.ts`.
 *
 *   breakpoint     before the instruction; going on from there passes it once
 *   patch          the same, of which there is any number: as if the fetch met a BKPT that memory
 *                  does not hold
 *   watchpoint     after the instruction, or the exception entry or return, that made the access
 *   vector catch   after exception entry, before the first instruction of the handler
 */
import { assert } from '../assert.ts'
import type { DataAccess } from './debug-unit.ts'

/** Comparators of the STM32U585's Cortex-M33 (RM0456, "Debug support"). */
export const BREAKPOINTS = 8
export const WATCHPOINTS = 4

/** A range of data that is watched. */
export interface Watchpoint {
  readonly address: number
  readonly length: number
  readonly access: 'read' | 'write' | 'any'
}

/** Why `run` returned `halt`. If several things happened in one instruction, the first of them. */
export type HaltCause =
  | { readonly kind: 'request' | 'step' }
  | { readonly kind: 'breakpoint'; readonly address: number }
  | {
      readonly kind: 'watchpoint'
      readonly watchpoint: Watchpoint
      /** Of the access, which may begin below the watched range. */
      readonly address: number
      readonly size: number
      /** What was read or written. */
      readonly value: number
      readonly access: 'read' | 'write'
      /** The instruction; for frames of exceptions the one that was interrupted, or BX LR. */
      readonly pc: number
    }
  /** Number as in IPSR. */
  | { readonly kind: 'vectorCatch'; readonly exception: number }

export interface HostDebuggerParts {
  pc(): number
  /** The present stack pointer and IPSR: tells one visit of an address from another. */
  depth(): string
  /** Comparators changed: predecoded code and access maps have to be made anew. */
  changed(): void
  /** The run returns `halt` at the end of the instruction. */
  stop(): void
}

export class HostDebugger {
  readonly #parts: HostDebuggerParts
  #breakpoints: ReadonlySet<number> = new Set()
  #patches: ReadonlySet<number> = new Set()
  #watchpoints: readonly Watchpoint[] = []
  #caught: ReadonlySet<number> = new Set()
  #cause: HaltCause = { kind: 'request' }
  /** There is a cause that the run has not ended for yet. */
  #isHalting = false
  /** The instruction that goes ahead although there is a breakpoint. */
  #passing: { readonly address: number; readonly depth: string } | undefined
  /** It has been let through, and may be under way. */
  #isPassing = false

  constructor(parts: HostDebuggerParts) {
    this.#parts = parts
  }

  get cause(): HaltCause {
    return this.#cause
  }

  setBreakpoints(addresses: readonly number[]): void {
    assert(addresses.length <= BREAKPOINTS, `The CPU has ${BREAKPOINTS} breakpoint comparators.`)
    if (isSame(this.#breakpoints, addresses)) return
    this.#breakpoints = new Set(addresses.map(withoutThumbBit))
    this.#changed()
  }

  setPatches(addresses: readonly number[]): void {
    if (isSame(this.#patches, addresses)) return
    this.#patches = new Set(addresses.map(withoutThumbBit))
    this.#changed()
  }

  /** Where there is no breakpoint any more, nothing is left to be passed: the next visit counts. */
  #changed(): void {
    if (this.#passing !== undefined && !this.hasBreakpoint(this.#passing.address)) this.moved()
    this.#parts.changed()
  }

  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    assert(watchpoints.length <= WATCHPOINTS, `The CPU has ${WATCHPOINTS} watchpoint comparators.`)
    for (const { address, length } of watchpoints) {
      const isRange = Number.isSafeInteger(address) && address >= 0 && length > 0
      assert(
        isRange && address + length <= 2 ** 32,
        `${address}+${length} is no range of addresses.`,
      )
    }
    this.#watchpoints = [...watchpoints]
    this.#parts.changed()
  }

  setVectorCatch(exceptions: readonly number[]): void {
    this.#caught = new Set(exceptions)
  }

  halt(cause: HaltCause): void {
    if (!this.#isHalting) this.#cause = cause
    this.#isHalting = true
    this.#parts.stop()
  }

  /** The run has ended, for whatever reason. */
  ended(): void {
    this.#isHalting = false
  }

  /** The next instruction goes ahead, breakpoint or not. */
  passNext(): void {
    const pc = this.#parts.pc()
    if (this.hasBreakpoint(pc)) this.#pass(pc)
  }

  #pass(address: number): void {
    this.#passing = { address, depth: this.#parts.depth() }
    this.#isPassing = false
  }

  /** Execution was moved: nothing is passed. */
  moved(): void {
    this.#passing = undefined
    this.#isPassing = false
  }

  /** Instructions were executed, the one that is let through among them. */
  proceeded(): void {
    if (this.#isPassing) this.moved()
  }

  hasBreakpoint(address: number): boolean {
    return this.#breakpoints.has(address) || this.#patches.has(address)
  }

  /** True if the run ends before the instruction that is about to be decoded. */
  stopsBefore(address: number): boolean {
    const passing = this.#passing
    const isHere = passing?.address === address && passing.depth === this.#parts.depth()
    if (isHere) this.#isPassing = true
    if (isHere || !this.hasBreakpoint(address)) return false
    this.#pass(address)
    this.halt({ kind: 'breakpoint', address })
    return true
  }

  get isWatching(): boolean {
    return this.#watchpoints.length > 0
  }

  /** Something in [start, end) is watched. */
  watches(start: number, end: number): boolean {
    return this.#watchpoints.some(
      ({ address, length }) => address < end && address + length > start,
    )
  }

  access({ address, size, value, isWrite }: DataAccess): void {
    const access = isWrite ? 'write' : 'read'
    const watchpoint = this.#watchpoints.find(
      (w) =>
        (w.access === 'any' || w.access === access) &&
        address < w.address + w.length &&
        address + size > w.address,
    )
    if (watchpoint === undefined) return
    const pc = this.#parts.pc()
    const seen = size === 4 ? value >>> 0 : value & (2 ** (8 * size) - 1)
    this.halt({ kind: 'watchpoint', watchpoint, address, size, value: seen, access, pc })
  }

  enters(exception: number): void {
    if (this.#caught.has(exception)) this.halt({ kind: 'vectorCatch', exception })
  }
}

/** Code is not predecoded anew where nothing changes, as between the steps of a range. */
function isSame(before: ReadonlySet<number>, addresses: readonly number[]): boolean {
  const now = new Set(addresses.map(withoutThumbBit))
  return now.size === before.size && [...now].every((address) => before.has(address))
}

function withoutThumbBit(address: number): number {
  return (address & ~1) >>> 0
}
