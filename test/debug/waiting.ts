/** Waiting for what has to come: bounded, and with a sentence about what did not. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Generous: two busy cores may run everything else at the same time. */
const PATIENCE_MS = 60_000
const POLL_MS = 20

export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `In ${patienceMs} ms it did not come to pass: ${what}.`)
    await sleep(POLL_MS)
  }
}
