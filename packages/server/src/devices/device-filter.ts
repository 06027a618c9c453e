/** Which devices a list is about, as a condition on their rows. */
import { and, arrayContains, eq, isNotNull, like, not, or, type SQL, sql } from 'drizzle-orm'
import { apps, devices, servers } from '../storage/schema.ts'
import { GONE_MS } from './presence.ts'

export interface DeviceFilter {
  readonly Tag?: string | undefined
  /** `name=value`. */
  readonly Attribute?: string | undefined
  readonly Name?: string | undefined
  readonly Connected?: boolean | undefined
  readonly UpdateStatus?: 'up-to-date' | 'pending' | 'error' | undefined
  readonly TargetApp?: string | undefined
  readonly RunsApp?: string | undefined
}

/** For queries that join a device's target App and its server. */
export function matchingDevices(filter: DeviceFilter): SQL | undefined {
  const { Tag, Attribute, Name, Connected, UpdateStatus, TargetApp, RunsApp } = filter
  return and(
    given(Tag, (tag) => arrayContains(devices.tags, [tag])),
    given(Attribute, hasAttribute),
    given(Name, (name) => like(devices.uniqueName, `${name.replace(/[\\%_]/g, '\\$&')}%`)),
    given(Connected, (isThere) => (isThere ? connected() : not(connected()))),
    given(UpdateStatus, hasStatus),
    given(TargetApp, (sid) => eq(devices.targetAppSid, sid)),
    given(RunsApp, (sid) => eq(devices.reportedAppSid, sid)),
  )
}

function given<T>(value: T | undefined, condition: (value: T) => SQL | undefined) {
  return value === undefined ? undefined : condition(value)
}

function hasAttribute(text: string): SQL {
  const at = text.indexOf('=')
  const wanted = { [text.slice(0, at)]: text.slice(at + 1) }
  return sql`${devices.attributes} @> ${JSON.stringify(wanted)}::jsonb`
}

/** As `isConnected` says of a row. */
function connected(): SQL {
  const alive = sql`${servers.seenAt} > now() - make_interval(secs => ${GONE_MS / 1000})`
  return sql`coalesce(${and(isNotNull(devices.connectionId), alive)}, false)`
}

/** As `updateStatus` says of a row. */
function hasStatus(status: 'up-to-date' | 'pending' | 'error'): SQL | undefined {
  const isDone = sql`(${apps.manifestHash} IS NULL OR ${apps.manifestHash} IS NOT DISTINCT FROM ${devices.reportedHash})`
  const hasFailed = sql`(${devices.updateErrorCode} <> 0 AND ${devices.updateErrorHash} IS NOT DISTINCT FROM ${apps.manifestHash})`
  if (status === 'up-to-date') return isDone
  if (status === 'error') return and(not(isDone), hasFailed)
  return not(or(isDone, hasFailed) as SQL)
}
