/**
 * Many timers over the one alarm that the chip gives the kernel.
 */
import type { Clock } from '../hardware.ts'

interface Timer {
  readonly atMicroseconds: number
  readonly action: () => void
}

export class Timers {
  readonly #clock: Clock
  readonly #timers = new Set<Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs `action` from a later alarm. The return value cancels it. */
  after(microseconds: number, action: () => void): () => void {
    const timer = { atMicroseconds: this.#clock.microseconds() + Math.max(0, microseconds), action }
    this.#timers.add(timer)
    this.#arm()
    return () => {
      if (this.#timers.delete(timer)) this.#arm()
    }
  }

  /** The alarm came due: runs what is due now, oldest first, but nothing that is only added meanwhile. */
  run(): void {
    const now = this.#clock.microseconds()
    const due = [...this.#timers].filter((timer) => timer.atMicroseconds <= now)
    due.sort((a, b) => a.atMicroseconds - b.atMicroseconds)
    for (const timer of due) if (this.#timers.delete(timer)) timer.action()
    this.#arm()
  }

  #arm(): void {
    let next: number | undefined
    for (const { atMicroseconds } of this.#timers) {
      if (next === undefined || atMicroseconds < next) next = atMicroseconds
    }
    this.#clock.setAlarm(next)
  }
}
