/**
 * Requests on an MQTT channel: connect once, then subscribe, unsubscribe, publish, acknowledge,
 * disconnect. Answers and messages: mqtt-answers.ts.
 */
import {
  type ChannelRequestInit,
  ChannelType,
  encodeChannelRequest,
  MQTT_CERTIFICATES_MAX,
  MQTT_TOPICS_MAX,
  MqttAuthenticationMethod,
  Status,
  type StructValue,
} from '@microvisor/protocol'
import type { Channel } from '../channels/channel.ts'
import type { AwaitedKind } from '../channels/in-flight.ts'
import type { Handler } from '../dispatch.ts'
import { PointedReader } from '../pointed-reader.ts'

type Connect = StructValue<'MvMqttConnectRequest'>
type Credentials = StructValue<'MvTlsCredentials'>
type Will = StructValue<'MvMqttWill'>

const noCredentials: Credentials = {
  cacert: { num_certs: 0, certs: 0 },
  clientcert: { chain: { num_certs: 0, certs: 0 }, key: { data: 0, length: 0 } },
}

export const mvMqttRequestConnect: Handler<'mvMqttRequestConnect'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvMqttConnectRequest', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (channel.hasRequested) return Status.REQUESTALREADYSENT
  const pointed = new PointedReader(memory, channel.room)
  const credentials = pointed.optional('MvTlsCredentials', request.tls_credentials) ?? noCredentials
  const will = pointed.optional('MvMqttWill', request.will)
  const problem = pointed.isFaulty ? undefined : connectProblem(request, credentials, will)
  if (problem !== undefined) return problem
  const value = readConnect(pointed, request, credentials, will)
  channel.hasRequested = true
  if (pointed.isFaulty) return Status.LATEFAULT
  channel.hasRequested =
    !pointed.isTooLong && channel.send(encodeChannelRequest({ case: 'mqttConnect', value }))
  return channel.hasRequested ? Status.OKAY : Status.INVALIDBUFFERSIZE
}

export const mvMqttRequestSubscribe: Handler<'mvMqttRequestSubscribe'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvMqttSubscribeRequest', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (request.num_subscriptions > MQTT_TOPICS_MAX) return Status.TOOMANYELEMENTS
  const pointed = new PointedReader(memory, channel.setup.send.bytes)
  const subscriptions = pointed
    .array('MvMqttSubscription', request.subscriptions, request.num_subscriptions)
    .map(({ topic, desired_qos: qos, nl, rap, rh }) => ({
      topic: pointed.bytes(topic),
      qos,
      noLocal: nl !== 0,
      retainAsPublished: rap !== 0,
      retainHandling: rh,
    }))
  const value = { correlationId: request.correlation_id, subscriptions }
  return submit(channel, pointed, { case: 'mqttSubscribe', value }, 'mqttSubscribed')
}

export const mvMqttRequestUnsubscribe: Handler<'mvMqttRequestUnsubscribe'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvMqttUnsubscribeRequest', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (request.num_topics > MQTT_TOPICS_MAX) return Status.TOOMANYELEMENTS
  const pointed = new PointedReader(memory, channel.setup.send.bytes)
  const topics = pointed
    .array('MvSizedString', request.topics, request.num_topics)
    .map((topic) => pointed.bytes(topic))
  const value = { correlationId: request.correlation_id, topics }
  return submit(channel, pointed, { case: 'mqttUnsubscribe', value }, 'mqttUnsubscribed')
}

export const mvMqttRequestPublish: Handler<'mvMqttRequestPublish'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvMqttPublishRequest', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  const pointed = new PointedReader(memory, channel.setup.send.bytes)
  const value = {
    correlationId: request.correlation_id,
    topic: pointed.bytes(request.topic),
    payload: pointed.bytes(request.payload),
    qos: request.desired_qos,
    retain: request.retain !== 0,
  }
  return submit(channel, pointed, { case: 'mqttPublish', value }, 'mqttPublished')
}

