/** Paces: a burst at once, then the rate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

test('a burst passes at once, what exceeds it waits as long as the rate says', () => {
  const pace = new Pace(1000, 50)
  assert.equal(pace.take(50), 0)
  const wait = pace.take(100)
  assert.ok(wait > 90 && wait <= 100, String(wait))
  const longer = pace.take(100)
  assert.ok(longer > 190 && longer <= 200, String(longer))
})
