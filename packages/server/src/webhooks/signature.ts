/**
 * Signatures of webhooks: Standard Webhooks, version 1 (www.standardwebhooks.com). HMAC-SHA256 over
 * `id.timestamp.body`; while a secret is being replaced, one signature by each, with a space between.
 */
import { createHmac, randomBytes } from 'node:crypto'

/** As many bytes as the specification recommends. */
const SECRET_BYTES = 32
const SECRET_PREFIX = 'whsec_'

export function makeSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

export interface Message {
  readonly id: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: string
}

/** The three headers that say who sent it, and when. */
export function signedHeaders(message: Message, secrets: readonly string[]) {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${sign(message, secret)}`).join(' '),
  }
}

function sign({ id, timestamp, body }: Message, secret: string): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
}
