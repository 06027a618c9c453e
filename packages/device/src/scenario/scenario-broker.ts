/**
 * The MQTT broker of a scenario, at the level of messages: subscriptions with wildcards, retained
 * messages, wills, sessions that outlive their connection, a client taken over by another of its
 * name. MQTT 5.0, 3.3, 3.8 and 4.7; what 3.1.1 lacks is not told to its clients.
 *
 * Not modelled: user names and certificates (all are let in), shared subscriptions, expiry, and the
 * steps of QoS 2 (a message counts once the device has acknowledged it).
 */
import {
  type ChannelRequestBody,
  type ChannelResponseInit,
  decodeUtf8,
  encodeUtf8,
  type MqttConnect,
  MqttProtocolVersion,
  type MqttPublish,
  MqttRequestState,
  type MqttSubscribe,
  type MqttSubscription,
  type MqttUnsubscribe,
  mqttDelivery,
} from '@microvisor/protocol'
import { OUTSIDE_MS } from './outside-plan.ts'

const { REQUESTCOMPLETED, INVALIDPARAMETERS, ALREADYCONNECTED, NOTCONNECTED } = MqttRequestState
const { NXDOMAIN, SOCKETERROR } = MqttRequestState

/** Reason codes (MQTT 5.0, 2.4). */
const REASON = { noSubscription: 0x11, noSubscribers: 0x10, takenOver: 0x8e } as const
const QUEUED_MAX = 1000

export interface BrokerParts {
  /** `host:port`. */
  readonly brokers: readonly string[]
  readonly after: (ms: number, action: () => void) => () => void
  readonly published: (topic: string, payload: Uint8Array) => void
}

interface Message {
  readonly topic: string
  readonly payload: Uint8Array
  readonly qos: number
  readonly retain: boolean
}

/** What a client's name stands for, connected or not. */
interface Client {
  readonly subscriptions: Map<string, MqttSubscription>
  /** Delivered or waiting, not yet acknowledged. */
  readonly queued: Message[]
  session: BrokerSession | undefined
}

export class ScenarioBroker {
  readonly #parts: BrokerParts
  readonly #clients = new Map<string, Client>()
  readonly #retained = new Map<string, Message>()
  #isDown = false

  constructor(parts: BrokerParts) {
    this.#parts = parts
  }

