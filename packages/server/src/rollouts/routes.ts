/** Roll-outs over HTTP. */
import * as api from '@microvisor/api'
import { formatDate, formatDateOrNull } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { RolloutParts } from './open.ts'
import type { Counts, RolloutDeviceRow, RolloutRow } from './rollouts.ts'

export function addRolloutRoutes(rest: Rest, { rollouts, engine }: RolloutParts): void {
  const show = async (row: RolloutRow, home: string) =>
    showRollout(row, await rollouts.countsOf(row.sid), home)
  rest.handle(api.listRollouts, async ({ query, caller, home }) => {
    const page = await rollouts.list(caller.accountSid, query)
    const items = await Promise.all(page.items.map((row) => show(row, home)))
    return showPage('rollouts', `${home}/v1/Rollouts`, { ...page, items }, (item) => item)
  })
  rest.handle(api.createRollout, async ({ form, caller, home }) => {
    const row = await rollouts.create(caller.accountSid, form)
    engine.kick()
    return show(row, home)
  })
  rest.handle(api.fetchRollout, async ({ params, caller, home }) =>
    show(await rollouts.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.updateRollout, async ({ params, form, caller, home }) => {
    const row = await rollouts.act(caller.accountSid, params.Sid, form.Action)
    engine.kick()
    return show(row, home)
  })
  rest.handle(api.listRolloutDevices, async ({ params, query, caller, home }) => {
    const { sid } = await rollouts.fetch(caller.accountSid, params.Sid)
    const page = await rollouts.devices(sid, query)
    return showPage('devices', `${home}/v1/Rollouts/${sid}/Devices`, page, showDevice)
  })
}

function showRollout(row: RolloutRow, devices: Counts, home: string): api.Rollout {
  const url = `${home}/v1/Rollouts/${row.sid}`
  return {
    sid: row.sid,
    account_sid: row.accountSid,
    friendly_name: row.friendlyName,
    app_sid: row.appSid,
    state: row.state,
    reason: row.reason,
    stages: row.stages,
    stage: row.stage,
    tag: row.tag,
    approval: row.approval,
    failure_percent: row.failurePercent,
    crashes_per_device: row.crashesPerDevice,
    timeout_minutes: row.timeoutMinutes,
    soak_minutes: row.soakMinutes,
    catches_new: row.catchesNew,
    devices,
    date_created: formatDate(row.createdAt),
    date_updated: formatDate(row.updatedAt),
    url,
    links: { devices: `${url}/Devices` },
  }
}

function showDevice(row: RolloutDeviceRow): api.RolloutDevice {
  return {
    rollout_sid: row.rolloutSid,
    device_sid: row.deviceSid,
    stage: row.stage,
    state: row.state,
    reason: row.reason,
    date_targeted: formatDate(row.targetedAt),
    date_updated: formatDateOrNull(row.updatedAt),
  }
}
