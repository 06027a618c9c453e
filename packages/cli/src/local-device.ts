/**
 * Virtual devices on this machine: made with the account's credentials the first time, found again
 * in their folders afterwards.
 */
import { existsSync, readdirSync } from 'node:fs'
import { type DeviceRecord, provisionDevice, readDeviceRecord } from '@microvisor/device'
import type { Cloud } from './cloud.ts'
import { Failure, usageError } from './errors.ts'
import { devicesFolder } from './folders.ts'

export const DEFAULT_DEVICE = 'first-device'

/** What a folder and a unique name can both be. */
export function checkDeviceName(name: string): void {
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
export function makeDevice(
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
export async function checkOwner({ api, client, connection }: Cloud, folder: string) {
  const { sid, accountSid } = readDeviceRecord(folder)
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
