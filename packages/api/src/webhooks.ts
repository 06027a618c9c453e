/**
 * Webhooks: events of the account, posted to an address of its owner's and signed as Standard Webhooks
 * says (www.standardwebhooks.com), so that libraries for checking them exist in every language.
 * A delivery that fails is tried again, at growing distances, and then kept as dead until somebody
 * sends it again.
 */
import { z } from 'zod'
import { EventPatterns } from './events.ts'
import { PageQuery, pageOf } from './pagination.ts'
import { route } from './route.ts'
import { AccountSid, DateTime, DeliverySid, Flag, Url, WebhookSid } from './values.ts'

export const WEBHOOKS_MAX = 32
export const WEBHOOK_URL_MAX = 2048
/** Hours for which the secret before still signs, too. */
const OVERLAP_HOURS = { default: 24, max: 720 }

export const Webhook = z
  .object({
    sid: WebhookSid,
    account_sid: AccountSid,
    friendly_name: z.string(),
    target_url: Url.meta({ description: 'where events are posted to' }),
    events: z.array(z.string()),
    enabled: z.boolean(),
    failures: z.int().meta({ description: 'attempts that failed since the last that worked' }),
    last_error: z.string().nullable(),
    date_delivered: DateTime.nullable().meta({ description: 'when the last delivery worked' }),
    previous_secret_expires: DateTime.nullable(),
    date_created: DateTime,
    date_updated: DateTime,
    url: Url,
    links: z.object({ deliveries: Url }),
  })
  .meta({ id: 'Webhook' })
export type Webhook = z.output<typeof Webhook>

export const NewWebhook = Webhook.extend({
  secret: z.string().meta({ description: 'whsec_…, checks signatures; not shown again' }),
}).meta({ id: 'NewWebhook' })

export const deliveryStates = ['pending', 'delivered', 'dead'] as const

export const Delivery = z
  .object({
    sid: DeliverySid.meta({ description: 'the header webhook-id; the same for each attempt' }),
    webhook_sid: WebhookSid,
    event_id: z.string().nullable(),
    type: z.string(),
    state: z.enum(deliveryStates),
    attempts: z.int(),
    status: z.int().nullable().meta({ description: 'HTTP status of the last answer' }),
    error: z.string().nullable().meta({ description: 'why the last attempt failed' }),
    date_next: DateTime.nullable().meta({ description: 'of the next attempt' }),
    date_created: DateTime,
    date_delivered: DateTime.nullable(),
    url: Url,
  })
  .meta({ id: 'Delivery' })
export type Delivery = z.output<typeof Delivery>

const ADMIN = { scope: 'admin' } as const
const TargetUrl = z
  .string()
  .max(WEBHOOK_URL_MAX)
  .refine((text) => isTarget(text), {
    error: 'must be an https address, without user, password or #',
  })
  .meta({ format: 'uri', description: 'https; of the public Internet, unless the server opens it' })
const FriendlyName = z.string().max(64).meta({ description: 'what it is for' })
const OneWebhook = z.strictObject({ Sid: WebhookSid })
const OneDelivery = z.strictObject({ Sid: WebhookSid, DeliverySid })

function isTarget(text: string): boolean {
  const url = URL.parse(text)
  return url?.protocol === 'https:' && !url.username && !url.password && !text.includes('#')
}

