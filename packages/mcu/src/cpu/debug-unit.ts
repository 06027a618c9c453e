/**
 * The debug unit: comparators of software for instruction and data addresses (FPB and DWT). A match
 * becomes DebugMonitor where DEMCR and priorities allow, else it is ignored. Armv8-M ARM, B12
 * (debug), B13 (DWT), B15 (FPB).
 *
 * Halting debug is the host's alone (`host-debugger.ts`): DHCSR.C_DEBUGEN is 0 and software cannot
 * set it.
 *
 * Not modelled: trace (ITM, packets), the counters of DWT beside CYCCNT.
 */

import type { Scheduler } from '../bus.ts'
import type { FaultStatus } from './fault-status.ts'
import { EXCEPTION } from './faults.ts'
import { BREAKPOINTS, type HostDebugger, WATCHPOINTS } from './host-debugger.ts'
import type { Nvic } from './nvic.ts'

export const DEMCR = {
  MON_EN: 1 << 16,
  MON_PEND: 1 << 17,
  MON_STEP: 1 << 18,
  MON_REQ: 1 << 19,
  SDME: 1 << 20,
  TRCENA: 1 << 24,
} as const
export const DFSR = { HALTED: 1 << 0, BKPT: 1 << 1, DWTTRAP: 1 << 2 } as const
/** DAUTHCTRL: the Secure state allows DebugMonitor for itself. */
const SPIDEN = 3

/** DWT_FUNCTIONn.MATCH */
const MATCH = {
  cycle: 1,
  instruction: 2,
  instructionLimit: 3,
  data: 4,
  dataWrite: 5,
  dataRead: 6,
  dataLimit: 7,
  value: 8,
  valueWrite: 9,
  valueRead: 10,
  linkedValue: 11,
} as const
const FUNCTION = { MATCH: 0xf, ACTION: 0x30, DEBUG_EVENT: 0x10, VSIZE_AT: 10 } as const

/** A data access that went through. */
export interface DataAccess {
  readonly address: number
  readonly size: number
  readonly value: number
  readonly isWrite: boolean
}

/** What software wrote, as a snapshot holds it. */
export class DebugRegisters {
  demcr = 0
  dauthctrl = 0
  /** DWT_CTRL.CYCCNTENA */
  isCounting = false
  /** DWT_CYCCNT = cycles + offset while it counts, else offset. */
  cycleOffset = 0
  dwtComparators: number[] = new Array(WATCHPOINTS).fill(0)
  dwtFunctions: number[] = new Array(WATCHPOINTS).fill(0)
  dwtMatched: boolean[] = new Array(WATCHPOINTS).fill(false)
  isFpbEnabled = false
  fpbComparators: number[] = new Array(BREAKPOINTS).fill(0)
}

export interface DebugParts {
  readonly nvic: Nvic
  readonly status: FaultStatus
  readonly scheduler: Scheduler
  /** Sees the same accesses. */
  readonly host: HostDebugger
  cycles(): number
  isSecure(): boolean
  /** An event is due earlier than was known. */
  earlier(cycle: number): void
  /** Comparators changed: predecoded code and access maps have to be made anew. */
  changed(): void
}

export class DebugUnit {
  readonly #parts: DebugParts
  readonly registers = new DebugRegisters()
  #cancel: (() => void) | undefined

  constructor(parts: DebugParts) {
    this.#parts = parts
  }

  reset(): void {
    this.restore(new DebugRegisters())
  }

  restore(registers: DebugRegisters): void {
    Object.assign(this.registers, registers)
    this.update()
  }

  /** Registers were written. */
  update(): void {
    const { nvic, changed } = this.#parts
    nvic.monitorIsSecure = (this.registers.dauthctrl & SPIDEN) === SPIDEN
    nvic.enabled[EXCEPTION.debugMonitor] = this.registers.demcr & DEMCR.MON_EN ? 1 : 0
    this.#schedule()
    changed()
  }

  get count(): number {
    const { isCounting, cycleOffset } = this.registers
    const isOn = isCounting && this.#isTracing
    return ((isOn ? this.#parts.cycles() + cycleOffset : cycleOffset) % 2 ** 32) >>> 0
  }

  /** Sets CYCCNT, or keeps it while `change` starts or stops it. */
  setCount(value: number, change: () => void = () => {}): void {
    change()
    const isOn = this.registers.isCounting && this.#isTracing
    const offset = isOn ? value - (this.#parts.cycles() % 2 ** 32) : value
    this.registers.cycleOffset = (offset + 2 ** 32) % 2 ** 32
    this.update()
  }

  get #isTracing(): boolean {
    return (this.registers.demcr & DEMCR.TRCENA) !== 0
  }

  /** CanPendMonitorOnEvent() */
  get mayMonitor(): boolean {
    const { nvic, isSecure } = this.#parts
    if (isSecure() && !nvic.monitorIsSecure) return false
    return nvic.isReady(EXCEPTION.debugMonitor)
  }

  /** DEMCR.MON_STEP applies to the instruction that comes. */
  get isStepping(): boolean {
    return (this.registers.demcr & DEMCR.MON_STEP) !== 0 && this.mayMonitor
  }

  pendMonitor(why: number): void {
    const { nvic, status } = this.#parts
    status.dfsr |= why
    nvic.setPending(EXCEPTION.debugMonitor)
  }

  /** DFSR bit of a comparator of software that stops the instruction at an address; 0 for none. */
  instructionEvent(address: number): number {
    const { isFpbEnabled, fpbComparators } = this.registers
    const word = (address | 1) >>> 0
    if (isFpbEnabled && fpbComparators.includes(word)) return this.mayMonitor ? DFSR.BKPT : 0
    if (!this.#isTracing) return 0
    return this.#matchInstruction(address) && this.mayMonitor ? DFSR.DWTTRAP : 0
  }

  /** Something of the host's or software's may stop this instruction. */
  concernsInstruction(address: number): boolean {
    const { isFpbEnabled, fpbComparators } = this.registers
    if (this.#parts.host.hasBreakpoint(address)) return true
    if (isFpbEnabled && fpbComparators.includes((address | 1) >>> 0)) return true
    return this.#isTracing && this.#instructionComparator(address) >= 0
  }

  /** Marks the comparator; true if it asks for a debug event. */
  #matchInstruction(address: number): boolean {
    const at = this.#instructionComparator(address)
    if (at < 0) return false
    this.registers.dwtMatched[at] = true
    return this.#wantsEvent(at)
  }

  #instructionComparator(address: number): number {
    const { dwtComparators } = this.registers
    return this.#find((at, match) => {
      if (match !== MATCH.instruction) return false
      const isRange = this.#matchOf(at + 1) === MATCH.instructionLimit
      const first = dwtComparators[at]!
      return address >= first && address <= (isRange ? dwtComparators[at + 1]! : first)
    })
  }