  /** One for each channel. */
  open(receiveBytes: number, respond: (response: ChannelResponseInit) => void): BrokerSession {
    return new BrokerSession(this, { receiveBytes, respond, after: this.#parts.after })
  }

  /** All brokers go away, with everybody's connections; or they are back. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown
    if (!isDown) return
    for (const client of this.#clients.values()) client.session?.lose(0)
  }

  /** Undefined: it can be reached. */
  problemOf(host: string, port: number): MqttRequestState | undefined {
    const { brokers } = this.#parts
    if (!brokers.some((broker) => broker.startsWith(`${host}:`))) return NXDOMAIN
    return this.#isDown || !brokers.includes(`${host}:${port}`) ? SOCKETERROR : undefined
  }

  enter(name: string, isClean: boolean, session: BrokerSession): Client {
    const before = this.#clients.get(name)
    before?.session?.lose(REASON.takenOver)
    const kept = isClean ? undefined : this.#clients.get(name)
    const client = kept ?? { subscriptions: new Map(), queued: [], session }
    client.session = session
    this.#clients.set(name, client)
    return client
  }

  leave(name: string, isClean: boolean): void {
    const client = this.#clients.get(name)
    if (client === undefined) return
    client.session = undefined
    if (isClean) this.#clients.delete(name)
  }

  /** A message of somebody else's. */
  publish(topic: string, payload: string): void {
    this.route({ topic, payload: encodeUtf8(payload), qos: 1, retain: false })
  }

  /** To everybody who wants it; how many those are. */
  route(message: Message, from?: BrokerSession): number {
    const { topic, payload, retain } = message
    if (from !== undefined) this.#parts.published(topic, payload)
    if (retain && payload.length === 0) this.#retained.delete(topic)
    else if (retain) this.#retained.set(topic, message)
    let count = 0
    for (const client of this.#clients.values()) {
      const wanted = [...client.subscriptions.values()].filter(
        ({ topic: filter, noLocal }) =>
          topicMatches(decodeUtf8(filter), topic) && !(noLocal && client.session === from),
      )
      if (wanted.length === 0) continue
      count++
      const qos = Math.min(message.qos, Math.max(...wanted.map((one) => one.qos)))
      const isRetained = retain && wanted.some((one) => one.retainAsPublished)
      this.hand(client, { ...message, qos, retain: isRetained })
    }
    return count
  }

  /** What was kept under topics that match, to a new subscription. */
  handRetained(client: Client, { topic: filter, qos }: MqttSubscription): void {
    for (const message of this.#retained.values()) {
      if (!topicMatches(decodeUtf8(filter), message.topic)) continue
      this.hand(client, { ...message, qos: Math.min(qos, message.qos), retain: true })
    }
  }

  hand({ session, queued }: Client, message: Message): void {
    if (message.qos > 0 && queued.length < QUEUED_MAX) queued.push(message)
    session?.deliver(message)
  }
}

interface SessionParts {
  readonly receiveBytes: number
  readonly respond: (response: ChannelResponseInit) => void
  readonly after: BrokerParts['after']
}

/** A device's channel to the broker. */
export class BrokerSession {
  readonly #broker: ScenarioBroker
  readonly #parts: SessionParts
  #state: 'new' | 'connecting' | 'connected' | 'over' = 'new'
  #client: Client | undefined
  #request: MqttConnect | undefined
  readonly #unacknowledged = new Map<number, Message>()
  #lastCorrelationId = 0

  constructor(broker: ScenarioBroker, parts: SessionParts) {
    this.#broker = broker
    this.#parts = parts
  }

  request(body: ChannelRequestBody): string | undefined {
    switch (body.case) {
      case 'mqttConnect':
        return this.#connect(body.value)
      case 'mqttSubscribe':
        return this.#subscribe(body.value)
      case 'mqttUnsubscribe':
        return this.#unsubscribe(body.value)
      case 'mqttPublish':
        return this.#publish(body.value)
      case 'mqttAcknowledge':
        return this.#acknowledge(body.value.correlationId)
      case 'mqttDisconnect':
        return this.#disconnect()
      default:
        return `This channel is for MQTT, not for ${body.case}.`
    }
  }

  deliver(message: Message): void {
    const correlationId = ++this.#lastCorrelationId
    if (message.qos > 0) this.#unacknowledged.set(correlationId, message)
    const delivery = { ...message, correlationId, topic: encodeUtf8(message.topic) }
    const { response, isWhole } = mqttDelivery(delivery, this.#parts.receiveBytes)
    this.#later(() => this.#parts.respond(response))
    if (!isWhole) this.#acknowledge(correlationId)
  }

  /** The broker ends it. */
  lose(reasonCode: number): void {
    if (this.#state !== 'connected') return
    this.#end(true)
    const isVersion5 = this.#request?.protocolVersion === MqttProtocolVersion.V5
    const code = isVersion5 ? reasonCode : 0
    const value = { requestState: NOTCONNECTED, reasonCode: code }
    this.#parts.respond({ case: 'mqttDisconnected', value })
  }

  /** The channel is gone. */
  end(): void {
    if (this.#state === 'connected') this.#end(true)
    this.#state = 'over'
  }

  #connect(request: MqttConnect): undefined {
    if (this.#state !== 'new') return this.#connected(ALREADYCONNECTED)
    this.#state = 'connecting'
    const { host, port, clientId, cleanStart, will } = request
    this.#parts.after(3 * OUTSIDE_MS, () => {
      if (this.#state !== 'connecting') return
      const isWrong = will !== undefined && (!isTopicName(will.topic) || will.qos > 2)
      const problem = isWrong ? INVALIDPARAMETERS : this.#broker.problemOf(decodeUtf8(host), port)
      this.#state = problem === undefined ? 'connected' : 'over'
      if (problem !== undefined) return this.#connected(problem)
      this.#request = request
      this.#client = this.#broker.enter(decodeUtf8(clientId), cleanStart, this)
      this.#connected(REQUESTCOMPLETED)
      for (const message of [...this.#client.queued]) this.deliver(message)
    })
  }

  #subscribe({ correlationId, subscriptions }: MqttSubscribe): undefined {
    const isValid =
      subscriptions.length > 0 &&
      subscriptions.every(({ topic, qos, retainHandling }) => {
        return topic.length > 0 && qos <= 2 && retainHandling <= 2
      })
    this.#ask('mqttSubscribed', correlationId, isValid, (client) => {
      const fresh = subscriptions.filter(({ topic, retainHandling: handling }) => {
        const isNew = !client.subscriptions.has(decodeUtf8(topic))
        return handling === 0 || (handling === 1 && isNew)
      })
      for (const one of subscriptions) client.subscriptions.set(decodeUtf8(one.topic), one)
      this.#parts.after(0, () => {
        for (const one of fresh) this.#broker.handRetained(client, one)
      })
      return { reasonCodes: subscriptions.map(({ qos }) => qos) }
    })
  }

  #unsubscribe({ correlationId, topics }: MqttUnsubscribe): undefined {
    const isValid = topics.length > 0 && topics.every((topic) => topic.length > 0)
    this.#ask('mqttUnsubscribed', correlationId, isValid, ({ subscriptions }) => {
      const removed = topics.map((topic) => subscriptions.delete(decodeUtf8(topic)))
      const isOld = this.#request?.protocolVersion === MqttProtocolVersion.V3_1_1
      const codeOf = (was: boolean) => (was || isOld ? 0 : REASON.noSubscription)
      return { reasonCodes: removed.map(codeOf) }
    })
  }

  #publish({ correlationId, topic, payload, qos, retain }: MqttPublish): undefined {
    const isValid = isTopicName(topic) && qos <= 2
    this.#ask('mqttPublished', correlationId, isValid, () => {
      const message = { topic: decodeUtf8(topic), payload: payload.slice(), qos, retain }
      const count = this.#broker.route(message, this)
      const isVersion5 = this.#request?.protocolVersion === MqttProtocolVersion.V5
      return { reasonCode: count === 0 && qos > 0 && isVersion5 ? REASON.noSubscribers : 0 }
    })
  }

  /** Answers after the way to the broker and back. */
  #ask(
    kind: 'mqttSubscribed' | 'mqttUnsubscribed' | 'mqttPublished',
    correlationId: number,
    isValid: boolean,
    act: (client: Client) => { reasonCodes?: number[]; reasonCode?: number },
  ): undefined {
    this.#parts.after(OUTSIDE_MS, () => {
      const client = this.#state === 'connected' ? this.#client : undefined
      const requestState =
        client === undefined ? NOTCONNECTED : isValid ? REQUESTCOMPLETED : INVALIDPARAMETERS
      const more = client !== undefined && isValid ? act(client) : {}
      if (this.#state === 'over' && client !== undefined) return
      const value = { requestState, correlationId, ...more }
      this.#parts.respond({ case: kind, value } as ChannelResponseInit)
    })
  }

  #acknowledge(correlationId: number): undefined {
    const message = this.#unacknowledged.get(correlationId)
    if (message === undefined) return
    this.#unacknowledged.delete(correlationId)
    const queued = this.#client?.queued ?? []
    const at = queued.indexOf(message)
    if (at >= 0) queued.splice(at, 1)
  }

  #disconnect(): undefined {
    const isConnected = this.#state === 'connected'
    if (isConnected) this.#end(false)
    const requestState = isConnected ? REQUESTCOMPLETED : NOTCONNECTED
    this.#later(() => this.#parts.respond({ case: 'mqttDisconnected', value: { requestState } }))
  }

  #end(isBroken: boolean): void {
    this.#state = 'over'
    const { clientId, cleanStart, will } = this.#request!
    this.#broker.leave(decodeUtf8(clientId), cleanStart)
    if (!isBroken || will === undefined) return
    const { payload, qos, retain } = will
    this.#broker.route({ topic: decodeUtf8(will.topic), payload, qos, retain }, this)
  }

  #connected(requestState: MqttRequestState): undefined {
    this.#parts.respond({ case: 'mqttConnected', value: { requestState, reasonCode: 0 } })
  }

  #later(action: () => void): void {
    this.#parts.after(OUTSIDE_MS, action)
  }
}

function isTopicName(topic: Uint8Array): boolean {
  const text = decodeUtf8(topic)
  return text !== '' && !/[+#\0]/.test(text)
}

/** MQTT 5.0, 4.7: `+` is one level, `#` the rest; neither begins a topic that starts with `$`. */
export function topicMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  const [wanted, levels] = [filter.split('/'), topic.split('/')]
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true
    if (levels[i] === undefined || (level !== '+' && level !== levels[i])) return false
  }
  return wanted.length === levels.length
}
