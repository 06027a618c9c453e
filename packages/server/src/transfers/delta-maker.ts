/**
 * Deltas, made in one worker thread and kept for as long as there is room. What takes too long, or
 * would have to wait behind too many, is answered with none: then a layer travels whole.
 *
 * The same contents always give the same delta, so a server that has forgotten one, or another
 * server, makes the same again, and a transfer goes on where it stopped.
 */
import { Worker } from 'node:worker_threads'
import type { DeltaJob } from './delta-worker.ts'

export interface DeltaLimits {
  /** From asking to having. */
  readonly deltaMs: number
  /** Jobs that wait or run. */
  readonly deltasAtOnce: number
  /** Deltas kept, in bytes. */
  readonly deltaCacheBytes: number
}

interface Waiting {
  readonly resolve: (delta: Uint8Array | undefined) => void
  readonly timer: NodeJS.Timeout
}

export class DeltaMaker {
  readonly #limits: DeltaLimits
  /** In the order of use; the first was not used for the longest. */
  readonly #made = new Map<string, Uint8Array>()
  readonly #jobs = new Map<string, Promise<Uint8Array | undefined>>()
  readonly #waiting = new Map<number, Waiting>()
  #madeBytes = 0
  #worker: Worker | undefined
  #lastId = 0

  constructor(limits: DeltaLimits) {
    this.#limits = limits
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
    if (this.#jobs.size >= this.#limits.deltasAtOnce) return undefined
    const job = this.#start(base, content).finally(() => this.#jobs.delete(key))
    this.#jobs.set(key, job)
    const delta = await job
    if (delta !== undefined) this.#keep(key, delta)
    return delta
  }

  async close(): Promise<void> {
    await this.#end()
  }

  #start(base: Uint8Array, content: Uint8Array): Promise<Uint8Array | undefined> {
    this.#worker ??= this.#begin()
    const id = ++this.#lastId
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.#end(), this.#limits.deltaMs)
      this.#waiting.set(id, { resolve, timer })
      this.#worker?.postMessage({ id, base, content } satisfies DeltaJob)
    })
  }

  #begin(): Worker {
    const worker = new Worker(new URL('./delta-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    })
    worker.unref()
    worker.on('message', ({ id, delta }: { id: number; delta: Uint8Array }) =>
      this.#answer(id, delta),
    )
    worker.on('error', () => void this.#end())
    return worker
  }

  #answer(id: number, delta: Uint8Array | undefined): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    clearTimeout(waiting.timer)
    this.#waiting.delete(id)
    waiting.resolve(delta)
  }

  /** Whoever still waits gets none; the next job begins a new thread. */
  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    for (const id of [...this.#waiting.keys()]) this.#answer(id, undefined)
    await worker?.terminate()
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
