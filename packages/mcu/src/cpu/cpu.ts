/**
 * The CPU: Arm Cortex-M33 (Armv8-M Mainline with the Security Extension), its private peripheral
 * bus (NVIC, SCB, SysTick, SAU, MPU, DWT) and its view of memory. Armv8-M ARM (DDI 0553).
 *
 * The Secure state runs machine code, or is the host's. In the latter case, when non-secure code
 * enters a non-secure-callable veneer, the real SG and branch run, and `run` stops with
 * `secure-call` once the PC is in the host code range; `returnToNonSecure` then does what BXNS LR
 * does. An exception that targets the Secure state, and lock-up, stop `run` with `secure-exception`.
 */

import type { AccessSize, Bus, BusFault, InterruptLines, Master, Scheduler } from '../bus.ts'
import { Core } from './core.ts'
import { EXCEPTION } from './faults.ts'
import type { HaltCause, Watchpoint } from './host-debugger.ts'
import { digestOf } from './snapshot.ts'

export { BREAKPOINTS, type HaltCause, WATCHPOINTS, type Watchpoint } from './host-debugger.ts'

const NVIC_ISER = 0xe000_e100
const NVIC_ICER = 0xe000_e180
const NVIC_IABR = 0xe000_e300

/**
 * Security of an address: IDAU, SAU and the chip's blocks, the most secure of them counts. Hidden
 * memory is closed to everybody: to secure code an access is a bus error.
 */
export type Attribution = 'non-secure' | 'callable' | 'secure' | 'hidden'

/** One range of plain memory, mapped one to one into the `WebAssembly.Memory`. */
export interface MemoryRange {
  readonly base: number
  /** A multiple of 512. */
  readonly size: number
  /** `flash` is read and executed directly; plain stores to it go to `ChipHooks.storeToFlash`. */
  readonly kind: 'ram' | 'flash'
  /** The address whose bytes this range shows, when it is an alias; otherwise `base`. */
  readonly backing?: number
}

/** A half-open range of addresses. */
export interface AddressRange {
  readonly start: number
  readonly end: number
}

/** What the CPU asks of the chip beside `Bus`. */
export interface ChipHooks {
  /** IDAU and block attribution of an address; uniform within aligned blocks of 512 bytes. */
  attribution(address: number): Attribution
  /** A plain store by software to a `flash` range that protection allows. */
  storeToFlash(address: number, size: AccessSize, value: number, master: Master): BusFault
  /**
   * BKPT was executed with no debugger attached: true if it is dealt with (then the PC moves on),
   * false for what the architecture does (DebugMonitor or HardFault).
   */
  breakpoint?(immediate: number): boolean
}

export interface CpuOptions {
  /** From `createGuestMemory`; holds CPU state, guest memory and predecoded code. */
  readonly memory: WebAssembly.Memory
  readonly ranges: readonly MemoryRange[]
  readonly bus: Bus
  readonly scheduler: Scheduler
  readonly hooks: ChipHooks
  /**
   * The Secure state is the host's, and these addresses stand for its code: executing there is a
   * `secure-call`. Without it the Secure state is machine code.
   */
  readonly hostCode?: AddressRange
  /** Part of the private peripheral bus that is the chip's: privileged accesses go to `bus`. */
  readonly chipsPrivate?: AddressRange
  /** Where the Secure state is machine code: VTOR_S at reset (INITSVTOR). */
  readonly secureVectors?: number
}

/** Why `run` returned. */
export type StopReason =
  /** `untilCycle`, or the earlier cycle given to `stopAt`, is reached. */
  | 'cycle'
  /** WFI or WFE waits. Nothing happens until an interrupt is pended; calling `run` again is free. */
  | 'idle'
  /** Non-secure code called a veneer; `gate` says which. */
  | 'secure-call'
  /** Where the host is Secure: an exception targets that state, or lock-up; `faultRecord` has it. */
  | 'secure-exception'
  /** Where the Secure state is machine code: lock-up; `faultRecord` has it. NMI or a reset end it. */
  | 'lockup'
  /** AIRCR.SYSRESETREQ was written by a state that may. */
  | 'reset-request'
  /** The debugger asked for a halt. */
  | 'halt'

/** Where a secure call came in. */
export interface Gate {
  /** Address of the SG instruction that was executed. */
  readonly veneer: number
  /** Address inside the host code range that the veneer branched to. */
  readonly target: number
  /** The caller's stack pointer (MSP_NS or PSP_NS): arguments beyond r3 are there. */
  readonly stackPointer: number
}

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
type SingleNumber = Digit | `${1 | 2}${Digit}` | 30 | 31

