/** `Hardware` over a virtual board, for one life of the chip: from reset to reset. */
import type { KeyObject } from 'node:crypto'
import type { Board } from '@microvisor/mcu'
import type {
  DeepSleepMode,
  FactoryTest,
  Hardware,
  ResetCause,
  SecureSessions,
  WakeCause,
} from '@microvisor/microvisor'
import { type ApplicationEvents, applicationPort } from './application.ts'
import { clockPorts } from './clock.ts'
import { debugPort } from './debug.ts'
import { engines } from './engines.ts'
import type { NetworkPort } from './network.ts'

/** Thrown by `Power.reset`: the kernel that asked for it is not returned to. */
export class ChipReset extends Error {
  override readonly name = 'ChipReset'
}

/** Thrown by `Power.deepSleep`: likewise. */
export class ChipSleep extends Error {
  override readonly name = 'ChipSleep'
  readonly mode: DeepSleepMode
  /** Microseconds since power-on. */
  readonly wakeAt: number | undefined

  constructor(mode: DeepSleepMode, wakeAt: number | undefined) {
    super(`The chip enters ${mode}.`)
    this.mode = mode
    this.wakeAt = wakeAt
  }
}

export interface HardwareParts {
  readonly board: Board
  readonly network: NetworkPort
  readonly secureSessions: SecureSessions
  readonly resetCause: ResetCause
  readonly wakeCause: WakeCause | undefined
  readonly kernelFailure: string | undefined
  /** The chip's time at which power came. */
  readonly poweredOnMicroseconds: number
  /** Backup SRAM. */
  readonly retained: Uint8Array
  readonly factoryTest: FactoryTest | undefined
  readonly fastInterrupt: () => void
  readonly random: (into: Uint8Array) => void
  /** The private half of the device's own pair. */
  readonly deviceKey: KeyObject
  readonly alarm: () => void
  readonly trace: (line: string) => void
  readonly notModelled: (name: string) => void
  readonly events: ApplicationEvents
}

export function makeHardware(parts: HardwareParts): Hardware {
  const { board, network, resetCause, wakeCause, retained, trace, notModelled } = parts
  const { chip } = board
  return {
    application: applicationPort(chip, parts.events, parts.fastInterrupt),
    internalFlash: chip.internalFlash,
    externalFlash: board.externalFlash,
    fuses: chip.otp,
    protection: chip.optionBytes,
    engines: engines(parts.random, parts.deviceKey),
    ...clockPorts(chip, parts.alarm, parts.poweredOnMicroseconds),
    power: {
      resetCause,
      wakeCause,
      kernelFailure: parts.kernelFailure,
      reset() {
        throw new ChipReset(`The ${resetCause} life of the chip ends.`)
      },
      sleep: (mode) => chip.enterSleep(mode),
      deepSleep(mode, wakeAt) {
        throw new ChipSleep(mode, wakeAt)
      },
    },
    network,
    debug: debugPort(chip),
    secureSessions: parts.secureSessions,
    led: { set: (red, green, blue) => board.setSystemLed({ red, green, blue }) },
    retained: {
      read: (into) => into.set(retained.subarray(0, into.length)),
      write: (from) => retained.set(from),
    },
    factoryTest: parts.factoryTest,
    diagnostics: { trace, notModelled },
  }
}
