/** Makes one delta after another, in a thread of its own, for delta-maker.ts. */
import { makeDelta } from '@microvisor/protocol'
import { serveJobs } from '../threads/serve-jobs.ts'

export interface DeltaJob {
  readonly base: Uint8Array
  readonly content: Uint8Array
}

serveJobs(({ base, content }: DeltaJob) => makeDelta(base, content))
