/** What a snapshot holds beside memory: the state of every part of the CPU, taken and put back. */
import type { Clock } from './clock.ts'
import type { Controls } from './controls.ts'
import type { FaultRecord } from './cpu.ts'
import type { DebugUnit } from './debug-unit.ts'
import type { Exceptions } from './exceptions.ts'
import type { FaultStatus } from './fault-status.ts'
import { WORDS } from './layout.ts'
import { NVIC_ARRAYS, type Nvic } from './nvic.ts'
import type { Protection } from './protection.ts'
import type { State } from './state.ts'
import type { SysTick } from './systick.ts'

/** State words that are saved as they are: general registers, banks, floating point. */
const SAVED_WORDS = [
  ...between(WORDS.R, WORDS.N),
  ...[WORDS.Q, WORDS.GE, WORDS.EXCLUSIVE],
  ...between(WORDS.MSP, WORDS.OUTSIDE_PC),
  ...[WORDS.THUMB, ...between(WORDS.FPCCR, WORDS.FLOAT_READY)],
  ...[WORDS.FPCA, WORDS.SFPA, ...between(WORDS.S, WORDS.STAGED_SINGLES)],
]

function between(start: number, end: number): number[] {
  return Array.from({ length: (end - start) / 4 }, (_, at) => start + at * 4)
}

export interface SavedParts {
  readonly state: State
  readonly clock: Clock
  readonly nvic: Nvic
  readonly controls: Controls
  readonly debug: DebugUnit
  readonly status: FaultStatus
  readonly protection: Protection
  readonly sysTick: { readonly secure: SysTick; readonly nonSecure: SysTick }
  readonly exceptions: Exceptions
}

/** Where execution is, as the parts that know it say. */
export interface SavedPosition {
  readonly pc: number
  readonly it: number
}

export type SavedState = ReturnType<typeof saveParts>

export function saveParts(parts: SavedParts, position: SavedPosition) {
  const { state, clock, nvic, controls, debug, status, protection, sysTick, exceptions } = parts
  return {
    cycles: clock.cycles,
    ...position,
    apsr: state.apsr,
    words: SAVED_WORDS.map((word) => state.words[word >> 2]! >>> 0),
    interrupts: [...interruptBytes(state)],
    nvic: nvic.save(),
    controls: { ...controls },
    debug: structure({ ...debug.registers }),
    status: { ...status },
    sau: protection.sau.save(),
    mpuSecure: protection.mpu.secure.save(),
    mpuNonSecure: protection.mpu.nonSecure.save(),
    mair: [...protection.mair.secure, ...protection.mair.nonSecure],
    sysTickSecure: sysTick.secure.save(),
    sysTickNonSecure: sysTick.nonSecure.save(),
    event: exceptions.event,
    isLockedUp: exceptions.isLockedUp,
    /** Null or a record: its shape is not checked, software never sees it. */
    stopped: exceptions.stopped ?? null,
  }
}

/** All but the position, which comes last. */
export function restoreParts(parts: SavedParts, saved: SavedState): void {
  const { state, clock, nvic, controls, debug, status, protection, sysTick, exceptions } = parts
  clock.restore(saved.cycles)
  for (const [at, word] of SAVED_WORDS.entries()) state.words[word >> 2] = saved.words[at]!
  const q = state.get(WORDS.Q)
  state.setFlags(saved.apsr)
  state.set(WORDS.Q, q)
  interruptBytes(state).set(saved.interrupts)
  Object.assign(nvic, structure(saved.nvic))
  Object.assign(controls, structure(saved.controls))
  Object.assign(status, saved.status)
  protection.sau.restore(saved.sau)
  protection.mpu.secure.restore(saved.mpuSecure)
  protection.mpu.nonSecure.restore(saved.mpuNonSecure)
  const [a, b, c, d] = saved.mair as [number, number, number, number]
  protection.mair.secure = [a, b]
  protection.mair.nonSecure = [c, d]
  sysTick.secure.restore(saved.sysTickSecure)
  sysTick.nonSecure.restore(saved.sysTickNonSecure)
  debug.restore(structure(saved.debug))
  exceptions.event = saved.event
  exceptions.isLockedUp = saved.isLockedUp
  exceptions.stopped = (saved.stopped ?? undefined) as FaultRecord | undefined
}

/** A copy: the arrays in it are the CPU's own from now on. */
function structure<T>(saved: T): T {
  return JSON.parse(JSON.stringify(saved)) as T
}

/** Pending, active, enabled, priority, target and line of every exception. */
function interruptBytes(state: State): Uint8Array {
  const { start, stride, count } = NVIC_ARRAYS
  return state.bytes.subarray(start, start + stride * count)
}
