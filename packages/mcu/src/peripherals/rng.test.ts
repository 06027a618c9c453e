import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PeripheralBench } from '../testing/peripheral-bench.ts'
import { Rng } from './rng.ts'

const clocks = { cycleHz: 160e6, hz: 48e6 }

test('RNG gives four different words at a time, by polling and interrupt', () => {
  const b = new PeripheralBench('RNG', clocks, (wiring) => new Rng(wiring))
  assert.equal(b.read('DR'), 0)
  b.write('CR', 0xc)
  assert.equal(b.read('SR') & 1, 0)
  const seen = new Set<number>()
  for (let round = 0; round < 3; round++) {
    b.settle()
    assert.equal(b.isPending('RNG'), true)
    for (let n = 0; n < 4; n++) {
      assert.equal(b.read('SR') & 1, 1)
      seen.add(b.read('DR'))
    }
    assert.equal(b.read('SR') & 1, 0)
    assert.equal(b.isPending('RNG'), false)
  }
  assert.equal(seen.size, 12)
  b.write('CR', 0)
  b.settle()
  assert.deepEqual([b.read('SR'), b.read('DR')], [0, 0])
})
