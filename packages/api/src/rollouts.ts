/**
 * Roll-outs: an App brought to many devices stage by stage, watched, and stopped by itself when too much
 * goes wrong. A device fails that says so, that crashes too often afterwards, or that says nothing in
 * time. An addition to the original API.
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
  RolloutSid,
  SidOrName,
  Url,
} from './values.ts'

export const STAGES_MAX = 10

export const rolloutStates = {
  running: 'devices of the stage and those before it are being updated, and watched',
  waiting: 'a stage went well; somebody has to approve the next',
  paused: 'by somebody: no more devices get it, those that have it are watched',
  stopped:
    'too much went wrong, or somebody stopped it; devices that had not begun got their target back',
  completed: 'all stages went well',
  'rolled-back': 'every device got the target back that it had before',
} as const
export type RolloutState = keyof typeof rolloutStates
const states = Object.keys(rolloutStates) as [RolloutState, ...RolloutState[]]

export const rolloutDeviceStates = ['pending', 'updated', 'failed', 'skipped'] as const

/** `tag:canary`, or `5%` of all devices chosen. */
const STAGE = /^(tag:[\w.:-]{1,64}|(100|\d{1,2}(\.\d{1,2})?)%)$/

const Stages = z
  .string()
  .max(1024)
  .transform((text) => text.split(',').map((stage) => stage.trim()))
  .refine((stages) => stages.length <= STAGES_MAX && stages.every((stage) => STAGE.test(stage)), {
    error: `must be 1-${STAGES_MAX} of tag:NAME or N%, with commas between them`,
  })
  .meta({
    description:
      'one after another: `tag:canary,5%,50%,100%`; a percentage is of all devices chosen, those before included',
  })

export const Rollout = z
  .object({
    sid: RolloutSid,
    account_sid: AccountSid,
    friendly_name: z.string(),
    app_sid: AppSid,
    state: z.enum(states),
    reason: z.string().nullable().meta({ description: 'why it is in this state, for people' }),
    stages: z.array(z.string()),
    stage: z.int().meta({ description: 'which of the stages it is in, from 0' }),
    tag: z.string().nullable().meta({ description: 'only devices that have it; null: all' }),
    approval: z.enum(['none', 'first', 'each']),
    failure_percent: z.number(),
    crashes_per_device: z.int(),
    timeout_minutes: z.number(),
    soak_minutes: z.number(),
    catches_new: z.boolean(),
    devices: z.object({
      pending: z.int(),
      updated: z.int(),
      failed: z.int(),
      skipped: z.int(),
    }),
    date_created: DateTime,
    date_updated: DateTime,
    url: Url,
    links: z.object({ devices: Url }),
  })
  .meta({ id: 'Rollout' })
export type Rollout = z.output<typeof Rollout>

export const RolloutDevice = z
  .object({
    rollout_sid: RolloutSid,
    device_sid: DeviceSid,
    stage: z.int(),
    state: z.enum(rolloutDeviceStates),
    reason: z.string().nullable(),
    date_targeted: DateTime,
    date_updated: DateTime.nullable().meta({ description: 'since when it runs the App' }),
  })
  .meta({ id: 'RolloutDevice' })
export type RolloutDevice = z.output<typeof RolloutDevice>

const Minutes = (most: number) => z.coerce.number().min(0).max(most)
const OneRollout = z.strictObject({ Sid: RolloutSid })

export const listRollouts = route({
  name: 'listRollouts',
  method: 'GET',
  path: '/v1/Rollouts',
  summary: 'Roll-outs, newest first',
  query: PageQuery,
  returns: pageOf('rollouts', Rollout),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createRollout = route({
  name: 'createRollout',
  method: 'POST',
  path: '/v1/Rollouts',
  summary: 'Bring an App to many devices, stage by stage',
  status: 201,
  form: z.strictObject({
    App: SidOrName.meta({ description: 'SID or unique name' }),
    FriendlyName: z.string().max(64).default(''),
    Stages: Stages.default(['100%']),
    Tag: z
      .string()
      .regex(/^[\w.:-]{1,64}$/)
      .optional()
      .meta({ description: 'only devices that have it; all unless given' }),
    Approval: z
      .enum(['none', 'first', 'each'])
      .default('none')
      .meta({ description: 'whether somebody has to approve the next stage' }),
    FailurePercent: z.coerce
      .number()
      .min(0)
      .max(100)
      .default(10)
      .meta({ description: 'stop when more of the devices that got it failed' }),
    CrashesPerDevice: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .meta({ description: 'a device that crashes so often with it has failed' }),
    TimeoutMinutes: Minutes(525_600)
      .default(1440)
      .meta({ description: 'a device that does not run it after so long has failed' }),
    SoakMinutes: Minutes(525_600)
      .default(10)
      .meta({ description: 'how long a stage is watched before the next begins' }),
    CatchNew: Flag.default(false).meta({
      description: 'go on after the last stage: devices enrolled later get it, too',
    }),
  }),
  returns: Rollout,
  errors: ['TARGET_APP_NOT_FOUND'],
})

export const fetchRollout = route({
  name: 'fetchRollout',
  method: 'GET',
  path: '/v1/Rollouts/:Sid',
  summary: 'One roll-out, and how far it is',
  params: OneRollout,
  returns: Rollout,
  errors: ['ROLLOUT_NOT_FOUND'],
})

export const updateRollout = route({
  name: 'updateRollout',
  method: 'POST',
  path: '/v1/Rollouts/:Sid',
  summary: 'Approve the next stage, pause, resume, stop, or roll back',
  params: OneRollout,
  form: z.strictObject({
    Action: z.enum(['approve', 'pause', 'resume', 'stop', 'roll-back']),
  }),
  returns: Rollout,
  errors: ['ROLLOUT_NOT_FOUND', 'ROLLOUT_STATE_WRONG'],
})

export const listRolloutDevices = route({
  name: 'listRolloutDevices',
  method: 'GET',
  path: '/v1/Rollouts/:Sid/Devices',
  summary: 'What became of each device of a roll-out',
  params: OneRollout,
  query: PageQuery.extend({
    State: z.enum(rolloutDeviceStates).optional().meta({ description: 'only those' }),
  }),
  returns: pageOf('devices', RolloutDevice),
  errors: ['ROLLOUT_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})
