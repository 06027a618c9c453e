/** Deliveries come into being with their event, in its transaction: one for each webhook that wants it. */
import { randomBytes } from 'node:crypto'
import { type AccountEvent, matchesEvent } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import type { Transaction } from '../storage/database.ts'
import { webhookDeliveries, webhooks } from '../storage/schema.ts'

/** Returns how many. */
export async function addDeliveries(
  tx: Transaction,
  accountSid: string,
  events: readonly AccountEvent[],
): Promise<number> {
  const wanting = await tx
    .select({ sid: webhooks.sid, patterns: webhooks.events })
    .from(webhooks)
    .where(and(eq(webhooks.accountSid, accountSid), eq(webhooks.enabled, true)))
  const rows = wanting.flatMap(({ sid: webhookSid, patterns }) =>
    events
      .filter(({ type }) => matchesEvent(patterns, type))
      .map((event) => ({
        ...newDelivery(webhookSid, event.type),
        eventSeq: Number(event.id),
        body: JSON.stringify(event),
      })),
  )
  if (rows.length > 0) await tx.insert(webhookDeliveries).values(rows)
  return rows.length
}

export function newDelivery(webhookSid: string, type: string) {
  return { sid: makeSid('WD', randomBytes(16)), webhookSid, type }
}
