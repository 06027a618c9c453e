/**
 * How an application runs under a debugger: breakpoints with their conditions, watchpoints, steps.
 * Comparators and single steps come from the debug unit; everything beyond is done here, on the
 * device, so that a condition that is false costs nobody a round trip.
 *
 *   (1) While the application is halted, memory holds what it would hold without a debugger: BKPT
 *       instructions stand in SRAM only while it runs.
 *   (2) Interrupts are not held up by steps: a handler that comes before the stepped instruction runs
 *       at full speed, breakpoints in it count, and the step goes on behind it.
 *   (3) A system call is one step, and so is SVC with all that its handler does.
 *   (4) Breakpoints in flash beyond the comparators are looked for by stepping through everything:
 *       slow, but flash is never written for a breakpoint, so that no power cut can find it changed.
 */
import { type Breakpoint, StopReason, WatchAccess, type Watchpoint } from '@microvisor/protocol'
import type { DebugHalt, DebugUnit } from '../../hardware.ts'
import { type ExpressionWorld, evaluate } from './agent-expression.ts'

export interface StopCause {
  readonly reason: StopReason
  readonly address?: number
  readonly access?: WatchAccess
  readonly detail?: string
}

export interface ExecutionPlan {
  readonly breakpoints: readonly Breakpoint[]
  readonly watchpoints: readonly Watchpoint[]
  readonly catchFaults: boolean
  readonly stepStart: number
  readonly stepEnd: number
}

/** HardFault, MemManage, BusFault, UsageFault, SecureFault. */
const FAULT_EXCEPTIONS = [3, 4, 5, 6, 7]
const FAULT_NAMES = ['HardFault', 'MemManage', 'BusFault', 'UsageFault', 'SecureFault'] as const
const REGISTER = { sp: 13, pc: 15, xpsr: 16 } as const
const IPSR = 0x1ff
/** PendSV, SysTick and interrupts: what may come between two instructions. */
const FIRST_INTERRUPT = 14
const SVCALL = 11
/** Bytes of SVC and of WFI. */
const SHORT = 2
/** Bytes of a stack frame without and with floating-point registers, and where the PC is in it. */
const FRAME_BYTES = [0x20, 0x68] as const
const FRAME_PC = 0x18
const BKPT = Uint8Array.of(0x00, 0xbe)
/** Veneers, and what they branch to. */
const SECURE_FLASH = { base: 0x0c00_0000, end: 0x0e00_0000 } as const
const SRAM = { base: 0x2000_0000, end: 0x4000_0000 } as const

interface Place {
  readonly pc: number
  readonly sp: number
  readonly exception: number
}

interface Point {
  readonly breakpoint: Breakpoint
  /** Times that it still passes by. */
  ignored: number
  /** What a BKPT instruction took the place of. */
  original?: Uint8Array
}

export class Execution {
  readonly #unit: DebugUnit
  readonly #print: (text: string) => void
  readonly #points = new Map<number, Point>()
  /** Served by comparators; the rest by BKPT instructions. */
  #compared: number[] = []
  #range: { readonly start: number; readonly end: number } | undefined
  #before: Place = { pc: 0, sp: 0, exception: 0 }
  /** Where an interrupt that came before a step returns to. */
  #return: Place | undefined
  /** The step goes past a BKPT of ours; then everything runs on. */
  #isPassing = false
  /** More breakpoints in flash than comparators: see (4). */
  #isWalking = false

  constructor(unit: DebugUnit, print: (text: string) => void) {
    this.#unit = unit
    this.#print = print
  }

  /** Goes on by a plan. A sentence for people if it cannot be. */
  start(plan: ExecutionPlan): string | undefined {
    const problem = this.prepare(plan)
    if (problem === undefined) this.#goOn()
    return problem
  }

  /** As `start`, for an application that is going to start by itself. */
  prepare(plan: ExecutionPlan): string | undefined {
    const problem = this.#setBreakpoints(plan.breakpoints) ?? this.#setWatches(plan.watchpoints)
    if (problem !== undefined) return problem
    const { stepStart, stepEnd, catchFaults } = plan
    this.#unit.setVectorCatch(catchFaults ? FAULT_EXCEPTIONS : [])
    this.#range = stepStart === 0 && stepEnd === 0 ? undefined : { start: stepStart, end: stepEnd }
    this.#return = undefined
    this.#unit.setBreakpoints(this.#compared)
    return undefined
  }

