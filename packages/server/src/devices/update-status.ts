/**
 * How a Device's update stands, from what it should run and what it last said. Nothing else is kept,
 * so a server that starts again knows as much as before.
 *
 *   no target                           up-to-date
 *   it says it runs the target          up-to-date
 *   the last attempt at this one failed error, with the device's own code
 *   otherwise                           pending
 */
import type { Device } from '@microvisor/api'

export interface UpdateFacts {
  readonly targetHash: string | null
  readonly reportedHash: string | null
  readonly updateErrorCode: number
  readonly updateErrorHash: string | null
}

type Status = Pick<Device['app'], 'update_status' | 'update_error_code'>

export function updateStatus(facts: UpdateFacts): Status {
  const { targetHash, reportedHash, updateErrorCode, updateErrorHash } = facts
  if (targetHash === null || targetHash === reportedHash)
    return { update_status: 'up-to-date', update_error_code: 0 }
  if (updateErrorCode !== 0 && updateErrorHash === targetHash)
    return { update_status: 'error', update_error_code: updateErrorCode }
  return { update_status: 'pending', update_error_code: 0 }
}
