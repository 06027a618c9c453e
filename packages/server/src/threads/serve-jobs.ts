/** The thread's side of thread.ts. */
import { parentPort } from 'node:worker_threads'
import type { Envelope } from './thread.ts'

/** Below this, copying costs less than moving, and the memory may be part of something else. */
const MOVED_BYTES = 65_536

/** Answers each job. `moved` names buffers of the answer that need not be copied. */
export function serveJobs<Job, Answer>(
  work: (job: Job) => Answer,
  moved: (answer: Answer) => Iterable<Uint8Array> = () => [],
): void {
  parentPort?.on('message', ({ id, content }: Envelope<Job>) => {
    const answer = work(content)
    const buffers = new Set<ArrayBuffer>()
    for (const { buffer, byteLength } of moved(answer))
      if (byteLength >= MOVED_BYTES && byteLength === buffer.byteLength)
        buffers.add(buffer as ArrayBuffer)
    parentPort?.postMessage({ id, content: answer } satisfies Envelope<Answer>, [...buffers])
  })
}