  /** Memory as it was, comparators off: it was halted, or it is over. */
  stop(): void {
    this.#takeOut()
    this.#isPassing = false
    this.#return = undefined
  }

  /** The debugger is gone, or the application is. */
  forget(): void {
    this.stop()
    this.#points.clear()
    this.#compared = []
    this.#range = undefined
    this.#isWalking = false
  }

  /** What the debugger is to be told; undefined if the application goes on. */
  event(halt: DebugHalt): StopCause | undefined {
    this.#takeOut()
    const cause = this.#judge(halt)
    if (cause === undefined) return undefined
    this.stop()
    return cause
  }

  #judge(halt: DebugHalt): StopCause | undefined {
    switch (halt.kind) {
      case 'step':
        return this.#stepped()
      case 'breakpoint':
        return this.#reached(halt.address)
      case 'instruction':
        return this.#points.has(this.#place().pc)
          ? this.#reached(this.#place().pc)
          : { reason: StopReason.INSTRUCTION }
      case 'vectorCatch': {
        const detail = FAULT_NAMES[this.#place().exception - FAULT_EXCEPTIONS[0]!] ?? 'fault'
        return { reason: StopReason.FAULT, detail }
      }
      case 'watchpoint': {
        const access = halt.access === 'read' ? WatchAccess.READ : WatchAccess.WRITE
        return { reason: StopReason.WATCHPOINT, address: halt.address, access }
      }
    }
  }

  #stepped(): StopCause | undefined {
    const now = this.#place()
    if (this.#isPassing) {
      this.#isPassing = false
      if (this.#range === undefined) return this.#continue()
    }
    if (isMicrovisor(now.pc)) return this.#step('same')
    const back = this.#range === undefined ? undefined : this.#interrupted(now)
    if (back !== undefined) {
      this.#return = back
      this.#arriveAnew()
      return this.#continue()
    }
    return this.#arrived(now)
  }

