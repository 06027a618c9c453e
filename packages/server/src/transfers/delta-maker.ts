/**
 * Deltas, made in one worker thread and kept for as long as there is room. What takes too long, or
 * would have to wait behind too many, is answered with none: then a layer travels whole.
 *
 * The same contents always give the same delta, so a server that has forgotten one, or another
 * server, makes the same again, and a transfer goes on where it stopped.
 */
import { Thread } from '../threads/thread.ts'
import type { DeltaJob } from './delta-worker.ts'

export interface DeltaLimits {
  /** From asking to having. */
  readonly deltaMs: number
  /** Jobs that wait or run. */
  readonly deltasAtOnce: number
  /** Deltas kept, in bytes. */
  readonly deltaCacheBytes: number
}

const SCRIPT = new URL('./delta-worker.ts', import.meta.url)
const HEAP_MB = 256

export class DeltaMaker {
  readonly #limits: DeltaLimits
  /** In the order of use; the first was not used for the longest. */
  readonly #made = new Map<string, Uint8Array>()
  readonly #jobs = new Map<string, Promise<Uint8Array | undefined>>()
  readonly #thread: Thread<DeltaJob, Uint8Array>
  #madeBytes = 0

  constructor(limits: DeltaLimits) {
    this.#limits = limits
    const { deltasAtOnce: jobsAtOnce, deltaMs: jobMs } = limits
    this.#thread = new Thread(SCRIPT, { jobsAtOnce, jobMs, heapMb: HEAP_MB })
  }

  /** `key` names both contents. */
  async make(key: string, base: Uint8Array, content: Uint8Array): Promise<Uint8Array | undefined> {
    const known = this.#made.get(key)
    if (known !== undefined) {
      this.#made.delete(key)
      this.#made.set(key, known)
      return known
    }
    const running = this.#jobs.get(key)
    if (running !== undefined) return running
    const job = this.#thread
      .run({ base, content })
      .catch(() => undefined)
      .finally(() => this.#jobs.delete(key))
    this.#jobs.set(key, job)
    const delta = await job
    if (delta !== undefined) this.#keep(key, delta)
    return delta
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  #keep(key: string, delta: Uint8Array): void {
    this.#made.set(key, delta)
    this.#madeBytes += delta.length
    for (const [oldest, { length }] of this.#made) {
      if (this.#madeBytes <= this.#limits.deltaCacheBytes) break
      this.#made.delete(oldest)
      this.#madeBytes -= length
    }
  }
}
