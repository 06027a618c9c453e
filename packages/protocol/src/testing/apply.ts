/** Applying a delta to arrays; every read is held against the bounds. */
import assert from 'node:assert/strict'
import { type DeltaProgress, DeltaReader } from '../delta/apply-delta.ts'

export function applyDelta(
  base: Uint8Array,
  delta: Uint8Array,
  outputBytes: number,
  stepBytes = 4096,
): { progress: DeltaProgress; output: Uint8Array } {
  const output = new Uint8Array(outputBytes)
  let [read, written] = [0, 0]
  const reader = new DeltaReader({
    ...{ baseBytes: base.length, outputBytes },
    next: () => delta[read++] ?? 0,
    readBase(offset, into) {
      assert.ok(offset >= 0 && offset + into.length <= base.length)
      into.set(base.subarray(offset, offset + into.length))
    },
    readOutput(offset, into) {
      assert.ok(offset >= 0 && offset + into.length <= written)
      into.set(output.subarray(offset, offset + into.length))
    },
    write(bytes) {
      output.set(bytes, written)
      written += bytes.length
      return true
    },
  })
  let progress: DeltaProgress = 'more'
  while (progress === 'more') progress = reader.proceed(stepBytes)
  return { progress, output: output.subarray(0, written) }
}
