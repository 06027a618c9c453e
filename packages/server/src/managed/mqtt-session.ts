/**
 * A device's session with a broker: the client's half of MQTT 3.1.1 and 5.
 *
 *   (1) A message of QoS 1 or 2 is acknowledged to the broker when the application says so.
 *   (2) Every request is answered once; what is still open when the session ends, with NOTCONNECTED.
 *   (3) A broker that sends faster than the device reads is not read; one that sends more messages
 *       than the limits allow is left (CONNECTIONCIRCUITBREAKER).
 *
 * Why not `mqtt`: its client handles packets one after another and waits for an acknowledgement
 * before the next, so an application that publishes before it acknowledges would stand still.
 */
import type { TLSSocket } from 'node:tls'
import {
  type ChannelRequestBody,
  type ChannelResponseInit,
  type MqttConnect,
  type MqttDelivery,
  type MqttPublish,
  MqttRequestState,
  type MqttSubscribe,
  type MqttUnsubscribe,
} from '@microvisor/protocol'
import { generate, type IConnackPacket, type IPublishPacket, type Packet } from 'mqtt-packet'
import type { Pace } from '../gateway/pace.ts'
import { type Egress, EgressError } from './egress.ts'
import { brokerAccess, isQos, type SessionLimits, text, topicName } from './mqtt-connect.ts'
import { PacketReader } from './mqtt-packets.ts'

const { REQUESTCOMPLETED, INVALIDPARAMETERS, ALREADYCONNECTED, NOTCONNECTED, SOCKETERROR } =
  MqttRequestState

export interface SessionParts {
  readonly egress: Egress
  readonly limits: SessionLimits & { readonly connectMs: number }
  /** Messages that the broker may send. */
  readonly inboundPace: Pace
  readonly respond: (response: ChannelResponseInit) => void
  readonly deliver: (message: MqttDelivery) => boolean
}

type Pending =
  | {
      readonly kind: 'mqttSubscribed' | 'mqttUnsubscribed'
      readonly id: number
      readonly count: number
    }
  | { readonly kind: 'mqttPublished'; readonly id: number }

/** DISCONNECT's reason codes (MQTT 5.0, 3.14.2.1). */
const PACKET_TOO_LARGE = 0x95
const MALFORMED_PACKET = 0x81
const SILENT_KEEPALIVES = 1.5

