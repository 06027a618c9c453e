/** Waits for what comes true by itself. */
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 60_000

/** Resolves with the first answer of `look` that is something. */
export async function until<T>(look: () => Promise<T> | T, what: string): Promise<NonNullable<T>> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`)
    await sleep(50)
  }
}
