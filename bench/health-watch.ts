/**
 * The slowest answer of a server's `/health`, asked in a thread of its own: thousands of devices keep
 * the bench's own busy, and their time would be counted as the server's.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'

const PAUSE_MS = 100

/** Begins to ask. Returns what ends it, and gives the longest time in milliseconds. */
export function watchHealth(url: string): () => Promise<number> {
  const thread = new Worker(new URL(import.meta.url), { workerData: url })
  return () =>
    new Promise((resolve, reject) => {
      thread.once('message', resolve)
      thread.once('error', reject)
      thread.postMessage('enough')
    })
}

async function watch(url: string): Promise<void> {
  let longest = 0
  let isOver = false
  parentPort?.once('message', () => {
    isOver = true
  })
  while (!isOver) {
    const started = performance.now()
    await fetch(`${url}/health`).then(
      (answer) => answer.text(),
      () => undefined,
    )
    longest = Math.max(longest, performance.now() - started)
    await sleep(PAUSE_MS)
  }
  parentPort?.postMessage(longest)
}

if (!isMainThread) await watch(workerData)
