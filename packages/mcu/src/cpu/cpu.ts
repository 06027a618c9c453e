/**
 * The CPU: Arm Cortex-M33 (Armv8-M Mainline with the Security Extension), its private peripheral
 * bus (NVIC, SCB, SysTick, SAU, MPU, DWT) and its view of memory. Armv8-M ARM (DDI 0553).
 *
 * Only non-secure code is machine code. The secure side is the host's: when non-secure code enters
 * a non-secure-callable veneer, the real SG and branch run, and `run` stops with `secure-call` once
 * the PC is in the host code range; `returnToNonSecure` then does what BXNS LR does. An exception
 * that targets the Secure state, and lock-up, stop `run` with `secure-exception`.
 */

import type { AccessSize, Bus, BusFault, InterruptLines, Master, Scheduler } from '../bus.ts'

/** Security of an address: IDAU, SAU and the chip's blocks, the most secure of them counts. */
export type Attribution = 'non-secure' | 'callable' | 'secure'

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
  /** Secure addresses that stand for host code: executing there is a `secure-call`. */
  readonly hostCode: AddressRange
}

/** Why `run` returned. */
export type StopReason =
  /** `untilCycle`, or the earlier cycle given to `stopAt`, is reached. */
  | 'cycle'
  /** WFI or WFE waits. Nothing happens until an interrupt is pended; calling `run` again is free. */
  | 'idle'
  /** Non-secure code called a veneer; `gate` says which. */
  | 'secure-call'
  /** An exception targets the Secure state, or lock-up; `faultRecord` has it. */
  | 'secure-exception'
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
}

export const REGISTER_NAMES = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'],
  ...['sp', 'lr', 'pc', 'xpsr'],
  ...['msp_ns', 'psp_ns', 'msplim_ns', 'psplim_ns', 'control_ns'],
  ...['primask_ns', 'basepri_ns', 'faultmask_ns'],
  ...['msp_s', 'psp_s', 'msplim_s', 'psplim_s', 'control_s'],
  ...['primask_s', 'basepri_s', 'faultmask_s'],
] as const

export type RegisterName =
  | `r${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}`
  | 'sp'
  | 'lr'
  | 'pc'
  | 'xpsr'
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

  constructor(options: CpuOptions) {
    this.bytes = new Uint8Array(options.memory.buffer)
  }

  /** Cycles since power-on (1 instruction = 1 cycle). Exact also inside bus accesses and hooks. */
  get cycles(): number {
    throw new Error('not yet')
  }

  /** Moves time forward without executing: sleep. Only between runs. */
  skipTo(_cycle: number): void {
    throw new Error('not yet')
  }

  /** Executes until `cycles >= untilCycle` or something needs the host; never overshoots. */
  run(_untilCycle: number): StopReason {
    throw new Error('not yet')
  }

  /** Makes the present run return `cycle` no later than this cycle: a new event became due earlier. */
  stopAt(_cycle: number): void {
    throw new Error('not yet')
  }

  get(_name: RegisterName): number {
    throw new Error('not yet')
  }

  set(_name: RegisterName, _value: number): void {
    throw new Error('not yet')
  }

  /** Cold reset of the whole CPU: Secure, privileged, every PPB register at its reset value. */
  reset(): void {
    throw new Error('not yet')
  }

  /** Sets VTOR_NS, MSP_NS and PC from the table and enters the Non-secure state, thread mode. */
  startNonSecure(_vectorTable: number): void {
    throw new Error('not yet')
  }

  /** Drops the non-secure context: its exceptions, interrupts, SysTick, MPU and registers. Now Secure. */
  abandonNonSecure(): void {
    throw new Error('not yet')
  }

  get gate(): Gate {
    throw new Error('not yet')
  }

  /** Ends a secure call: r0 gets the result, then BXNS LR. */
  returnToNonSecure(_r0: number): void {
    throw new Error('not yet')
  }

  /** Valid after `run` returned `secure-exception`. */
  get faultRecord(): FaultRecord {
    throw new Error('not yet')
  }

  get isSecure(): boolean {
    throw new Error('not yet')
  }

  /** In an exception handler of the interrupted or running code (IPSR is not 0). */
  get isInHandlerMode(): boolean {
    throw new Error('not yet')
  }

  setLine(_irq: number, _isHigh: boolean): void {
    throw new Error('not yet')
  }

  /** Pends an interrupt once, as a write to NVIC_ISPR by the Secure state would. */
  setPending(_irq: number): void {
    throw new Error('not yet')
  }

  /** A 32-bit register of the private peripheral bus, as the given state sees it, privileged. */
  readPrivate(_address: number, _isSecure: boolean): number {
    throw new Error('not yet')
  }

  writePrivate(_address: number, _value: number, _isSecure: boolean): void {
    throw new Error('not yet')
  }

  /** True if every byte may be accessed by unprivileged/privileged non-secure code (SAU, MPU, blocks). */
  isNonSecureAccessible(
    _address: number,
    _length: number,
    _access: 'read' | 'write',
    _isPrivileged: boolean,
  ): boolean {
    throw new Error('not yet')
  }

  /** The bytes of plain memory changed from outside (flash programmed or erased, a host write). */
  invalidate(_address: number, _length: number): void {
    throw new Error('not yet')
  }

  /** What `ChipHooks.attribution` answers has changed. */
  attributionChanged(): void {
    throw new Error('not yet')
  }
}