export class MqttSession {
  readonly #parts: SessionParts
  readonly #over = new AbortController()
  readonly #pending = new Map<number, Pending>()
  /** Messages that wait for the application, by correlation id; and their ids the other way round. */
  readonly #unacknowledged = new Map<number, { packetId: number; qos: number }>()
  readonly #delivered = new Set<number>()
  #state: 'new' | 'connecting' | 'connected' | 'over' = 'new'
  #socket: TLSSocket | undefined
  #version: 4 | 5 = 5
  #lastPacketId = 0
  #lastCorrelationId = 0
  #keepalive: NodeJS.Timeout | undefined
  #heardAt = 0

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  request(body: ChannelRequestBody): string | undefined {
    switch (body.case) {
      case 'mqttConnect':
        void this.#connect(body.value)
        return undefined
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

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** The device is gone: the broker sees the connection break, and publishes the will. */
  abandon(): void {
    this.#state = 'over'
    this.#over.abort()
    clearInterval(this.#keepalive)
    this.#socket?.destroy()
  }

  /** Leaves the broker because it sends too much. */
  breakCircuit(): undefined {
    this.#finish(MqttRequestState.CONNECTIONCIRCUITBREAKER, 0)
  }

  async #connect(request: MqttConnect): Promise<undefined> {
    const { egress, limits } = this.#parts
    if (this.#state !== 'new') return this.#connected(ALREADYCONNECTED)
    this.#state = 'connecting'
    const access = brokerAccess(request, limits)
    if (access === undefined) return this.#notConnected(INVALIDPARAMETERS)
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(limits.connectMs)])
    try {
      const socket = await egress.connect({ ...access.destination, signal })
      if (this.#over.signal.aborted) {
        socket.destroy()
        return
      }
      this.#begin(socket, access.protocolVersion, access.packet.keepalive ?? 0)
      signal.addEventListener('abort', () => {
        if (this.#state === 'connecting') socket.destroy()
      })
      this.#send(access.packet)
    } catch (error) {
      this.#notConnected(error instanceof EgressError ? connectStates[error.code] : SOCKETERROR)
    }
  }

  #begin(socket: TLSSocket, version: 4 | 5, keepaliveSeconds: number): undefined {
    this.#socket = socket
    this.#version = version
    const reader = new PacketReader(version, this.#parts.limits.packetBytes)
    this.#heardAt = performance.now()
    socket.on('data', (chunk: Buffer) => {
      this.#heardAt = performance.now()
      const { packets, error } = reader.push(chunk)
      for (const packet of packets) if (this.#state !== 'over') this.#take(packet)
      if (error === 'too-large') this.#leave(PACKET_TOO_LARGE)
      else if (error !== undefined) this.#leave(MALFORMED_PACKET)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => this.#lost())
    if (keepaliveSeconds > 0) this.#keepAlive(keepaliveSeconds * 1000)
  }

  #keepAlive(periodMs: number): undefined {
    this.#keepalive = setInterval(() => {
      const isSilent = performance.now() - this.#heardAt > periodMs * (1 + SILENT_KEEPALIVES)
      if (isSilent && this.#socket?.isPaused() === false) this.#socket.destroy()
      else if (this.#state === 'connected') this.#send({ cmd: 'pingreq' })
    }, periodMs).unref()
  }

  #take(packet: Packet): undefined {
    switch (packet.cmd) {
      case 'connack':
        return this.#connack(packet)
      case 'publish':
        return this.#receive(packet)
      case 'suback':
      case 'unsuback':
        return this.#granted(packet.messageId ?? 0, (packet.granted ?? []) as number[])
      case 'puback':
      case 'pubcomp':
        return this.#published(packet.messageId ?? 0, packet.reasonCode ?? 0)
      case 'pubrec':
        if ((packet.reasonCode ?? 0) >= 0x80)
          return this.#published(packet.messageId ?? 0, packet.reasonCode ?? 0)
        return this.#send({ cmd: 'pubrel', messageId: packet.messageId ?? 0 })
      case 'pubrel':
        this.#delivered.delete(packet.messageId ?? 0)
        return this.#send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 })
      case 'disconnect':
        return this.#finish(NOTCONNECTED, packet.reasonCode ?? 0)
      default:
        return undefined
    }
  }

  #connack({ reasonCode, returnCode, properties }: IConnackPacket): undefined {
    if (this.#state !== 'connecting') return
    const code = reasonCode ?? returnCode ?? 0
    if (code !== 0) return this.#notConnected(REQUESTCOMPLETED, code)
    this.#state = 'connected'
    if (properties?.serverKeepAlive !== undefined) {
      clearInterval(this.#keepalive)
      if (properties.serverKeepAlive > 0) this.#keepAlive(properties.serverKeepAlive * 1000)
    }
    this.#connected(REQUESTCOMPLETED)
  }

  #receive({ topic, payload, qos, retain, messageId = 0 }: IPublishPacket): undefined {
    if (this.#parts.inboundPace.take(1) > 0) return this.breakCircuit()
    if (qos > 0 && this.#delivered.has(messageId)) return
    this.#lastCorrelationId++
    const correlationId = this.#lastCorrelationId
    if (qos > 0) {
      this.#delivered.add(messageId)
      this.#unacknowledged.set(correlationId, { packetId: messageId, qos })
    }
    const isDelivered = this.#parts.deliver({
      correlationId,
      topic: Buffer.from(topic),
      payload: Buffer.from(payload),
      qos,
      retain,
    })
    if (!isDelivered) this.#acknowledge(correlationId)
  }

  #acknowledge(correlationId: number): undefined {
    const message = this.#unacknowledged.get(correlationId)
    if (message === undefined || this.#state !== 'connected') return
    this.#unacknowledged.delete(correlationId)
    if (message.qos === 2) return this.#send({ cmd: 'pubrec', messageId: message.packetId })
    this.#delivered.delete(message.packetId)
    this.#send({ cmd: 'puback', messageId: message.packetId })
  }

  #subscribe({ correlationId, subscriptions }: MqttSubscribe): undefined {
    const list = subscriptions.map(
      ({ topic, qos, noLocal, retainAsPublished, retainHandling }) => ({
        topic: text(topic) ?? '',
        qos: isQos(qos) ? qos : 0,
        ...(this.#version === 5 && { nl: noLocal, rap: retainAsPublished, rh: retainHandling }),
      }),
    )
    const isValid =
      list.length > 0 &&
      list.every(({ topic }) => topic !== '') &&
      subscriptions.every(({ qos, retainHandling: rh }) => isQos(qos) && rh <= 2)
    this.#ask({ kind: 'mqttSubscribed', id: correlationId, count: list.length }, isValid, (id) => ({
      cmd: 'subscribe',
      messageId: id,
      subscriptions: list,
    }))
  }

