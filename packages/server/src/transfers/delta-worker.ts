/** Makes one delta after another, in a thread of its own, for delta-maker.ts. */
import { parentPort } from 'node:worker_threads'
import { makeDelta } from '@microvisor/protocol'

export interface DeltaJob {
  readonly id: number
  readonly base: Uint8Array
  readonly content: Uint8Array
}

parentPort?.on('message', ({ id, base, content }: DeltaJob) => {
  parentPort?.postMessage({ id, delta: makeDelta(base, content) })
})
