/**
 * Waiting for a device to run what it was told to run.
 *
 * What counts is the device's resource, asked again and again: it is right also after this program
 * or the server was away. Events only make the wait less dull.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Device } from '@microvisor/api'
import { UpdateError } from '@microvisor/protocol'
import type { Cloud } from './cloud.ts'
import { Failure } from './errors.ts'
import { isPassing } from './events.ts'

const ASK_EVERY_MS = 200

export interface WatchOptions {
  readonly device: string
  readonly app: string
  readonly signal: AbortSignal
  /** Undefined: as long as it takes. */
  readonly timeoutSeconds: number | undefined
  /** The device's own words about the last failure, if it has said any. */
  readonly lastFailure: () => string | undefined
}

/** Resolves when the device reports the app; undefined when interrupted. Throws Failure. */
export async function watchUpdate(
  cloud: Cloud,
  options: WatchOptions,
): Promise<Device | undefined> {
  const started = performance.now()
  while (!options.signal.aborted) {
    const device = await ask(cloud, options)
    if (device && isSettled(device, options)) return device
    if (performance.now() - started > (options.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000) {
      throw timedOut(options)
    }
    await sleep(ASK_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined)
  }
  return undefined
}

async function ask({ api, client }: Cloud, { device, signal }: WatchOptions) {
  try {
    return await client.call(api.fetchDevice, { params: { Sid: device } }, { signal })
  } catch (error) {
    if (signal.aborted || isPassing(error)) return undefined
    throw error
  }
}

function isSettled(device: Device, { app: wanted, lastFailure }: WatchOptions): boolean {
  const { target_sid, update_status, update_error_code } = device.app
  if (target_sid !== wanted) {
    throw new Failure({
      code: 'TARGET_CHANGED',
      message: `device ${device.sid} was given another target meanwhile: ${target_sid ?? 'none'} instead of ${wanted}.`,
      fix: 'somebody else deploys to this device; agree with them, then deploy again.',
    })
  }
  if (update_status !== 'error') return update_status === 'up-to-date'
  const said = lastFailure() ?? UpdateError[update_error_code]
  throw new Failure({
    code: 'UPDATE_FAILED',
    message: `device ${device.sid} could not install ${wanted}: error ${update_error_code}${said ? ` (${said})` : ''}. It runs ${device.app.reported_sid ?? 'no application'}.`,
    fix: 'correct the cause and deploy again; the device keeps what it had until then.',
    details: { update_error_code },
  })
}

function timedOut({ device, app, timeoutSeconds }: WatchOptions): Failure {
  return new Failure({
    code: 'UPDATE_UNFINISHED',
    message: `device ${device} does not run ${app} after ${timeoutSeconds} s.`,
    fix: 'the target stands, and the device will update when it can: follow it with `microvisor logs stream`.',
  })
}
