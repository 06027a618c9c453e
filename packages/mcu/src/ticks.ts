/**
 * A clock's ticks, counted from the scheduler's cycles without an event per tick.
 *
 *   (1) `now` never goes back, also when the clock changes its frequency or stops.
 *   (2) An action asked for at tick n runs at the first cycle at which `now >= n`.
 *
 * A counter keeps the tick at which it began and works out its value from `now` when asked.
 */
import type { Scheduler, Timer } from './bus.ts'

/** Cycles and ticks need not be multiples of one another: what is this close counts as reached. */
const ALMOST = 1e-6

interface Pending {
  tick: number
  readonly timer: Timer
}

/** For an action that is asked for again and again: no more than one tick of it is pending. */
export interface TickTimer {
  at(tick: number): void
  cancel(): void
  readonly isSet: boolean
}

export class Ticks {
  readonly #scheduler: Scheduler
  /** Ticks a cycle; 0 while the clock stands. */
  readonly #readRate: () => number
  readonly #pending = new Set<Pending>()
  #rate: number
  #fromCycle = 0
  #fromTick = 0

  constructor(scheduler: Scheduler, rate: () => number) {
    this.#scheduler = scheduler
    this.#readRate = rate
    this.#rate = rate()
  }

  /** Whole ticks since power-on. */
  get now(): number {
    return Math.floor(this.#exact(this.#scheduler.now) + ALMOST)
  }

  /** Cycles a tick; Infinity while the clock stands. */
  get cyclesPerTick(): number {
    return 1 / this.#rate
  }

  /** Runs `action` when `tick` is reached, the present one at once; the return value cancels it. */
  at(tick: number, action: () => void): () => void {
    const timer = this.timer(action)
    timer.at(tick)
    return () => timer.cancel()
  }

  timer(action: () => void): TickTimer {
    const pending: Pending = {
      tick: 0,
      timer: this.#scheduler.timer(() => {
        this.#pending.delete(pending)
        action()
      }),
    }
    return {
      at: (tick) => {
        pending.tick = tick
        this.#pending.add(pending)
        this.#schedule(pending)
      },
      cancel: () => {
        this.#pending.delete(pending)
        pending.timer.cancel()
      },
      get isSet() {
        return pending.timer.isSet
      },
    }
  }

  /** The clock is about to change, or has: what was counted stays, the rest counts anew. */
  rebase(): void {
    const cycle = this.#scheduler.now
    this.#fromTick = this.#exact(cycle)
    this.#fromCycle = cycle
    this.#rate = this.#readRate()
    for (const pending of this.#pending) this.#schedule(pending)
  }

  /** The scheduler was cleared: nothing is pending any more. */
  clear(): void {
    this.#pending.clear()
    this.rebase()
  }

  #schedule({ tick, timer }: Pending): void {
    if (this.#rate === 0) timer.cancel()
    else timer.at(this.#fromCycle + (tick - this.#fromTick - ALMOST) / this.#rate)
  }

  #exact(cycle: number): number {
    return this.#fromTick + (cycle - this.#fromCycle) * this.#rate
  }
}