export const listWebhooks = route({
  ...ADMIN,
  name: 'listWebhooks',
  method: 'GET',
  path: '/v1/Webhooks',
  summary: 'Webhooks, newest first',
  query: PageQuery,
  returns: pageOf('webhooks', Webhook),
  errors: ['PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const createWebhook = route({
  ...ADMIN,
  name: 'createWebhook',
  method: 'POST',
  path: '/v1/Webhooks',
  summary: 'Have events posted to an address; answers with the secret that checks them',
  status: 201,
  unlogged: ['secret'],
  form: z.strictObject({
    TargetUrl,
    Events: EventPatterns,
    FriendlyName: FriendlyName.default(''),
  }),
  returns: NewWebhook,
  errors: ['WEBHOOK_TARGET_REFUSED', 'WEBHOOKS_TOO_MANY'],
})

export const fetchWebhook = route({
  ...ADMIN,
  name: 'fetchWebhook',
  method: 'GET',
  path: '/v1/Webhooks/:Sid',
  summary: 'One webhook',
  params: OneWebhook,
  returns: Webhook,
  errors: ['WEBHOOK_NOT_FOUND'],
})

export const updateWebhook = route({
  ...ADMIN,
  name: 'updateWebhook',
  method: 'POST',
  path: '/v1/Webhooks/:Sid',
  summary: 'Point a webhook elsewhere, give it other events, switch it off or on',
  params: OneWebhook,
  form: z.strictObject({
    TargetUrl: TargetUrl.optional(),
    Events: EventPatterns.optional(),
    FriendlyName: FriendlyName.optional(),
    Enabled: Flag.optional(),
  }),
  returns: Webhook,
  errors: ['WEBHOOK_NOT_FOUND', 'WEBHOOK_TARGET_REFUSED'],
})

export const deleteWebhook = route({
  ...ADMIN,
  name: 'deleteWebhook',
  method: 'DELETE',
  path: '/v1/Webhooks/:Sid',
  summary: 'Delete a webhook, and what it has not delivered',
  status: 204,
  answer: 'nothing',
  params: OneWebhook,
  returns: z.void(),
  errors: ['WEBHOOK_NOT_FOUND'],
})

export const rotateWebhookSecret = route({
  ...ADMIN,
  name: 'rotateWebhookSecret',
  method: 'POST',
  path: '/v1/Webhooks/:Sid/Secret',
  summary: 'A new secret; the one before signs, too, for some hours',
  status: 201,
  unlogged: ['secret'],
  params: OneWebhook,
  form: z.strictObject({
    OverlapHours: z.coerce
      .number()
      .int()
      .min(0)
      .max(OVERLAP_HOURS.max)
      .default(OVERLAP_HOURS.default)
      .meta({ description: 'how long signatures of both are sent; 0: the old one ends now' }),
  }),
  returns: NewWebhook,
  errors: ['WEBHOOK_NOT_FOUND'],
})

export const pingWebhook = route({
  ...ADMIN,
  name: 'pingWebhook',
  method: 'POST',
  path: '/v1/Webhooks/:Sid/Ping',
  summary: 'Post an event of type webhook.ping once, and say what came of it',
  status: 201,
  params: OneWebhook,
  returns: Delivery,
  errors: ['WEBHOOK_NOT_FOUND'],
})

export const listDeliveries = route({
  ...ADMIN,
  name: 'listDeliveries',
  method: 'GET',
  path: '/v1/Webhooks/:Sid/Deliveries',
  summary: 'What a webhook delivered, newest first; only so many are kept',
  params: OneWebhook,
  query: PageQuery.extend({
    State: z.enum(deliveryStates).optional().meta({ description: 'only those' }),
  }),
  returns: pageOf('deliveries', Delivery),
  errors: ['WEBHOOK_NOT_FOUND', 'PAGE_SIZE_TOO_LARGE', 'PAGE_TOKEN_INVALID'],
})

export const fetchDelivery = route({
  ...ADMIN,
  name: 'fetchDelivery',
  method: 'GET',
  path: '/v1/Webhooks/:Sid/Deliveries/:DeliverySid',
  summary: 'One delivery',
  params: OneDelivery,
  returns: Delivery,
  errors: ['WEBHOOK_NOT_FOUND', 'DELIVERY_NOT_FOUND'],
})

export const retryDelivery = route({
  ...ADMIN,
  name: 'retryDelivery',
  method: 'POST',
  path: '/v1/Webhooks/:Sid/Deliveries/:DeliverySid',
  summary: 'Send a delivery again, now and with all attempts before it',
  params: OneDelivery,
  returns: Delivery,
  errors: ['WEBHOOK_NOT_FOUND', 'DELIVERY_NOT_FOUND'],
})
