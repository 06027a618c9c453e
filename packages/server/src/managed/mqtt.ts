/** MQTT channels: a session, and messages that fit the device. */
import { type ChannelRequestBody, type MqttDelivery, mqttDelivery } from '@microvisor/protocol'
import { MqttSession, type SessionParts } from './mqtt-session.ts'
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
  #deliver(message: MqttDelivery): boolean {
    const { response, isWhole } = mqttDelivery(message, this.#carrier.receiveBytes)
    this.#carrier.respond(response)
    if (this.#carrier.waitingBytes > WAITING_BYTES_MAX) this.#session.breakCircuit()
    else if (this.#carrier.waitingBytes > WAITING_BYTES_HIGH) this.#session.pause()
    return isWhole
  }
}
