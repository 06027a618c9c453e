/**
 * How long to wait between two attempts to connect (the "calm" of ENHANCECALM): doubling from one
 * second to five minutes, each wait drawn from the upper half of its range so that a fleet that
 * lost its cloud at one moment does not come back at one moment.
 */

const FIRST_MS = 1_000
const LAST_MS = 300_000
/** The longest pause that the cloud may ask for in a Goodbye. */
const ASKED_MAX_MS = 3_600_000

/** `failures` counts from 1; `fraction` is random in [0, 1). */
export function backOffMs(failures: number, fraction: number): number {
  const range = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LAST_MS)
  return Math.ceil(range * (0.5 + fraction / 2))
}

/** The pause after a Goodbye that asked for one: never shorter than asked, up to a quarter longer. */
export function askedPauseMs(retryAfterSeconds: number, fraction: number): number {
  return Math.ceil(Math.min(retryAfterSeconds * 1000, ASKED_MAX_MS) * (1 + fraction / 4))
}