export type RegisterName =
  | `r${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`
  | 'sp'
  | 'lr'
  | 'pc'
  | 'xpsr'
  | `s${SingleNumber}`
  | 'fpscr'
  | `${'msp' | 'psp' | 'msplim' | 'psplim' | 'control' | 'primask' | 'basepri' | 'faultmask'}_${'s' | 'ns'}`

/** Registers of the interrupted code and the syndrome registers, all unsigned. */
export interface FaultRecord {
  readonly exception:
    | 'HardFault'
    | 'MemManage'
    | 'BusFault'
    | 'UsageFault'
    | 'SecureFault'
    | 'Lockup'
  readonly registers: Readonly<
    Record<
      `r${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}` | 'sp' | 'lr' | 'pc' | 'xpsr',
      number
    >
  >
  readonly cfsr: number
  readonly hfsr: number
  readonly sfsr: number
  readonly mmfar: number
  readonly bfar: number
  readonly sfar: number
}

/** 1 GiB, committed lazily by the engine. One per `Cpu`. */
export function createGuestMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16384, maximum: 16384 })
}

export class Cpu implements InterruptLines {
  /** Guest memory by guest address: `bytes[0x2000_0000]` is the first byte of SRAM. */
  readonly bytes: Uint8Array
  readonly #core: Core

  constructor(options: CpuOptions) {
    this.#core = new Core(options)
    this.bytes = this.#core.state.bytes
  }

  /** Cycles since power-on (1 instruction = 1 cycle). Exact also inside bus accesses and hooks. */
  get cycles(): number {
    return this.#core.clock.cycles
  }

  /** Moves time forward without executing: sleep. Only between runs. */
  skipTo(cycle: number): void {
    this.#core.clock.skipTo(cycle)
  }

  /** Executes until `cycles >= untilCycle` or something needs the host; never overshoots. */
  run(untilCycle: number): StopReason {
    return this.#core.run(untilCycle)
  }

  /** Makes the present run return `cycle` no later than this cycle: a new event became due earlier. */
  stopAt(cycle: number): void {
    this.#core.clock.stopAt(cycle)
  }

  // The host's debugger. Software does not see it; FPB, DWT and DebugMonitor are software's own.
  //
  //   halt       `halt()`, or a breakpoint, watchpoint or vector catch: `run` returns `halt`, and
  //              `haltCause` says why; `get` and `set` reach every register
  //   resume     `run` again: what the CPU has stopped at does not stop it once more
  //   one step   `step()`
  //
  // Virtual time stands still while nobody calls `run`. Comparators survive a reset of the CPU, and
  // are no part of a snapshot. A CPU that sleeps stays asleep over a halt, unless `pc` is set.
  // Exceptions that target a Secure state that is the host's end the run anyway.

  /** Makes `run` return `halt` at the next instruction boundary, from sleep as well. */
  halt(): void {
    this.#core.host.halt({ kind: 'request' })
  }

  /**
   * Executes one instruction, breakpoints on it or not: `halt`, or what else the run stopped for
   * (`idle` if the CPU sleeps). An exception that is pending is taken first, at no cost; the
   * instruction is its handler's.
   */
  step(): StopReason {
    return this.#core.step()
  }

  /**
   * Addresses before which `run` returns `halt`; at most BREAKPOINTS. Running on from there passes
   * the breakpoint once, also if handlers of interrupts come first.
   */
  setBreakpoints(addresses: readonly number[]): void {
    this.#core.host.setBreakpoints(addresses)
  }

