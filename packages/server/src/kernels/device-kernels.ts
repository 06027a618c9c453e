/** Kernels for devices, over HTTP: the target is a column of the device, which its connection reads. */
import * as api from '@microvisor/api'
import { eq } from 'drizzle-orm'
import type { DeviceRow, Devices } from '../devices/devices.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import type { Rest } from '../http/rest.ts'
import type { Database } from '../storage/database.ts'
import { devices as table } from '../storage/schema.ts'
import type { Kernels } from './kernels.ts'

export interface DeviceKernelParts {
  readonly db: Database
  readonly devices: Devices
  readonly kernels: Kernels
  readonly bus: Bus
}

export function addDeviceKernelRoutes(rest: Rest, parts: DeviceKernelParts): void {
  const { db, devices, kernels, bus } = parts
  rest.handle(api.fetchDeviceKernel, async ({ params, caller, home }) =>
    show(await devices.fetch(caller.accountSid, params.DeviceSid), home),
  )
  rest.handle(api.deployKernel, async ({ params, form, caller, home }) => {
    const { accountSid } = caller
    const { sid } = await devices.fetch(accountSid, params.DeviceSid)
    if (form.Hash !== '') await kernels.fetch(accountSid, form.Hash)
    const targetKernelHash = form.Hash.replace('sha256:', '') || null
    await db.update(table).set({ targetKernelHash }).where(eq(table.sid, sid))
    bus.publish(deviceNotices(sid), { kind: 'changed' })
    return show(await devices.fetch(accountSid, sid), home)
  })
}

function show(device: DeviceRow, home: string): api.DeviceKernel {
  return {
    device_sid: device.sid,
    target_hash: device.targetKernelHash === null ? null : `sha256:${device.targetKernelHash}`,
    reported_version: device.kernelVersion,
    reported_version_string: device.kernelVersionText,
    url: `${home}/v1/Devices/${device.sid}/Kernel`,
  }
}
