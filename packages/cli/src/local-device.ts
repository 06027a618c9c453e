/**
 * Virtual devices on this machine: made with the account's credentials the first time, found again
 * in their folders afterwards.
 */
import { existsSync, readdirSync } from 'node:fs'
import {
  type ClockMode,
  type DeviceRecord,
  isDeviceFolder,
  openDevice,
  provisionDevice,
  readDeviceOverview,
} from '@microvisor/device'
import { type BenchLine, benchEvents, factoryBench } from './bench-view.ts'
import type { Cloud } from './cloud.ts'
import { EXIT, Failure, usageError } from './errors.ts'
import { isPassing } from './events.ts'
import { deviceFolder, devicesFolder } from './folders.ts'
import { aborted } from './interruption.ts'
import { followGateway } from './local-gateway.ts'

const DEFAULT_DEVICE = 'first-device'

export interface PrepareOptions {
  readonly data: string
  readonly name: string | undefined
  readonly connect: () => Promise<Cloud>
  readonly progress: (line: string) => void
}

/** The folder of the device that is meant, which is made if it is new. Throws Failure. */
export async function prepareDevice(options: PrepareOptions): Promise<string> {
  const { data, connect, progress } = options
  const isNamed = options.name !== undefined || localDevices(data).length > 0
  const name = isNamed ? chooseLocalDevice(data, options.name) : DEFAULT_DEVICE
  const folder = deviceFolder(data, name)
  if (!isDeviceFolder(folder)) {
    const cloud = await connect()
    progress(`Making device ${name}...`)
    const { sid } = await makeDevice(cloud, { folder, name })
    progress(`Device ${sid} is in ${folder}.`)
    return folder
  }
  const place = followGateway(data, folder)
  if (place !== undefined) progress(`The server's gateway has moved: ${name} follows to ${place}.`)
  await warnOfAbsence(folder, options)
  return folder
}

/** Makes a device; one that exists is refused. Throws Failure, DeviceError. */
export async function provisionLocalDevice(
  options: Omit<PrepareOptions, 'progress'> & { readonly name: string },
): Promise<DeviceRecord & { folder: string }> {
  checkDeviceName(options.name)
  const folder = deviceFolder(options.data, options.name)
  if (isDeviceFolder(folder)) {
    throw new Failure({
      code: 'DEVICE_PROVISIONED',
      message: `the device in ${folder} has been provisioned: its fuses and option bytes are burned.`,
      fix: `run it with \`microvisor device run ${options.name}\`, or choose another name.`,
    })
  }
  return { ...(await makeDevice(await options.connect(), { ...options, folder })), folder }
}

/** A device that exists runs without a server, too; it connects when there is one. */
async function warnOfAbsence(folder: string, { connect, progress }: PrepareOptions): Promise<void> {
  try {
    await checkOwner(await connect(), folder)
  } catch (error) {
    const isWithoutSettings = error instanceof Failure && error.exitCode === EXIT.usage
    if (!isPassing(error) && !isWithoutSettings) throw error
    progress(`${error.message} The device runs, and connects when it can.`)
  }
}

export interface RunOptions {
  readonly clock: ClockMode
  readonly isSerialShown: boolean
  /** The device stands on the bench of the factory test. */
  readonly isOnBench: boolean
  readonly show: (line: BenchLine) => void
  readonly signal: AbortSignal
}

/** Runs the device until interrupted. Throws Failure when it locks down. */
export async function runDevice(folder: string, options: RunOptions): Promise<void> {
  const { sid, gateway } = readDeviceOverview(folder).record
  const ending = new AbortController()
  let failure: Failure | undefined
  const device = openDevice(folder, {
    clock: options.clock,
    ...(options.isOnBench ? { factoryTest: factoryBench(options.show) } : {}),
    events: {
      ...benchEvents({ ...options, gateway: `${gateway.host}:${gateway.port}` }),
      lockedDown: ({ reason, detail }) => {
        failure = lockedDown(folder, reason, detail)
        ending.abort()
      },
      powerLost: (reason) => {
        failure = powerLost(folder, reason)
        ending.abort()
      },
    },
  })
  const text = `device ${sid} in ${folder}`
  options.show({ kind: 'boot', text, facts: { event: 'opened', sid, folder } })
  try {
    device.start()
    await aborted(AbortSignal.any([options.signal, ending.signal]))
  } finally {
    device.stop()
  }
  if (failure) throw failure
}

