/**
 * Usage: which devices connected in which month. The original was paid for by device and month, only
 * for devices that connected in it.
 */
import { z } from 'zod'
import { route } from './route.ts'
import { DateTime, DeviceSid } from './values.ts'

const Month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, { error: 'must be a month, as 2021-01' })
  .meta({ description: 'as 2021-01, in UTC' })

const UsageQuery = z.strictObject({
  Month: Month.optional().meta({ description: 'this one unless given' }),
})

export const Usage = z
  .object({
    month: Month,
    device_count: z.int(),
    devices: z.array(
      z.object({
        device_sid: DeviceSid,
        date_first: DateTime,
        date_last: DateTime.meta({ description: 'when it connected last in this month' }),
        connections: z.int(),
      }),
    ),
  })
  .meta({ id: 'Usage' })
export type Usage = z.output<typeof Usage>

export const fetchUsage = route({
  name: 'fetchUsage',
  method: 'GET',
  path: '/v1/Usage',
  summary: 'Devices that connected in a month',
  query: UsageQuery,
  returns: Usage,
})

export const exportUsage = route({
  name: 'exportUsage',
  method: 'GET',
  path: '/v1/Usage.csv',
  summary: 'The same as CSV (RFC 4180)',
  query: UsageQuery,
  answer: 'csv',
  returns: z.string(),
})