export const mvMqttAcknowledgeMessage: Handler<'mvMqttAcknowledgeMessage'> = (
  { channels },
  { handle, correlation_id: correlationId },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!channel.isConnected) return Status.CHANNELCLOSED
  const request = encodeChannelRequest({ case: 'mqttAcknowledge', value: { correlationId } })
  return channel.send(request) ? Status.OKAY : Status.RATELIMITED
}

export const mvMqttRequestDisconnect: Handler<'mvMqttRequestDisconnect'> = (
  { channels },
  { handle },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (channel.inFlight.isFull('mqttDisconnected')) return Status.RATELIMITED
  const request = encodeChannelRequest({ case: 'mqttDisconnect', value: {} })
  if (!channel.send(request)) return Status.RATELIMITED
  channel.inFlight.begin('mqttDisconnected')
  return Status.OKAY
}

/** Sends a request that has an answer. RATELIMITED is worth another try, INVALIDBUFFERSIZE is not. */
function submit(
  channel: Channel,
  pointed: PointedReader,
  request: ChannelRequestInit,
  answer: AwaitedKind,
) {
  if (channel.inFlight.isFull(answer)) return Status.RATELIMITED
  if (pointed.isFaulty) return Status.LATEFAULT
  if (pointed.isTooLong) return Status.INVALIDBUFFERSIZE
  const bytes = encodeChannelRequest(request)
  if (bytes.length > channel.setup.send.bytes) return Status.INVALIDBUFFERSIZE
  if (!channel.send(bytes)) return Status.RATELIMITED
  channel.inFlight.begin(answer)
  return Status.OKAY
}

function connectProblem(
  { host, clientid, authentication }: Connect,
  { cacert, clientcert }: Credentials,
  will: Will | undefined,
) {
  const counts = [cacert.num_certs, clientcert.chain.num_certs]
  if (counts.some((count) => count > MQTT_CERTIFICATES_MAX)) return Status.TOOMANYELEMENTS
  const hasCertificate = clientcert.chain.num_certs > 0
  const { NONE, USERNAMEPASSWORD } = MqttAuthenticationMethod
  const hasLogin = authentication.method === USERNAMEPASSWORD
  if (!hasLogin && authentication.method !== NONE) return Status.INVALIDAUTHENTICATION
  if (hasLogin && hasCertificate) return Status.INVALIDAUTHENTICATION
  const needed = [
    host,
    clientid,
    ...(hasCertificate ? [clientcert.key] : []),
    ...(will === undefined ? [] : [will.topic, will.payload]),
  ]
  return needed.some(({ length }) => length === 0) ? Status.REQUIREDELEMENTMISSING : undefined
}

function readConnect(
  pointed: PointedReader,
  request: Connect,
  { cacert, clientcert }: Credentials,
  will: Will | undefined,
) {
  const { authentication, protocol_version, port, keepalive, clean_start } = request
  const chain = ({ certs, num_certs: count }: Credentials['cacert']) =>
    pointed.array('MvSizedString', certs, count).map((certificate) => pointed.bytes(certificate))
  const { username, password } = authentication.username_password
  const hasLogin = authentication.method === MqttAuthenticationMethod.USERNAMEPASSWORD
  return {
    protocolVersion: protocol_version,
    host: pointed.bytes(request.host),
    port,
    clientId: pointed.bytes(request.clientid),
    ...(hasLogin && {
      login: { userName: pointed.bytes(username), password: pointed.bytes(password) },
    }),
    authorities: chain(cacert),
    certificates: chain(clientcert.chain),
    privateKey: pointed.bytes(clientcert.key),
    keepaliveSeconds: keepalive,
    cleanStart: clean_start !== 0,
    ...(will && {
      will: {
        topic: pointed.bytes(will.topic),
        payload: pointed.bytes(will.payload),
        qos: will.qos,
        retain: will.retain !== 0,
      },
    }),
  }
}
