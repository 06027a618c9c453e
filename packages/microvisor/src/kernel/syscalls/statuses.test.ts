/**
 * Every status that the table lists for a call is reached, and no other. A row says in which state
 * and with which arguments; pointers have a sweep of their own (pointers.test.ts).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Status, statusesOf, systemCallNames } from '@microvisor/protocol'
import { runningBench } from '../../testing/running.ts'
import { elsewhere, statusRows } from '../../testing/statuses/rows.ts'

const byCall = Map.groupBy(statusRows, ([call]) => call)

for (const [call, rows] of byCall) {
  test(`${call} answers what its table says`, () => {
    for (const [i, [, status, arrange]] of rows.entries()) {
      const bench = runningBench()
      assert.equal(bench.call(call, ...arrange(bench)), Status[status], `row ${i}, ${status}`)
    }
  })
}

test('the rows reach every status of each call they name', () => {
  for (const [call, rows] of byCall) {
    const reached = [...rows, ...elsewhere.filter(([name]) => name === call)]
    const statuses = new Set(reached.map(([, status]) => Status[status]))
    assert.deepEqual([...statuses].toSorted(), [...statusesOf(call)].toSorted(), call)
  }
})

test('every call has rows', () => {
  assert.deepEqual(
    systemCallNames.filter((call) => !byCall.has(call)),
    [],
  )
})
