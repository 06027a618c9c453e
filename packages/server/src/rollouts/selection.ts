/**
 * Which devices a roll-out is for, stage by stage, as conditions on their rows. A percentage goes by a
 * hash of roll-out and device: the same devices each time it is asked, others in another roll-out, and
 * a device that is enrolled later has its place, too.
 */
import { and, arrayContains, eq, or, type SQL, sql } from 'drizzle-orm'
import { devices } from '../storage/schema.ts'
import type { RolloutRow } from './rollouts.ts'

/** All devices that it may ever reach. */
function isChosen({ accountSid, tag }: RolloutRow): SQL | undefined {
  return and(
    eq(devices.accountSid, accountSid),
    tag === null ? undefined : arrayContains(devices.tags, [tag]),
  )
}

/** Of those, the ones of its stage and the stages before. */
export function isDue(rollout: RolloutRow): SQL | undefined {
  const begun = rollout.stages.slice(0, rollout.stage + 1)
  return and(isChosen(rollout), or(...begun.map((stage) => isOfStage(rollout, stage))))
}

function isOfStage(rollout: RolloutRow, stage: string): SQL | undefined {
  const tag = /^tag:(.*)$/.exec(stage)?.[1]
  if (tag !== undefined) return arrayContains(devices.tags, [tag])
  const percent = Number.parseFloat(stage)
  if (percent >= 100) return sql`true`
  // At least one, however few there are: a stage without devices would prove nothing.
  const first = sql`(SELECT min(${placeOf(rollout)}) FROM ${devices} WHERE ${isChosen(rollout)})`
  return or(
    sql`${placeOf(rollout)} < ${Math.floor((percent / 100) * PLACES)}::bigint`,
    sql`${placeOf(rollout)} = ${first}`,
  )
}

const PLACES = 2 ** 32

/** A device's place among all, from 0 to 2^32 - 1. */
function placeOf({ sid }: RolloutRow): SQL {
  return sql`('x' || substr(md5(${sid} || ${devices.sid}), 1, 8))::bit(32)::bigint`
}
