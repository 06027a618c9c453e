/**
 * Configs and Secrets: values under keys, for one Device or for all Devices of the account, which
 * applications read through the config fetch channel. A Secret is written and read by devices, and
 * never shown again.
 *
 * Device and account are separate name spaces, and so are Configs and Secrets: four times the same
 * five routes.
 */
import { z } from 'zod'
import type { ErrorCode } from './errors.ts'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { DateTime, DeviceSid, NAME, SidOrName, Url } from './values.ts'

export const CONFIG_KEY_MAX = 100
export const CONFIG_VALUE_MAX = 4096

const Key = z
  .string()
  .min(1)
  .max(CONFIG_KEY_MAX)
  .regex(NAME, { error: 'must not contain / ? # % \\ or control characters' })
  .meta({ description: `1-${CONFIG_KEY_MAX} characters, unique in its scope` })

const Value = z
  .string()
  .refine((value) => [...value].length <= CONFIG_VALUE_MAX, {
    error: `must have at most ${CONFIG_VALUE_MAX} characters`,
  })
  .meta({ description: `text of at most ${CONFIG_VALUE_MAX} characters; encode what is binary` })

export const Config = z
  .object({ key: z.string(), value: z.string(), date_updated: DateTime, url: Url })
  .meta({ id: 'Config' })
export type Config = z.output<typeof Config>

export const Secret = z
  .object({ key: z.string(), date_rotated: DateTime, url: Url })
  .meta({ id: 'Secret' })
export type Secret = z.output<typeof Secret>

const ofDevice = { device_sid: DeviceSid }
export const DeviceConfig = z.object({ ...ofDevice, ...Config.shape }).meta({ id: 'DeviceConfig' })
export const DeviceSecret = z.object({ ...ofDevice, ...Secret.shape }).meta({ id: 'DeviceSecret' })

const Account = z.strictObject({})
const OneDevice = z.strictObject({ DeviceSid: SidOrName })

interface Family<Name extends string, Item extends z.ZodType, Owner extends z.ZodObject> {
  /** `AccountConfig`: part of the routes' names. */
  readonly noun: string
  readonly what: string
  readonly path: string
  readonly key: Name
  readonly item: Item
  readonly owner: Owner
  readonly missing: readonly ErrorCode[]
  /** What naming the owner may run into. */
  readonly ownerErrors: readonly ErrorCode[]
}

function family<Name extends string, Item extends z.ZodType, Owner extends z.ZodObject>(
  facts: Family<Name, Item, Owner>,
) {
  const { noun, what, path, key, item, owner, missing, ownerErrors } = facts
  const one = owner.extend({ Key })
  const onePath = `${path}/:Key`
  const errors = [...ownerErrors, ...missing]
  return {
    list: route({
      name: `list${noun}s`,
      method: 'GET',
      path,
      summary: `${what}s, newest first`,
      params: owner,
      query: PageQuery,
      returns: pageOf(key, item),
      errors: [...ownerErrors, 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
    }),
    create: route({
      name: `create${noun}`,
      method: 'POST',
      path,
      summary: `Make a ${what}`,
      status: 201,
      params: owner,
      form: z.strictObject({ Key, Value }),
      returns: item,
      errors: [...ownerErrors, 'KEY_TAKEN', 'KEYS_TOO_MANY'],
    }),
    fetch: route({
      name: `fetch${noun}`,
      method: 'GET',
      path: onePath,
      summary: `One ${what}`,
      params: one,
      returns: item,
      errors,
    }),
    update: route({
      name: `update${noun}`,
      method: 'POST',
      path: onePath,
      summary: `Give a ${what} another value`,
      params: one,
      form: z.strictObject({ Value }),
      returns: item,
      errors,
    }),
    remove: route({
      name: `delete${noun}`,
      method: 'DELETE',
      path: onePath,
      summary: `Delete a ${what}`,
      status: 204,
      answer: 'nothing',
      params: one,
      returns: z.void(),
      errors,
    }),
  }
}

export const accountConfigs = family({
  noun: 'AccountConfig',
  what: 'Config of the account',
  path: '/v1/Configs',
  key: 'configs',
  item: Config,
  owner: Account,
  missing: ['CONFIG_NOT_FOUND'],
  ownerErrors: [],
})

export const accountSecrets = family({
  noun: 'AccountSecret',
  what: 'Secret of the account',
  path: '/v1/Secrets',
  key: 'secrets',
  item: Secret,
  owner: Account,
  missing: ['SECRET_NOT_FOUND'],
  ownerErrors: [],
})

export const deviceConfigs = family({
  noun: 'DeviceConfig',
  what: 'Config of one Device',
  path: '/v1/Devices/:DeviceSid/Configs',
  key: 'configs',
  item: DeviceConfig,
  owner: OneDevice,
  missing: ['CONFIG_NOT_FOUND'],
  ownerErrors: ['DEVICE_NOT_FOUND'],
})

export const deviceSecrets = family({
  noun: 'DeviceSecret',
  what: 'Secret of one Device',
  path: '/v1/Devices/:DeviceSid/Secrets',
  key: 'secrets',
  item: DeviceSecret,
  owner: OneDevice,
  missing: ['SECRET_NOT_FOUND'],
  ownerErrors: ['DEVICE_NOT_FOUND'],
})