  /** A page that holds watched data: accesses to it have to be seen. */
  watches(start: number, end: number): boolean {
    const overlaps = (first: number, last: number) => first < end && last >= start
    if (this.#parts.host.watches(start, end)) return true
    if (!this.#isTracing) return false
    const found = this.#find((at, match) => {
      if (match >= MATCH.value && match <= MATCH.valueRead) return true
      const range = this.#dataRange(at)
      return range !== undefined && overlaps(range.first, range.last)
    })
    return found >= 0
  }

  get isWatching(): boolean {
    return this.#parts.host.isWatching || this.#isTracing
  }

  access(access: DataAccess): void {
    this.#parts.host.access(access)
    if (!this.#isTracing) return
    for (let at = 0; at < WATCHPOINTS; at++) {
      if (!this.#matchesData(at, access)) continue
      this.registers.dwtMatched[at] = true
      if (this.#wantsEvent(at) && this.mayMonitor) this.pendMonitor(DFSR.DWTTRAP)
    }
  }

  #matchesData(at: number, { address, size, value, isWrite }: DataAccess): boolean {
    const match = this.#matchOf(at)
    const directions = [MATCH.dataWrite, MATCH.valueWrite] as readonly number[]
    if (directions.includes(match) && !isWrite) return false
    if (([MATCH.dataRead, MATCH.valueRead] as readonly number[]).includes(match) && isWrite)
      return false
    const range = this.#dataRange(match === MATCH.linkedValue ? at - 1 : at)
    const isInside = range && address <= range.last && address + size > range.first
    if (match === MATCH.linkedValue) return isInside === true && this.#hasValue(at, value, size)
    if (match >= MATCH.value && match <= MATCH.valueRead) return this.#hasValue(at, value, size)
    return isInside === true && this.#matchOf(at + 1) !== MATCH.linkedValue
  }

  /** Addresses of a data comparator, with the limit that the next one may be. */
  #dataRange(at: number): { first: number; last: number } | undefined {
    const match = this.#matchOf(at)
    if (match < MATCH.data || match > MATCH.dataRead) return undefined
    const { dwtComparators } = this.registers
    const first = dwtComparators[at]!
    const isRange = this.#matchOf(at + 1) === MATCH.dataLimit
    return { first, last: isRange ? dwtComparators[at + 1]! : first + this.#sizeOf(at) - 1 }
  }

  #hasValue(at: number, value: number, size: number): boolean {
    const wanted = this.#sizeOf(at)
    const mask = wanted === 4 ? 0xffff_ffff : 2 ** (8 * wanted) - 1
    return size === wanted && ((value ^ this.registers.dwtComparators[at]!) & mask) === 0
  }

  #sizeOf(at: number): number {
    return 1 << ((this.registers.dwtFunctions[at]! >> FUNCTION.VSIZE_AT) & 3)
  }

  #matchOf(at: number): number {
    return (this.registers.dwtFunctions[at] ?? 0) & FUNCTION.MATCH
  }

  #wantsEvent(at: number): boolean {
    return (this.registers.dwtFunctions[at]! & FUNCTION.ACTION) === FUNCTION.DEBUG_EVENT
  }

  #find(isHit: (at: number, match: number) => boolean): number {
    for (let at = 0; at < WATCHPOINTS; at++) if (isHit(at, this.#matchOf(at))) return at
    return -1
  }

  /** The comparator of CYCCNT: one event at the cycle of its match. */
  #schedule(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const at = this.#find((_, match) => match === MATCH.cycle)
    if (at < 0 || !this.registers.isCounting || !this.#isTracing) return
    const { scheduler, cycles, earlier } = this.#parts
    const distance = this.registers.dwtComparators[at]! - this.count
    const cycle = cycles() + (distance > 0 ? distance : distance + 2 ** 32)
    this.#cancel = scheduler.at(cycle, () => {
      this.registers.dwtMatched[at] = true
      if (this.#wantsEvent(at) && this.mayMonitor) this.pendMonitor(DFSR.DWTTRAP)
      this.#schedule()
    })
    earlier(cycle)
  }
}
