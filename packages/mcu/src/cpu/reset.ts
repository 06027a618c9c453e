/** Reset: what is cleared with the CPU, what with the Non-secure context alone, and where it starts. */
import type { Controls } from './controls.ts'
import type { DebugUnit } from './debug-unit.ts'
import type { Exceptions } from './exceptions.ts'
import type { FaultStatus } from './fault-status.ts'
import type { FloatContext } from './float/float-context.ts'
import { WORDS } from './layout.ts'
import type { Nvic } from './nvic.ts'
import type { Protection } from './protection.ts'
import type { State } from './state.ts'
import type { SysTick } from './systick.ts'

const BANKS = [
  ...([WORDS.MSP, WORDS.PSP, WORDS.MSPLIM, WORDS.PSPLIM] as const),
  ...([WORDS.CONTROL, WORDS.PRIMASK, WORDS.BASEPRI, WORDS.FAULTMASK] as const),
]

export interface ResetParts {
  readonly state: State
  readonly nvic: Nvic
  readonly sysTick: { readonly secure: SysTick; readonly nonSecure: SysTick }
  readonly protection: Protection
  readonly controls: Controls
  readonly float: FloatContext
  readonly status: FaultStatus
  readonly debug: DebugUnit
  readonly exceptions: Exceptions
}

/** The Secure half; the Non-secure one follows by `resetNonSecure`. */
export function resetSecure(parts: ResetParts): void {
  const { state, nvic, sysTick, protection, controls, float } = parts
  state.set(WORDS.SECURE, 1)
  for (const word of BANKS) state.setBank(word, true, 0)
  nvic.reset()
  sysTick.secure.reset()
  protection.reset()
  controls.reset()
  float.reset()
}

export function resetNonSecure(parts: ResetParts): void {
  const { state, nvic, sysTick, protection, controls, float, status, debug, exceptions } = parts
  nvic.resetNonSecure()
  sysTick.nonSecure.reset()
  protection.resetNonSecure()
  status.reset()
  controls.resetNonSecure()
  for (let number = 0; number < 15; number++) state.setRegister(number, 0)
  state.setFlags(0)
  for (const word of BANKS) state.setBank(word, false, 0)
  for (const word of [WORDS.GE, WORDS.IPSR, WORDS.EXCLUSIVE, WORDS.Q]) state.set(word, 0)
  float.resetNonSecure()
  debug.reset()
  exceptions.reset()
}

/** TakeReset(): sets stack pointer and LR of the present state; gives the reset vector. */
export function takeVectors(state: State, vectorTable: number): number {
  const [stack, entry] = [0, 4].map((offset) => state.words[(vectorTable + offset) >>> 2]! >>> 0)
  state.set(WORDS.SP, stack! & ~3)
  state.set(WORDS.LR, 0xffff_ffff)
  return entry!
}
