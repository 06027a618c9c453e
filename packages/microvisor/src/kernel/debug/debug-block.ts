/**
 * A block that a debugger writes: made in memory of the delta that came, and held against its hash. What
 * comes of it is the whole block, or a sentence about what is wrong with it; nothing is written here.
 *
 * A delta makes as many bytes as the block has and no more, so it cannot be a bomb; the memory for it is
 * the block's and that of the codec's models.
 */
import {
  DEBUG_BLOCK_BYTES_MAX,
  type DebugRequestBody,
  DeltaReader,
  equalBytes,
} from '@microvisor/protocol'
import type { DebugUnit, Engines } from '../../hardware.ts'

type WriteBlock = Extract<DebugRequestBody, { case: 'writeBlock' }>['value']

export interface BlockMaker {
  readonly unit: Pick<DebugUnit, 'read'>
  readonly engines: Engines
}

export function makeBlock(request: WriteBlock, { unit, engines }: BlockMaker): Uint8Array | string {
  const { address, length, delta, hash, base } = request
  const name = `The block at 0x${address.toString(16)}`
  if (length === 0 || length > DEBUG_BLOCK_BYTES_MAX) {
    return `${name} has ${length} bytes; a block has 1 to ${DEBUG_BLOCK_BYTES_MAX}.`
  }
  const block = new Uint8Array(length)
  let [read, written] = [0, 0]
  let missing: number | undefined
  const reader = new DeltaReader({
    ...{ baseBytes: base?.length ?? 0, outputBytes: length },
    next: () => delta[read++] ?? 0,
    readBase(offset, into) {
      const from = base!.address + offset
      const count = unit.read(from, into)
      if (count < into.length) missing ??= from + count
    },
    readOutput: (offset, into) => into.set(block.subarray(offset, offset + into.length)),
    write(bytes) {
      block.set(bytes, written)
      written += bytes.length
      return missing === undefined
    },
  })
  const progress = reader.proceed(length)
  if (missing !== undefined) {
    return `${name} is made from memory that ends at 0x${missing.toString(16)}.`
  }
  if (progress !== 'done') {
    return `${name} is malformed: its delta of ${delta.length} bytes leaves its bounds behind byte ${written} of ${length}.`
  }
  if (read < delta.length) {
    return `${name} is complete before its delta is: ${delta.length - read} of ${delta.length} bytes follow.`
  }
  const made = new Uint8Array(32)
  const sha256 = engines.sha256()
  sha256.update(block)
  sha256.finish(made)
  if (equalBytes(made, hash)) return block
  return `${name} is not what its hash promises: its delta is damaged or cut short, or was made from another base.`
}
