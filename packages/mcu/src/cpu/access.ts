/**
 * Data accesses that are not plain: protection, peripherals, the private peripheral bus, aliases,
 * unaligned words, stores to flash and to decoded code. Also fills the access maps that let plain
 * accesses pass without asking: one byte for 512 bytes of address space, per state and privilege.
 */
import type { AccessSize, Bus, Master } from '../bus.ts'
import type { CodeCache } from './code.ts'
import type { AddressRange, ChipHooks, MemoryRange } from './cpu.ts'
import type { DebugUnit } from './debug-unit.ts'
import { CFSR, EXCEPTION, type Fault, SFSR } from './faults.ts'
import type { HostDebugger } from './host-debugger.ts'
import { MUST_ALIGN, UNPRIVILEGED } from './ir/slow.ts'
import { MAPS, mapOf, WORDS } from './layout.ts'
import { isPrivate, type Protection, type Purpose } from './protection.ts'
import type { State } from './state.ts'

const PAGE = 1 << MAPS.shift

const EVERY_MAP = [
  ...[mapOf(false, true), mapOf(false, false), mapOf(true, true), mapOf(true, false)],
]

/** The CPU's own registers. `undefined`: there is no such register, or it may not be touched so. */
export interface PrivateRegisters {
  readAs(address: number, size: AccessSize, who: Requester): number | undefined
  writeAs(address: number, size: AccessSize, value: number, who: Requester): boolean
}

export interface Requester {
  readonly isSecure: boolean
  readonly isPrivileged: boolean
  /** Instead of what the present priority says. */
  readonly isBelowZero?: boolean
}

export interface AccessParts {
  readonly state: State
  readonly bus: Bus
  readonly hooks: ChipHooks
  readonly ranges: readonly MemoryRange[]
  readonly chipsPrivate: AddressRange | undefined
  readonly protection: Protection
  readonly code: CodeCache
  readonly registers: PrivateRegisters
  readonly debug: DebugUnit
  readonly host: HostDebugger
  /** HardFault, NMI or FAULTMASK of a state: its MPU may be off then. */
  isBelowZero(isSecure: boolean): boolean
  /** CCR.BFHFNMIGN: data accesses at such a priority ignore bus errors. */
  ignoresBusErrors(isSecure: boolean): boolean
  pc(): number
}

export class Accesses {
  readonly #parts: AccessParts
  /** Set by an access that failed; the caller takes it. */
  fault: Fault | undefined

  constructor(parts: AccessParts) {
    this.#parts = parts
  }

  /** The fault of what was done since the last call, if there was one. */
  takeFault(): Fault | undefined {
    const { fault } = this
    this.fault = undefined
    return fault
  }

  /** What the present state may do, or as unprivileged code. */
  requester(asUnprivileged: boolean): Requester {
    const { isSecure, isPrivileged } = this.#parts.state
    return { isSecure, isPrivileged: isPrivileged && !asUnprivileged }
  }

  /** `access` is a width with MUST_ALIGN and UNPRIVILEGED, as handlers pass it. */
  load(address: number, access: number): number {
    const value = this.#load(address, access)
    const { debug } = this.#parts
    if (debug.isWatching && this.fault === undefined) {
      debug.access({ address, size: access & 7, value, isWrite: false })
    }
    return value
  }

  #load(address: number, access: number): number {
    const size = (access & 7) as AccessSize
    const who = this.requester((access & UNPRIVILEGED) !== 0)
    if ((address & (size - 1)) === 0) return this.#loadAligned(address, size, who)
    if (!this.#mayBeUnaligned(address, access)) return 0
    let value = 0
    for (let at = 0; at < size && this.fault === undefined; at++) {
      value |= this.#loadAligned((address + at) >>> 0, 1, who) << (8 * at)
    }
    return value
  }

  store(address: number, access: number, value: number): void {
    this.#store(address, access, value)
    const { debug } = this.#parts
    if (debug.isWatching && this.fault === undefined) {
      debug.access({ address, size: access & 7, value, isWrite: true })
    }
  }

