import assert from 'node:assert/strict'
import { test } from 'node:test'
import { causesOf, describeFault, faultCauses } from './fault-status.ts'

const none = { cfsr: 0, hfsr: 0, sfsr: 0 }

test('every bit that names a cause is told by its name alone', () => {
  for (const { register, bit, name } of faultCauses) {
    const found = causesOf({ ...none, [register]: (1 << bit) >>> 0 })
    assert.deepEqual(
      found.map((cause) => cause.name),
      [name],
    )
  }
})

test('several causes are all told, and validity of addresses and escalation are none', () => {
  assert.equal(
    describeFault({ cfsr: 0x0200_8200, hfsr: 0x4000_0000, sfsr: 0x40 }),
    'data access where there is nothing (PRECISERR), division by zero (DIVBYZERO)',
  )
  assert.equal(describeFault(none), '')
})
