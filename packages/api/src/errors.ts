/**
 * Every "no" that the platform says to people: code, number, HTTP status, and what to do about it.
 *
 * Codes are permanent. Numbers below 70000 are those that the original API gave to the same
 * trouble, and several codes share one; 72xxx are ours, one for each code. What can be wrong with a
 * bundle, and what to do then, stands in protocol; here are its numbers.
 */
import { type BundleErrorCode, bundleErrors } from '@microvisor/protocol'
import { z } from 'zod'

interface ErrorFacts {
  readonly number: number
  readonly status: number
  /** What the caller can do. */
  readonly fix: string
}

const ownErrors = {
  CREDENTIALS_MISSING: {
    number: 20003,
    status: 401,
    fix: 'Send Account SID and Auth Token, or an API key and its secret, as HTTP Basic; `microvisor up` prints where the first are.',
  },
  CREDENTIALS_WRONG: {
    number: 20003,
    status: 401,
    fix: "Check MICROVISOR_ACCOUNT_SID and MICROVISOR_AUTH_TOKEN against credentials.json in the server's data folder; with the token of a session, sign in again.",
  },
  SCOPE_MISSING: {
    number: 20403,
    status: 403,
    fix: 'Use a key that was made with the scope named, or the Auth Token.',
  },
  KEY_EXPIRED: {
    number: 20003,
    status: 401,
    fix: 'Make a new key: POST /v1/Keys.',
  },
  ROUTE_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'Look the path up in /v1/openapi.json; letters count, /v1/Apps is not /v1/apps.',
  },
  METHOD_NOT_ALLOWED: {
    number: 20004,
    status: 405,
    fix: 'Use one of the methods named in the Allow header.',
  },
  PARAMETER_UNKNOWN: {
    number: 20001,
    status: 400,
    fix: 'Remove it or correct its spelling; names are in UpperCamelCase.',
  },
  PARAMETER_MISSING: { number: 20001, status: 400, fix: 'Send the parameter named.' },
  PARAMETER_INVALID: {
    number: 20422,
    status: 400,
    fix: 'Send a value as described in /v1/openapi.json.',
  },
  PAGE_SIZE_TOO_LARGE: { number: 20007, status: 400, fix: 'Ask for at most 1000 items a page.' },
  PAGE_TOKEN_INVALID: {
    number: 20422,
    status: 400,
    fix: 'Follow next_page_url as it was given, or start again without PageToken.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    number: 72001,
    status: 415,
    fix: 'Send application/x-www-form-urlencoded, or multipart/form-data for uploads.',
  },
  BODY_MALFORMED: {
    number: 72002,
    status: 400,
    fix: 'Send the whole body in the form that the Content-Type names.',
  },
  BODY_TOO_LARGE: { number: 72003, status: 413, fix: 'Send fewer or shorter parameters.' },
  REQUEST_MALFORMED: {
    number: 72004,
    status: 400,
    fix: 'Send HTTP/1.1 to this port; devices connect to the gateway, which has one of its own.',
  },
  HEADERS_TOO_LARGE: { number: 72005, status: 431, fix: 'Send at most 16 KiB of headers.' },
  REQUEST_TOO_SLOW: {
    number: 72006,
    status: 408,
    fix: 'Send the whole request at once; if it was, look at the line and the proxies on it.',
  },
  APP_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor apps list` for the Apps of this account.',
  },
  DEVICE_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor devices list` for the Devices of this account.',
  },
  KERNEL_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See GET /v1/Kernels for the kernels of this account.',
  },
  CONFIG_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'List the Configs of the same scope: account and Devices have their own.',
  },
  SECRET_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'List the Secrets of the same scope: account and Devices have their own.',
  },
  API_KEY_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See GET /v1/Keys for the keys of this account.',
  },
  SIGNER_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See GET /v1/Signers for the signers of this account.',
  },
  LAYER_KEY_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See GET /v1/LayerKeys for the layer keys of this account.',
  },
  LAYER_KEY_KNOWN: {
    number: 72063,
    status: 400,
    fix: 'Nothing needs to be done: every Device of the account is given the key.',
  },
  LAYER_KEYS_TOO_MANY: {
    number: 72064,
    status: 400,
    fix: 'Remove a layer key that no current bundle is encrypted with.',
  },
  LAYER_KEY_INVALID: {
    number: 72065,
    status: 400,
    fix: 'Make one with `microvisor keys create NAME --layer`.',
  },
  SIGNER_KNOWN: {
    number: 72060,
    status: 400,
    fix: 'Use another key if it was removed: devices never trust a removed one again.',
  },
  SIGNERS_TOO_MANY: {
    number: 72061,
    status: 400,
    fix: 'Remove a signer that is no longer used, or sign with one that there is.',
  },
  PUBLIC_KEY_INVALID: {
    number: 72062,
    status: 400,
    fix: 'Send the public half alone: `openssl ec -in private.pem -pubout`.',
  },
  DEVICE_NOT_CONNECTED: {
    number: 72070,
    status: 409,
    fix: 'Wait until it has connected: `microvisor devices list` shows which are there.',
  },
  ATTESTATION_OVERDUE: {
    number: 72071,
    status: 504,
    fix: 'Ask again; if it stays so, see whether its kernel is new enough to attest.',
  },
  ATTESTATION_INVALID: {
    number: 72072,
    status: 502,
    fix: 'Do not trust the Device: what it sent is not by its key, or not an answer to this nonce.',
  },
  USER_NOT_FOUND: { number: 20404, status: 404, fix: 'See GET /v1/Users for the users.' },
  SESSION_NOT_FOUND: { number: 20404, status: 404, fix: 'It has ended already, or is not yours.' },
  INVITATION_INVALID: {
    number: 72050,
    status: 400,
    fix: 'Ask an owner for a new one (POST /v1/Invitations); each makes one user, within a day.',
  },
  SIGN_IN_WRONG: {
    number: 72051,
    status: 401,
    fix: 'Check name and password, and the clock of the device that shows the code.',
  },
  ONE_TIME_CODE_MISSING: {
    number: 72052,
    status: 401,
    fix: 'Send Code, the six digits that your authenticator shows.',
  },
  USERS_ONLY: {
    number: 72053,
    status: 400,
    fix: 'Sign in as a user (POST /v1/Sessions); keys and accounts have no password.',
  },
  CERTIFICATE_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor devices certificates` for those of the Device.',
  },
  CERTIFICATES_TOO_MANY: {
    number: 72023,
    status: 400,
    fix: 'Wait until tomorrow; the device keeps the certificate it has until then.',
  },
  ROLLOUT_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor rollouts list` for the roll-outs of this account.',
  },
  ROLLOUT_STATE_WRONG: {
    number: 72090,
    status: 400,
    fix: 'Look at its state (`microvisor rollouts show`); it may have moved on meanwhile.',
  },
  SYMBOLS_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'Give the App its ELF file: `microvisor apps symbols APP FILE`.',
  },
  ELF_UNUSABLE: {
    number: 72080,
    status: 400,
    fix: 'Send the .elf file that the linker made, linked for the application and with -g.',
  },
  ELF_OF_OTHER_CODE: {
    number: 72081,
    status: 400,
    fix: 'Send the file of the very build that was bundled; another build has other addresses.',
  },
  SYMBOLS_TOO_LARGE: {
    number: 72082,
    status: 400,
    fix: 'Build with -g1, which keeps functions and lines, or strip what is not the application.',
  },
  WEBHOOK_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor webhooks list` for the webhooks of this account.',
  },
  DELIVERY_NOT_FOUND: {
    number: 20404,
    status: 404,
    fix: 'See `microvisor webhooks deliveries` for those that are kept.',
  },
  WEBHOOK_TARGET_REFUSED: {
    number: 72091,
    status: 400,
    fix: 'Give an address of the public Internet, or open the host with `microvisor up --egress-allow`.',
  },
  WEBHOOKS_TOO_MANY: {
    number: 72092,
    status: 400,
    fix: 'Delete a webhook that is no longer needed, or give one more types of events.',
  },
  TARGET_APP_NOT_FOUND: {
    number: 72010,
    status: 400,
    fix: 'Upload the App first (`microvisor apps create`), or name one from `microvisor apps list`.',
  },
  APP_IN_USE: {
    number: 72011,
    status: 400,
    fix: 'Give those devices another target first (`microvisor devices update … --target-app`).',
  },
  NAME_TAKEN: {
    number: 20409,
    status: 409,
    fix: 'Choose another unique name, or rename or remove the one that has it.',
  },
  KEY_TAKEN: {
    number: 20409,
    status: 409,
    fix: 'Update the one that is there (POST to its url), or choose another key.',
  },
  KEYS_TOO_MANY: {
    number: 72012,
    status: 400,
    fix: 'Delete what is no longer read, or put several values under one key.',
  },
  CSR_MALFORMED: {
    number: 72020,
    status: 400,
    fix: 'Send a PKCS #10 request in PEM (-----BEGIN CERTIFICATE REQUEST-----).',
  },
  CSR_KEY_UNSUPPORTED: {
    number: 72021,
    status: 400,
    fix: 'Make the request with a NIST P-256 (prime256v1) key.',
  },
  CSR_SIGNATURE_WRONG: {
    number: 72022,
    status: 400,
    fix: 'Sign the request with the private key whose public half it carries.',
  },
  UPLOAD_FILE_MISSING: {
    number: 72030,
    status: 400,
    fix: 'Send the bundle as the multipart part named File.',
  },
  STORAGE_FULL: {
    number: 72031,
    status: 507,
    fix: 'Free space where the server keeps its data, then send it again; nothing of it was kept.',
  },
  TOO_MANY_LISTENERS: {
    number: 20429,
    status: 429,
    fix: 'End another stream of this Device or account, or wait.',
  },
  TOO_MANY_REQUESTS: {
    number: 20429,
    status: 429,
    fix: 'Wait a moment and send it again.',
  },
  DATABASE_UNAVAILABLE: {
    number: 20503,
    status: 503,
    fix: 'Send it again in a few seconds; if it stays so, look at the database server.',
  },
  SERVER_BUSY: {
    number: 20503,
    status: 503,
    fix: 'Send it again in a few seconds; if it stays so, add another server process.',
  },
  STOPPING: { number: 20503, status: 503, fix: 'Send it again in a few seconds.' },
  INTERNAL_ERROR: {
    number: 20500,
    status: 500,
    fix: "This is a fault of the server: look for this request's id in its log and report it.",
  },
} as const satisfies Record<string, ErrorFacts>

const bundleNumbers = {
  BUNDLE_TOO_LARGE: 72101,
  BUNDLE_NOT_ZIP: 72102,
  BUNDLE_TRUNCATED: 72103,
  BUNDLE_ZIP_MALFORMED: 72104,
  BUNDLE_ZIP_UNSUPPORTED: 72105,
  BUNDLE_ENTRY_CORRUPT: 72106,
  BUNDLE_ENTRY_TOO_LARGE: 72107,
  BUNDLE_ENTRY_DUPLICATE: 72108,
  BUNDLE_ENTRY_NAME: 72109,
  BUNDLE_ENTRY_UNKNOWN: 72110,
  BUNDLE_MANIFEST_MISSING: 72111,
  BUNDLE_LAYER_MISSING: 72112,
  LAYER_HASH_MISMATCH: 72113,
  LAYER_MEASUREMENT_MISMATCH: 72114,
  LAYER_TOO_LARGE: 72115,
  LAYER_EMPTY: 72116,
  LAYER_TARGET_MISSING: 72117,
  LAYER_HASH_LENGTH: 72118,
  LAYER_OUTSIDE_FLASH: 72119,
  LAYER_ALIGNMENT: 72120,
  LAYERS_OVERLAP: 72121,
  LAYERS_NONE: 72122,
  LAYERS_TOO_MANY: 72123,
  MANIFEST_TOO_LARGE: 72124,
  MANIFEST_MALFORMED: 72125,
  MANIFEST_FIELD_UNKNOWN: 72126,
  MANIFEST_BODY_MISSING: 72127,
  MANIFEST_KEY_MALFORMED: 72128,
  MANIFEST_SIGNATURE_MALFORMED: 72129,
  MANIFEST_UNSIGNED: 72130,
  MANIFEST_SIGNER_UNKNOWN: 72131,
  MANIFEST_SIGNATURE_WRONG: 72132,
  KERNEL_LAYER_REGION: 72133,
  KERNEL_META_MISSING: 72134,
  KEYS_TOO_MANY: 72135,
  KEYS_MALFORMED: 72136,
  KEYS_NOT_FOR_THIS_DEVICE: 72137,
  KEYS_REVOKED: 72138,
  KEYS_LAST_SIGNER: 72139,
  LAYER_KEY_UNKNOWN: 72140,
  LAYER_CIPHERTEXT: 72141,
  KEYS_IN_USE: 72142,
} as const satisfies Record<BundleErrorCode, number>

export type ErrorCode = keyof typeof ownErrors | BundleErrorCode

const bundleCodes = Object.keys(bundleNumbers) as BundleErrorCode[]

export const errors: Readonly<Record<ErrorCode, ErrorFacts>> = {
  ...ownErrors,
  ...(Object.fromEntries(bundleCodes.map((code) => [code, factsOf(code)])) as Record<
    BundleErrorCode,
    ErrorFacts
  >),
}

function factsOf(code: BundleErrorCode): ErrorFacts {
  const status = code === 'BUNDLE_TOO_LARGE' ? 413 : 400
  return { number: bundleNumbers[code], status, fix: bundleErrors[code] }
}

/** What may be wrong with an uploaded bundle. */
export const uploadErrors: readonly ErrorCode[] = [
  'UPLOAD_FILE_MISSING',
  'STORAGE_FULL',
  ...bundleCodes,
]

/** What any route may answer, beside its own. */
export const generalErrors = [
  'CREDENTIALS_MISSING',
  'CREDENTIALS_WRONG',
  'KEY_EXPIRED',
  'SCOPE_MISSING',
  'METHOD_NOT_ALLOWED',
  'PARAMETER_UNKNOWN',
  'PARAMETER_MISSING',
  'PARAMETER_INVALID',
  'CONTENT_TYPE_UNSUPPORTED',
  'BODY_MALFORMED',
  'BODY_TOO_LARGE',
  'REQUEST_MALFORMED',
  'HEADERS_TOO_LARGE',
  'REQUEST_TOO_SLOW',
  'TOO_MANY_REQUESTS',
  'DATABASE_UNAVAILABLE',
  'SERVER_BUSY',
  'STOPPING',
  'INTERNAL_ERROR',
] as const satisfies readonly ErrorCode[]

/** The body of every error answer. `details.code` is the code above. */
export const ErrorBody = z
  .object({
    code: z.int(),
    message: z.string(),
    more_info: z.string(),
    status: z.int(),
    details: z.looseObject({ code: z.string(), fix: z.string() }),
  })
  .meta({ id: 'Error' })
export type ErrorBody = z.output<typeof ErrorBody>

/** The platform says no. `message` says what happened, with the values in it. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.details = details
  }

  /** The answer's body; `home` is the address of the service. */
  toBody(home: string): ErrorBody {
    const { number, status, fix } = errors[this.code]
    return {
      code: number,
      message: this.message,
      more_info: `${home}/errors/${this.code}`,
      status,
      details: { ...this.details, code: this.code, fix },
    }
  }
}
