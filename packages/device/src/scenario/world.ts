/**
 * What a scenario acts upon: a board with its parts and its firmware, and the supply between them.
 * Two worlds exist: the bare chip, and the chip with the microvisor on it.
 */
import type { Assembly, Board } from '@microvisor/mcu'
import type { Firmware } from './firmware.ts'

/** What went wrong in the firmware, as people and machines read it. */
export interface FaultNote {
  readonly exception: string
  readonly pc: number
  readonly lr: number
  readonly cfsr: number
  readonly hfsr: number
}

export interface WorldEvents {
  /** A line that firmware or kernel says, without its end. */
  line(source: 'log' | 'app' | 'kernel', text: string): void
  fault(fault: FaultNote): void
  /** The chip came up, or came up again. */
  started(cause: string): void
  /** The chip was reset: events of the scheduler are gone. */
  reset(): void
  hint(sentence: string): void
}

/** What a scenario can do to the connection; only the microvisor has one. */
export interface ScenarioNetwork {
  setLink(isUp: boolean): void
  setQuality(quality: { readonly latencySeconds: number; readonly bytesPerSecond: number }): void
  readonly state: string
}

export interface World {
  readonly board: Board
  readonly assembly: Assembly
  readonly hasPower: boolean
  readonly network: ScenarioNetwork | undefined
  /** Before this cycle nothing happens by itself. */
  readonly nextCycle: number
  powerUp(): void
  powerDown(): void
  /** The reset pin. */
  reset(): void
  /** Runs until this cycle; time passes also without power. */
  advance(untilCycle: number): void
  close(): void
}

export interface WorldOptions {
  readonly firmware: Firmware
  readonly plan: import('@microvisor/mcu').BoardPlan
  readonly seed: number
  readonly worldStartSeconds: number
  readonly events: WorldEvents
}
