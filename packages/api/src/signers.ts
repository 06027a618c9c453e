/**
 * Signers: an account's own keys that may sign its applications, beside the installation's. An addition
 * to the original API.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, DateTime, Url } from './values.ts'

const KeyId = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .meta({ description: 'id of the key: 16 hexadecimal digits' })

export const Signer = z
  .object({
    key_id: KeyId,
    account_sid: AccountSid,
    friendly_name: z.string(),
    public_key: z.string().meta({ description: 'P-256, X9.62 uncompressed, in hexadecimal' }),
    date_created: DateTime,
    url: Url,
  })
  .meta({ id: 'Signer' })
export type Signer = z.output<typeof Signer>

const ADMIN = { scope: 'admin' } as const
const OneSigner = z.strictObject({ KeyId })

export const listSigners = route({
  name: 'listSigners',
  method: 'GET',
  path: '/v1/Signers',
  summary: "The account's own keys that may sign applications, newest first",
  query: PageQuery,
  returns: pageOf('signers', Signer),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createSigner = route({
  ...ADMIN,
  name: 'createSigner',
  method: 'POST',
  path: '/v1/Signers',
  summary: 'Let a key sign applications; every Device of the account is told',
  status: 201,
  form: z.strictObject({
    PublicKey: z.string().max(4096).meta({ description: 'a P-256 public key, PEM' }),
    FriendlyName: z.string().min(1).max(64).meta({ description: 'what it is for' }),
  }),
  returns: Signer,
  errors: ['PUBLIC_KEY_INVALID', 'SIGNER_KNOWN', 'SIGNERS_TOO_MANY'],
})

export const fetchSigner = route({
  name: 'fetchSigner',
  method: 'GET',
  path: '/v1/Signers/:KeyId',
  summary: 'One signer',
  params: OneSigner,
  returns: Signer,
  errors: ['SIGNER_NOT_FOUND'],
})

export const deleteSigner = route({
  ...ADMIN,
  name: 'deleteSigner',
  method: 'DELETE',
  path: '/v1/Signers/:KeyId',
  summary: 'Trust a key no longer; Devices forget it for good',
  status: 204,
  answer: 'nothing',
  params: OneSigner,
  returns: z.void(),
  errors: ['SIGNER_NOT_FOUND', 'SIGNERS_TOO_MANY'],
})
