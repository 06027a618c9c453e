/**
 * Work that would hold up everybody else in the process, done in one thread of its own: one job after
 * another, each with a time limit, so many waiting and no more. A job that takes too long, or breaks
 * the thread, takes down those behind it; the next one begins a new thread. One that has nothing to do
 * for a while ends, and gives its memory back.
 */
import { Worker } from 'node:worker_threads'

export interface ThreadLimits {
  /** Jobs that wait or run. */
  readonly jobsAtOnce: number
  /** From asking to having. */
  readonly jobMs: number
  /** Of the thread's JavaScript heap; buffers are not in it. */
  readonly heapMb: number
  /** Without a job; IDLE_MS unless given. */
  readonly idleMs?: number
}

const IDLE_MS = 30_000

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: ThreadFailure) => void
  readonly timer: NodeJS.Timeout
}

/** What the thread is sent, and what it answers; see `serveJobs`. */
export interface Envelope<Content> {
  readonly id: number
  readonly content: Content
}

/** No answer: too many jobs, too long, too much memory, or the thread has broken. */
export class ThreadFailure extends Error {
  override readonly name = 'ThreadFailure'
  readonly reason: 'full' | 'late' | 'large' | 'broken'

  constructor(reason: ThreadFailure['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

export class Thread<Job, Answer> {
  readonly #script: URL
  readonly #limits: ThreadLimits
  readonly #waiting = new Map<number, Waiting<Answer>>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #lastId = 0

  constructor(script: URL, limits: ThreadLimits) {
    this.#script = script
    this.#limits = limits
  }

  /** Rejects with ThreadFailure. */
  run(content: Job): Promise<Answer> {
    const { jobsAtOnce, jobMs } = this.#limits
    if (this.#waiting.size >= jobsAtOnce) {
      const failure = new ThreadFailure('full', `${jobsAtOnce} jobs wait already.`)
      return Promise.reject(failure)
    }
    clearTimeout(this.#idle)
    this.#worker ??= this.#begin()
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const late = () => void this.#end('late', `A job took longer than ${jobMs} ms.`)
      this.#waiting.set(id, { resolve, reject, timer: setTimeout(late, jobMs) })
      this.#worker?.postMessage({ id, content } satisfies Envelope<Job>)
    })
  }

  async close(): Promise<void> {
    await this.#end('broken', 'The server is stopping.')
  }

  #begin(): Worker {
    const worker = new Worker(this.#script, {
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb },
    })
    worker.unref()
    worker.on('message', ({ id, content }: Envelope<Answer>) => {
      this.#settle(id)?.resolve(content)
      if (this.#waiting.size === 0) this.#rest()
    })
    worker.on('error', (error: NodeJS.ErrnoException) => {
      if (worker !== this.#worker) return
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
        void this.#end('large', `A job took more than ${this.#limits.heapMb} MiB of memory.`)
      else void this.#end('broken', `The thread broke: ${error}.`)
    })
    return worker
  }

  #rest(): void {
    const end = () => void this.#end('broken', 'The thread had nothing to do.')
    clearTimeout(this.#idle)
    this.#idle = setTimeout(end, this.#limits.idleMs ?? IDLE_MS).unref()
  }

  #settle(id: number): Waiting<Answer> | undefined {
    const waiting = this.#waiting.get(id)
    clearTimeout(waiting?.timer)
    this.#waiting.delete(id)
    return waiting
  }

  async #end(reason: ThreadFailure['reason'], message: string): Promise<void> {
    clearTimeout(this.#idle)
    const worker = this.#worker
    this.#worker = undefined
    for (const id of [...this.#waiting.keys()])
      this.#settle(id)?.reject(new ThreadFailure(reason, message))
    await worker?.terminate()
  }
}
