/**
 * Arguments with which the calls on channels are accepted, each on a channel that is as far as it has
 * to be; and the structures that such arguments consist of.
 */
import {
  type ChannelResponseInit,
  ChannelType,
  encodeUtf8,
  MqttAuthenticationMethod,
  Status,
  type StructValue,
  type SystemCallName,
} from '@microvisor/protocol'
import type { Bench } from './bench.ts'
import { type OpenChannel, openArguments, openChannel, sizedString } from './channel-bench.ts'

type Arrange = (bench: Bench) => number[]

export const httpResponse: ChannelResponseInit = {
  case: 'http',
  value: {
    result: 0,
    statusCode: 200,
    headers: [encodeUtf8('content-type: text/plain'), encodeUtf8('x: y')],
    body: encodeUtf8('0123456789'),
  },
}

export const configValues: ChannelResponseInit = {
  case: 'configValues',
  value: { values: [{ value: encodeUtf8('the value') }, { result: 1 }] },
}

export const mqttAnswers = {
  connected: { case: 'mqttConnected', value: { requestState: 0, reasonCode: 0 } },
  subscribed: { case: 'mqttSubscribed', value: { correlationId: 5, reasonCodes: [0, 1] } },
  unsubscribed: { case: 'mqttUnsubscribed', value: { correlationId: 6, reasonCodes: [0, 17] } },
  published: { case: 'mqttPublished', value: { correlationId: 7, reasonCode: 16 } },
  message: {
    case: 'mqttMessage',
    value: {
      correlationId: 8,
      topic: encodeUtf8('a/topic'),
      payload: encodeUtf8('a payload'),
      qos: 1,
      retain: true,
    },
  },
  lost: { case: 'mqttLostMessage', value: { topic: encodeUtf8('a/topic'), messageBytes: 99_999 } },
  disconnected: { case: 'mqttDisconnected', value: { requestState: 3, reasonCode: 0x8e } },
} as const satisfies Record<string, ChannelResponseInit>

export function httpRequest(
  bench: Bench,
  changes: Partial<StructValue<'MvHttpRequest'>> = {},
): number {
  return bench.struct('MvHttpRequest', {
    method: sizedString(bench, 'GET'),
    url: sizedString(bench, 'https://example.com/'),
    num_headers: 1,
    headers: bench.struct('MvHttpHeader', sizedString(bench, 'Accept: */*')),
    body: sizedString(bench, 'body'),
    timeout_ms: 5000,
    ...changes,
  })
}

export function configRequest(
  bench: Bench,
  changes: Partial<StructValue<'MvConfigKeyToFetch'>> = {},
  items = 1,
): number {
  const key = { scope: 1, store: 1, key: sizedString(bench, 'colour'), ...changes }
  return bench.struct('MvConfigKeyFetchParams', {
    num_items: items,
    keys_to_fetch: bench.struct('MvConfigKeyToFetch', key),
  })
}

export function connectRequest(
  bench: Bench,
  changes: Partial<StructValue<'MvMqttConnectRequest'>> = {},
): number {
  const nothing = { data: 0, length: 0 }
  return bench.struct('MvMqttConnectRequest', {
    protocol_version: 1,
    host: sizedString(bench, 'broker.example.com'),
    port: 8883,
    clientid: sizedString(bench, 'device'),
    authentication: {
      method: MqttAuthenticationMethod.NONE,
      username_password: { username: nothing, password: nothing },
    },
    tls_credentials: 0,
    keepalive: 60,
    clean_start: 1,
    will: 0,
    ...changes,
  })
}

export function subscribeRequest(
  bench: Bench,
  count = 1,
  topic = sizedString(bench, 'a/+'),
): number {
  const subscription = { topic, desired_qos: 1, nl: 0, rap: 1, rh: 2 }
  return bench.struct('MvMqttSubscribeRequest', {
    correlation_id: 5,
    subscriptions: bench.struct('MvMqttSubscription', subscription),
    num_subscriptions: count,
  })
}

export function unsubscribeRequest(
  bench: Bench,
  count = 1,
  topic = sizedString(bench, 'a/+'),
): number {
  return bench.struct('MvMqttUnsubscribeRequest', {
    correlation_id: 6,
    topics: bench.struct('MvSizedString', topic),
    num_topics: count,
  })
}

export function publishRequest(
  bench: Bench,
  payload = sizedString(bench, 'a payload'),
  correlation_id = 7,
): number {
  return bench.struct('MvMqttPublishRequest', {
    correlation_id,
    topic: sizedString(bench, 'a/topic'),
    payload,
    desired_qos: 1,
    retain: 0,
  })
}

/** Where answers go, with room for so many bytes. */
export function sizedBuffer(bench: Bench, size = 64): StructValue<'MvSizedStringBuffer'> {
  return { data: bench.place(size), size, length: bench.place(4) }
}

export function itemParams(
  bench: Bench,
  changes: Partial<StructValue<'MvConfigResponseReadItemParams'>> = {},
): number {
  const base = { item_index: 0, result: bench.place(4), buf: sizedBuffer(bench) }
  return bench.struct('MvConfigResponseReadItemParams', { ...base, ...changes })
}

