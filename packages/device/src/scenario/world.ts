/**
 * What a scenario acts upon: a board with its parts and its firmware, and the supply between them.
 * Two worlds exist: the bare chip, and the chip with the microvisor on it.
 */
import type { Assembly, Board, BoardPlan } from '@microvisor/mcu'
import type { AppPolicies } from '@microvisor/protocol'
import type { Dialer } from '../hardware/network.ts'
import type { AccessPoint, InterfaceConditions, InterfaceName } from '../network/conditions.ts'
import type { Firmware } from './firmware.ts'
import type { Outside } from './outside.ts'
import type { OutsidePlan } from './outside-plan.ts'

/** VDD below which the chip is in reset: RM0456, "Brownout reset", level 0. */
export const BROWN_OUT_VOLTS = 1.7

/** What went wrong in the firmware, as people and machines read it. */
export interface FaultNote {
  readonly exception: string
  readonly pc: number
  readonly lr: number
  readonly cfsr: number
  readonly hfsr: number
}

/** Who says a line: a serial port, the application's log, the kernel, the world outside, the bench. */
type LineSource = 'log' | 'app' | 'kernel' | 'web' | 'mqtt' | 'bench'

export interface WorldEvents {
  /** A line that firmware or kernel says, without its end. */
  line(source: LineSource, text: string): void
  fault(fault: FaultNote): void
  /** The chip came up, or came up again. */
  started(cause: string): void
  /** The chip was reset: events of the scheduler are gone. */
  reset(): void
  hint(sentence: string): void
}

/** What a scenario can do to the connection; only the microvisor has one. */
export interface ScenarioNetwork {
  set(name: InterfaceName, change: Partial<InterfaceConditions>): void
  setAccessPoints(points: readonly AccessPoint[]): void
  readonly state: string
  /** The interface in use, or `none`. */
  readonly interface: string
}

export interface World {
  readonly board: Board
  readonly assembly: Assembly
  readonly hasPower: boolean
  readonly network: ScenarioNetwork | undefined
  /** What the microvisor's cloud reaches for the application. */
  readonly outside: Outside | undefined
  /** Before this cycle nothing happens by itself. */
  readonly nextCycle: number
  powerUp(): void
  powerDown(): void
  /** VDD; below the brown-out level the chip is held in reset. */
  setSupply(volts: number): void
  /** The reset pin. */
  reset(): void
  /** Runs until this cycle; time passes also without power. */
  advance(untilCycle: number): void
  close(): void
}

export interface WorldOptions {
  readonly firmware: Firmware
  readonly plan: BoardPlan
  readonly seed: number
  readonly worldStartSeconds: number
  readonly events: WorldEvents
}

export interface KernelWorldOptions extends WorldOptions {
  /** The device stands on the bench of the factory test. */
  readonly isOnBench: boolean
  readonly outside: OutsidePlan
  /** What is changed of the manifest's policies. */
  readonly policies: (policies: AppPolicies) => AppPolicies
  /** Puts something between the device and its cloud. */
  readonly between?: (cloud: Dialer) => Dialer
}
