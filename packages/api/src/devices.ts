/**
 * Devices: what they are called, what they should run and what they say they run.
 *
 * Provisioning, removal and the event stream are additions to the original API, whose devices were
 * made and removed by its vendor.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import {
  AccountSid,
  AppSid,
  DateTime,
  DeviceSid,
  Flag,
  Hash,
  PreciseTime,
  SidOrName,
  UNIQUE_NAME_MAX,
  UniqueName,
  Url,
} from './values.ts'

export const Device = z
  .object({
    sid: DeviceSid,
    unique_name: z.string().nullable(),
    account_sid: AccountSid,
    app: z.object({
      target_sid: AppSid.nullable(),
      target_hash: Hash.nullable(),
      date_targeted: DateTime.nullable(),
      update_status: z.enum(['up-to-date', 'pending', 'error']),
      update_error_code: z.int().meta({ description: '0, or an UpdateError of the link' }),
      reported_sid: AppSid.nullable(),
      date_reported: DateTime.nullable(),
    }),
    logging: z.object({ enabled: z.boolean(), date_expires: DateTime.nullable() }),
    connection: z
      .object({
        connected: z.boolean(),
        date_connected: DateTime.nullable(),
        date_last_seen: DateTime.nullable(),
        update_bytes_sent: z.int().meta({ description: 'of all updates ever' }),
        address: z.string().nullable().meta({ description: 'from which it connected last' }),
      })
      .meta({ description: 'ours: whether it is there' }),
    reported: z
      .object({
        kernel_version: z.int().nullable(),
        kernel_version_string: z.string().nullable(),
        running: z.boolean().nullable(),
        wake_reason: z.int().nullable().meta({ description: 'MvWakeReason of its last start' }),
        wake_reason_name: z.string().nullable().meta({ description: 'why it started last' }),
        layers: z.array(
          z.object({
            place: z.string(),
            start: z.int(),
            size: z.int(),
            measurement_hash: z.string(),
          }),
        ),
      })
      .meta({ description: 'ours: what it says of itself' }),
    update_progress: z
      .object({
        phase: z.string(),
        bytes_done: z.int(),
        bytes_total: z.int(),
        bytes_sent: z.int().meta({ description: 'of manifest and layers, for this update' }),
        bytes_received: z
          .int()
          .meta({ description: 'the same as the device counts it, since it started' }),
      })
      .nullable()
      .meta({ description: 'ours: how far the last update is' }),
    tags: z.array(z.string()).meta({ description: 'ours' }),
    attributes: z.record(z.string(), z.string()).meta({ description: 'ours' }),
    date_created: DateTime,
    date_updated: DateTime,
    url: Url,
    links: z.object({ device_configs: Url, device_secrets: Url }),
  })
  .meta({ id: 'Device' })
export type Device = z.output<typeof Device>

const PublicKey = z
  .string()
  .regex(/^04[0-9a-f]{128}$/)
  .meta({ description: 'P-256, X9.62 uncompressed point, 65 bytes in hexadecimal' })

/** All that a new device must be given besides the key it made itself. */
export const ProvisionedDevice = Device.extend({
  certificate: z.string().meta({ description: "the device's, PEM" }),
  ca_certificate: z.string().meta({ description: "what the gateway's certificate goes back to" }),
  gateway: z.object({ host: z.string(), port: z.int() }),
  kernel_signer_public_key: PublicKey,
  application_signer_public_key: PublicKey,
}).meta({ id: 'ProvisionedDevice' })
export type ProvisionedDevice = z.output<typeof ProvisionedDevice>

const Word = z.int().min(0).max(0xffff_ffff)

/** A call that led to a crash, the innermost first. */
const CallFrame = z
  .object({
    address: Word,
    from: z.enum(['pc', 'lr', 'stack']).meta({
      description: 'where the address was found; on the stack it may be left from an earlier call',
    }),
    function: z.string().nullable(),
    offset: z.int().nullable().meta({ description: "bytes from the function's beginning" }),
    file: z.string().nullable(),
    line: z.int().nullable(),
  })
  .meta({ id: 'CallFrame' })

const Frames = z.array(CallFrame).optional().meta({
  description: 'the calls that led to it, where the ELF file of the application is known',
})

