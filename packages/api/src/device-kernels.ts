/** Which kernel a device should run. An addition to the original API, whose vendor rolled kernels out. */
import { z } from 'zod'
import { route } from './route.ts'
import { DeviceSid, Hash, SidOrName, Url } from './values.ts'

export const DeviceKernel = z
  .object({
    device_sid: DeviceSid,
    target_hash: Hash.nullable().meta({ description: 'of the kernel that it should run' }),
    reported_version: z.int().nullable(),
    reported_version_string: z.string().nullable(),
    url: Url,
  })
  .meta({ id: 'DeviceKernel' })
export type DeviceKernel = z.output<typeof DeviceKernel>

const OneDevice = z.strictObject({ DeviceSid: SidOrName })

export const fetchDeviceKernel = route({
  name: 'fetchDeviceKernel',
  method: 'GET',
  path: '/v1/Devices/:DeviceSid/Kernel',
  summary: 'Which kernel a Device runs, and which it should',
  params: OneDevice,
  returns: DeviceKernel,
  errors: ['DEVICE_NOT_FOUND'],
})

export const deployKernel = route({
  name: 'deployKernel',
  method: 'POST',
  path: '/v1/Devices/:DeviceSid/Kernel',
  summary: 'Update the kernel of a Device over the air',
  params: OneDevice,
  form: z.strictObject({
    Hash: Hash.or(z.literal('')).meta({ description: 'of an uploaded kernel; empty: no target' }),
  }),
  returns: DeviceKernel,
  errors: ['DEVICE_NOT_FOUND', 'KERNEL_NOT_FOUND'],
})