function lockedDown(folder: string, reason: string, detail: string): Failure {
  return new Failure({
    code: 'DEVICE_LOCKED_DOWN',
    message: `the device in ${folder} refused to boot (${reason}): ${detail}`,
    fix: 'that is what it has to do when its memory was changed. Put the memory back, or remove the folder and make a new device.',
    details: { reason },
  })
}

function powerLost(folder: string, reason: string): Failure {
  return new Failure({
    code: 'DEVICE_LOST_POWER',
    message: `the device in ${folder} stopped as if its power had been cut: ${reason}`,
    fix: 'make room on the disk and see that the folder can be written; started again, the device goes on where it was.',
  })
}

/** What a folder and a unique name can both be. */
function checkDeviceName(name: string): void {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name) && !name.endsWith('.partial')) return
  throw usageError(
    `\`${name}\` cannot name a device of this machine.`,
    'use letters, digits, dots, dashes and underscores, at most 64, beginning with a letter or digit.',
  )
}

/** The devices of a data folder, by their folders' names. */
export function localDevices(data: string): string[] {
  const folder = devicesFolder(data)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.partial'))
    .map(({ name }) => name)
    .sort()
}

/** The one that is meant: named, or the only one. */
export function chooseLocalDevice(data: string, given: string | undefined): string {
  if (given !== undefined) {
    checkDeviceName(given)
    return given
  }
  const names = localDevices(data)
  if (names.length === 1) return names[0]!
  if (names.length === 0) {
    throw new Failure({
      code: 'NO_DEVICE',
      message: `there is no device in ${devicesFolder(data)}.`,
      fix: 'make one with `microvisor device run`, or name another data folder with --data.',
    })
  }
  throw usageError(
    `there are several devices in ${devicesFolder(data)}: ${names.join(', ')}.`,
    'name the one that is meant.',
  )
}

/** Enrols a new device with the cloud and writes its folder. Can be repeated after a failure. */
function makeDevice(
  { api, client }: Cloud,
  { folder, name }: { folder: string; name: string },
): Promise<DeviceRecord> {
  return provisionDevice({
    folder,
    enrol: async (csr) => {
      const form = { Csr: csr, UniqueName: name }
      const device = await client.call(api.createDevice, { form })
      return {
        sid: device.sid,
        accountSid: device.account_sid,
        name,
        certificate: device.certificate,
        caCertificate: device.ca_certificate,
        gateway: device.gateway,
        kernelSigner: device.kernel_signer_public_key,
        applicationSigner: device.application_signer_public_key,
      }
    },
    fetchKernel: async () => {
      const { buildKernelBundle } = await import('@microvisor/device')
      const file = { bytes: await buildKernelBundle(), fileName: 'kernel.zip' }
      const { hash } = await client.upload(api.createKernel, { file })
      return client.call(api.fetchKernelBundle, { params: { Hash: hash } })
    },
  })
}

/** Throws Failure if the folder's device is none that this server and account would accept. */
async function checkOwner({ api, client, connection }: Cloud, folder: string) {
  const { sid, accountSid } = readDeviceOverview(folder).record
  const fix = `use the server and account it was made for, or remove ${folder} to make a new device.`
  if (connection.accountSid.toLowerCase() !== accountSid.toLowerCase()) {
    throw new Failure({
      code: 'DEVICE_OF_OTHER_ACCOUNT',
      message: `the device in ${folder} belongs to account ${accountSid}, not to ${connection.accountSid}.`,
      fix,
    })
  }
  try {
    await client.call(api.fetchDevice, { params: { Sid: sid } })
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.code !== 'DEVICE_NOT_FOUND') throw error
    throw new Failure({
      code: 'DEVICE_OF_OTHER_SERVER',
      message: `the device in ${folder} (${sid}) is unknown at ${connection.url}: it was made for another server, or removed there.`,
      fix,
      cause: error,
    })
  }
}
