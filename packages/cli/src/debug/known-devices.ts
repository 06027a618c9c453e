/**
 * The devices that were debugged before, by the key in their certificate. The first session with a
 * device notes its key; a later one with another key is refused, because whoever stands between might
 * only pretend to be the device.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../errors.ts'
import { configFolder } from '../folders.ts'
import { writeWhole } from '../whole-file.ts'

/** The user's own list of them. */
export function knownDevicesFile(): string {
  return join(configFolder(), 'known-devices.json')
}

interface SeenDevice {
  readonly deviceSid: string
  readonly serverUrl: string
  /** SHA-256 of its public key, hexadecimal. */
  readonly key: string
}

/** Throws Failure if the file knows the device by another key. */
export async function checkDeviceKey(file: string, device: SeenDevice): Promise<void> {
  const { deviceSid, serverUrl, key } = device
  const known = await readKnown(file)
  const name = `${deviceSid} ${new URL(serverUrl).origin}`
  const before = known[name]
  if (before === key) return
  if (before === undefined) {
    await writeWhole(file, `${JSON.stringify({ ...known, [name]: key }, null, 2)}\n`)
    return
  }
  throw new Failure({
    code: 'DEVICE_KEY_CHANGED',
    message: `device ${deviceSid} shows the key ${key}; the last time it was ${before}. Somebody may be pretending to be the device.`,
    fix: `if the device was provisioned anew, remove its line from ${file}.`,
  })
}

async function readKnown(file: string): Promise<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {}
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new Failure({
      code: 'KNOWN_DEVICES_UNREADABLE',
      message: `${file} is not what it should be: ${error instanceof Error ? error.message : error}.`,
      fix: 'correct the file, or remove it; the next session then notes the keys of devices anew.',
    })
  }
}
