/** A scenario as data: what the file said, checked, and how its steps act on a run. */
import type { BoardPlan } from '@microvisor/mcu'

export interface Scenario {
  readonly file: string
  readonly name: string
  readonly firmware: string
  readonly symbols: string | undefined
  /** With the microvisor's kernel; otherwise the bare chip. */
  readonly isMicrovisor: boolean
  /** And on the bench of the factory test. */
  readonly isOnBench: boolean
  readonly board: BoardPlan
  readonly outside: import('./outside-plan.ts').OutsidePlan
  /** What it changes of the manifest's policies. */
  readonly policies: import('./world.ts').KernelWorldOptions['policies']
  readonly seed: number | undefined
  /** Seconds since 1970 at the start. */
  readonly worldStartSeconds: number
  readonly allow: readonly Trouble[]
  /** Pins, buses and serial ports to record. */
  readonly waves: readonly string[]
  readonly steps: readonly Step[]
}

/** What fails a scenario although no step asks for it, unless it is allowed. */
export const troubles = {
  fault: 'the firmware takes a fault (HardFault, BusFault, …) or locks up',
  conflict: 'firmware and a part drive one pin against each other',
} as const
export type Trouble = keyof typeof troubles

export interface Step {
  readonly line: number
  /** As a person would say it. */
  readonly title: string
  run(run: Run): Steps
}

/** A step gives back control while it waits, and goes on when what it waits for may have come. */
export type Steps = Generator<Wait, void, void>

export interface Wait {
  /** In seconds of virtual time: go on at the latest now. */
  readonly until: number
  /** `log`, `uart:USART1`, `pin:PA5`: go on whenever one of these has news. */
  readonly topics: readonly string[]
}

/** A step that did not get what it expected. */
export class ExpectationError extends Error {
  override readonly name = 'ExpectationError'
}

/** What steps may use of a run. */
export interface Run {
  readonly seconds: number
  readonly world: import('./world.ts').World
  readonly firmware: import('./firmware.ts').Firmware
  /** Text that came from a source, and how much of it earlier expectations have used up. */
  text(source: string): TextTail
  /** A meter on a pin, from its first use on. */
  pin(name: string): import('./pin-meter.ts').PinMeter
  readonly faults: readonly import('./world.ts').FaultNote[]
  picture(file: string): void
}

export interface TextTail {
  readonly all: string
  /** Where the next expectation begins to look. */
  used: number
}
