/** From a device's MqttConnect to what TLS and MQTT need, as far as it makes sense. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { decodeUtf8, type MqttConnect, MqttProtocolVersion } from '@microvisor/protocol'
import type { IConnectPacket, QoS } from 'mqtt-packet'
import type { Destination } from './egress.ts'

export interface BrokerAccess {
  readonly destination: Omit<Destination, 'signal'>
  readonly packet: IConnectPacket
  readonly protocolVersion: 4 | 5
}

export interface SessionLimits {
  readonly packetBytes: number
  readonly unacknowledged: number
}

/** Undefined where a parameter has no meaning: INVALIDPARAMETERS. */
export function brokerAccess(
  request: MqttConnect,
  { packetBytes, unacknowledged }: SessionLimits,
): BrokerAccess | undefined {
  const { port, keepaliveSeconds, will } = request
  const protocolVersion = versions[request.protocolVersion]
  const host = hostName(text(request.host))
  const tls = credentials(request)
  const clientId = text(request.clientId)
  const userName = request.login && text(request.login.userName)
  const isUsable = port > 0 && port <= 0xffff && keepaliveSeconds <= 0xffff && isQos(will?.qos ?? 0)
  const isReadable = clientId !== undefined && !(request.login && userName === undefined)
  const willTopic = will && topicName(will.topic)
  if (protocolVersion === undefined || !isUsable || !isReadable) return undefined
  if (host === undefined || tls === undefined || (will && willTopic === undefined)) return undefined
  return {
    destination: { host, port, tls },
    protocolVersion,
    packet: {
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion,
      clientId,
      clean: request.cleanStart,
      keepalive: keepaliveSeconds,
      ...(request.login && {
        username: userName ?? '',
        password: Buffer.from(request.login.password),
      }),
      ...(will && {
        will: {
          topic: willTopic ?? '',
          payload: Buffer.from(will.payload),
          qos: will.qos as QoS,
          retain: will.retain,
        },
      }),
      ...(protocolVersion === 5 && {
        properties: {
          receiveMaximum: unacknowledged,
          maximumPacketSize: packetBytes,
          // As a session that is not clean has it in 3.1.1; the system calls know no other way to say it.
          ...(!request.cleanStart && { sessionExpiryInterval: SESSION_FOR_EVER }),
        },
      }),
    },
  }
}

/** MQTT 5.0, 3.1.2.11.2. */
const SESSION_FOR_EVER = 0xffff_ffff

const versions: Readonly<Record<number, 4 | 5>> = {
  [MqttProtocolVersion.V3_1_1]: 4,
  [MqttProtocolVersion.V5]: 5,
}

export function isQos(qos: number): qos is QoS {
  return qos === 0 || qos === 1 || qos === 2
}

/** UTF-8 without a null character (MQTT 5.0, 1.5.4). */
export function text(bytes: Uint8Array): string | undefined {
  try {
    const decoded = decodeUtf8(bytes, true)
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}

/** A topic to publish to: not empty, no wildcards. */
export function topicName(bytes: Uint8Array): string | undefined {
  const topic = text(bytes)
  return topic !== undefined && topic !== '' && !/[+#]/.test(topic) ? topic : undefined
}

/** A name or an address, and no more: as a URL would have it. */
function hostName(host: string | undefined): string | undefined {
  if (host === undefined || !/^[\w.:-]{1,253}$/.test(host)) return undefined
  const url = URL.parse(`https://${host.includes(':') ? `[${host}]` : host}`)
  return url?.hostname.replace(/^\[|\]$/g, '')
}

function credentials({ authorities, certificates, privateKey }: MqttConnect) {
  try {
    const tls = {
      ...(authorities.length > 0 && { ca: authorities.map(pem) }),
      ...(certificates.length > 0 && {
        cert: certificates.map(pem).join(''),
        key: createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' })
          .export({ format: 'pem', type: 'pkcs8' })
          .toString(),
      }),
    }
    for (const der of authorities) new X509Certificate(der)
    createSecureContext(tls)
    return tls
  } catch {
    return undefined
  }
}

function pem(der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
