/** MQTT channels: a session, and messages that fit the device. */
import {
  type ChannelRequestBody,
  encodeChannelResponse,
  MqttLostMessageReason,
} from '@microvisor/protocol'
import { type Delivery, MqttSession, type SessionParts } from './mqtt-session.ts'
import type { ChannelCarrier, ChannelService } from './service.ts'

/** What waits for the device before the broker is not read, and before it is left. */
const WAITING_BYTES_HIGH = 65_536
const WAITING_BYTES_MAX = 1_048_576

export class MqttService implements ChannelService {
  readonly #carrier: ChannelCarrier
  readonly #session: MqttSession

  constructor(carrier: ChannelCarrier, parts: Omit<SessionParts, 'respond' | 'deliver'>) {
    this.#carrier = carrier
    this.#session = new MqttSession({
      ...parts,
      respond: (response) => carrier.respond(response),
      deliver: (message) => this.#deliver(message),
    })
  }

  request(body: ChannelRequestBody): string | undefined {
    return this.#session.request(body)
  }

  drained(): void {
    this.#session.resume()
  }

  end(): void {
    this.#session.abandon()
  }

  /** False if the device cannot have it, and was told so. */
  #deliver(message: Delivery): boolean {
    const response = { case: 'mqttMessage', value: message } as const
    const bytes = encodeChannelResponse(response).length
    const isSmall = bytes <= this.#carrier.receiveBytes
    if (isSmall) this.#carrier.respond(response)
    else this.#reportLost(message)
    if (this.#carrier.waitingBytes > WAITING_BYTES_MAX) this.#session.breakCircuit()
    else if (this.#carrier.waitingBytes > WAITING_BYTES_HIGH) this.#session.pause()
    return isSmall
  }

  #reportLost({ topic, payload }: Delivery): void {
    const lost = (shown: Uint8Array) =>
      ({
        case: 'mqttLostMessage',
        value: {
          reason: MqttLostMessageReason.DEVICERECEIVEBUFFERTOOSMALL,
          topic: shown,
          messageBytes: payload.length,
        },
      }) as const
    const excess = encodeChannelResponse(lost(topic)).length - this.#carrier.receiveBytes
    this.#carrier.respond(lost(topic.subarray(0, topic.length - Math.max(0, excess))))
  }
}