export const DeviceEvent = z
  .object({
    timestamp: PreciseTime,
    device_sid: DeviceSid,
    type: z.enum(['connection', 'ota_update', 'app_logging', 'crash']),
    text: z.string().meta({ description: 'for people' }),
    dropped: z.int().min(1).optional().meta({ description: 'events lost just before this one' }),
    connection: z
      .object({ state: z.enum(['connected', 'disconnected']), reason: z.string().nullable() })
      .optional(),
    update: z
      .object({
        phase: z.string(),
        hash: Hash,
        app_sid: AppSid.nullable(),
        error_code: z.int(),
        error: z.string().nullable(),
        detail: z.string(),
        bytes_done: z.int(),
        bytes_total: z.int(),
        // Servers of the release before did not say; during an upgrade their events go through new ones.
        bytes_sent: z.int().default(0),
        bytes_received: z.int().default(0),
      })
      .optional(),
    crash: z
      .object({
        exception: z.string(),
        registers: z.record(z.string(), Word),
        cfsr: Word,
        hfsr: Word,
        sfsr: Word,
        mmfar: Word,
        bfar: Word,
        sfar: Word,
        app_hash: Hash.nullable(),
        app_sid: AppSid.nullable(),
        restart_in_ms: z.int(),
        stack: z.string().meta({ description: 'hexadecimal' }),
        frames: Frames,
        sealed: z.string().optional().meta({
          description:
            'hexadecimal: the report, sealed for the crash report key of the application; registers and fault status are 0 then',
        }),
      })
      .optional(),
  })
  .meta({ id: 'DeviceEvent' })
export type DeviceEvent = z.output<typeof DeviceEvent>

export const TAGS_MAX = 32
export const ATTRIBUTES_BYTES_MAX = 4096

const Tag = z
  .string()
  .regex(/^[\w.:-]{1,64}$/, { error: 'must be 1-64 letters, digits, or any of _ . : -' })

const Tags = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((tag) => tag.trim()))].filter(Boolean))
  .pipe(z.array(Tag).max(TAGS_MAX))
  .meta({ description: `all its tags, at most ${TAGS_MAX}, with commas between them` })

const Attributes = z
  .string()
  .max(ATTRIBUTES_BYTES_MAX)
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue({ code: 'custom', message: 'must be a JSON object of texts' })
      return z.NEVER
    }
  })
  .pipe(
    z.record(
      z.string().min(1).max(64),
      z.string().refine((value) => !value.includes('\0'), { error: 'must not contain NUL' }),
    ),
  )
  .meta({ description: 'all its attributes: a JSON object of texts' })

const OneDevice = z.strictObject({ Sid: SidOrName })

