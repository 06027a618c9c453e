/**
 * Gives a machine its share of the host: slices of a few milliseconds, then everybody else's turn.
 *
 * On the clock `real`, virtual time follows the host's: a sleeping machine costs nothing until its
 * next event; one that cannot keep up falls behind and is not made to catch up with what is long
 * past. On the clock `virtual`, time runs as fast as the host can and sleep takes none; the host
 * still gets a turn before each sleep, so that the network is served.
 */
import type { Host } from './host.ts'

export type ClockMode = 'real' | 'virtual'

/** Longest stretch of host time before others get their turn. */
const SLICE_MS = 6
/** Cycles between looks at the host's clock: under a millisecond for translated code. */
const STRETCH_CYCLES = 50_000
/** How far one slice on the clock `virtual` may go when nothing stops it. */
const VIRTUAL_SLICE_CYCLES = 50_000_000
/** Events closer together than this are run together on the clock `real`. */
const REST_MS = 4
/** On the clock `real`, being further behind than this is forgiven. */
const MAX_LAG_MS = 100

/** What is run: time in cycles, and the cycle before which nothing happens by itself. */
interface Runnable {
  readonly cycles: number
  readonly nextCycle: number
  advance(untilCycle: number): void
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
      machine.advance(Math.min(target, stretch))
    } while (this.#isRunning && machine.cycles < target && host.now() < endMs && !this.#sleeps())
    if (clock === 'real') machine.deliver()
    if (this.#isRunning) this.#plan(target)
  }

  /** The last cycle of this slice: where the host's clock is, or the end of the next sleep. */
  #target(): number {
    const { machine, host, clock, cycleAt } = this.#options
    if (clock === 'virtual') {
      const next = machine.nextCycle
      return next === Infinity
        ? machine.cycles
        : Math.max(next, machine.cycles + VIRTUAL_SLICE_CYCLES)
    }
    return cycleAt(Math.max(0, (host.now() - this.#epochMs) * 1000))
  }

  #sleeps(): boolean {
    const { machine, clock } = this.#options
    return clock === 'virtual' && machine.nextCycle > machine.cycles
  }

  #plan(target: number): void {
    const { machine, host, clock, microsecondsAt } = this.#options
    const next = machine.nextCycle
    if (next === Infinity) return
    const isBehind = machine.cycles < target
    if (isBehind && clock === 'real') this.#forgive()
    if (isBehind || clock === 'virtual') {
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
