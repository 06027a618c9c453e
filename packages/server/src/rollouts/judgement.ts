/**
 * What became of a roll-out's devices, from what they say. In this order; what comes later overrules.
 *
 *   runs the App                                   updated
 *   its update to the App failed                   failed
 *   has not run it in time                         failed: silence is one
 *   crashed too often since it runs it             failed
 *   somebody gave it another target meanwhile      skipped: it is no longer the roll-out's
 */
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '../storage/database.ts'
import { deviceCrashes, devices, rolloutDevices } from '../storage/schema.ts'
import type { RolloutDeviceRow, RolloutRow } from './rollouts.ts'

type State = RolloutDeviceRow['state']

export async function judgeDevices(tx: Transaction, row: RolloutRow): Promise<void> {
  const judge = (from: State[], when: SQL, set: { state: State; reason: string | SQL | null }) =>
    tx
      .update(rolloutDevices)
      .set({ ...set, ...(set.state === 'updated' && { updatedAt: sql`now()` as unknown as Date }) })
      .from(devices)
      .where(
        and(
          eq(rolloutDevices.rolloutSid, row.sid),
          eq(devices.sid, rolloutDevices.deviceSid),
          inArray(rolloutDevices.state, from),
          when,
        ),
      )
  await judge(
    ['pending', 'failed'],
    sql`${devices.reportedHash} = ${row.appHash} AND ${rolloutDevices.updatedAt} IS NULL`,
    { state: 'updated', reason: null },
  )
  await judge(
    ['pending'],
    sql`${devices.updateErrorHash} = ${row.appHash} AND ${devices.updateErrorCode} <> 0`,
    {
      state: 'failed',
      reason: sql`'its update failed with error ' || ${devices.updateErrorCode}::text`,
    },
  )
  await judge(
    ['pending'],
    sql`${rolloutDevices.targetedAt} + make_interval(secs => ${row.timeoutMinutes * 60}) < now()`,
    { state: 'failed', reason: `it did not run it within ${row.timeoutMinutes} minutes` },
  )
  const crashes = sql`(SELECT count(*) FROM ${deviceCrashes} WHERE ${deviceCrashes.deviceSid} = ${devices.sid} AND ${deviceCrashes.manifestHash} = ${row.appHash} AND ${deviceCrashes.receivedAt} >= ${rolloutDevices.targetedAt})`
  await judge(['updated', 'pending'], sql`${crashes} >= ${row.crashesPerDevice}`, {
    state: 'failed',
    reason: `it crashed ${row.crashesPerDevice} times or more`,
  })
  await judge(['pending'], sql`${devices.targetAppSid} IS DISTINCT FROM ${row.appSid}`, {
    state: 'skipped',
    reason: 'it got another target meanwhile',
  })
}
