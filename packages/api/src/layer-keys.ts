/**
 * Layer keys: what an account's layers are encrypted with. The cloud keeps them sealed, gives them to
 * each device wrapped for that device alone, and never shows them again. An addition to the original API.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, DateTime, Url } from './values.ts'

const KeyId = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .meta({ description: 'id of the key: 16 hexadecimal digits' })

export const LayerKey = z
  .object({
    key_id: KeyId,
    account_sid: AccountSid,
    friendly_name: z.string(),
    date_created: DateTime,
    url: Url,
  })
  .meta({ id: 'LayerKey' })
export type LayerKey = z.output<typeof LayerKey>

const ADMIN = { scope: 'admin' } as const
const OneLayerKey = z.strictObject({ KeyId })

export const listLayerKeys = route({
  name: 'listLayerKeys',
  method: 'GET',
  path: '/v1/LayerKeys',
  summary: 'The keys that decrypt layers on the devices of the account, newest first',
  query: PageQuery,
  returns: pageOf('layer_keys', LayerKey),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createLayerKey = route({
  ...ADMIN,
  name: 'createLayerKey',
  method: 'POST',
  path: '/v1/LayerKeys',
  summary: 'Give every Device of the account a key that decrypts layers',
  status: 201,
  form: z.strictObject({
    Key: z.string().max(128).meta({ description: 'AES-256: 64 hexadecimal digits' }),
    FriendlyName: z.string().min(1).max(64).meta({ description: 'what it is for' }),
  }),
  returns: LayerKey,
  errors: ['LAYER_KEY_INVALID', 'LAYER_KEY_KNOWN', 'LAYER_KEYS_TOO_MANY'],
})

export const fetchLayerKey = route({
  name: 'fetchLayerKey',
  method: 'GET',
  path: '/v1/LayerKeys/:KeyId',
  summary: 'One layer key, without the key',
  params: OneLayerKey,
  returns: LayerKey,
  errors: ['LAYER_KEY_NOT_FOUND'],
})

export const deleteLayerKey = route({
  ...ADMIN,
  name: 'deleteLayerKey',
  method: 'DELETE',
  path: '/v1/LayerKeys/:KeyId',
  summary: 'Take a layer key from every Device of the account',
  status: 204,
  answer: 'nothing',
  params: OneLayerKey,
  returns: z.void(),
  errors: ['LAYER_KEY_NOT_FOUND'],
})
