/** Pins that were driven from two sides: who against whom, since when, how often. */
import type { PadConflict } from './pad.ts'

export interface PinConflict extends PadConflict {
  /** Cycle at which it was first seen. */
  readonly cycle: number
  count: number
}

/** Beyond this many different ones only the total goes on counting. */
export const MAX_PIN_CONFLICTS = 256

export class PinConflicts {
  readonly #conflicts = new Map<string, PinConflict>()
  #total = 0
  /** Called after every entry. */
  onRecord: (conflict: PadConflict) => void = () => {}

  record(conflict: PadConflict, cycle: number): void {
    this.#total++
    const key = `${conflict.pad} ${conflict.high} ${conflict.low}`
    const known = this.#conflicts.get(key)
    if (known !== undefined) known.count++
    else if (this.#conflicts.size < MAX_PIN_CONFLICTS) {
      this.#conflicts.set(key, { ...conflict, cycle, count: 1 })
    }
    this.onRecord(conflict)
  }

  get total(): number {
    return this.#total
  }

  get conflicts(): readonly Readonly<PinConflict>[] {
    return [...this.#conflicts.values()]
  }
}
