/**
 * The bus between server processes: NATS. Within the process messages go straight to who listens, so
 * that a lost connection to NATS costs nothing there; between processes each subject that somebody
 * listens to is subscribed once. While NATS is away messages to others are lost, which the bus is
 * allowed to do; `onReturn` is then the moment to look at the database again.
 */
import {
  connect,
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Tracing } from '../tracing.ts'
import { UsageError } from '../usage-error.ts'
import { type Bus, ProcessBus, type Topic } from './bus.ts'

const PREFIX = 'microvisor.'
const TRACEPARENT = 'traceparent'
const RECONNECT_MS = 500
const PING_MS = 5000

interface Shared {
  readonly subscription: Subscription
  receivers: number
}

export class NatsBus implements Bus {
  readonly #local = new ProcessBus()
  readonly #shared = new Map<string, Shared>()
  readonly #connection: NatsConnection
  readonly #log: Logger
  readonly #tracing: Tracing
  readonly #returns = new Set<() => void>()
  #isConnected = true

  private constructor(connection: NatsConnection, log: Logger, tracing: Tracing) {
    this.#connection = connection
    this.#tracing = tracing
    this.#log = log
    void this.#watch()
  }

  static async connect(url: string, log: Logger, tracing: Tracing): Promise<NatsBus> {
    const { username, password, host } = new URL(url)
    try {
      const connection = await connect({
        servers: host,
        ...(username && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
        noEcho: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_MS,
        pingInterval: PING_MS,
        name: 'microvisor server',
      })
      return new NatsBus(connection, log, tracing)
    } catch (error) {
      throw new UsageError(
        'BUS_UNUSABLE',
        `The message bus at ${host} cannot be used: ${(error as Error).message}.`,
        'Check MICROVISOR_BUS_URL (nats://user:password@host:4222), and that nats-server runs there.',
        error,
      )
    }
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  publish<M>(topic: Topic<M>, message: M): void {
    this.#local.publish(topic, message)
    if (!this.#isConnected) return
    try {
      const options = optionsOf(this.#tracing.traceparent())
      this.#connection.publish(PREFIX + topic.subject, JSON.stringify(message), options)
    } catch (error) {
      this.#log.warn({ event: 'message not sent to other servers', err: error })
    }
  }

  subscribe<M>(topic: Topic<M>, receive: (message: M) => void): () => void {
    const stop = this.#local.subscribe(topic, receive)
    const shared = this.#share(topic)
    shared.receivers++
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      stop()
      if (--shared.receivers > 0) return
      this.#shared.delete(topic.subject)
      if (!this.#connection.isClosed()) shared.subscription.unsubscribe()
    }
  }

  /** Other servers' messages arrive from now on. */
  async settle(): Promise<void> {
    if (this.#isConnected) await this.#connection.flush()
  }

  onReturn(listen: () => void): () => void {
    this.#returns.add(listen)
    return () => this.#returns.delete(listen)
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  #share<M>(topic: Topic<M>): Shared {
    const known = this.#shared.get(topic.subject)
    if (known) return known
    const subscription = this.#connection.subscribe(PREFIX + topic.subject, {
      callback: (error, message) => {
        if (error === null) this.#receive(topic, message)
      },
    })
    const shared = { subscription, receivers: 0 }
    this.#shared.set(topic.subject, shared)
    return shared
  }

  /** Whatever is in a message, other messages go on arriving. */
  #receive<M>(topic: Topic<M>, message: Msg): void {
    try {
      const traceparent = message.headers?.get(TRACEPARENT)
      this.#tracing.within(traceparent, () => this.#local.publish(topic, message.json<M>()))
    } catch (error) {
      this.#log.error({ event: 'message not understood', subject: topic.subject, err: error })
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') {
        this.#isConnected = false
        this.#log.warn({ event: 'message bus lost' })
      } else if (type === 'reconnect') {
        this.#isConnected = true
        this.#log.info({ event: 'message bus back' })
        for (const listen of this.#returns) listen()
      }
    }
  }
}

function optionsOf(traceparent: string | undefined) {
  if (traceparent === undefined) return {}
  const own = headers()
  own.set(TRACEPARENT, traceparent)
  return { headers: own }
}
