/** Trying again what may work later: soon at first, as most lines are back at once. */
import { setTimeout as sleep } from 'node:timers/promises'

const ATTEMPTS = 65
const PAUSE_MS = 1000
const FIRST_PAUSE_MS = 50

/** False if it never worked, or nobody wants it any more. */
export async function retry(action: () => Promise<void>, signal: AbortSignal): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS && !signal.aborted; attempt++) {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** attempt, PAUSE_MS)
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    try {
      await action()
      return true
    } catch {
      // Not yet.
    }
  }
  return false
}
