/** Trying again what may work later: soon at first, as most lines are back at once. */
import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 65
const PAUSE_MS = 1000
const FIRST_PAUSE_MS = 50

export interface RetryOptions {
  /** Aborted when nobody wants it any more. */
  readonly signal: AbortSignal
  /** True if after this failure there is no sense in going on. */
  isHopeless(error: unknown): boolean
}

/** False if it never worked. */
export async function retry(
  action: () => Promise<void>,
  { signal, isHopeless }: RetryOptions,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt, PAUSE_MS)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    try {
      await action()
      return true
    } catch (error) {
      if (isHopeless(error)) return false
    }
  }
  return false
}
