/**
 * Apps: uploaded application bundles. Each upload makes a new App; an App never changes.
 */
import { BUNDLE_BYTES_MAX } from '@microvisor/protocol'
import { z } from 'zod'
import { type ErrorCode, uploadErrors } from './errors.ts'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, AppSid, Bytes, DateTime, Hash, SidOrName, UniqueName, Url } from './values.ts'

export const App = z
  .object({
    sid: AppSid,
    account_sid: AccountSid,
    hash: Hash.meta({ description: 'of the signed manifest' }),
    unique_name: z.string().nullable(),
    date_created: DateTime,
    date_updated: DateTime,
    url: Url,
    links: z.object({ app_manifests: Url }),
  })
  .meta({ id: 'App' })
export type App = z.output<typeof App>

export const AppManifest = z
  .object({
    app_sid: AppSid,
    hash: Hash,
    encoded_bytes: z.base64().meta({ description: 'the manifest as it is signed and sent' }),
    url: Url,
  })
  .meta({ id: 'AppManifest' })
export type AppManifest = z.output<typeof AppManifest>

const OneApp = z.strictObject({ Sid: SidOrName })

export const listApps = route({
  name: 'listApps',
  method: 'GET',
  path: '/v1/Apps',
  summary: 'Apps, newest first',
  query: PageQuery,
  returns: pageOf('apps', App),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const fetchApp = route({
  name: 'fetchApp',
  method: 'GET',
  path: '/v1/Apps/:Sid',
  summary: 'One App',
  params: OneApp,
  returns: App,
  errors: ['APP_NOT_FOUND'],
})

export const createApp = route({
  name: 'createApp',
  method: 'POST',
  path: '/v1/Apps',
  summary: 'Upload an application bundle; an unsigned one is signed here',
  status: 201,
  file: { maxBytes: BUNDLE_BYTES_MAX, what: 'the bundle, a zip file' },
  form: z.strictObject({ UniqueName: UniqueName.optional() }),
  returns: App,
  errors: ['NAME_TAKEN', ...uploadErrors],
})

export const deleteApp = route({
  name: 'deleteApp',
  method: 'DELETE',
  path: '/v1/Apps/:Sid',
  summary: 'Delete an App that no Device has as its target',
  status: 204,
  answer: 'nothing',
  params: OneApp,
  returns: z.void(),
  errors: ['APP_NOT_FOUND', 'APP_IN_USE'],
})

export const fetchAppManifest = route({
  name: 'fetchAppManifest',
  method: 'GET',
  path: '/v1/Apps/:AppSid/Manifest',
  summary: "An App's signed manifest",
  params: z.strictObject({ AppSid: SidOrName }),
  returns: AppManifest,
  errors: ['APP_NOT_FOUND'],
})

export const fetchAppBundle = route({
  name: 'fetchAppBundle',
  method: 'GET',
  path: '/v1/Apps/:Sid/Bundle',
  summary: "An App's signed bundle, as a zip file",
  answer: 'bytes',
  params: OneApp,
  returns: Bytes,
  errors: ['APP_NOT_FOUND'],
})

export const AppSymbols = z
  .object({
    app_sid: AppSid,
    elf_hash: Hash.meta({ description: 'of the file that they were made from' }),
    functions: z.int(),
    lines: z.int(),
    date_created: DateTime,
    url: Url,
  })
  .meta({ id: 'AppSymbols' })
export type AppSymbols = z.output<typeof AppSymbols>

const symbolsOf = {
  path: '/v1/Apps/:Sid/Symbols',
  params: OneApp,
} as const

export const fetchAppSymbols = route({
  ...symbolsOf,
  name: 'fetchAppSymbols',
  method: 'GET',
  summary: 'Whether crashes of an App are shown with its functions and lines, and what from',
  returns: AppSymbols,
  errors: ['APP_NOT_FOUND', 'SYMBOLS_NOT_FOUND'],
})

export const createAppSymbols = route({
  ...symbolsOf,
  name: 'createAppSymbols',
  method: 'POST',
  summary: 'Give an App the ELF file that it was built from: crashes then show functions and lines',
  status: 201,
  file: { maxBytes: BUNDLE_BYTES_MAX, what: 'the ELF file, with symbols and debug information' },
  returns: AppSymbols,
  errors: [
    ...['APP_NOT_FOUND', 'UPLOAD_FILE_MISSING', 'STORAGE_FULL', 'BUNDLE_TOO_LARGE'],
    ...['ELF_UNUSABLE', 'ELF_OF_OTHER_CODE', 'SYMBOLS_TOO_LARGE'],
  ] as ErrorCode[],
})

export const deleteAppSymbols = route({
  ...symbolsOf,
  name: 'deleteAppSymbols',
  method: 'DELETE',
  summary: "Forget an App's functions and lines",
  status: 204,
  answer: 'nothing',
  returns: z.void(),
  errors: ['APP_NOT_FOUND', 'SYMBOLS_NOT_FOUND'],
})
