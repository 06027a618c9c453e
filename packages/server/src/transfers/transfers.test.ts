/** Forms of layers, and the thread that makes deltas. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { DeltaMaker } from './delta-maker.ts'

const limits = { deltaMs: 60_000, deltasAtOnce: 2, deltaCacheBytes: 1_000 }

test('a delta is made once for all who ask at the same time, and kept', async () => {
  const maker = new DeltaMaker(limits)
  const base = randomBytes(50_000)
  const content = Buffer.concat([
    base.subarray(0, 20_000),
    Buffer.from('new'),
    base.subarray(20_000),
  ])
  const [a, b] = await Promise.all([maker.make('k', base, content), maker.make('k', base, content)])
  assert.ok(a !== undefined && a.length < 100, `${a?.length}`)
  assert.equal(a, b)
  assert.equal(await maker.make('k', base, content), a)
  await maker.close()
})

test('behind too many jobs, or after too long, there is no delta; the next is made again', async () => {
  const maker = new DeltaMaker({ ...limits, deltasAtOnce: 1 })
  const [base, content] = [randomBytes(300_000), randomBytes(300_000)]
  const first = maker.make('1', base, content)
  assert.equal(await maker.make('2', base, content), undefined)
  await first
  await maker.close()
  const hurried = new DeltaMaker({ ...limits, deltaMs: 0 })
  assert.equal(await hurried.make('1', base, content), undefined)
  await hurried.close()
})

test('the cache keeps its limit', async () => {
  const maker = new DeltaMaker(limits)
  const contents = [1, 2, 3].map(() => randomBytes(600))
  const empty = new Uint8Array(0)
  const first = await maker.make('0', empty, contents[0]!)
  await maker.make('1', empty, contents[1]!)
  const again = await maker.make('0', empty, contents[0]!)
  assert.notEqual(first, again)
  assert.deepEqual(first, again)
  await maker.close()
})
