/**
 * The REST API of the original product as data, apart from our contract: what clients that were written
 * for it rely on. original-api.test.ts holds a running server against it, vendor-client.test.ts drives
 * it with the vendor's clients; docs/reference/rest-rules.md shows it.
 */

/** What a property may be; a name in capitals is the prefix of a SID. */
type Kind =
  | 'AC'
  | 'KA'
  | 'UV'
  | 'text'
  | 'hash'
  | 'base64'
  | 'date'
  | 'url'
  | 'boolean'
  | 'number'
  | 'status'

export type Properties = Readonly<Record<string, Property>>
/** `KA?`: or null. A nested object has its own. */
type Property = Kind | `${Kind}?` | { readonly [name: string]: Property }

export interface Resource {
  /** What one of them is called. */
  readonly what: string
  readonly path: string
  readonly list: readonly Verb[]
  /** Where one is, below `path`; undefined: the path is the one. */
  readonly one: string
  readonly verbs: readonly Verb[]
  /** Name of the array in lists. */
  readonly key: string
  readonly properties: Properties
}

type Verb = 'GET' | 'POST' | 'DELETE'

const app: Properties = {
  ...{ sid: 'KA', account_sid: 'AC', hash: 'hash', unique_name: 'text?' },
  ...{ date_created: 'date', date_updated: 'date', url: 'url' },
  links: { app_manifests: 'url' },
}

const device: Properties = {
  ...{ sid: 'UV', unique_name: 'text?', account_sid: 'AC' },
  app: {
    ...{ target_sid: 'KA?', target_hash: 'hash?', date_targeted: 'date?' },
    ...{ update_status: 'status', update_error_code: 'number' },
    ...{ reported_sid: 'KA?', date_reported: 'date?' },
  },
  logging: { enabled: 'boolean', date_expires: 'date?' },
  ...{ date_created: 'date', date_updated: 'date', url: 'url' },
  links: { device_configs: 'url', device_secrets: 'url' },
}

const config: Properties = { key: 'text', value: 'text', date_updated: 'date', url: 'url' }
const secret: Properties = { key: 'text', date_rotated: 'date', url: 'url' }

const LIST = ['GET'] as const
const LIST_AND_CREATE = ['GET', 'POST'] as const
const VALUE = ['GET', 'POST', 'DELETE'] as const

export const resources: readonly Resource[] = [
  {
    ...{ what: 'App', path: '/v1/Apps', list: LIST_AND_CREATE, key: 'apps', properties: app },
    ...{ one: '/:Sid', verbs: ['GET', 'DELETE'] },
  },
  {
    ...{ what: 'Device', path: '/v1/Devices', list: LIST, key: 'devices', properties: device },
    ...{ one: '/:Sid', verbs: ['GET', 'POST'] },
  },
  ...(['', '/Devices/:DeviceSid'] as const).flatMap((owner): Resource[] => {
    const of = owner === '' ? 'of the account' : 'of a Device'
    const own: Properties = owner === '' ? {} : { device_sid: 'UV' }
    const shared = { list: LIST_AND_CREATE, one: '/:Key', verbs: VALUE }
    return [
      {
        ...{ what: `Config ${of}`, path: `/v1${owner}/Configs`, key: 'configs', ...shared },
        properties: { ...own, ...config },
      },
      {
        ...{ what: `Secret ${of}`, path: `/v1${owner}/Secrets`, key: 'secrets', ...shared },
        properties: { ...own, ...secret },
      },
    ]
  }),
]

/** Below an App, and not a list. */
export const manifest = {
  path: '/v1/Apps/:AppSid/Manifest',
  properties: { app_sid: 'KA', hash: 'hash', encoded_bytes: 'base64', url: 'url' },
} as const satisfies { path: string; properties: Properties }

/** Of every list. */
export const pageMeta: Properties = {
  ...{ page: 'number', page_size: 'number', key: 'text' },
  ...{ first_page_url: 'url', previous_page_url: 'url?', url: 'url', next_page_url: 'url?' },
}

/** What the vendor's API answered trouble of all its products with. */
export const errorCodes = {
  20001: 'unknown or missing parameter',
  20003: 'permission denied',
  20004: 'method not allowed',
  20007: 'page size too large',
  20403: 'forbidden',
  20404: 'not found',
  20409: 'conflict',
  20422: 'invalid parameter',
  20429: 'too many requests',
  20500: 'internal error',
  20503: 'unavailable',
} as const

const patterns: Readonly<Record<Exclude<Kind, 'boolean' | 'number' | 'url'>, RegExp>> = {
  AC: /^AC[0-9a-f]{32}$/,
  KA: /^KA[0-9a-f]{32}$/,
  UV: /^UV[0-9a-f]{32}$/,
  text: /^[^\0]*$/s,
  hash: /^sha256:[0-9a-f]{64}$/,
  base64: /^[A-Za-z0-9+/]+={0,2}$/,
  date: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  status: /^(up-to-date|pending|error)$/,
}

/** What is wrong with a value, by the path of its property; nothing for what is as it was. */
export function* faultsOf(value: unknown, properties: Properties, home: string): Generator<string> {
  for (const [name, property] of Object.entries(properties)) {
    const found = (value as Record<string, unknown>)[name]
    if (typeof property === 'object')
      for (const fault of faultsOf(found, property, home)) yield `${name}.${fault}`
    else if (!isOfKind(found, property, home)) yield `${name} is ${JSON.stringify(found)}`
  }
}

function isOfKind(value: unknown, property: Kind | `${Kind}?`, home: string): boolean {
  const kind = property.replace('?', '') as Kind
  if (value === null) return property.endsWith('?')
  if (kind === 'boolean' || kind === 'number') return typeof value === kind
  if (typeof value !== 'string') return false
  return kind === 'url' ? value.startsWith(`${home}/v1/`) : patterns[kind].test(value)
}
