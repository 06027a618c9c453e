/**
 * API keys: what programs sign their requests with, instead of the account's token. A key can do what
 * its scopes say, until it expires or is deleted. Its secret is shown once.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route, type Scope, scopes } from './route.ts'
import { AccountSid, ApiKeySid, DateTime, Url } from './values.ts'

export const ApiKey = z
  .object({
    sid: ApiKeySid,
    account_sid: AccountSid,
    friendly_name: z.string(),
    scopes: z.array(z.enum(scopes)),
    date_created: DateTime,
    date_updated: DateTime,
    date_expires: DateTime.nullable(),
    date_used: DateTime.nullable().meta({ description: 'to the minute' }),
    url: Url,
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.output<typeof ApiKey>

export const NewApiKey = ApiKey.extend({
  secret: z.string().meta({ description: 'the password that goes with the sid; not shown again' }),
}).meta({ id: 'NewApiKey' })

const Scopes = z
  .string()
  .transform((text) => text.split(',').map((scope) => scope.trim()))
  .refine((list): list is Scope[] => list.every((s) => (scopes as readonly string[]).includes(s)), {
    error: `must be some of ${scopes.join(', ')}, with commas between them`,
  })
  .meta({ description: `some of ${scopes.join(', ')}, with commas between them` })

const FriendlyName = z.string().min(1).max(64).meta({ description: 'what it is for' })
const OneKey = z.strictObject({ Sid: ApiKeySid })

/** What a list and one key have in common. */
const ADMIN = { scope: 'admin' } as const

export const listApiKeys = route({
  ...ADMIN,
  name: 'listApiKeys',
  method: 'GET',
  path: '/v1/Keys',
  summary: 'API keys, newest first',
  query: PageQuery,
  returns: pageOf('keys', ApiKey),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createApiKey = route({
  ...ADMIN,
  name: 'createApiKey',
  method: 'POST',
  path: '/v1/Keys',
  summary: 'Make an API key',
  status: 201,
  unlogged: ['secret'],
  form: z.strictObject({
    FriendlyName,
    Scopes,
    ExpiresInDays: z.coerce
      .number()
      .int()
      .min(1)
      .max(3650)
      .optional()
      .meta({ description: 'days until it stops working; without it, never' }),
  }),
  returns: NewApiKey,
})

export const fetchApiKey = route({
  ...ADMIN,
  name: 'fetchApiKey',
  method: 'GET',
  path: '/v1/Keys/:Sid',
  summary: 'One API key',
  params: OneKey,
  returns: ApiKey,
  errors: ['API_KEY_NOT_FOUND'],
})

export const updateApiKey = route({
  ...ADMIN,
  name: 'updateApiKey',
  method: 'POST',
  path: '/v1/Keys/:Sid',
  summary: 'Rename an API key, or change what it may do',
  params: OneKey,
  form: z.strictObject({ FriendlyName: FriendlyName.optional(), Scopes: Scopes.optional() }),
  returns: ApiKey,
  errors: ['API_KEY_NOT_FOUND'],
})

export const deleteApiKey = route({
  ...ADMIN,
  name: 'deleteApiKey',
  method: 'DELETE',
  path: '/v1/Keys/:Sid',
  summary: 'Delete an API key; it stops working at once',
  status: 204,
  answer: 'nothing',
  params: OneKey,
  returns: z.void(),
  errors: ['API_KEY_NOT_FOUND'],
})
