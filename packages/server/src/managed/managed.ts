/** Everything that the cloud does in the outside world for devices: which service is behind a channel. */
import { ChannelType } from '@microvisor/protocol'
import type { Logger } from 'pino'
import type { Configs } from '../configs/configs.ts'
import type { DeviceIdentity } from '../devices/reports.ts'
import { Pace } from '../gateway/pace.ts'
import type { Limits } from '../limits.ts'
import type { Egress } from './egress.ts'
import { configAnswer, ExchangeService, httpAnswer } from './exchange.ts'
import { HttpClient } from './http.ts'
import { MqttService } from './mqtt.ts'
import { EchoService, LogLineService } from './opaque.ts'
import type { ChannelCarrier, ChannelService } from './service.ts'

export interface ManagedParts {
  readonly egress: Egress
  readonly configs: Pick<Configs, 'lookUp'>
  readonly limits: Limits
  readonly log: Logger
}

/** One device's connection, as far as its channels are concerned. */
export interface DeviceChannels {
  readonly device: DeviceIdentity
  readonly logPace: Pace
  readonly tellLogLine: (line: Uint8Array) => void
}

export class Managed {
  readonly #parts: ManagedParts
  readonly #http: HttpClient

  constructor(parts: ManagedParts) {
    this.#parts = parts
    this.#http = new HttpClient(parts.egress)
  }

  /** What serves channels of this kind; undefined if nothing does. */
  serviceFor(
    type: number,
    endpoint: string,
    channels: DeviceChannels,
  ): ((carrier: ChannelCarrier) => ChannelService) | undefined {
    switch (type) {
      case ChannelType.HTTP:
        return (carrier) => new ExchangeService('http', carrier, httpAnswer(this.#http))
      case ChannelType.CONFIGFETCH:
        return (carrier) => new ExchangeService('configFetch', carrier, this.#config(channels))
      case ChannelType.MQTT:
        return (carrier) => this.#mqtt(carrier)
      case ChannelType.OPAQUEBYTES:
        return opaque(endpoint, channels)
      default:
        return undefined
    }
  }

  close(): Promise<void> {
    return this.#http.close()
  }

  #config({ device }: DeviceChannels) {
    const { configs, log } = this.#parts
    return configAnswer(configs, device, (error) => {
      log.error({ event: 'config fetch failed', device: device.sid, err: error })
    })
  }

  #mqtt(carrier: ChannelCarrier): MqttService {
    const { egress, limits } = this.#parts
    return new MqttService(carrier, {
      egress,
      limits: {
        connectMs: limits.mqttConnectMs,
        packetBytes: limits.mqttPacketBytes,
        unacknowledged: limits.mqttUnacknowledged,
      },
      inboundPace: new Pace(limits.mqttMessagesPerSecond, limits.mqttMessageBurst),
    })
  }
}

function opaque(endpoint: string, { logPace, tellLogLine }: DeviceChannels) {
  if (endpoint === 'echo') return (carrier: ChannelCarrier) => new EchoService(carrier)
  if (endpoint === 'log') return () => new LogLineService(logPace, tellLogLine)
  return undefined
}
