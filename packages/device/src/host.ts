/**
 * What a device takes from the machine it runs on: time, turns of the event loop, randomness and a
 * connection. Tests give others.
 */
import { randomFillSync } from 'node:crypto'

export interface Host {
  /** Milliseconds that never go back. */
  now(): number
  /** Calls back after at least this long; the return value cancels it. */
  after(milliseconds: number, action: () => void): () => void
  /** Calls back once others had their turn; the return value cancels it. */
  soon(action: () => void): () => void
  random(into: Uint8Array): void
}

export const realHost: Host = {
  now: () => performance.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, Math.min(milliseconds, LONGEST_TIMER_MS))
    return () => clearTimeout(timer)
  },
  soon(action) {
    const turn = setImmediate(action)
    return () => clearImmediate(turn)
  },
  random: (into) => {
    randomFillSync(into)
  },
}

/** setTimeout takes 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
