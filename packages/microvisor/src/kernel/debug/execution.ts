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
 *   (4) Flash is never written for a breakpoint: beyond the comparators, the debug unit patches what is
 *       fetched. So no power cut can find flash changed, and no read or measurement either.
 *   (5) What is foreseen changes nothing but the number of messages: the application does what it would
 *       do if each step were a request of its own.
 */
import {
  type Breakpoint,
  type ForeseenStep,
  type Passage,
  StopReason,
  WatchAccess,
  type Watchpoint,
} from '@microvisor/protocol'
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
  readonly foreseen: readonly Pick<ForeseenStep, 'stepStart' | 'stepEnd' | 'pc' | 'sp'>[]
  readonly passage?: Pick<Passage, 'stepStart' | 'stepEnd' | 'pc' | 'sp'> | undefined
}

interface Range {
  readonly start: number
  readonly end: number
}

interface ExecutionEvents {
  /** A breakpoint's command printed. */
  print(text: string): void
  /** The application is where the passage is; it is about to go on. */
  passing(): void
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
  readonly #events: ExecutionEvents
  readonly #points = new Map<number, Point>()
  /** Served by comparators; the rest by patches in flash and BKPT instructions in SRAM. */
  #compared: number[] = []
  #patched: number[] = []
  #range: Range | undefined
  /** What comes after the steps that were foreseen. */
  #finalRange: Range | undefined
  /** The first of them is under way. */
  #foreseen: ExecutionPlan['foreseen'] = []
  #passage: ExecutionPlan['passage']
  #before: Place = { pc: 0, sp: 0, exception: 0 }
  /** Where an interrupt that came before a step returns to. */
  #return: Place | undefined
  /** The step goes past a BKPT of ours; then everything runs on. */
  #isPassing = false

  constructor(unit: DebugUnit, events: ExecutionEvents) {
    this.#unit = unit
    this.#events = events
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
    this.#unit.setVectorCatch(plan.catchFaults ? FAULT_EXCEPTIONS : [])
    this.#finalRange = rangeOf(plan)
    this.#foreseen = plan.foreseen
    this.#range = plan.foreseen[0] === undefined ? this.#finalRange : rangeOf(plan.foreseen[0])
    this.#passage = plan.passage
    this.#return = undefined
    this.#unit.setBreakpoints(this.#compared)
    this.#unit.setPatches(this.#patched)
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
    this.#patched = []
    this.#unit.setPatches([])
    this.#range = undefined
    this.#foreseen = []
    this.#passage = undefined
  }

  /** What the debugger is to be told; undefined if the application goes on. */
  event(halt: DebugHalt): StopCause | undefined {
    this.#takeOut()
    const cause = this.#judge(halt)
    if (cause === undefined || this.#goesPast(cause)) return undefined
    this.stop()
    return cause
  }

  /** A call is over that the debugger stepped over: its breakpoint goes, the step goes on. */
  #goesPast({ reason }: StopCause): boolean {
    const passage = this.#passage
    const { pc, sp } = this.#place()
    if (reason !== StopReason.BREAKPOINT || passage?.pc !== pc || passage.sp !== sp) return false
    this.#events.passing()
    this.#passage = undefined
    this.#points.delete(pc)
    this.#compared = this.#compared.filter((address) => address !== pc)
    this.#patched = this.#patched.filter((address) => address !== pc)
    this.#range = rangeOf(passage)
    this.#step()
    return true
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
    const [foreseen, ...others] = this.#foreseen
    if (foreseen?.pc !== now.pc || foreseen.sp !== now.sp) return { reason: StopReason.STEPPED }
    this.#foreseen = others
    this.#range = others[0] === undefined ? this.#finalRange : rangeOf(others[0])
    this.#goOn()
    return undefined
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
      this.#events.print(`The expression of a breakpoint failed: ${why}.\n`)
      return true
    }
  }

  readonly #world: ExpressionWorld = {
    register: (number) => this.#unit.readRegister(number),
    read: (address, into) => this.#unit.read(address, into) === into.length,
    print: (text) => this.#events.print(text),
  }

  // Going on

  #goOn(): void {
    if (this.#range !== undefined && this.#return === undefined) this.#step()
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
    // One is left for the way back from an interrupt.
    const comparators = this.#unit.breakpoints - 1
    const inFlash = breakpoints.filter(({ address }) => !isSram(address))
    const free = Math.max(0, comparators - inFlash.length)
    const inSram = breakpoints.filter(({ address }) => isSram(address))
    const compared = [...inFlash, ...inSram.slice(0, free)].slice(0, comparators)
    this.#compared = compared.map(({ address }) => address)
    this.#patched = inFlash.slice(comparators).map(({ address }) => address)
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
    this.#unit.setBreakpoints([...this.#compared, ...back])
    this.#unit.setPatches(this.#patched)
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

function rangeOf({ stepStart, stepEnd }: { stepStart: number; stepEnd: number }) {
  return stepStart === 0 && stepEnd === 0 ? undefined : { start: stepStart, end: stepEnd }
}

function isSram(address: number): boolean {
  return address >= SRAM.base && address < SRAM.end
}

function isMicrovisor(address: number): boolean {
  return address >= SECURE_FLASH.base && address < SECURE_FLASH.end
}