  #unsubscribe({ correlationId, topics }: MqttUnsubscribe): undefined {
    const list = topics.map((topic) => text(topic) ?? '')
    const isValid = list.length > 0 && !list.includes('')
    const pending = { kind: 'mqttUnsubscribed', id: correlationId, count: list.length } as const
    this.#ask(pending, isValid, (id) => ({
      cmd: 'unsubscribe',
      messageId: id,
      unsubscriptions: list,
    }))
  }

  #publish({ correlationId, topic, payload, qos, retain }: MqttPublish): undefined {
    const name = topicName(topic)
    const isValid = name !== undefined && isQos(qos)
    const pending = { kind: 'mqttPublished', id: correlationId } as const
    this.#ask(pending, isValid, (id) => ({
      cmd: 'publish',
      topic: name ?? '',
      payload: Buffer.from(payload),
      qos: isQos(qos) ? qos : 0,
      retain,
      dup: false,
      ...(qos > 0 && { messageId: id }),
    }))
  }

  /** Sends a request that is answered later; one of QoS 0, as soon as it has left. */
  #ask(pending: Pending, isValid: boolean, packetFor: (id: number) => Packet): undefined {
    if (this.#state !== 'connected') return this.#answer(pending, NOTCONNECTED)
    if (!isValid) return this.#answer(pending, INVALIDPARAMETERS)
    const id = this.#nextPacketId()
    const packet = packetFor(id)
    this.#pending.set(id, pending)
    const isDone = packet.cmd === 'publish' && packet.qos === 0
    this.#send(packet, isDone ? () => this.#published(id, 0) : undefined)
  }

  #granted(packetId: number, codes: readonly number[]): undefined {
    const pending = this.#pending.get(packetId)
    if (pending === undefined || pending.kind === 'mqttPublished') return
    this.#pending.delete(packetId)
    const reasonCodes = Array.from({ length: pending.count }, (_, i) => codes[i] ?? 0)
    this.#answer(pending, REQUESTCOMPLETED, { reasonCodes })
  }

  #published(packetId: number, reasonCode: number): undefined {
    const pending = this.#pending.get(packetId)
    if (pending?.kind !== 'mqttPublished') return
    this.#pending.delete(packetId)
    this.#answer(pending, REQUESTCOMPLETED, { reasonCode })
  }

  #answer(
    { kind, id: correlationId }: Pending,
    requestState: MqttRequestState,
    more: { reasonCodes?: number[]; reasonCode?: number } = {},
  ): undefined {
    const value = { requestState, correlationId, ...more }
    this.#parts.respond({ case: kind, value } as ChannelResponseInit)
  }

  #disconnect(): undefined {
    if (this.#state !== 'connected') {
      this.#parts.respond({ case: 'mqttDisconnected', value: { requestState: NOTCONNECTED } })
      return
    }
    this.#send({ cmd: 'disconnect', ...(this.#version === 5 && { reasonCode: 0 }) } as Packet)
    this.#finish(REQUESTCOMPLETED, 0)
  }

  /** Ends the session because of what the broker sent. */
  #leave(reasonCode: number): undefined {
    if (this.#state === 'over') return
    if (this.#version === 5) this.#send({ cmd: 'disconnect', reasonCode })
    if (this.#state === 'connecting') this.#notConnected(SOCKETERROR)
    else this.#finish(NOTCONNECTED, reasonCode)
  }

  #lost(): undefined {
    if (this.#state === 'connecting') this.#notConnected(SOCKETERROR)
    else this.#finish(NOTCONNECTED, 0)
  }

  #finish(requestState: MqttRequestState, reasonCode: number): undefined {
    if (this.#state !== 'connected') return
    this.#end()
    for (const pending of this.#pending.values()) this.#answer(pending, NOTCONNECTED)
    this.#pending.clear()
    this.#parts.respond({ case: 'mqttDisconnected', value: { requestState, reasonCode } })
  }

  #notConnected(requestState: MqttRequestState, reasonCode = 0): undefined {
    if (this.#state === 'over') return
    this.#end()
    this.#connected(requestState, reasonCode)
  }

  #connected(requestState: MqttRequestState, reasonCode = 0): undefined {
    this.#parts.respond({ case: 'mqttConnected', value: { requestState, reasonCode } })
  }

  #end(): undefined {
    this.#state = 'over'
    clearInterval(this.#keepalive)
    this.#socket?.end()
    this.#socket?.resume()
    const socket = this.#socket
    setTimeout(() => socket?.destroy(), FAREWELL_MS).unref()
  }

  #nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % 0xffff) + 1
    while (this.#pending.has(this.#lastPacketId))
    return this.#lastPacketId
  }

  #send(packet: Packet, sent?: () => void): undefined {
    if (this.#socket?.writable !== true) return
    this.#socket.write(generate(packet, { protocolVersion: this.#version }), () => sent?.())
  }
}

/** What a broker gets to close its side. */
const FAREWELL_MS = 1_000

const connectStates: Readonly<Record<EgressError['code'], MqttRequestState>> = {
  REFUSED: SOCKETERROR,
  NXDOMAIN: MqttRequestState.NXDOMAIN,
  UNKNOWNCA: MqttRequestState.UNKNOWNCA,
  CERTIFICATEEXPIRED: MqttRequestState.CERTIFICATEEXPIRED,
  SOCKETERROR,
}
