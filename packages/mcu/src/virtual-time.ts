/**
 * Microseconds from cycles, across changes of the clock's frequency.
 *
 *   (1) `microseconds` never goes back.
 *   (2) `microseconds(cycleAt(t)) >= t`, for any t.
 */
export class VirtualTime {
  #fromCycle = 0
  #fromMicroseconds = 0
  #cyclesPerMicrosecond: number

  constructor(hertz: number) {
    this.#cyclesPerMicrosecond = hertz / 1_000_000
  }

  /** From this cycle on, cycles are of another length. */
  changeFrequency(cycle: number, hertz: number): void {
    this.#fromMicroseconds = this.#exact(cycle)
    this.#fromCycle = cycle
    this.#cyclesPerMicrosecond = hertz / 1_000_000
  }

  microseconds(cycle: number): number {
    return Math.floor(this.#exact(cycle))
  }

  /** With fractions: for durations shorter than a microsecond. */
  exactMicroseconds(cycle: number): number {
    return this.#exact(cycle)
  }

  /** The first cycle at which `microseconds` is reached. */
  cycleAt(microseconds: number): number {
    const elapsed = (microseconds - this.#fromMicroseconds) * this.#cyclesPerMicrosecond
    let cycle = Math.ceil(this.#fromCycle + elapsed)
    while (this.microseconds(cycle) < microseconds) cycle++
    return cycle
  }

  #exact(cycle: number): number {
    return this.#fromMicroseconds + (cycle - this.#fromCycle) / this.#cyclesPerMicrosecond
  }
}
