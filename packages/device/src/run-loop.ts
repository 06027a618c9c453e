/**
 * Gives a machine its share of the host: slices of a few milliseconds, then everybody else's turn.
 *
 * On the clock `real`, virtual time follows the host's: a sleeping machine costs nothing until its
 * next event; one that cannot keep up falls behind and is not made to catch up with what is long
 * past. On the clock `virtual`, time runs as fast as the host can and sleep takes none; while the
 * machine has a connection, the host gets a turn before each sleep, so that answers can arrive.
 */
import type { Host } from './host.ts'

export type ClockMode = 'real' | 'virtual'

/** Longest stretch of host time before others get their turn. */
const SLICE_MS = 6
/** Cycles between looks at the host's clock: under a millisecond for translated code. */
const STRETCH_CYCLES = 50_000
/** Events closer together than this are run together on the clock `real`. */
const REST_MS = 4
/** On the clock `real`, being further behind than this is forgiven. */
const MAX_LAG_MS = 100

/** What is run: time in cycles, and the cycle before which nothing happens by itself. */
interface Runnable {
  readonly cycles: number
  readonly nextCycle: number
  advance(untilCycle: number): void
  /** Something outside may have an answer for it any moment. */
  readonly isInTouch: boolean
  /** Takes in what came from outside; now is when it came. */
  deliver(): void
}

export interface RunLoopOptions {
  readonly machine: Runnable
  readonly host: Host
  readonly clock: ClockMode
  readonly microsecondsAt: (cycle: number) => number
  readonly cycleAt: (microseconds: number) => number
}

export class RunLoop {
  readonly #options: RunLoopOptions
  #cancel: (() => void) | undefined
  #isRunning = false
  /** Host time at which virtual time was zero. */
  #epochMs = 0

  constructor(options: RunLoopOptions) {
    this.#options = options
  }

  start(): void {
    const { host } = this.#options
    this.#isRunning = true
    this.#epochMs = host.now() - this.#virtualMs()
    this.#again(host.soon)
  }

  stop(): void {
    this.#isRunning = false
    this.#cancel?.()
  }

  /** Something from outside has to be looked at now. */
  wake(): void {
    if (this.#isRunning) this.#again(this.#options.host.soon)
  }

  #again(when: (action: () => void) => () => void): void {
    this.#cancel?.()
    this.#cancel = when(() => this.#slice())
  }

  #slice(): void {
    const { machine, host, clock } = this.#options
    const endMs = host.now() + SLICE_MS
    if (clock === 'virtual') machine.deliver()
    const target = this.#target()
    do {
      const stretch = Math.max(machine.cycles + STRETCH_CYCLES, machine.nextCycle)
      if (stretch === Infinity && target === Infinity) break
      machine.advance(Math.min(target, stretch))
    } while (this.#isRunning && machine.cycles < target && host.now() < endMs && !this.#yields())
    if (clock === 'real') machine.deliver()
    if (this.#isRunning) this.#plan(target)
  }

  /** As far as time may go in this slice: to where the host's clock is. */
  #target(): number {
    const { host, clock, cycleAt } = this.#options
    if (clock === 'virtual') return Infinity
    return cycleAt(Math.max(0, (host.now() - this.#epochMs) * 1000))
  }

  /** Before a sleep on the clock `virtual`, others have their turn. */
  #yields(): boolean {
    const { machine, clock } = this.#options
    return clock === 'virtual' && machine.isInTouch && machine.nextCycle > machine.cycles
  }

  #plan(target: number): void {
    const { machine, host, clock, microsecondsAt } = this.#options
    const next = machine.nextCycle
    if (next === Infinity) return
    if (machine.cycles < target) {
      if (clock === 'real') this.#forgive()
      this.#again(host.soon)
      return
    }
    const dueMs = this.#epochMs + microsecondsAt(next) / 1000 - host.now()
    this.#again((action) => host.after(Math.max(REST_MS, dueMs), action))
  }

  /** A whole slice was not enough: the machine works more than the host can do in the time. */
  #forgive(): void {
    const lagMs = this.#options.host.now() - this.#epochMs - this.#virtualMs()
    if (lagMs > MAX_LAG_MS) this.#epochMs += lagMs - MAX_LAG_MS
  }

  #virtualMs(): number {
    const { machine, microsecondsAt } = this.#options
    return microsecondsAt(machine.cycles) / 1000
  }
}
