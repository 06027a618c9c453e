/** Roll-outs as people see them. */
import type { Rollout, RolloutDevice } from '@microvisor/api'
import { type Column, facts } from './output.ts'

export const rolloutColumns: readonly Column<Rollout>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'NAME', value: ({ friendly_name }) => friendly_name },
  { title: 'APP', value: ({ app_sid }) => app_sid },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'STAGE', value: stageOf },
  { title: 'UPDATED', value: ({ devices }) => `${devices.updated} of ${totalOf(devices)}` },
  { title: 'FAILED', value: ({ devices }) => devices.failed },
]

export const rolloutDeviceColumns: readonly Column<RolloutDevice>[] = [
  { title: 'DEVICE', value: ({ device_sid }) => device_sid },
  { title: 'STAGE', value: ({ stage }) => stage + 1 },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'REASON', value: ({ reason }) => reason },
  { title: 'TARGETED', value: ({ date_targeted }) => date_targeted },
  { title: 'UPDATED', value: ({ date_updated }) => date_updated },
]

export function rolloutFacts(rollout: Rollout): string {
  const { devices } = rollout
  return facts([
    ['sid', rollout.sid],
    ['name', rollout.friendly_name],
    ['app', rollout.app_sid],
    ['state', rollout.state],
    ['reason', rollout.reason],
    ['stage', stageOf(rollout)],
    ['devices', rollout.tag === null ? 'all' : `tag ${rollout.tag}`],
    ['updated', devices.updated],
    ['pending', devices.pending],
    ['failed', devices.failed],
    ['skipped', devices.skipped],
    ['stops at', `more than ${rollout.failure_percent} % failed`],
    ['fails after', `${rollout.timeout_minutes} min, or ${rollout.crashes_per_device} crashes`],
    ['watched for', `${rollout.soak_minutes} min`],
    ['approval', rollout.approval],
    ['new devices', rollout.catches_new],
  ])
}

function stageOf({ stage, stages }: Rollout): string {
  return `${stages[stage]} (${stage + 1} of ${stages.length})`
}

function totalOf({ pending, updated, failed }: Rollout['devices']): number {
  return pending + updated + failed
}
