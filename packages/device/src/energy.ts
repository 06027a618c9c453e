/**
 * How long the device was in each state, and what that costs: the chip's states from its power
 * control, the network's from its connection.
 *
 * Currents of the chip, in microamperes at 3.3 V and 25 degrees: DS13086 (STM32U585xx), typical
 * values with SMPS; run and sleep at 160 MHz, the Stop modes with all SRAM kept, Standby and
 * Shutdown with the RTC. Sleep, Stop 0 and Stop 1 are estimates in between. Those of the network are
 * what such modules usually take while connected and mostly idle: other hardware, other figures.
 */
import type { PowerState, Stm32u585 } from '@microvisor/mcu'
import { type InterfaceName, interfaceNames } from './network/conditions.ts'

const chipMicroamperes: Readonly<Record<PowerState, number>> = {
  run: 3_120,
  sleep: 1_100,
  stop0: 150,
  stop1: 90,
  stop2: 8.95,
  stop3: 4.3,
  standby: 0.53,
  shutdown: 0.4,
}

const networkMicroamperes: Readonly<Record<InterfaceName, number>> = {
  ethernet: 60_000,
  wifi: 25_000,
  cellular: 15_000,
}

export interface EnergyReport {
  /** In each state of the chip, and connected through each interface. */
  readonly microseconds: Readonly<Record<PowerState | InterfaceName, number>>
  /** Cycles that the kernel took of the CPU. */
  readonly kernelCycles: number
  readonly averageMicroamperes: number
}

export class EnergyAccount {
  readonly #chip: Stm32u585
  readonly #network: Record<InterfaceName, number> = { ethernet: 0, wifi: 0, cellular: 0 }
  #connected: InterfaceName | undefined
  #connectedAt = 0

  constructor(chip: Stm32u585) {
    this.#chip = chip
  }

  /** Which interface carries a connection from now on. */
  connected(through: InterfaceName | undefined): void {
    const now = this.#now
    if (this.#connected) this.#network[this.#connected] += now - this.#connectedAt
    this.#connected = through
    this.#connectedAt = now
  }

  get report(): EnergyReport {
    this.connected(this.#connected)
    const { times } = this.#chip.lowPower
    const asleep = Object.values(times).reduce((sum, time) => sum + time, 0)
    const run = Math.max(0, this.#now - asleep)
    const microseconds = { run, ...times, ...this.#network }
    const charge =
      chargeOf(chipMicroamperes, microseconds) + chargeOf(networkMicroamperes, microseconds)
    const averageMicroamperes = this.#now === 0 ? 0 : charge / this.#now
    return { microseconds, kernelCycles: this.#chip.secureCycles, averageMicroamperes }
  }

  get #now(): number {
    return this.#chip.time.microseconds(this.#chip.cpu.cycles)
  }
}

function chargeOf<State extends string>(
  currents: Readonly<Record<State, number>>,
  microseconds: Readonly<Record<State, number>>,
): number {
  const states = Object.keys(currents) as State[]
  return states.reduce((sum, state) => sum + currents[state] * microseconds[state], 0)
}

export const energyStates: readonly (PowerState | InterfaceName)[] = [
  ...(Object.keys(chipMicroamperes) as PowerState[]),
  ...interfaceNames,
]
