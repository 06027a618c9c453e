/**
 * The tables as queries see them. The migrations make them; a test holds the two together.
 */
import type { AccountEvent, Attestation, DeviceEvent, RolloutState } from '@microvisor/api'
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'

const time = (name: string) => timestamp(name, { withTimezone: true })
const created = () => time('created_at').notNull().defaultNow()
const seq = () => bigint('seq', { mode: 'number' }).generatedAlwaysAsIdentity()

export const installation = pgTable('installation', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
})

export const accounts = pgTable('accounts', {
  sid: text('sid').primaryKey(),
  authTokenHash: text('auth_token_hash').notNull(),
  createdAt: created(),
})

export const apps = pgTable('apps', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  uniqueName: text('unique_name'),
  manifestHash: text('manifest_hash').notNull(),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

export const kernels = pgTable('kernels', {
  seq: seq(),
  accountSid: text('account_sid').notNull(),
  manifestHash: text('manifest_hash').notNull(),
  bodyHash: text('body_hash').notNull(),
  versionNumber: bigint('version_number', { mode: 'number' }).notNull(),
  versionString: text('version_string').notNull(),
  versionSecurityRatchet: bigint('version_security_ratchet', { mode: 'number' }).notNull(),
  createdAt: created(),
})

export const signers = pgTable('signers', {
  seq: seq(),
  accountSid: text('account_sid').notNull(),
  keyId: text('key_id').notNull(),
  publicKey: text('public_key').notNull(),
  friendlyName: text('friendly_name').notNull(),
  createdAt: created(),
  removedAt: time('removed_at'),
})

export const layerKeys = pgTable('layer_keys', {
  seq: seq(),
  accountSid: text('account_sid').notNull(),
  keyId: text('key_id').notNull(),
  friendlyName: text('friendly_name').notNull(),
  secret: text('secret').notNull(),
  createdAt: created(),
})

export const bundleContents = pgTable('bundle_contents', {
  accountSid: text('account_sid').notNull(),
  owner: text('owner').notNull(),
  position: integer('position').notNull(),
  hash: text('hash').notNull(),
  sizeBytes: integer('size_bytes').notNull(),
})

/** As a device says it, and the API shows it. */
interface ReportedLayer {
  readonly place: string
  readonly start: number
  readonly size: number
  readonly measurement_hash: string
}

export const devices = pgTable('devices', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  uniqueName: text('unique_name'),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
  targetAppSid: text('target_app_sid'),
  targetedAt: time('targeted_at'),
  reportedHash: text('reported_hash'),
  reportedAppSid: text('reported_app_sid'),
  reportedAt: time('reported_at'),
  reportedLayers: jsonb('reported_layers').$type<ReportedLayer[]>(),
  kernelVersion: bigint('kernel_version', { mode: 'number' }),
  kernelVersionText: text('kernel_version_text'),
  updateErrorCode: integer('update_error_code').notNull().default(0),
  updateErrorHash: text('update_error_hash'),
  updateErrorDetail: text('update_error_detail'),
  loggingUntil: time('logging_until'),
  restartRequestedAt: time('restart_requested_at'),
  targetKernelHash: text('target_kernel_hash'),
  connectionId: text('connection_id'),
  serverId: text('server_id'),
  connectedAt: time('connected_at'),
  seenAt: time('seen_at'),
  address: text('address'),
  appRunning: boolean('app_running'),
  wakeReason: bigint('wake_reason', { mode: 'number' }),
  updatePhase: text('update_phase'),
  updateBytesDone: bigint('update_bytes_done', { mode: 'number' }),
  updateBytesTotal: bigint('update_bytes_total', { mode: 'number' }),
  updateBytesHash: text('update_bytes_hash'),
  updateBytesSent: bigint('update_bytes_sent', { mode: 'number' }).notNull().default(0),
  updateBytesReceived: bigint('update_bytes_received', { mode: 'number' }).notNull().default(0),
  updateBytesSentEver: bigint('update_bytes_sent_ever', { mode: 'number' }).notNull().default(0),
  tags: text('tags').array().notNull().default([]),
  attributes: jsonb('attributes').$type<Record<string, string>>().notNull().default({}),
})

