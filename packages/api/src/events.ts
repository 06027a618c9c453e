/**
 * What happens in an account, as one numbered sequence: the events of all its devices, kept up to a
 * limit, read as pages or as they happen. Whoever read up to an event goes on behind it.
 *
 * An event's id is its number in the account. Lines that applications log are none of them: they are
 * many, and come on the stream of their device.
 */
import { z } from 'zod'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, PreciseTime, SidOrName } from './values.ts'

/** Every type of event, and what its `data` has. */
export const eventTypes = {
  'device.provisioned': 'A device got its certificate and belongs to the account',
  'device.removed': 'A device was removed; its certificate is revoked',
  'device.connected': 'A device is there. `data`: address',
  'device.disconnected': 'A connection ended. `data`: reason',
  'update.started': 'A device begins to fetch what it should run. `data`: as `update` in its log',
  'update.downloaded': 'All of an update is on the device',
  'update.installing': 'The update is being written to where it runs',
  'update.completed': 'The device runs its target',
  'update.failed': 'The update did not work; the device runs what it ran. `data`: error, detail',
  'app.crashed': 'An application crashed. `data`: as `crash` in its log',
  'certificate.renewed': 'A device got a new certificate. `data`: fingerprint, expires',
  'certificate.revoked': 'A certificate counts no more. `data`: fingerprint',
  'rollout.started': 'A roll-out began. `data`: rollout_sid, app_sid, state, stage',
  'rollout.changed': 'A roll-out came to another stage or state. `data`: as above, and reason',
} as const
export type EventType = keyof typeof eventTypes

const typeNames = Object.keys(eventTypes) as EventType[]

/** `update.failed`, all of a kind by `update.*`, or everything by `*`. */
export const eventPatterns: readonly string[] = [
  '*',
  ...new Set(typeNames.map((type) => `${type.split('.')[0]}.*`)),
  ...typeNames,
]

export function matchesEvent(patterns: readonly string[], type: string): boolean {
  return [type, `${type.split('.')[0]}.*`, '*'].some((pattern) => patterns.includes(pattern))
}

/** The types that patterns stand for. */
export function eventTypesOf(patterns: readonly string[]): string[] {
  return typeNames.filter((type) => matchesEvent(patterns, type))
}

export const EventPatterns = z
  .string()
  .max(1024)
  .transform((text) => [...new Set(text.split(',').map((pattern) => pattern.trim()))])
  .refine((patterns) => patterns.every((pattern) => eventPatterns.includes(pattern)), {
    error: `must be some of ${eventPatterns.join(', ')}, with commas between them`,
  })
  .meta({ description: 'types of events as `update.failed,app.*`, with commas; `*` is all' })

const EventId = z
  .string()
  .regex(/^\d{1,15}$/, { error: 'must be the id of an event, a number' })
  .meta({ description: 'id of an event' })

export const AccountEvent = z
  .object({
    id: EventId.meta({ description: 'its number in the account' }),
    type: z.string().meta({ description: 'see docs/reference/events.md' }),
    timestamp: PreciseTime,
    account_sid: AccountSid,
    device_sid: z.string().nullable(),
    text: z.string().meta({ description: 'for people' }),
    dropped: z.int().min(1).optional().meta({ description: 'older ones that are no longer kept' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'depends on the type' }),
  })
  .meta({ id: 'AccountEvent' })
export type AccountEvent = z.output<typeof AccountEvent>

const filters = {
  Device: SidOrName.optional().meta({ description: 'only those of this Device' }),
  Type: EventPatterns.optional(),
}

export const listEvents = route({
  name: 'listEvents',
  method: 'GET',
  path: '/v1/Events',
  summary: 'What happened in the account, newest first; only so many are kept',
  query: PageQuery.extend(filters),
  returns: pageOf('events', AccountEvent),
  errors: ['DEVICE_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const streamEvents = route({
  name: 'streamEvents',
  method: 'GET',
  path: '/v1/Events/Stream',
  summary:
    'What happens in the account, as it happens; goes on behind the header Last-Event-ID, or After',
  answer: 'events',
  query: z.strictObject({
    ...filters,
    After: EventId.optional().meta({
      description: 'go on behind this event; 0: with the oldest that is kept',
    }),
  }),
  returns: AccountEvent,
  errors: ['DEVICE_NOT_FOUND', 'TOO_MANY_LISTENERS'],
})
