/**
 * Which device a command means: the one that is named, or the only one there is.
 */
import type { Device } from '@microvisor/api'
import type { Cloud } from './cloud.ts'
import { Failure, usageError } from './errors.ts'

/** More than this many are not listed as choices. */
const CHOICES_MAX = 20

export async function chooseDevice(
  { api, client }: Cloud,
  given: string | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Device> {
  const name = given ?? environment.MV_DEVICE_SID
  if (name) return client.call(api.fetchDevice, { params: { Sid: name } })
  const found: Device[] = []
  for await (const device of client.each(api.listDevices)) {
    found.push(device)
    if (found.length > CHOICES_MAX) break
  }
  if (found.length === 1) return found[0]!
  if (found.length === 0) {
    throw new Failure({
      code: 'NO_DEVICE',
      message: 'this account has no device.',
      fix: 'make a virtual one with `microvisor device run`.',
    })
  }
  const choices = found.slice(0, CHOICES_MAX).map(nameOf).join(', ')
  throw usageError(
    `this account has several devices, and none is named: ${choices}${found.length > CHOICES_MAX ? ', …' : ''}.`,
    'name one by its SID or unique name (--device), or set MV_DEVICE_SID.',
  )
}

function nameOf({ sid, unique_name }: { sid: string; unique_name: string | null }): string {
  return unique_name === null ? sid : `${unique_name} (${sid})`
}