export function reasonPlaces(
  bench: Bench,
  changes: Partial<StructValue<'MvMqttSubscribeResponse'>> = {},
): number {
  return bench.struct('MvMqttSubscribeResponse', {
    request_state: bench.place(4),
    correlation_id: bench.place(4),
    reason_codes: bench.place(32),
    reason_codes_size: 32,
    reason_codes_len: bench.place(4),
    ...changes,
  })
}

export function messagePlaces(
  bench: Bench,
  changes: Partial<StructValue<'MvMqttMessage'>> = {},
): number {
  return bench.struct('MvMqttMessage', {
    correlation_id: bench.place(4),
    topic: sizedBuffer(bench),
    payload: sizedBuffer(bench),
    qos: bench.place(4),
    retain: bench.place(1),
    ...changes,
  })
}

export function lostPlaces(
  bench: Bench,
  changes: Partial<StructValue<'MvMqttLostMessageInfo'>> = {},
): number {
  return bench.struct('MvMqttLostMessageInfo', {
    reason: bench.place(4),
    topic: sizedBuffer(bench),
    message_len: bench.place(4),
    ...changes,
  })
}

/** A channel on which the cloud has already said this. */
export function answered(
  bench: Bench,
  type: ChannelType,
  ...responses: readonly ChannelResponseInit[]
): OpenChannel {
  const channel = openChannel(type, {}, bench)
  for (const response of responses) channel.cloud.respond(response)
  bench.run()
  return channel
}

export function handleAt(bench: Bench, handle: number): number {
  return bench.place(new Uint8Array(new Uint32Array([handle]).buffer))
}

const { OPAQUEBYTES, HTTP, CONFIGFETCH, MQTT } = ChannelType
const handleOf = (bench: Bench, type: ChannelType, ...responses: readonly ChannelResponseInit[]) =>
  answered(bench, type, ...responses).handle

export const acceptedChannelCalls = {
  mvOpenChannel: (b) => openArguments(b, HTTP).args,
  mvReadChannel: (b) => [handleOf(b, OPAQUEBYTES), b.place(4), b.place(4)],
  mvReadChannelComplete: (b) => [handleOf(b, OPAQUEBYTES), 0],
  mvWriteChannelStream: (b) => [handleOf(b, OPAQUEBYTES), b.text('hello'), 5, b.place(4)],
  mvWriteChannel: (b) => [handleOf(b, OPAQUEBYTES), b.text('hello'), 5, b.place(4)],
  mvCloseChannel: (b) => [handleAt(b, handleOf(b, HTTP))],
  mvGetChannelClosureReason: (b) => [handleOf(b, HTTP), b.place(4)],
  mvSendHttpRequest: (b) => [handleOf(b, HTTP), httpRequest(b)],
  mvReadHttpResponseData: (b) => [handleOf(b, HTTP, httpResponse), b.place(16)],
  mvReadHttpResponseHeader: (b) => [handleOf(b, HTTP, httpResponse), 0, b.place(40), 40],
  mvReadHttpResponseBody: (b) => [handleOf(b, HTTP, httpResponse), 0, b.place(40), 40],
  mvSendConfigFetchRequest: (b) => [handleOf(b, CONFIGFETCH), configRequest(b)],
  mvReadConfigFetchResponseData: (b) => [handleOf(b, CONFIGFETCH, configValues), b.place(8)],
  mvReadConfigResponseItem: (b) => [handleOf(b, CONFIGFETCH, configValues), itemParams(b)],
  mvMqttGetNextReadableDataType: (b) => [handleOf(b, MQTT), b.place(4)],
  mvMqttRequestConnect: (b) => [handleOf(b, MQTT), connectRequest(b)],
  mvMqttReadConnectResponse: (b) => [handleOf(b, MQTT, mqttAnswers.connected), b.place(8)],
  mvMqttRequestSubscribe: (b) => [handleOf(b, MQTT), subscribeRequest(b)],
  mvMqttReadSubscribeResponse: (b) => [handleOf(b, MQTT, mqttAnswers.subscribed), reasonPlaces(b)],
  mvMqttRequestUnsubscribe: (b) => [handleOf(b, MQTT), unsubscribeRequest(b)],
  mvMqttReadUnsubscribeResponse: (b) => [
    handleOf(b, MQTT, mqttAnswers.unsubscribed),
    reasonPlaces(b),
  ],
  mvMqttRequestPublish: (b) => [handleOf(b, MQTT), publishRequest(b)],
  mvMqttReadPublishResponse: (b) => [handleOf(b, MQTT, mqttAnswers.published), b.place(12)],
  mvMqttReceiveMessage: (b) => [handleOf(b, MQTT, mqttAnswers.message), messagePlaces(b)],
  mvMqttReceiveLostMessageInfo: (b) => [handleOf(b, MQTT, mqttAnswers.lost), lostPlaces(b)],
  mvMqttAcknowledgeMessage: (b) => [handleOf(b, MQTT), 8],
  mvMqttRequestDisconnect: (b) => [handleOf(b, MQTT)],
  mvMqttReadDisconnectResponse: (b) => [handleOf(b, MQTT, mqttAnswers.disconnected), b.place(8)],
} as const satisfies { readonly [Name in SystemCallName]?: Arrange }

/** Makes a call as `acceptedChannelCalls` has it. */
export function accept(bench: Bench, name: keyof typeof acceptedChannelCalls, ...args: number[]) {
  const status = bench.call(name, ...args)
  if (status !== Status.OKAY) throw new Error(`${name} answered ${status}`)
}
