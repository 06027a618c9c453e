/**
 * Where the gateway of this machine's server is, in DATA/gateway.json: `up` writes it, and devices of
 * the same data folder go there when they start, wherever the gateway was when they were made.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeviceRecord, moveDevice, readDeviceOverview } from '@microvisor/device'
import { writeWhole } from './whole-file.ts'

type Place = Pick<DeviceRecord, 'accountSid' | 'gateway'>

export function noteGateway(data: string, place: Place): Promise<void> {
  return writeWhole(gatewayFile(data), `${JSON.stringify(place, null, 2)}\n`)
}

/** Where the device will go from now on, if that is another place than before. */
export function followGateway(data: string, folder: string): string | undefined {
  const place = readPlace(data)
  const { accountSid, gateway } = readDeviceOverview(folder).record
  // A device of another account was made for another server.
  if (place === undefined || place.accountSid !== accountSid) return undefined
  const { host, port } = place.gateway
  if (host === gateway.host && port === gateway.port) return undefined
  moveDevice(folder, { host, port })
  return `${host}:${port}`
}

function gatewayFile(data: string): string {
  return join(data, 'gateway.json')
}

/** Undefined where no server was, and for a file that says nothing: devices do without. */
function readPlace(data: string): Place | undefined {
  try {
    const place = JSON.parse(readFileSync(gatewayFile(data), 'utf8')) as Partial<Place>
    const { accountSid, gateway } = place
    const isPlace = typeof gateway?.host === 'string' && Number.isInteger(gateway.port)
    return isPlace && typeof accountSid === 'string' ? { accountSid, gateway } : undefined
  } catch {
    return undefined
  }
}
