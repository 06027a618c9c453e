/**
 * The kinds of values that resources and parameters are made of.
 */
import { isSid, type SidPrefix, sidKinds } from '@microvisor/protocol'
import { z } from 'zod'

/** `2021-01-01T12:34:56Z`: UTC, whole seconds. */
export const DateTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  .meta({ format: 'date-time', description: 'UTC, whole seconds: 2021-01-01T12:34:56Z' })

/** As `DateTime`, with microseconds: `2021-01-01T12:34:56.000123Z`. */
export const PreciseTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  .meta({ format: 'date-time', description: 'UTC with microseconds' })

const sid = (prefix: SidPrefix) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}[0-9a-f]{32}$`))
    .meta({
      description: `SID (${sidKinds[prefix]}): ${prefix} and 32 hexadecimal digits`,
    })

export const AccountSid = sid('AC')
export const AppSid = sid('KA')
export const DeviceSid = sid('UV')
export const ApiKeySid = sid('SK')
export const UserSid = sid('US')
export const SessionSid = sid('SS')
export const WebhookSid = sid('WH')
export const DeliverySid = sid('WD')
export const RolloutSid = sid('RO')

/** Characters that would break out of a path, and control characters. */
export const NAME = /^[^/?#%\\\p{C}]*$/u
const prefixes = Object.keys(sidKinds) as SidPrefix[]

export const UNIQUE_NAME_MAX = 64

/** A name that its owner chose, unique in the account and not to be taken for a SID. */
export const UniqueName = z
  .string()
  .max(UNIQUE_NAME_MAX)
  .regex(NAME, { error: 'must not contain / ? # % \\ or control characters' })
  .refine((name) => !prefixes.some((prefix) => isSid(name, prefix)), {
    error: 'must not be a SID',
  })
  .meta({ description: 'unique in the account; an empty value removes the name' })

/** How a path names a resource. */
export const SidOrName = z
  .string()
  .min(1)
  .max(256)
  .regex(NAME, { error: 'is neither a SID nor a unique name' })
  .meta({ description: 'SID or unique name' })

/** `sha256:` and 64 hexadecimal digits. */
export const Hash = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/)
  .meta({ description: 'hash_algorithm:hash_value' })

/** A boolean in a form: `true` or `false`. */
export const Flag = z
  .stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be true or false' })
  .meta({ enum: ['true', 'false'] })

export const Url = z.string().meta({ format: 'uri' })

export const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array)
