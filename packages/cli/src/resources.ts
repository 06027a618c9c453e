/** Apps and devices as people see them. */
import type { App, Device } from '@microvisor/api'
import { type Column, facts } from './output.ts'

export const deviceColumns: readonly Column<Device>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'UNIQUE NAME', value: ({ unique_name }) => unique_name },
  { title: 'UPDATE', value: ({ app }) => updateStatus(app) },
  { title: 'RUNS', value: ({ app }) => app.reported_sid },
  { title: 'LOGGING', value: ({ logging }) => (logging.enabled ? 'on' : 'off') },
]

export const appColumns: readonly Column<App>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'UNIQUE NAME', value: ({ unique_name }) => unique_name },
  { title: 'CREATED', value: ({ date_created }) => date_created },
]

export function deviceFacts(device: Device): string {
  const { app, logging } = device
  return facts([
    ['sid', device.sid],
    ['unique name', device.unique_name],
    ['account', device.account_sid],
    ['target app', app.target_sid],
    ['target hash', app.target_hash],
    ['targeted', app.date_targeted],
    ['update', updateStatus(app)],
    ['runs app', app.reported_sid],
    ['reported', app.date_reported],
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

function updateStatus(app: Device['app']): string {
  return app.update_status === 'error' ? `error ${app.update_error_code}` : app.update_status
}