export const deviceCertificates = pgTable('device_certificates', {
  fingerprint: text('fingerprint').primaryKey(),
  accountSid: text('account_sid').notNull(),
  deviceSid: text('device_sid').notNull(),
  issuedAt: time('issued_at').notNull().defaultNow(),
  revokedAt: time('revoked_at'),
  seq: seq(),
  expiresAt: time('expires_at'),
})

export const deviceCrashes = pgTable('device_crashes', {
  seq: seq(),
  deviceSid: text('device_sid').notNull(),
  crashId: text('crash_id').notNull(),
  receivedAt: time('received_at').notNull().defaultNow(),
  manifestHash: text('manifest_hash'),
  report: jsonb('report').$type<NonNullable<DeviceEvent['crash']>>().notNull(),
})

export const deviceAttestations = pgTable('device_attestations', {
  seq: seq(),
  deviceSid: text('device_sid').notNull(),
  createdAt: created(),
  token: text('token').notNull(),
  findings: jsonb('findings').$type<Attestation['findings']>().notNull(),
  appSid: text('app_sid'),
})

export const configs = pgTable('configs', {
  seq: seq(),
  accountSid: text('account_sid').notNull(),
  deviceSid: text('device_sid'),
  store: text('store', { enum: ['config', 'secret'] }).notNull(),
  key: text('key').notNull(),
  value: text('value').notNull(),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

export const apiKeys = pgTable('api_keys', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  friendlyName: text('friendly_name').notNull(),
  scopes: text('scopes').array().notNull(),
  secretHash: text('secret_hash').notNull(),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
  expiresAt: time('expires_at'),
  usedAt: time('used_at'),
})

export const users = pgTable('users', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  name: text('name').notNull(),
  role: text('role', { enum: ['owner', 'developer', 'viewer'] }).notNull(),
  passwordHash: text('password_hash').notNull(),
  totpSecret: text('totp_secret'),
  totpStep: bigint('totp_step', { mode: 'number' }).notNull().default(0),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

export const invitations = pgTable('invitations', {
  tokenHash: text('token_hash').primaryKey(),
  accountSid: text('account_sid').notNull(),
  role: text('role', { enum: ['owner', 'developer', 'viewer'] }).notNull(),
  createdAt: created(),
  expiresAt: time('expires_at').notNull(),
})

export const userSessions = pgTable('user_sessions', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  userSid: text('user_sid').notNull(),
  tokenHash: text('token_hash').notNull(),
  address: text('address').notNull(),
  createdAt: created(),
  expiresAt: time('expires_at').notNull(),
})

export const audit = pgTable('audit', {
  seq: seq(),
  accountSid: text('account_sid').notNull(),
  number: bigint('number', { mode: 'number' }).notNull(),
  at: time('at').notNull(),
  actor: text('actor').notNull(),
  address: text('address').notNull(),
  requestId: text('request_id').notNull(),
  action: text('action').notNull(),
  object: text('object').notNull(),
  before: text('before').notNull(),
  after: text('after').notNull(),
  hash: text('hash').notNull(),
})

export const auditIntents = pgTable('audit_intents', {
  requestId: text('request_id').primaryKey(),
  accountSid: text('account_sid').notNull(),
  at: time('at').notNull(),
  actor: text('actor').notNull(),
  address: text('address').notNull(),
  action: text('action').notNull(),
  object: text('object').notNull(),
  before: text('before').notNull(),
})

export const servers = pgTable('servers', {
  id: text('id').primaryKey(),
  startedAt: time('started_at').notNull().defaultNow(),
  seenAt: time('seen_at').notNull().defaultNow(),
})

export const deviceUsage = pgTable('device_usage', {
  accountSid: text('account_sid').notNull(),
  month: text('month').notNull(),
  deviceSid: text('device_sid').notNull(),
  firstAt: time('first_at').notNull().defaultNow(),
  lastAt: time('last_at').notNull().defaultNow(),
  connections: bigint('connections', { mode: 'number' }).notNull().default(1),
})

export const rollouts = pgTable('rollouts', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  friendlyName: text('friendly_name').notNull(),
  appSid: text('app_sid').notNull(),
  appHash: text('app_hash').notNull(),
  state: text('state').$type<RolloutState>().notNull().default('running'),
  reason: text('reason'),
  stages: text('stages').array().notNull(),
  stage: integer('stage').notNull().default(0),
  stageAt: time('stage_at').notNull().defaultNow(),
  tag: text('tag'),
  approval: text('approval', { enum: ['none', 'first', 'each'] }).notNull(),
  failurePercent: doublePrecision('failure_percent').notNull(),
  crashesPerDevice: integer('crashes_per_device').notNull(),
  timeoutMinutes: doublePrecision('timeout_minutes').notNull(),
  soakMinutes: doublePrecision('soak_minutes').notNull(),
  catchesNew: boolean('catches_new').notNull(),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

export const rolloutDevices = pgTable('rollout_devices', {
  seq: seq(),
  rolloutSid: text('rollout_sid').notNull(),
  deviceSid: text('device_sid').notNull(),
  stage: integer('stage').notNull(),
  state: text('state', { enum: ['pending', 'updated', 'failed', 'skipped'] })
    .notNull()
    .default('pending'),
  reason: text('reason'),
  previousAppSid: text('previous_app_sid'),
  targetedAt: time('targeted_at').notNull().defaultNow(),
  updatedAt: time('updated_at'),
})

export const deviceLogLines = pgTable('device_log_lines', {
  seq: bigint('seq', { mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
  deviceSid: text('device_sid').notNull(),
  at: text('at').notNull(),
  text: text('text').notNull(),
  dropped: integer('dropped').notNull().default(0),
})

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })

export const appSymbols = pgTable('app_symbols', {
  appSid: text('app_sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  codeHash: text('code_hash').notNull(),
  elfHash: text('elf_hash').notNull(),
  functions: integer('functions').notNull(),
  lines: integer('lines').notNull(),
  symbols: bytes('symbols').notNull(),
  createdAt: created(),
})

export const accountEventNumbers = pgTable('account_event_numbers', {
  accountSid: text('account_sid').primaryKey(),
  last: bigint('last', { mode: 'number' }).notNull(),
})

export const accountEvents = pgTable('account_events', {
  accountSid: text('account_sid').notNull(),
  seq: bigint('seq', { mode: 'number' }).notNull(),
  type: text('type').notNull(),
  deviceSid: text('device_sid'),
  body: jsonb('body').$type<Omit<AccountEvent, 'id'>>().notNull(),
})

export const webhooks = pgTable('webhooks', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  accountSid: text('account_sid').notNull(),
  friendlyName: text('friendly_name').notNull().default(''),
  url: text('url').notNull(),
  events: text('events').array().notNull(),
  enabled: boolean('enabled').notNull().default(true),
  secret: text('secret').notNull(),
  previousSecret: text('previous_secret'),
  previousSecretExpiresAt: time('previous_secret_expires_at'),
  failures: integer('failures').notNull().default(0),
  lastError: text('last_error'),
  deliveredAt: time('delivered_at'),
  createdAt: created(),
  updatedAt: time('updated_at').notNull().defaultNow(),
})

export const webhookDeliveries = pgTable('webhook_deliveries', {
  seq: seq(),
  sid: text('sid').primaryKey(),
  webhookSid: text('webhook_sid').notNull(),
  eventSeq: bigint('event_seq', { mode: 'number' }),
  type: text('type').notNull(),
  body: text('body').notNull(),
  state: text('state', { enum: ['pending', 'delivered', 'dead'] })
    .notNull()
    .default('pending'),
  attempts: integer('attempts').notNull().default(0),
  nextAt: time('next_at').notNull().defaultNow(),
  claimedUntil: time('claimed_until'),
  status: integer('status'),
  error: text('error'),
  createdAt: created(),
  deliveredAt: time('delivered_at'),
})
