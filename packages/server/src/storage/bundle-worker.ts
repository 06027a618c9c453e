/** Opens and makes bundles' files, in a thread of its own, for bundle-reader.ts. */
import {
  type Bundle,
  BundleError,
  type BundleErrorCode,
  type KernelBundle,
  packBundle,
  parseBundle,
  parseKernelBundle,
} from '@microvisor/protocol'
import { digest } from '../keys/engines.ts'
import { serveJobs } from '../threads/serve-jobs.ts'
import type { Contents } from './bundles.ts'

export type BundleJob =
  | { readonly work: 'read' | 'readKernel'; readonly file: Uint8Array }
  | ({ readonly work: 'pack' } & Contents)

export type BundleAnswer =
  | { readonly done: Bundle | KernelBundle | Uint8Array }
  /** Errors lose their class on the way out of a thread. */
  | { readonly refused: { readonly code: BundleErrorCode; readonly message: string } }

serveJobs<BundleJob, BundleAnswer>(answer, buffersOf)

function answer(job: BundleJob): BundleAnswer {
  try {
    if (job.work === 'pack') return { done: packBundle(job.manifestBytes, job.layers) }
    const parse = job.work === 'read' ? parseBundle : parseKernelBundle
    return { done: parse(job.file, digest) }
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
    return { refused: { code: error.code, message: error.message } }
  }
}

function buffersOf(result: BundleAnswer): Iterable<Uint8Array> {
  if ('refused' in result) return []
  return result.done instanceof Uint8Array ? [result.done] : result.done.layers.values()
}
