/**
 * Whether a bus of the board is reached: it is known by the peripheral's name, and led to whatever
 * pads firmware has switched to the peripheral's signals.
 */
import type { Pins } from '../pins/pins.ts'

export type Signals = Readonly<Record<string, string>>

export interface Routing {
  /** True if the signals, by role, reach the bus. */
  carries(signals: Signals): boolean
}

/** A bench without pins: everything reaches the bus. */
export const alwaysRouted: Routing = { carries: () => true }

/** Signals of this name reach the bus once each of them is on a pad; `missing` hears which are not. */
export function routedByName(
  pins: Pins,
  name: string,
  missing: (signals: readonly string[]) => void,
): Routing {
  return {
    carries(signals) {
      const wanted = Object.values(signals)
      if (!wanted.every((signal) => signal.startsWith(`${name}_`))) return false
      const unrouted = wanted.filter((signal) => pins.signal(signal).pads.length === 0)
      if (unrouted.length > 0) missing(unrouted)
      return unrouted.length === 0
    },
  }
}
