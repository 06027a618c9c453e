/**
 * Clock outputs: MCO on PA8, LSCO on PA2. RM0456, "Clock-out capability".
 *
 * Up to EDGES_HZ the pin has its edges; a faster clock is told to the pin as its carrier, which meters
 * show and waveforms lack: megahertz of edges would cost more than the firmware.
 */
import type { Pins, SignalPort } from '../pins/pins.ts'
import type { RegisterFile } from '../registers.ts'
import type { Ticks } from '../ticks.ts'
import type { Clocks } from '../wiring.ts'
import type { rccLayout } from './rcc-layout.ts'

const EDGES_HZ = 100_000

/** By MCOSEL. */
const MCO_SOURCES = [
  ...(['-', 'sysclk', 'msis', 'hsi', 'hse', 'pll1r', 'lsi', 'lse', 'hsi48', 'msik'] as const),
] as const

export interface OutputParts {
  readonly registers: RegisterFile<typeof rccLayout>
  readonly clocks: Clocks
  readonly pins: Pins
}

export class ClockOutputs {
  readonly #outputs: readonly ClockOutput[]

  constructor({ registers: r, clocks, pins }: OutputParts) {
    const mco = () => {
      const source = MCO_SOURCES[r.get('CFGR1', 'MCOSEL')] ?? '-'
      return clocks.hz(source) / 2 ** Math.min(r.get('CFGR1', 'MCOPRE'), 4)
    }
    const lsco = () => {
      if (!r.is('BDCR', 'LSCOEN')) return 0
      return clocks.hz(r.is('BDCR', 'LSCOSEL') ? 'lse' : 'lsi')
    }
    this.#outputs = [
      new ClockOutput(pins.signal('RCC_MCO'), clocks, mco),
      new ClockOutput(pins.signal('RCC_LSCO'), clocks, lsco),
    ]
  }

  /** The clock tree or what is put out has changed. */
  update(): void {
    for (const output of this.#outputs) output.update()
  }
}

class ClockOutput {
  readonly #signal: SignalPort
  readonly #readHz: () => number
  /** Two a period. */
  readonly #ticks: Ticks
  #hz = 0
  #level = false
  #cancel: (() => void) | undefined

  constructor(signal: SignalPort, clocks: Clocks, hz: () => number) {
    this.#signal = signal
    this.#readHz = hz
    this.#ticks = clocks.ticks(() => 2 * this.#hz)
  }

  update(): void {
    const hz = this.#readHz()
    if (hz === this.#hz) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#hz = hz
    this.#ticks.rebase()
    this.#signal.carry(hz > EDGES_HZ ? hz : undefined)
    this.#signal.drive(hz === 0 ? undefined : this.#level)
    if (hz > 0 && hz <= EDGES_HZ) this.#toggleAt(this.#ticks.now + 1)
  }

  #toggleAt(tick: number): void {
    this.#cancel = this.#ticks.at(tick, () => {
      this.#level = !this.#level
      this.#signal.drive(this.#level)
      this.#toggleAt(tick + 1)
    })
  }
}
