/** Webhooks and their deliveries over HTTP. */
import * as api from '@microvisor/api'
import { eventTime } from '../devices/event-text.ts'
import { formatDate, formatDateOrNull } from '../http/dates.ts'
import { showPage } from '../http/pages.ts'
import type { Rest } from '../http/rest.ts'
import type { Deliveries, DeliveryRow } from './deliveries.ts'
import type { WebhookDispatcher } from './dispatcher.ts'
import type { WebhookRow, Webhooks } from './webhooks.ts'

interface Parts {
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
  readonly dispatcher: WebhookDispatcher
}

export function addWebhookRoutes(rest: Rest, parts: Parts): void {
  const { webhooks } = parts
  rest.handle(api.listWebhooks, async ({ query, caller, home }) =>
    showPage(
      'webhooks',
      `${home}/v1/Webhooks`,
      await webhooks.list(caller.accountSid, query),
      (row) => showWebhook(row, home),
    ),
  )
  rest.handle(api.createWebhook, async ({ form, caller, home }) => {
    const { webhook, secret } = await webhooks.create(caller.accountSid, form)
    return { ...showWebhook(webhook, home), secret }
  })
  rest.handle(api.fetchWebhook, async ({ params, caller, home }) =>
    showWebhook(await webhooks.fetch(caller.accountSid, params.Sid), home),
  )
  rest.handle(api.updateWebhook, async ({ params, form, caller, home }) => {
    const row = await webhooks.update(caller.accountSid, params.Sid, form)
    parts.dispatcher.kick()
    return showWebhook(row, home)
  })
  rest.handle(api.deleteWebhook, ({ params, caller }) =>
    webhooks.remove(caller.accountSid, params.Sid),
  )
  rest.handle(api.rotateWebhookSecret, async ({ params, form, caller, home }) => {
    const made = await webhooks.rotate(caller.accountSid, params.Sid, form.OverlapHours)
    return { ...showWebhook(made.webhook, home), secret: made.secret }
  })
  addDeliveryRoutes(rest, parts)
}

function addDeliveryRoutes(rest: Rest, { webhooks, deliveries, dispatcher }: Parts): void {
  rest.handle(api.pingWebhook, async ({ params, caller, home }) => {
    const webhook = await webhooks.fetch(caller.accountSid, params.Sid)
    return showDelivery(await dispatcher.ping(webhook, pingBody(webhook)), home)
  })
  rest.handle(api.listDeliveries, async ({ params, query, caller, home }) => {
    const { sid } = await webhooks.fetch(caller.accountSid, params.Sid)
    const page = await deliveries.list(sid, query)
    return showPage('deliveries', `${home}/v1/Webhooks/${sid}/Deliveries`, page, (row) =>
      showDelivery(row, home),
    )
  })
  rest.handle(api.fetchDelivery, async ({ params, caller, home }) => {
    const { sid } = await webhooks.fetch(caller.accountSid, params.Sid)
    return showDelivery(await deliveries.fetch(sid, params.DeliverySid), home)
  })
  rest.handle(api.retryDelivery, async ({ params, caller, home }) => {
    const { sid } = await webhooks.fetch(caller.accountSid, params.Sid)
    const renewed = await deliveries.renew(sid, params.DeliverySid)
    dispatcher.kick()
    return showDelivery(renewed, home)
  })
}

function pingBody({ sid, accountSid }: WebhookRow): string {
  return JSON.stringify({
    type: 'webhook.ping',
    timestamp: eventTime(),
    account_sid: accountSid,
    device_sid: null,
    text: `A test of webhook ${sid}`,
    data: { webhook_sid: sid },
  })
}

function showWebhook(row: WebhookRow, home: string): api.Webhook {
  const url = `${home}/v1/Webhooks/${row.sid}`
  return {
    sid: row.sid,
    account_sid: row.accountSid,
    friendly_name: row.friendlyName,
    target_url: row.url,
    events: row.events,
    enabled: row.enabled,
    failures: row.failures,
    last_error: row.lastError,
    date_delivered: formatDateOrNull(row.deliveredAt),
    previous_secret_expires: formatDateOrNull(row.previousSecretExpiresAt),
    date_created: formatDate(row.createdAt),
    date_updated: formatDate(row.updatedAt),
    url,
    links: { deliveries: `${url}/Deliveries` },
  }
}

function showDelivery(row: DeliveryRow, home: string): api.Delivery {
  return {
    sid: row.sid,
    webhook_sid: row.webhookSid,
    event_id: row.eventSeq === null ? null : String(row.eventSeq),
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    status: row.status,
    error: row.error,
    date_next: row.state === 'pending' ? formatDate(row.nextAt) : null,
    date_created: formatDate(row.createdAt),
    date_delivered: formatDateOrNull(row.deliveredAt),
    url: `${home}/v1/Webhooks/${row.webhookSid}/Deliveries/${row.sid}`,
  }
}
