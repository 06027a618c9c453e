/** The parts of webhooks put together. */
import type { Logger } from 'pino'
import type { MasterKeys } from '../keys/master-keys.ts'
import type { Limits } from '../limits.ts'
import type { Egress } from '../managed/egress.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../storage/database.ts'
import { Deliveries } from './deliveries.ts'
import { WebhookDispatcher } from './dispatcher.ts'
import { WebhookSender } from './sender.ts'
import { Webhooks } from './webhooks.ts'

interface Surroundings {
  readonly db: Database
  readonly masterKeys: MasterKeys
  readonly egress: Egress
  readonly limits: Limits
  readonly metrics: Metrics
  readonly log: Logger
}

export interface WebhookParts {
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
  readonly dispatcher: WebhookDispatcher
  close(): Promise<void>
}

/** They begin to post at once: what an earlier run left is due. */
export function openWebhooks(surroundings: Surroundings): WebhookParts {
  const { db, limits, egress } = surroundings
  const webhooks = new Webhooks(surroundings)
  const deliveries = new Deliveries(db, limits)
  const { webhookMs: timeoutMs, webhookPostsAtOnce: perTarget } = limits
  const sender = new WebhookSender(egress, { timeoutMs, perTarget })
  const dispatcher = new WebhookDispatcher({ ...surroundings, webhooks, deliveries, sender })
  dispatcher.kick()
  return { webhooks, deliveries, dispatcher, close: () => dispatcher.close() }
}
