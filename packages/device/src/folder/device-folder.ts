/**
 * The folder of one device: which files it has, and how they change. Small files are replaced
 * whole (temporary file, then rename), so that a reader and a crash see the old or the new one.
 *
 *   device.json          what the device is; only its gateway ever changes
 *   device.key           its private key, PKCS #8 PEM, readable by the owner only
 *   device.crt, ca.crt   its certificate; the authority that it and the gateway go back to
 *   fuses.bin            one-time-programmable area, 512 bytes
 *   option-bytes.bin     option bytes, 48 bytes: what of the chip is closed
 *   internal-flash.bin   2 MiB, byte for byte
 *   external-flash.bin   8 MiB, each byte inverted: an erased cell is a hole in a sparse file
 *   state.json           how it is doing; for people and tools, the device itself does not read it
 *   report.json          what of the chip and the microvisor was used and is not modelled
 *   network.json         the networks around it, if they are not the usual ones; may change while it runs
 *   lock                 who runs it now
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DeviceError } from '../errors.ts'

const FILES = {
  record: 'device.json',
  key: 'device.key',
  certificate: 'device.crt',
  ca: 'ca.crt',
  fuses: 'fuses.bin',
  optionBytes: 'option-bytes.bin',
  internalFlash: 'internal-flash.bin',
  externalFlash: 'external-flash.bin',
  status: 'state.json',
  report: 'report.json',
  network: 'network.json',
  lock: 'lock',
} as const

export type DeviceFile = keyof typeof FILES

/** What a device is: device.json. */
export interface DeviceRecord {
  readonly sid: string
  readonly accountSid: string
  readonly name: string | undefined
  readonly gateway: { readonly host: string; readonly port: number }
}

export function devicePath(folder: string, file: DeviceFile): string {
  return join(folder, FILES[file])
}

export function isDeviceFolder(folder: string): boolean {
  return existsSync(devicePath(folder, 'record'))
}

/** Throws DeviceError when the folder holds no device or a damaged one. */
export function readDeviceRecord(folder: string): DeviceRecord {
  if (!isDeviceFolder(folder)) {
    throw new DeviceError('DEVICE_FOLDER_MISSING', `There is no device in ${folder}.`)
  }
  const record = readJson(folder, 'record')
  if (!isRecord(record)) throw damaged(folder, 'record', 'it does not describe a device')
  const { sid, accountSid, name, gateway } = record
  return { sid, accountSid, name, gateway }
}

/** Where the device finds its gateway from its next start on. */
export function moveDevice(folder: string, gateway: DeviceRecord['gateway']): void {
  writeJson(folder, 'record', { ...readDeviceRecord(folder), gateway })
}

export function readDeviceFile(folder: string, file: DeviceFile): Buffer {
  try {
    return readFileSync(devicePath(folder, file))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DeviceError('DEVICE_FILE_DAMAGED', `${devicePath(folder, file)}: ${reason}.`, {
      cause,
    })
  }
}

/** A JSON file of the folder; undefined if it is not there. */
export function readJson(folder: string, file: DeviceFile): unknown {
  if (!existsSync(devicePath(folder, file))) return undefined
  try {
    return JSON.parse(readDeviceFile(folder, file).toString('utf8'))
  } catch (cause) {
    if (cause instanceof DeviceError) throw cause
    throw damaged(folder, file, 'it is not JSON')
  }
}

export function writeDeviceFile(
  folder: string,
  file: DeviceFile,
  content: Uint8Array | string,
  mode = 0o644,
): void {
  const path = devicePath(folder, file)
  const temporary = `${path}.new`
  writeFileSync(temporary, content, { mode })
  renameSync(temporary, path)
}

export function writeJson(folder: string, file: DeviceFile, value: unknown): void {
  writeDeviceFile(folder, file, `${JSON.stringify(value, undefined, 2)}\n`)
}

export function damaged(folder: string, file: DeviceFile, why: string): DeviceError {
  return new DeviceError('DEVICE_FILE_DAMAGED', `${devicePath(folder, file)} is damaged: ${why}.`)
}

function isRecord(value: unknown): value is DeviceRecord {
  if (typeof value !== 'object' || value === null) return false
  const { sid, accountSid, gateway } = value as Partial<DeviceRecord>
  return (
    typeof sid === 'string' &&
    typeof accountSid === 'string' &&
    typeof gateway?.host === 'string' &&
    Number.isInteger(gateway.port)
  )
}
