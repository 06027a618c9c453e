import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sampled, seed } from '../../../../tools/sampling.ts'
import { applyDelta } from '../testing/apply.ts'
import { DeltaModels } from './delta.ts'
import { makeDelta } from './make-delta.ts'
import { MODEL_BYTES_MAX } from './models.ts'

/** Bytes with the habits of firmware: repetitions, runs, and noise. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.nat(255), fc.nat(400)).map(([byte, n]) => new Uint8Array(n).fill(byte)),
      fc.tuple(fc.uint8Array({ maxLength: 12 }), fc.nat(40)).map(([part, n]) => repeat(part, n)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

/** A content, and one that was made of it by moving, changing, adding and removing. */
const pair = fc
  .tuple(content, fc.array(fc.tuple(fc.nat(3000), fc.nat(3000), fc.nat(60)), { maxLength: 12 }))
  .map(([base, edits]) => ({ base, fresh: edits.reduce(edit, base) }))

test('what is made of a base and its delta is the new content', () => {
  const property = fc.property(pair, ({ base, fresh }) => {
    for (const from of [base, new Uint8Array(0)]) {
      const { progress, output } = applyDelta(from, makeDelta(from, fresh), fresh.length)
      assert.equal(progress, 'done')
      assert.deepEqual(output, fresh)
    }
  })
  fc.assert(property, { seed, numRuns: sampled(60, 3_000) })
})

test('a delta is applied the same in parts of any size', () => {
  const base = repeat(
    Uint8Array.from({ length: 700 }, (_, i) => (i * i) >> 3),
    20,
  )
  const fresh = edit(edit(base, [100, 4000, 50]), [9000, 20, 7])
  const delta = makeDelta(base, fresh)
  assert.ok(delta.length < 300, `${delta.length} bytes`)
  for (const step of [1, 7, 255, 256, 1000, 1 << 20])
    assert.deepEqual(applyDelta(base, delta, fresh.length, step).output, fresh)
})

test('arbitrary bytes make some output or are malformed, inside all bounds', () => {
  const property = fc.property(
    pair,
    fc.uint8Array({ maxLength: 200 }),
    fc.nat(5000),
    ({ base }, delta, bytes) => {
      const { progress, output } = applyDelta(base, delta, bytes)
      assert.ok(progress === 'malformed' || output.length === bytes)
    },
  )
  fc.assert(property, { seed, numRuns: sampled(200, 20_000) })
})

test('a delta with a changed byte or a wrong base stays inside all bounds', () => {
  const property = fc.property(pair, pair, fc.nat(), fc.nat(255), (one, other, at, byte) => {
    const delta = makeDelta(one.base, one.fresh)
    const changed = delta.length === 0 ? delta : delta.with(at % delta.length, byte)
    applyDelta(one.base, changed, one.fresh.length)
    applyDelta(other.base, delta, one.fresh.length)
  })
  fc.assert(property, { seed, numRuns: sampled(60, 5_000) })
})

test('models stay within the memory that is stated', () => {
  const { stateBytes } = new DeltaModels()
  assert.ok(stateBytes <= MODEL_BYTES_MAX, `${stateBytes} bytes`)
})

test('contents made to be slow to match take bounded work', () => {
  const period = repeat(Uint8Array.of(1, 2, 3, 4, 5), 20_000)
  const other = period.map((byte, i) => (i % 997 === 0 ? byte ^ 0x55 : byte))
  const { output } = applyDelta(period, makeDelta(period, other), other.length)
  assert.deepEqual(output, other)
})

function repeat(part: Uint8Array, times: number): Uint8Array {
  return new Uint8Array(Buffer.concat(Array<Uint8Array>(times).fill(part)))
}

function edit(bytes: Uint8Array, [from, to, n]: [number, number, number]): Uint8Array {
  const [a, b] = [from % (bytes.length + 1), to % (bytes.length + 1)]
  const moved = bytes.slice(a, a + n)
  const shorter = Buffer.concat([bytes.subarray(0, a), bytes.subarray(a + (n >> 1))])
  const at = Math.min(b, shorter.length)
  const parts = [shorter.subarray(0, at), moved, Uint8Array.of(n), shorter.subarray(at)]
  return new Uint8Array(Buffer.concat(parts)).map((byte, i) => (i % 501 === n ? byte + 4 : byte))
}