export const listDevices = route({
  name: 'listDevices',
  method: 'GET',
  path: '/v1/Devices',
  summary: 'Devices, newest first',
  query: PageQuery.extend({
    Tag: Tag.optional().meta({ description: 'only those that have it' }),
    Attribute: z
      .string()
      .regex(/^[^=]{1,64}=[^\0]{0,512}$/, { error: 'must be as floor=2' })
      .optional()
      .meta({ description: 'only those with this attribute, as floor=2' }),
    Name: z
      .string()
      .min(1)
      .max(UNIQUE_NAME_MAX)
      .optional()
      .meta({ description: 'only those whose unique name begins with it' }),
    Connected: Flag.optional().meta({ description: 'only those that are there, or are not' }),
    UpdateStatus: z
      .enum(['up-to-date', 'pending', 'error'])
      .optional()
      .meta({ description: 'only those whose update is there' }),
    TargetApp: AppSid.optional().meta({ description: 'only those that should run this App' }),
    RunsApp: AppSid.optional().meta({ description: 'only those that say they run this App' }),
  }),
  returns: pageOf('devices', Device),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const fetchDevice = route({
  name: 'fetchDevice',
  method: 'GET',
  path: '/v1/Devices/:Sid',
  summary: 'One Device',
  params: OneDevice,
  returns: Device,
  errors: ['DEVICE_NOT_FOUND'],
})

export const updateDevice = route({
  name: 'updateDevice',
  method: 'POST',
  path: '/v1/Devices/:Sid',
  summary: 'Name a Device, deploy to it, switch its logging, restart its application',
  params: OneDevice,
  form: z.strictObject({
    UniqueName: UniqueName.optional(),
    TargetApp: SidOrName.or(z.literal(''))
      .optional()
      .meta({ description: 'SID or unique name of the App to run; empty: no target' }),
    LoggingEnabled: Flag.optional().meta({ description: 'on for 24 hours, or off' }),
    RestartApp: Flag.optional().meta({ description: 'true restarts the application' }),
    Tags: Tags.optional(),
    Attributes: Attributes.optional(),
  }),
  returns: Device,
  errors: ['DEVICE_NOT_FOUND', 'TARGET_APP_NOT_FOUND', 'NAME_TAKEN'],
})

export const createDevice = route({
  name: 'createDevice',
  scope: 'admin',
  unlogged: ['certificate', 'ca_certificate'],
  method: 'POST',
  path: '/v1/Devices',
  summary: 'Provision a device: issue its certificate',
  status: 201,
  form: z.strictObject({
    Csr: z
      .string()
      .max(8192)
      .meta({ description: 'PKCS #10 certificate request with a P-256 key, PEM' }),
    UniqueName: UniqueName.optional(),
  }),
  returns: ProvisionedDevice,
  errors: ['NAME_TAKEN', 'CSR_MALFORMED', 'CSR_KEY_UNSUPPORTED', 'CSR_SIGNATURE_WRONG'],
})

export const deleteDevice = route({
  name: 'deleteDevice',
  scope: 'admin',
  method: 'DELETE',
  path: '/v1/Devices/:Sid',
  summary: "Remove a Device: its certificate is revoked and its connection ends; can't be undone",
  status: 204,
  answer: 'nothing',
  params: OneDevice,
  returns: z.void(),
  errors: ['DEVICE_NOT_FOUND'],
})

export const streamDeviceLogs = route({
  name: 'streamDeviceLogs',
  method: 'GET',
  path: '/v1/Devices/:Sid/Logs',
  summary: "A Device's events as they happen; application logs come while logging is enabled",
  answer: 'events',
  params: OneDevice,
  returns: DeviceEvent,
  errors: ['DEVICE_NOT_FOUND', 'TOO_MANY_LISTENERS'],
})

export const endDeviceDebug = route({
  name: 'endDeviceDebug',
  scope: 'debug',
  method: 'DELETE',
  path: '/v1/Devices/:Sid/Debug',
  summary:
    'End the debug session of a Device, whoever has it; its application goes on, and the next debugger may come',
  status: 204,
  answer: 'nothing',
  params: OneDevice,
  returns: z.void(),
  errors: ['DEVICE_NOT_FOUND'],
})

export const DeviceCrash = z
  .object({
    device_sid: DeviceSid,
    id: z.string().meta({ description: "the device's own" }),
    date_received: DateTime,
    text: z.string().meta({ description: 'for people' }),
    crash: z.looseObject({ exception: z.string(), registers: z.record(z.string(), Word) }),
    frames: Frames,
  })
  .meta({ id: 'DeviceCrash' })
export type DeviceCrash = z.output<typeof DeviceCrash>

export const listDeviceCrashes = route({
  name: 'listDeviceCrashes',
  method: 'GET',
  path: '/v1/Devices/:Sid/Crashes',
  summary: "A Device's crashes, newest first; only so many are kept",
  params: OneDevice,
  query: PageQuery,
  returns: pageOf('crashes', DeviceCrash),
  errors: ['DEVICE_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const LogLine = z
  .object({
    timestamp: PreciseTime,
    text: z.string(),
    dropped: z.int().optional().meta({ description: 'lines lost just before this one' }),
  })
  .meta({ id: 'LogLine' })

export const listDeviceLogs = route({
  name: 'listDeviceLogs',
  method: 'GET',
  path: '/v1/Devices/:Sid/LogLines',
  summary:
    'What the application of a Device logged last, newest first, where the settings keep some',
  params: OneDevice,
  query: PageQuery,
  returns: pageOf('lines', LogLine),
  errors: ['DEVICE_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})
