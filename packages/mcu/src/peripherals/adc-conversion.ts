/**
 * What ADC1 and ADC4 have in common: the time a conversion takes, oversampling, and the triggers
 * that start one. RM0456, chapters "Analog-to-digital converter (ADC1)" and "(ADC4)".
 */
import type { Wiring } from '../wiring.ts'

/** ADC_CCR.PRESC. */
const PRESCALERS = [1, 2, 4, 6, 8, 10, 12, 16, 32, 64, 128, 256]
/** From ADVREGEN to LDORDY, and from ADEN to ADRDY (DS13086, typical), in seconds. */
export const REGULATOR_S = 20e-6
export const START_UP_S = 3e-6
/** A calibration, in ADC clocks: no manual gives the figure. */
export const CALIBRATION_CLOCKS = 1024

/** Runs one thing at a time on the converter's clock. */
export class AdcClock {
  readonly #wiring: Wiring
  readonly #prescaler: () => number
  #cancel: (() => void) | undefined

  constructor(wiring: Wiring, prescaler: () => number) {
    this.#wiring = wiring
    this.#prescaler = prescaler
  }

  get isBusy(): boolean {
    return this.#cancel !== undefined
  }

  /** Runs `then` after so many ADC clocks, instead of what was to run before. */
  after(clocks: number, then: () => void): void {
    const { clocks: rates, name } = this.#wiring
    const divider = PRESCALERS[this.#prescaler()] ?? 256
    this.#at((clocks * divider * rates.cycleHz) / rates.hz(name), then)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Apart from conversions: something that takes its time whatever the clock. */
  afterSeconds(seconds: number, then: () => void): void {
    const { scheduler, clocks } = this.#wiring
    scheduler.at(scheduler.now + seconds * clocks.cycleHz, then)
  }

  #at(cycles: number, then: () => void): void {
    const { scheduler } = this.#wiring
    this.stop()
    this.#cancel = scheduler.at(scheduler.now + cycles, () => {
      this.#cancel = undefined
      then()
    })
  }
}

/** Edges that start a conversion: EXTEN or JEXTEN. */
export function listenToTriggers(
  wiring: Wiring,
  names: readonly (string | undefined)[],
  selection: () => { readonly edges: number; readonly source: number },
  start: () => void,
): void {
  names.forEach((name, number) => {
    if (name === undefined) return
    wiring.wire(name).listen((isHigh) => {
      const { edges, source } = selection()
      if (source === number && edges & (isHigh ? 1 : 2)) start()
    })
  })
}

/** Whether a result is outside [low, high]. */
export function isOutside(value: number, low: number, high: number): boolean {
  return value < low || value > high
}
