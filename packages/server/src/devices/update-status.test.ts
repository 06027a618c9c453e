/** The update status over all combinations of what can be known. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { updateStatus } from './update-status.ts'

test('the status follows from target, report and last failure', () => {
  const hashes = [null, 'a', 'b'] as const
  for (const targetHash of hashes)
    for (const reportedHash of hashes)
      for (const updateErrorHash of hashes)
        for (const updateErrorCode of [0, 5]) {
          const facts = { targetHash, reportedHash, updateErrorHash, updateErrorCode }
          const status = updateStatus(facts)
          const isThere = targetHash === null || targetHash === reportedHash
          const hasFailed = !isThere && updateErrorCode === 5 && updateErrorHash === targetHash
          const expected = isThere ? 'up-to-date' : hasFailed ? 'error' : 'pending'
          assert.deepEqual(
            status,
            { update_status: expected, update_error_code: hasFailed ? 5 : 0 },
            JSON.stringify(facts),
          )
        }
})
