/**
 * Posts what is due, on every server, each webhook apart from the others: a target that does not answer
 * keeps its own few posts waiting and nobody else's, and one that failed last gets one post at a time.
 */
import { eq } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { Limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../storage/database.ts'
import { webhooks } from '../storage/schema.ts'
import type { Deliveries, DeliveryRow } from './deliveries.ts'
import type { WebhookSender } from './sender.ts'
import { signedHeaders } from './signature.ts'
import type { WebhookRow, Webhooks } from './webhooks.ts'

interface Parts {
  readonly db: Database
  readonly webhooks: Webhooks
  readonly deliveries: Deliveries
  readonly sender: WebhookSender
  readonly limits: Limits
  readonly metrics: Pick<Metrics, 'webhookAttempt'>
  readonly log: Logger
}

/** The longest time until this server looks for what others left. */
const LOOK_MS = 5000
const PRUNE_MS = 60_000

export class WebhookDispatcher {
  readonly #parts: Parts
  readonly #posts = new Map<string, Set<Promise<void>>>()
  readonly #stopped = new AbortController()
  #pumping: Promise<void> | undefined
  #isAsked = false
  #timer: NodeJS.Timeout | undefined
  #prunedAt = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** There may be something to post. */
  kick(): void {
    if (this.#stopped.signal.aborted) return
    this.#isAsked = true
    this.#pumping ??= this.#pumpUntilDone().finally(() => {
      this.#pumping = undefined
    })
  }

  /** Posts one made for the purpose, once; resolves with what came of it. */
  async ping(webhook: WebhookRow, body: string): Promise<DeliveryRow> {
    const delivery = await this.#parts.deliveries.claimNew(webhook.sid, 'webhook.ping', body)
    return this.#attempt(webhook, delivery, true)
  }

  /** What is being posted is given up, and posted again by whoever comes next. */
  async close(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#pumping
    await Promise.all([...this.#posts.values()].flatMap((posts) => [...posts]))
    await this.#parts.sender.close()
  }

  async #pumpUntilDone(): Promise<void> {
    clearTimeout(this.#timer)
    let waitMs = LOOK_MS
    try {
      while (this.#isAsked && !this.#stopped.signal.aborted) {
        this.#isAsked = false
        await this.#pump()
      }
      const next = await this.#parts.deliveries.nextInMs()
      // What is due and was not claimed has no room: the end of a post is when to look again.
      if (next !== undefined && next > 0) waitMs = Math.min(next + 1, LOOK_MS)
    } catch (error) {
      this.#parts.log.warn({ event: 'webhooks not looked after', err: error })
    }
    if (this.#stopped.signal.aborted) return
    this.#timer = setTimeout(() => this.kick(), waitMs).unref()
  }

  async #pump(): Promise<void> {
    const { deliveries } = this.#parts
    if (Date.now() - this.#prunedAt > PRUNE_MS) {
      this.#prunedAt = Date.now()
      await deliveries.prune()
    }
    for (const sid of await deliveries.due()) {
      const webhook = await this.#read(sid)
      const room = webhook === undefined ? 0 : this.#roomFor(webhook)
      if (webhook === undefined || room <= 0) continue
      for (const delivery of await deliveries.claim(sid, room)) this.#start(webhook, delivery)
    }
  }

  async #read(sid: string): Promise<WebhookRow | undefined> {
    const [row] = await this.#parts.db.select().from(webhooks).where(eq(webhooks.sid, sid))
    return row
  }

  #roomFor({ sid, failures }: WebhookRow): number {
    const atOnce = failures > 0 ? 1 : this.#parts.limits.webhookPostsAtOnce
    return atOnce - (this.#posts.get(sid)?.size ?? 0)
  }

  #start(webhook: WebhookRow, delivery: DeliveryRow): void {
    const { log } = this.#parts
    const posts = this.#posts.get(webhook.sid) ?? new Set()
    this.#posts.set(webhook.sid, posts)
    const post = this.#attempt(webhook, delivery, false)
      .then(() => undefined)
      .catch((error: unknown) => {
        // Its claim ends by itself, and it is posted again.
        log.warn({ event: 'delivery not noted', delivery: delivery.sid, err: error })
      })
      .finally(() => {
        posts.delete(post)
        if (posts.size === 0) this.#posts.delete(webhook.sid)
        this.kick()
      })
    posts.add(post)
  }

  async #attempt(
    webhook: WebhookRow,
    delivery: DeliveryRow,
    isOnly: boolean,
  ): Promise<DeliveryRow> {
    const { webhooks: owner, deliveries, sender, metrics } = this.#parts
    const { sid: id, body } = delivery
    const timestamp = Math.floor(Date.now() / 1000)
    const headers = signedHeaders({ id, timestamp, body }, await owner.secretsOf(webhook))
    const outcome = await sender.post(webhook.url, headers, body, this.#stopped.signal)
    if (outcome.error !== undefined && this.#stopped.signal.aborted) {
      await deliveries.release(delivery)
      return delivery
    }
    const noted = await deliveries.finish(delivery, outcome, isOnly)
    metrics.webhookAttempt(noted.state === 'pending' ? 'failed' : noted.state)
    return noted
  }
}
