import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from './seeded-random.ts'
import { VirtualTime } from './virtual-time.ts'

test('a second has as many cycles as the clock says, before and after a change', () => {
  const time = new VirtualTime(4_000_000)
  assert.equal(time.microseconds(4_000_000), 1_000_000)
  time.changeFrequency(4_000_000, 160_000_000)
  assert.equal(time.microseconds(4_000_000 + 159), 1_000_000)
  assert.equal(time.microseconds(4_000_000 + 160), 1_000_001)
  assert.equal(time.cycleAt(2_000_000), 164_000_000)
})

test('the cycle of a time has reached it, and the one before has not', () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seededRandom(seed)
    const time = new VirtualTime(100_000)
    let cycle = 0
    for (const hertz of [1_330_000, 133_000, 160_000_000, 12_345_678]) {
      cycle += random() % 1_000_000
      time.changeFrequency(cycle, hertz)
      const wanted = time.microseconds(cycle) + 1 + (random() % 100_000_000)
      const at = time.cycleAt(wanted)
      assert.ok(time.microseconds(at) >= wanted, `seed ${seed}`)
      assert.ok(time.microseconds(at - 1) <= wanted, `seed ${seed}`)
      assert.ok(at - (wanted - time.microseconds(cycle)) * (hertz / 1e6) - cycle < 2 + hertz / 1e6)
    }
  }
})