  /**
   * Data that `run` returns `halt` for, once an instruction, exception entry or exception return has
   * accessed it; at most WATCHPOINTS. An access that faults is none.
   */
  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.#core.host.setWatchpoints(watchpoints)
  }

  /**
   * Exceptions, by the number that IPSR gets, for which `run` returns `halt` once they are entered,
   * before the first instruction of the handler.
   */
  setVectorCatch(exceptions: readonly number[]): void {
    this.#core.host.setVectorCatch(exceptions)
  }

  /** Why `run` returned `halt`. */
  get haltCause(): HaltCause {
    return this.#core.host.cause
  }

  /** Any register of either state; FPSCR and s0 to s31 as they are, saved lazily or not. */
  get(name: RegisterName): number {
    return this.#core.registers.get(name)
  }

  /**
   * Bits that do not exist are dropped. `pc` begins outside of an IT block; `xpsr` sets flags, T and
   * ITSTATE but not the exception number.
   */
  set(name: RegisterName, value: number): void {
    this.#core.registers.set(name, value)
  }

  /**
   * Cold reset of the whole CPU: Secure, privileged, every PPB register at its reset value; where
   * the Secure state is machine code, SP and PC from its vector table.
   */
  reset(): void {
    this.#core.reset()
  }

  /** Sets VTOR_NS, MSP_NS and PC from the table and enters the Non-secure state, thread mode. */
  startNonSecure(vectorTable: number): void {
    this.#core.startNonSecure(vectorTable)
  }

  /** Drops the non-secure context: its exceptions, interrupts, SysTick, MPU and registers. Now Secure. */
  abandonNonSecure(): void {
    this.#core.abandonNonSecure()
  }

  /**
   * Everything that decides what happens next, plain memory included, as bytes for `restore`; not
   * what the scheduler and the bus hold. Between runs.
   */
  snapshot(): Uint8Array {
    return this.#core.snapshot()
  }

  /**
   * Goes on where a snapshot was taken, of a CPU with the same ranges; throws, and changes nothing,
   * if the bytes are something else. The scheduler gets the events of SysTick anew.
   */
  restore(snapshot: Uint8Array): void {
    this.#core.restore(snapshot)
  }

  /** Hash of what `snapshot` gives: equal for equal states. */
  digest(): string {
    return digestOf(this.#core.snapshot())
  }

  /** Valid after `run` returned `secure-call`. */
  get gate(): Gate {
    return this.#core.hostGate.gate
  }

  /** Ends a secure call: r0 gets the result, then BXNS LR. */
  returnToNonSecure(r0: number): void {
    this.#core.hostGate.returnToNonSecure(r0)
  }

  /** Valid after `run` returned `secure-exception` or `lockup`. */
  get faultRecord(): FaultRecord {
    return this.#core.faultRecord
  }

  get isSecure(): boolean {
    return this.#core.state.isSecure
  }

  /** In an exception handler of the interrupted or running code (IPSR is not 0). */
  get isInHandlerMode(): boolean {
    return this.#core.state.isHandler
  }

  /** IPSR.nPRIV and mode of the Non-secure state: what the caller of a secure call was. */
  get isPrivileged(): boolean {
    return this.#core.hostGate.isCallerPrivileged
  }

  setLine(irq: number, isHigh: boolean): void {
    this.#core.nvic.setLine(irq, isHigh)
  }

  /** Pends an interrupt once, as a write to NVIC_ISPR by the Secure state would. */
  setPending(irq: number): void {
    this.#core.pendInterrupt(irq)
  }

  /**
   * A fast interrupt targets the Non-secure state, is seen only in the Secure state's registers, and
   * goes before everything but faults, whatever the Non-secure state masks.
   */
  setFast(irq: number, isFast: boolean): void {
    this.#core.setFastInterrupt(irq, isFast)
  }

  /** As the Secure state enables one: also a fast interrupt. */
  enableInterrupt(irq: number, isEnabled: boolean): void {
    const bank = (irq >> 5) * 4
    this.writePrivate((isEnabled ? NVIC_ISER : NVIC_ICER) + bank, 2 ** (irq & 31), true)
  }

  isInterruptActive(irq: number): boolean {
    const bits = this.readPrivate(NVIC_IABR + (irq >> 5) * 4, true)
    return ((bits >>> (irq & 31)) & 1) === 1
  }

  /** A fast interrupt is to be taken now, or its handler runs. */
  get isFastInterruptBusy(): boolean {
    return this.#core.nvic.isFastBusy
  }

  /** `taken` hears of every interrupt that is taken. */
  onInterrupt(taken: (irq: number) => void): void {
    this.#core.nvic.onTaken = (index) => {
      if (index >= EXCEPTION.firstIrq) taken(index - EXCEPTION.firstIrq)
    }
  }

  /** A 32-bit register of the private peripheral bus, as the given state sees it, privileged. */
  readPrivate(address: number, isSecure: boolean): number {
    return this.#core.readPrivate(address, isSecure)
  }

  writePrivate(address: number, value: number, isSecure: boolean): void {
    this.#core.writePrivate(address, value, isSecure)
  }

  /** True if every byte may be accessed by non-secure code of this privilege (SAU, MPU, blocks). */
  isNonSecureAccessible(
    address: number,
    length: number,
    access: 'read' | 'write',
    isPrivileged: boolean,
  ): boolean {
    return this.#core.protection.isNonSecureAccessible({ address, length, access, isPrivileged })
  }

  /** The bytes of plain memory changed from outside (flash programmed or erased, a host write). */
  invalidate(address: number, length: number): void {
    this.#core.invalidate(address, length)
  }

  /** What `ChipHooks.attribution` answers has changed. */
  attributionChanged(): void {
    this.#core.protectionChanged()
  }
}
