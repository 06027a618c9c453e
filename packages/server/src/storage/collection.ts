/** Takes away, from time to time, contents that no App has any more. */
import type { Logger } from 'pino'
import type { BundleStore } from './bundles.ts'

const COLLECTION_MS = 3_600_000

/** Removes what nobody needs, now and from time to time. Returns what stops it. */
export function collectFrom(bundles: BundleStore, log: Logger): () => Promise<void> {
  let running = Promise.resolve()
  const collect = () => {
    running = bundles.collectGarbage().then(
      (blobs) => void (blobs > 0 && log.info({ event: 'unused blobs removed', blobs })),
      (error) => log.error({ event: 'collection failed', err: error }),
    )
  }
  collect()
  const timer = setInterval(collect, COLLECTION_MS).unref()
  return () => {
    clearInterval(timer)
    return running
  }
}
