/** Webhooks and deliveries as people see them. */
import type { Delivery, Webhook } from '@microvisor/api'
import { string } from '@oclif/core/args'
import { type Column, facts } from './output.ts'

export const webhookArg = string({
  required: true,
  description: 'SID of the webhook, as `webhooks list` shows it',
})

export const webhookColumns: readonly Column<Webhook>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'NAME', value: ({ friendly_name }) => friendly_name },
  { title: 'TARGET', value: ({ target_url }) => target_url },
  { title: 'EVENTS', value: ({ events }) => events.join(',') },
  { title: 'STATE', value: stateOf },
]

export const deliveryColumns: readonly Column<Delivery>[] = [
  { title: 'SID', value: ({ sid }) => sid },
  { title: 'TYPE', value: ({ type }) => type },
  { title: 'EVENT', value: ({ event_id }) => event_id },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'ATTEMPTS', value: ({ attempts }) => attempts },
  { title: 'ANSWER', value: ({ status, error }) => error ?? status },
  { title: 'NEXT', value: ({ date_next }) => date_next },
]

export function webhookFacts(webhook: Webhook): string {
  return facts([
    ['sid', webhook.sid],
    ['name', webhook.friendly_name],
    ['target', webhook.target_url],
    ['events', webhook.events.join(', ')],
    ['state', stateOf(webhook)],
    ['last error', webhook.last_error],
    ['delivered', webhook.date_delivered],
    ['old secret until', webhook.previous_secret_expires],
    ['created', webhook.date_created],
  ])
}

function stateOf({ enabled, failures }: Webhook): string {
  if (!enabled) return 'off'
  return failures === 0 ? 'on' : `failing, ${failures} attempts`
}