  #store(address: number, access: number, value: number): void {
    const size = (access & 7) as AccessSize
    const who = this.requester((access & UNPRIVILEGED) !== 0)
    if ((address & (size - 1)) === 0) {
      this.#storeAligned(
        address,
        size,
        size === 4 ? value >>> 0 : value & (2 ** (8 * size) - 1),
        who,
      )
      return
    }
    if (!this.#mayBeUnaligned(address, access)) return
    for (let at = 0; at < size && this.fault === undefined; at++) {
      this.#storeAligned((address + at) >>> 0, 1, (value >>> (8 * at)) & 0xff, who)
    }
  }

  /** A word as exception entry and return move it. DWT does not see it, the host does. */
  loadWord(address: number, who: Requester): number {
    const value = this.#loadAligned(address, 4, who)
    this.#showHost(address, value, false)
    return value
  }

  storeWord(address: number, value: number, who: Requester): void {
    this.#storeAligned(address, 4, value, who)
    this.#showHost(address, value, true)
  }

  #showHost(address: number, value: number, isWrite: boolean): void {
    const { host } = this.#parts
    if (host.isWatching && this.fault === undefined) {
      host.access({ address, size: 4, value, isWrite })
    }
  }

  /** An entry of a vector table: privileged, by the default memory map. */
  loadVector(address: number, isSecure: boolean): number {
    const who = { isSecure, isPrivileged: true }
    return this.#checkState(address, who) ? this.#read(address, 4, who) : 0
  }

  #loadAligned(address: number, size: AccessSize, who: Requester): number {
    return this.#check(address, 'read', who) ? this.#read(address, size, who) : 0
  }

  #read(address: number, size: AccessSize, who: Requester): number {
    const { bus, registers } = this.#parts
    if (isPrivate(address) && !this.#isChips(address, who)) {
      const value = registers.readAs(address, size, who)
      if (value === undefined) this.#busError(address)
      return value ?? 0
    }
    if (this.#isHidden(address)) return 0
    const range = this.#rangeOf(address)
    if (range !== undefined) {
      this.#allowPage(address, range, who)
      return this.#plain(address - range.base + (range.backing ?? range.base), size)
    }
    const value = bus.read(address, size, this.#masterOf(address, who))
    this.#takeBusFault(address, bus.fault)
    return value
  }

  #storeAligned(address: number, size: AccessSize, value: number, who: Requester): void {
    const { bus, hooks, registers } = this.#parts
    if (!this.#check(address, 'write', who)) return
    if (isPrivate(address) && !this.#isChips(address, who)) {
      if (!registers.writeAs(address, size, value, who)) this.#busError(address)
      return
    }
    if (this.#isHidden(address)) return
    const range = this.#rangeOf(address)
    const master = this.#masterOf(address, who)
    if (range?.kind === 'flash') {
      this.#takeBusFault(address, hooks.storeToFlash(address, size, value, master))
    } else if (range !== undefined) {
      this.#storePlain(address - range.base + (range.backing ?? range.base), size, value)
      this.#allowPage(address, range, who)
    } else {
      bus.write(address, size, value, master)
      this.#takeBusFault(address, bus.fault)
    }
  }

  /** The chip's own registers on the private bus. */
  #isChips(address: number, { isPrivileged }: Requester): boolean {
    const { chipsPrivate } = this.#parts
    if (chipsPrivate === undefined || !isPrivileged) return false
    return address >= chipsPrivate.start && address < chipsPrivate.end
  }

  /** False with `fault` set when SAU or MPU forbid the access. */
  #check(address: number, purpose: Purpose, who: Requester): boolean {
    if (isPrivate(address)) return true
    if (!this.#checkState(address, who)) return false
    if (this.#isAllowed(address, purpose, who)) return true
    const syndrome = CFSR.DACCVIOL | CFSR.MMARVALID
    this.fault = { exception: EXCEPTION.memManage, syndrome, address }
    return false
  }

  /** Security attribution: what is not Non-secure is closed to Non-secure code. */
  #checkState(address: number, { isSecure }: Requester): boolean {
    if (isSecure || isPrivate(address)) return true
    if (this.#parts.protection.attribution(address) === 'non-secure') return true
    const syndrome = SFSR.AUVIOL | SFSR.SFARVALID
    this.fault = { exception: EXCEPTION.secureFault, syndrome, address }
    return false
  }

  /** An access by Secure code to Non-secure memory is a Non-secure one on the bus. */
  #masterOf(address: number, who: Requester): Master {
    const { protection, pc } = this.#parts
    const isSecure = who.isSecure && protection.attribution(address) !== 'non-secure'
    return { isSecure, isPrivileged: who.isPrivileged, pc: pc() }
  }

  #mayBeUnaligned(address: number, access: number): boolean {
    const who = this.requester((access & UNPRIVILEGED) !== 0)
    const isForbidden =
      (access & MUST_ALIGN) !== 0 ||
      this.#parts.state.get(WORDS.TRAP_UNALIGNED) !== 0 ||
      this.#isDevice(address, who)
    if (isForbidden) this.fault = { exception: EXCEPTION.usageFault, syndrome: CFSR.UNALIGNED }
    return !isForbidden
  }

  #isDevice(address: number, who: Requester): boolean {
    const isBelowZero = this.#parts.isBelowZero(who.isSecure)
    return this.#parts.protection.isDevice(address, { ...who, isBelowZero })
  }

  #busError(address: number): void {
    if (this.#parts.ignoresBusErrors(this.#parts.state.isSecure)) return
    const syndrome = CFSR.PRECISERR | CFSR.BFARVALID
    this.fault = { exception: EXCEPTION.busFault, syndrome, address }
  }

  #takeBusFault(address: number, outcome: number): void {
    if (outcome === 1) this.#busError(address)
    if (outcome === 2) {
      const syndrome = SFSR.AUVIOL | SFSR.SFARVALID
      this.fault = { exception: EXCEPTION.secureFault, syndrome, address }
    }
  }

  /** True with `fault` set for memory that nobody may touch. */
  #isHidden(address: number): boolean {
    if (this.#parts.protection.attribution(address) !== 'hidden') return false
    this.#busError(address)
    return true
  }

  #rangeOf(address: number): MemoryRange | undefined {
    return this.#parts.ranges.find(({ base, size }) => address >= base && address - base < size)
  }

  #plain(at: number, size: AccessSize): number {
    const { state } = this.#parts
    if (size === 4) return state.words[at >>> 2]!
    return size === 2 ? state.halves[at >>> 1]! : state.bytes[at]!
  }

  #storePlain(at: number, size: AccessSize, value: number): void {
    const { state, code } = this.#parts
    if (size === 4) state.words[at >>> 2] = value
    else if (size === 2) state.halves[at >>> 1] = value
    else state.bytes[at] = value
    if (!code.isDecoded(at)) return
    code.invalidate(at, size)
    this.forgetPage(at)
  }

  /** Lets later accesses to this page pass, if it is plain memory with the same rights all over. */
  #allowPage(address: number, range: MemoryRange, who: Requester): void {
    const { state, protection } = this.#parts
    const current = this.requester(false)
    const isCurrent = current.isPrivileged === who.isPrivileged && current.isSecure === who.isSecure
    if (!isCurrent || (range.backing ?? range.base) !== range.base) return
    const start = (address & ~(PAGE - 1)) >>> 0
    const at = state.get(WORDS.MAP) + (address >>> MAPS.shift)
    if ((state.bytes[at]! & MAPS.known) !== 0) return
    let rights: number = MAPS.known
    const isWatched = this.#parts.debug.watches(start, start + PAGE - 1)
    const isPlain = !isWatched && !this.#isDevice(address, who)
    if (isPlain && protection.isUniform(start, start + PAGE)) {
      if (this.#isAllowed(address, 'read', who)) rights |= MAPS.read
      if (this.#mayStorePlainly(address, range, who)) rights |= MAPS.write
    }
    state.bytes[at] = rights
  }

  #mayStorePlainly(address: number, range: MemoryRange, who: Requester): boolean {
    if (range.kind !== 'ram' || this.#parts.code.isDecoded(address)) return false
    return this.#isAllowed(address, 'write', who)
  }

  #isAllowed(address: number, purpose: Purpose, who: Requester): boolean {
    const isBelowZero = who.isBelowZero ?? this.#parts.isBelowZero(who.isSecure)
    return this.#parts.protection.mpuAllows(address, purpose, { ...who, isBelowZero })
  }

  /** Rights changed: every page is asked for again. */
  forgetMaps(): void {
    for (const { base, size } of this.#parts.ranges) {
      for (const map of EVERY_MAP) {
        const from = map + (base >>> MAPS.shift)
        this.#parts.state.bytes.fill(0, from, from + (size >>> MAPS.shift))
      }
    }
  }

  /** Code was decoded there, or forgotten: stores must, or need no longer, be noticed. */
  forgetPage(address: number): void {
    for (const map of EVERY_MAP) {
      this.#parts.state.bytes[map + (address >>> MAPS.shift)] = 0
    }
  }
}
