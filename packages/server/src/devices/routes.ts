/** Devices over HTTP. */
import * as api from '@microvisor/api'
import { enumValueName, toHex } from '@microvisor/protocol'
import type { AppSymbols } from '../apps/app-symbols.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import type { Listeners } from '../events/listeners.ts'
import { formatDate, formatDateOrNull } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { Authority } from '../keys/certificates.ts'
import type { Keyring } from '../keys/keyring.ts'
import type { DeviceRow, Devices } from './devices.ts'
import { crashEvent } from './event-text.ts'
import type { LogTail } from './log-tail.ts'
import { isConnected } from './presence.ts'
import { updateStatus } from './update-status.ts'

export interface DeviceRouteParts {
  readonly devices: Devices
  readonly listeners: Listeners
  readonly logTail: LogTail
  readonly authority: Authority
  readonly keyring: Keyring
  readonly bus: Bus
  readonly symbols: Pick<AppSymbols, 'framesOf'>
  /** Where a device finds the gateway, for somebody who knows this service by `home`. */
  readonly gatewayFor: (home: string) => { host: string; port: number }
}

export function addDeviceRoutes(rest: Rest, parts: DeviceRouteParts): void {
  const { devices, listeners } = parts
  rest.handle(api.listDevices, async ({ query, caller, home }) =>
    showPage('devices', `${home}/v1/Devices`, await devices.list(caller.accountSid, query), (row) =>
      showDevice(row, home),
    ),
  )
  rest.handle(api.createDevice, async ({ form, caller, home }) => {
    const made = await devices.create(caller.accountSid, form.Csr, form.UniqueName)
    return {
      ...showDevice(made.device, home),
      certificate: made.certificate,
      ca_certificate: parts.authority.certificate,
      gateway: parts.gatewayFor(home),
      kernel_signer_public_key: toHex(parts.keyring.kernelSigner.publicKey),
      application_signer_public_key: toHex(parts.keyring.applicationSigner.publicKey),
    }
  })
  rest.handle(api.fetchDevice, async ({ params, caller, home }) =>
    showDevice(await devices.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.updateDevice, async ({ params, form, caller, home }) =>
    showDevice(await devices.update(caller.accountSid, params.Sid, form), home),
  )
  rest.handle(api.deleteDevice, ({ params, caller }) =>
    devices.remove(caller.accountSid, params.Sid),
  )
  rest.handle(api.endDeviceDebug, async ({ params, caller }) => {
    const { sid } = await devices.fetch(caller.accountSid, params.Sid)
    parts.bus.publish(deviceNotices(sid), { kind: 'debug-end', by: caller.actor })
  })
  rest.handle(api.listDeviceCrashes, async ({ params, query, caller, home }) => {
    const { sid } = await devices.fetch(caller.accountSid, params.Sid)
    const page = await devices.crashes(sid, query)
    const withFrames = async (row: (typeof page.items)[number]) => {
      const frames = await parts.symbols.framesOf(caller.accountSid, row.report)
      return { ...row, frames }
    }
    const items = await Promise.all(page.items.map(withFrames))
    const url = `${home}/v1/Devices/${sid}/Crashes`
    return showPage('crashes', url, { ...page, items }, ({ report, frames, ...row }) => ({
      device_sid: sid,
      id: row.crashId,
      date_received: formatDate(row.receivedAt),
      text: crashEvent(sid, { ...report, ...(frames && { frames }) }).text,
      crash: report,
      ...(frames && { frames }),
    }))
  })
  rest.handle(api.listDeviceLogs, async ({ params, query, caller, home }) => {
    const { sid } = await devices.fetch(caller.accountSid, params.Sid)
    const page = await parts.logTail.list(sid, query)
    return showPage('lines', `${home}/v1/Devices/${sid}/LogLines`, page, (row) => ({
      timestamp: row.at,
      text: row.text,
      ...(row.dropped > 0 && { dropped: row.dropped }),
    }))
  })
  rest.listen(api.streamDeviceLogs, async ({ params, caller }) => {
    const { sid } = await devices.fetch(caller.accountSid, params.Sid)
    return listeners.open(sid)
  })
}

function showDevice(device: DeviceRow, home: string): api.Device {
  const url = `${home}/v1/Devices/${device.sid}`
  const { targetHash, loggingUntil } = device
  const runsTarget = targetHash !== null && targetHash === device.reportedHash
  const isLogging = loggingUntil !== null && loggingUntil.getTime() > Date.now()
  return {
    sid: device.sid,
    unique_name: device.uniqueName,
    account_sid: device.accountSid,
    app: {
      target_sid: device.targetAppSid,
      target_hash: targetHash && `sha256:${targetHash}`,
      date_targeted: formatDateOrNull(device.targetedAt),
      ...updateStatus(device),
      // Of several Apps with the same content, the one that was asked for.
      reported_sid: runsTarget ? device.targetAppSid : device.reportedAppSid,
      date_reported: formatDateOrNull(device.reportedAt),
    },
    logging: { enabled: isLogging, date_expires: isLogging ? formatDate(loggingUntil) : null },
    connection: {
      connected: isConnected(device),
      date_connected: formatDateOrNull(device.connectedAt),
      date_last_seen: formatDateOrNull(device.seenAt),
      update_bytes_sent: device.updateBytesSentEver,
      address: device.address,
    },
    reported: {
      kernel_version: device.kernelVersion,
      kernel_version_string: device.kernelVersionText,
      running: device.appRunning,
      wake_reason: device.wakeReason,
      wake_reason_name:
        device.wakeReason === null
          ? null
          : (enumValueName('MvWakeReason', device.wakeReason) ?? null),
      layers: device.reportedLayers ?? [],
    },
    update_progress:
      device.updatePhase === null
        ? null
        : {
            phase: device.updatePhase,
            bytes_done: device.updateBytesDone ?? 0,
            bytes_total: device.updateBytesTotal ?? 0,
            bytes_sent: device.updateBytesSent,
            bytes_received: device.updateBytesReceived,
          },
    tags: device.tags,
    attributes: device.attributes,
    date_created: formatDate(device.createdAt),
    date_updated: formatDate(device.updatedAt),
    url,
    links: { device_configs: `${url}/Configs`, device_secrets: `${url}/Secrets` },
  }
}
