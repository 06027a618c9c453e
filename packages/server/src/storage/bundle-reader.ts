/**
 * Bundles' files, opened and made in a thread: unzipping and hashing 64 MiB takes a second in which no
 * device and no other request would be answered.
 */
import { type Bundle, BundleError, type KernelBundle } from '@microvisor/protocol'
import { toldBusy } from '../threads/busy.ts'
import { Thread } from '../threads/thread.ts'
import type { BundleAnswer, BundleJob } from './bundle-worker.ts'
import type { Contents } from './bundles.ts'

export interface BundleLimits {
  /** Files being opened or made, those that wait included. */
  readonly bundlesAtOnce: number
  /** For one of them. */
  readonly bundleMs: number
}

const SCRIPT = new URL('./bundle-worker.ts', import.meta.url)
const HEAP_MB = 512

export class BundleReader {
  readonly #thread: Thread<BundleJob, BundleAnswer>

  constructor({ bundlesAtOnce: jobsAtOnce, bundleMs: jobMs }: BundleLimits) {
    this.#thread = new Thread(SCRIPT, { jobsAtOnce, jobMs, heapMb: HEAP_MB })
  }

  /** Throws BundleError for a file that is not a bundle which can be installed. */
  async read(file: Uint8Array): Promise<Bundle> {
    return (await this.#run({ work: 'read', file })) as Bundle
  }

  /** As `read`, for a kernel's. */
  async readKernel(file: Uint8Array): Promise<KernelBundle> {
    return (await this.#run({ work: 'readKernel', file })) as KernelBundle
  }

  async pack(contents: Contents): Promise<Uint8Array> {
    return (await this.#run({ work: 'pack', ...contents })) as Uint8Array
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  async #run(job: BundleJob): Promise<Bundle | KernelBundle | Uint8Array> {
    const answer = await this.#thread.run(job).catch(toldBusy('bundles'))
    if ('refused' in answer) throw new BundleError(answer.refused.code, answer.refused.message)
    return answer.done
  }
}