  /** A step is done. */
  #arrived(now: Place): StopCause | undefined {
    const point = this.#points.get(now.pc)
    if (point !== undefined && now.pc !== this.#before.pc && this.#stopsAt(point)) {
      return { reason: StopReason.BREAKPOINT, address: now.pc }
    }
    const range = this.#range
    if (range === undefined) return this.#step()
    if (now.pc >= range.start && now.pc < range.end) return this.#step()
    return { reason: StopReason.STEPPED }
  }

  #reached(address: number): StopCause | undefined {
    const now = this.#place()
    const back = this.#return
    if (back !== undefined && now.pc === back.pc && now.exception === back.exception) {
      if (now.sp === back.sp) {
        this.#return = undefined
        return now.pc === this.#before.pc ? this.#step() : this.#arrived(now)
      }
    }
    const point = this.#points.get(address)
    if (point !== undefined && this.#stopsAt(point))
      return { reason: StopReason.BREAKPOINT, address }
    this.#goOn()
    return undefined
  }

  /** Counts, runs commands, asks conditions. An expression that fails stops: better once too often. */
  #stopsAt(point: Point): boolean {
    const { breakpoint } = point
    try {
      const conditions = breakpoint.conditions
      const holds = conditions.some((code) => evaluate(code, this.#world) !== 0n)
      if (conditions.length > 0 && !holds) return false
      if (point.ignored > 0) {
        point.ignored--
        return false
      }
      for (const code of breakpoint.commands) evaluate(code, this.#world)
      return !breakpoint.continues
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#print(`The expression of a breakpoint failed: ${why}.\n`)
      return true
    }
  }

  readonly #world: ExpressionWorld = {
    register: (number) => this.#unit.readRegister(number),
    read: (address, into) => this.#unit.read(address, into) === into.length,
    print: (text) => this.#print(text),
  }

  // Going on

  #goOn(): void {
    const isStepping = this.#range !== undefined || this.#isWalking
    if (isStepping && this.#return === undefined) this.#step()
    else if (this.#points.get(this.#place().pc)?.original !== undefined) {
      this.#isPassing = true
      this.#step()
    } else this.#continue()
  }

  #continue(): undefined {
    this.#putIn()
    this.#unit.run('continue')
  }

  /** One instruction; `same`: still the one that the last step began with. */
  #step(which: 'next' | 'same' = 'next'): undefined {
    if (which === 'next') this.#before = this.#place()
    this.#putIn(this.#place().pc)
    this.#unit.run('step')
  }

  /** The instruction that was to be stepped is one to halt at again, once the handler returns to it. */
  #arriveAnew(): void {
    const [pc, xpsr] = [REGISTER.pc, REGISTER.xpsr].map((number) => this.#unit.readRegister(number))
    this.#unit.writeRegister(REGISTER.pc, pc ?? 0)
    this.#unit.writeRegister(REGISTER.xpsr, xpsr ?? 0)
  }

  #place(): Place {
    const read = (number: number) => this.#unit.readRegister(number) ?? 0
    return {
      pc: read(REGISTER.pc),
      sp: read(REGISTER.sp),
      exception: read(REGISTER.xpsr) & IPSR,
    }
  }

  /**
   * Where an exception returns to that came in between: before the instruction that was to be stepped,
   * or behind it, if that was SVC or WFI. Undefined if none came.
   */
  #interrupted({ exception }: Place): Place | undefined {
    const { pc, sp } = this.#before
    if (exception === this.#before.exception) return undefined
    if (exception < FIRST_INTERRUPT && exception !== SVCALL) return undefined
    for (const bytes of FRAME_BYTES) {
      const back = this.#word((((sp - bytes) & ~7) >>> 0) + FRAME_PC)
      if (back === pc || back === pc + SHORT) return { ...this.#before, pc: back }
    }
    return undefined
  }

  #word(address: number): number | undefined {
    const bytes = new Uint8Array(4)
    if (this.#unit.read(address, bytes) < 4) return undefined
    return new DataView(bytes.buffer).getUint32(0, true)
  }

  // Comparators and BKPT instructions

  #setBreakpoints(breakpoints: readonly Breakpoint[]): string | undefined {
    const inFlash = breakpoints.filter(({ address }) => !isSram(address))
    const free = Math.max(0, this.#unit.breakpoints - inFlash.length)
    this.#isWalking = inFlash.length > this.#unit.breakpoints
    const inSram = breakpoints.filter(({ address }) => isSram(address))
    const compared = [...inFlash, ...inSram.slice(0, free)].slice(0, this.#unit.breakpoints)
    this.#compared = compared.map(({ address }) => address)
    const before = new Map(this.#points)
    this.#points.clear()
    for (const breakpoint of breakpoints) {
      const { address, ignoreCount } = breakpoint
      const ignored = before.get(address)?.ignored ?? ignoreCount
      this.#points.set(address, { breakpoint, ignored })
    }
    for (const { address } of inSram.slice(free)) {
      const original = new Uint8Array(BKPT.length)
      if (this.#unit.read(address, original) < original.length) {
        return `There is no memory for a breakpoint at 0x${address.toString(16)}.`
      }
      this.#points.get(address)!.original = original
    }
    return undefined
  }

  #setWatches(watchpoints: readonly Watchpoint[]): string | undefined {
    const { watchpoints: most } = this.#unit
    if (watchpoints.length > most) {
      return `${watchpoints.length} watchpoints are more than the ${most} comparators of the chip: delete some, or watch less.`
    }
    this.#unit.setWatchpoints(
      watchpoints.map(({ address, length, access }) => ({
        address,
        length,
        access:
          access === WatchAccess.READ ? 'read' : access === WatchAccess.WRITE ? 'write' : 'any',
      })),
    )
    return undefined
  }

  /** Arms everything; no BKPT where the next instruction is stepped. */
  #putIn(except?: number): void {
    const back = this.#return === undefined ? [] : [this.#return.pc]
    this.#unit.setBreakpoints([...this.#compared, ...back].slice(-this.#unit.breakpoints))
    for (const [address, point] of this.#points) {
      if (point.original === undefined || address === except) continue
      this.#unit.read(address, point.original)
      this.#unit.write(address, BKPT)
    }
  }

  #takeOut(): void {
    const now = new Uint8Array(BKPT.length)
    for (const [address, { original }] of this.#points) {
      if (original === undefined) continue
      this.#unit.read(address, now)
      // What the application wrote over it stays.
      if (now.every((byte, index) => byte === BKPT[index])) this.#unit.write(address, original)
    }
  }
}

function isSram(address: number): boolean {
  return address >= SRAM.base && address < SRAM.end
}

function isMicrovisor(address: number): boolean {
  return address >= SECURE_FLASH.base && address < SECURE_FLASH.end
}
