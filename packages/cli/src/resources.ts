/** What the API has, as people see it. */
import {
  type ApiKey,
  type App,
  type AuditEntry,
  type Device,
  type DeviceCertificate,
  isUnfinished,
  type Session,
  type User,
} from '@microvisor/api'
import { type Column, facts } from './output.ts'

export const deviceColumns: readonly Column<Device>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'UNIQUE NAME', value: ({ unique_name }) => unique_name },
  { title: 'PRESENCE', value: ({ connection }) => presence(connection) },
  { title: 'UPDATE', value: ({ app }) => updateStatus(app) },
  { title: 'RUNS', value: ({ app }) => app.reported_sid },
  { title: 'LOGGING', value: ({ logging }) => (logging.enabled ? 'on' : 'off') },
]

export const appColumns: readonly Column<App>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'UNIQUE NAME', value: ({ unique_name }) => unique_name },
  { title: 'CREATED', value: ({ date_created }) => date_created },
]

export const apiKeyColumns: readonly Column<ApiKey>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'NAME', value: ({ friendly_name }) => friendly_name },
  { title: 'SCOPES', value: ({ scopes }) => scopes.join(',') },
  { title: 'USED', value: ({ date_used }) => date_used },
  { title: 'EXPIRES', value: ({ date_expires }) => date_expires ?? 'never' },
]

export const userColumns: readonly Column<User>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'NAME', value: ({ name }) => name },
  { title: 'ROLE', value: ({ role }) => role },
  { title: 'CODES', value: ({ one_time_codes }) => one_time_codes },
  { title: 'CREATED', value: ({ date_created }) => date_created },
]

export const auditColumns: readonly Column<AuditEntry>[] = [
  { title: 'NUMBER', value: ({ number }) => number },
  { title: 'TIME', value: ({ timestamp }) => timestamp },
  { title: 'ACTOR', value: ({ actor }) => actor },
  { title: 'ADDRESS', value: ({ address }) => address },
  {
    title: 'ACTION',
    value: (entry) => (isUnfinished(entry) ? `${entry.action} (unfinished)` : entry.action),
  },
  { title: 'OBJECT', value: ({ object }) => object },
]

export const sessionColumns: readonly Column<Session>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'USER', value: ({ user_sid }) => user_sid },
  { title: 'FROM', value: ({ address }) => address },
  { title: 'SINCE', value: ({ date_created }) => date_created },
  { title: 'UNTIL', value: ({ date_expires }) => date_expires },
]

export const certificateColumns: readonly Column<DeviceCertificate>[] = [
  { title: 'FINGERPRINT', value: ({ fingerprint }) => fingerprint },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'ISSUED', value: ({ date_issued }) => date_issued },
  { title: 'ENDS', value: ({ date_expires }) => date_expires ?? 'never' },
  { title: 'REVOKED', value: ({ date_revoked }) => date_revoked },
]

export function deviceFacts(device: Device): string {
  const { app, logging, reported, update_progress: progress } = device
  return facts([
    ['sid', device.sid],
    ['unique name', device.unique_name],
    ['account', device.account_sid],
    ['presence', presence(device.connection)],
    ['address', device.connection.address],
    ['tags', device.tags.join(', ')],
    ['attributes', attributesOf(device)],
    ['target app', app.target_sid],
    ['target hash', app.target_hash],
    ['targeted', app.date_targeted],
    ['update', updateStatus(app)],
    ['over the air', wire(device)],
    [
      'progress',
      progress && `${progress.phase}, ${progress.bytes_done} of ${progress.bytes_total} bytes`,
    ],
    ['runs app', app.reported_sid],
    ['reported', app.date_reported],
    ['runs', reported.running],
    ['started because', reported.wake_reason_name],
    ['kernel', reported.kernel_version_string],
    ...reported.layers.map(
      ({ place, start, size, measurement_hash }, i) =>
        [
          `layer ${i}`,
          `${place} ${start}+${size} sha256:${measurement_hash.slice(0, 16)}…`,
        ] as const,
    ),
    ['logging', logging.enabled ? `on until ${logging.date_expires}` : 'off'],
    ['created', device.date_created],
    ['updated', device.date_updated],
  ])
}

export function appFacts(app: App): string {
  return facts([
    ['sid', app.sid],
    ['unique name', app.unique_name],
    ['account', app.account_sid],
    ['hash', app.hash],
    ['created', app.date_created],
  ])
}

/** What the last update cost on the wire, by both ends' count. */
export function wire({ update_progress }: Pick<Device, 'update_progress'>): string | undefined {
  if (update_progress === null) return undefined
  const { bytes_sent, bytes_received } = update_progress
  const differs = bytes_sent === bytes_received ? '' : ` (the device counts ${bytes_received})`
  return `${bytes_sent} bytes${differs}`
}

function attributesOf({ attributes }: Device): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}

function updateStatus(app: Device['app']): string {
  return app.update_status === 'error' ? `error ${app.update_error_code}` : app.update_status
}

function presence({ connected, date_last_seen }: Device['connection']): string {
  if (connected) return 'connected'
  return date_last_seen === null ? 'never seen' : `last seen ${date_last_seen}`
}
