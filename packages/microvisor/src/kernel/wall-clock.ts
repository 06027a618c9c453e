/**
 * The time of day: the cloud's, carried on by the kernel's clock. Unknown until the cloud has told.
 *
 * Each further telling corrects it at once, and what it was off by over the time between says how
 * fast the chip's clock runs: from then on the time is carried on at the corrected rate. A
 * correction that no crystal explains is somebody setting a clock, and says nothing about rates.
 */
import type { Clock } from '../hardware.ts'

/** Tellings closer together than this (60 s) say nothing about the rate. */
const RATE_INTERVAL = 60_000_000
/** Faster or slower than this (parts of one) no crystal is. */
const RATE_MAX = 0.000_2

export interface WallTime {
  /** Microseconds since 1970 at the moment `at` of the kernel's clock. */
  readonly wall: number
  readonly at: number
  /** By how much the time of day goes faster than the kernel's clock, as a part of one. */
  readonly rate: number
}

export class WallClock {
  readonly #clock: Clock
  #known: WallTime | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isSet(): boolean {
    return this.#known !== undefined
  }

  /** Microseconds since 1970 now. */
  get now(): number | undefined {
    return this.at(this.#clock.microseconds())
  }

  /** What is known, put in terms of now. */
  get known(): WallTime | undefined {
    const at = this.#clock.microseconds()
    const wall = this.at(at)
    return wall === undefined ? undefined : { wall, at, rate: this.#known!.rate }
  }

  /** Microseconds since 1970 at a moment of the kernel's clock. */
  at(microseconds: number): number | undefined {
    if (this.#known === undefined) return undefined
    const { wall, at, rate } = this.#known
    return wall + Math.round((microseconds - at) * (1 + rate))
  }

  /** Takes the cloud's time. 0 means that the cloud does not know; what is no time is ignored. */
  set(wallMicroseconds: bigint): void {
    if (wallMicroseconds === 0n || wallMicroseconds > BigInt(Number.MAX_SAFE_INTEGER)) return
    const at = this.#clock.microseconds()
    const wall = Number(wallMicroseconds)
    this.#known = { wall, at, rate: this.#rateAfter(wall, at) }
  }

  /** Goes on with what was known before a deep sleep. */
  resume(known: WallTime): void {
    this.#known = known
  }

  #rateAfter(wall: number, at: number): number {
    if (this.#known === undefined) return 0
    const { rate } = this.#known
    const elapsed = at - this.#known.at
    if (elapsed < RATE_INTERVAL) return rate
    const corrected = rate + (wall - this.at(at)!) / elapsed
    return Math.abs(corrected) <= RATE_MAX ? corrected : rate
  }
}
