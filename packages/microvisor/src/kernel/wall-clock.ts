/** The time of day: the cloud's, carried on by the kernel's clock. Unknown until the cloud has told. */
import type { Clock } from '../hardware.ts'

export class WallClock {
  readonly #clock: Clock
  #offset: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isSet(): boolean {
    return this.#offset !== undefined
  }

  /** Microseconds since 1970 now. */
  get now(): number | undefined {
    return this.at(this.#clock.microseconds())
  }

  /** Microseconds since 1970 at a moment of the kernel's clock. */
  at(microseconds: number): number | undefined {
    return this.#offset === undefined ? undefined : this.#offset + microseconds
  }

  /** Takes the cloud's time. 0 means that the cloud does not know; what is no time is ignored. */
  set(wallMicroseconds: bigint): void {
    if (wallMicroseconds === 0n || wallMicroseconds > BigInt(Number.MAX_SAFE_INTEGER)) return
    this.#offset = Number(wallMicroseconds) - this.#clock.microseconds()
  }
}
