/** `Hardware` over a virtual board, for one life of the chip: from reset to reset. */
import type { KeyObject } from 'node:crypto'
import type { Board } from '@microvisor/mcu'
import type { Hardware, ResetCause, SecureSessions } from '@microvisor/microvisor'
import { type ApplicationEvents, applicationPort } from './application.ts'
import { clockPorts } from './clock.ts'
import { debugPort } from './debug.ts'
import { engines } from './engines.ts'
import type { NetworkPort } from './network.ts'

/** Thrown by `Power.reset`: the kernel that asked for it is not returned to. */
export class ChipReset extends Error {
  override readonly name = 'ChipReset'
}

export interface HardwareParts {
  readonly board: Board
  readonly network: NetworkPort
  readonly secureSessions: SecureSessions
  readonly resetCause: ResetCause
  readonly random: (into: Uint8Array) => void
  /** The private half of the device's own pair. */
  readonly deviceKey: KeyObject
  readonly alarm: () => void
  readonly trace: (line: string) => void
  readonly notModelled: (name: string) => void
  readonly events: ApplicationEvents
}

export function makeHardware(parts: HardwareParts): Hardware {
  const { board, network, resetCause, trace, notModelled } = parts
  const { chip } = board
  return {
    application: applicationPort(chip, parts.events),
    internalFlash: chip.internalFlash,
    externalFlash: board.externalFlash,
    fuses: chip.otp,
    engines: engines(parts.random, parts.deviceKey),
    ...clockPorts(chip, parts.alarm),
    power: {
      resetCause,
      reset() {
        throw new ChipReset(`The ${resetCause} life of the chip ends.`)
      },
    },
    network,
    debug: debugPort(chip),
    secureSessions: parts.secureSessions,
    led: { set: (red, green, blue) => board.setSystemLed({ red, green, blue }) },
    diagnostics: { trace, notModelled },
  }
}
