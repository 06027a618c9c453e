/**
 * What arrives on an MQTT channel, read one after another: each read takes the first item if it is of
 * the kind asked for. Everything that is to be written through pointers is checked before anything is
 * written, and an item that could not be written stays.
 */
import {
  type ChannelResponseBody,
  ChannelType,
  MqttReadableDataType,
  Status,
  type StructName,
  type StructValue,
} from '@microvisor/protocol'
import type { ApplicationMemory } from '../application-memory.ts'
import { words } from '../application-memory.ts'
import type { Channel } from '../channels/channel.ts'
import type { ResponseKind } from '../channels/inbox.ts'
import type { Handler } from '../dispatch.ts'
import type { Kernel } from '../kernel.ts'

type Response<Kind extends ResponseKind> = Extract<ChannelResponseBody, { case: Kind }>['value']

const dataTypes: Readonly<Partial<Record<ResponseKind, MqttReadableDataType>>> = {
  mqttMessage: MqttReadableDataType.MESSAGERECEIVED,
  mqttLostMessage: MqttReadableDataType.MESSAGELOST,
  mqttConnected: MqttReadableDataType.CONNECTRESPONSE,
  mqttSubscribed: MqttReadableDataType.SUBSCRIBERESPONSE,
  mqttUnsubscribed: MqttReadableDataType.UNSUBSCRIBERESPONSE,
  mqttPublished: MqttReadableDataType.PUBLISHRESPONSE,
  mqttDisconnected: MqttReadableDataType.DISCONNECTRESPONSE,
}

export const mvMqttGetNextReadableDataType: Handler<'mvMqttGetNextReadableDataType'> = (
  { memory, channels },
  { handle, data_type: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 4)) return Status.PARAMETERFAULT
  if (channel.isClosed) return Status.CHANNELCLOSED
  const kind = channel.messageKind
  const dataType = kind === undefined ? undefined : dataTypes[kind]
  memory.writeWord(address, dataType ?? MqttReadableDataType.NONE)
  return Status.OKAY
}

export const mvMqttReadConnectResponse: Handler<'mvMqttReadConnectResponse'> = (
  kernel,
  { handle, response_data },
) =>
  readWords(kernel, handle, 'mqttConnected', response_data, 2, ({ requestState, reasonCode }) => [
    requestState,
    reasonCode,
  ])

export const mvMqttReadPublishResponse: Handler<'mvMqttReadPublishResponse'> = (
  kernel,
  { handle, response_data },
) =>
  readWords(
    kernel,
    handle,
    'mqttPublished',
    response_data,
    3,
    ({ requestState, correlationId, reasonCode }) => [requestState, correlationId, reasonCode],
  )

export const mvMqttReadDisconnectResponse: Handler<'mvMqttReadDisconnectResponse'> = (
  kernel,
  { handle, response_data },
) =>
  readWords(
    kernel,
    handle,
    'mqttDisconnected',
    response_data,
    2,
    ({ requestState, reasonCode }) => [requestState, reasonCode],
  )

export const mvMqttReadSubscribeResponse: Handler<'mvMqttReadSubscribeResponse'> = (
  kernel,
  { handle, response_data },
) =>
  readStruct(
    kernel,
    handle,
    'mqttSubscribed',
    'MvMqttSubscribeResponse',
    response_data,
    reasonsInto,
  )

export const mvMqttReadUnsubscribeResponse: Handler<'mvMqttReadUnsubscribeResponse'> = (
  kernel,
  { handle, response_data },
) =>
  readStruct(
    kernel,
    handle,
    'mqttUnsubscribed',
    'MvMqttUnsubscribeResponse',
    response_data,
    reasonsInto,
  )

export const mvMqttReceiveMessage: Handler<'mvMqttReceiveMessage'> = (
  kernel,
  { handle, message_data },
) =>
  readStruct(kernel, handle, 'mqttMessage', 'MvMqttMessage', message_data, (places, message) => [
    [places.correlation_id, words(message.correlationId)],
    ...sized(places.topic, message.topic),
    ...sized(places.payload, message.payload),
    [places.qos, words(message.qos)],
    [places.retain, Uint8Array.of(message.retain ? 1 : 0)],
  ])

export const mvMqttReceiveLostMessageInfo: Handler<'mvMqttReceiveLostMessageInfo'> = (
  kernel,
  { handle, lost_message_info },
) =>
  readStruct(
    kernel,
    handle,
    'mqttLostMessage',
    'MvMqttLostMessageInfo',
    lost_message_info,
    (places, lost) => [
      [places.reason, words(lost.reason)],
      ...sized(places.topic, lost.topic),
      [places.message_len, words(lost.messageBytes)],
    ],
  )

/** As `take`, into `count` words at `address`. */
function readWords<Kind extends ResponseKind>(
  { memory, channels }: Kernel,
  handle: number,
  kind: Kind,
  address: number,
  count: number,
  wordsOf: (value: Response<Kind>) => readonly number[],
) {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 4 * count)) return Status.PARAMETERFAULT
  return take(channel, kind, (value) => {
    memory.write(address, words(...wordsOf(value)))
    return Status.OKAY
  })
}

/** As `take`, to where the structure at `address` says. */
function readStruct<Kind extends ResponseKind, Name extends StructName>(
  { memory, channels }: Kernel,
  handle: number,
  kind: Kind,
  name: Name,
  address: number,
  writesOf: (places: StructValue<Name>, value: Response<Kind>) => readonly Write[],
) {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const places = memory.readStruct(name, address)
  if (places === undefined) return Status.PARAMETERFAULT
  return take(channel, kind, (value) => writeAll(memory, writesOf(places, value)))
}

/** Hands the first item to `write`, and frees it if that succeeds. */
function take<Kind extends ResponseKind, Answer>(
  channel: Channel,
  kind: Kind,
  write: (value: Response<Kind>) => Answer | typeof Status.OKAY,
) {
  const message = channel.readMessage()
  if (message === undefined && channel.isClosed) return Status.CHANNELCLOSED
  if (message?.case !== kind) return Status.WRONGDATAREQUESTED
  const status = write(message.value as Response<Kind>)
  if (status === Status.OKAY) channel.dropMessage()
  return status
}

function reasonsInto(
  places: StructValue<'MvMqttSubscribeResponse'> | StructValue<'MvMqttUnsubscribeResponse'>,
  answer: Response<'mqttSubscribed'> | Response<'mqttUnsubscribed'>,
): Write[] {
  const { requestState, correlationId, reasonCodes } = answer
  return [
    [places.request_state, words(requestState)],
    [places.correlation_id, words(correlationId)],
    [places.reason_codes, words(...reasonCodes), places.reason_codes_size],
    [places.reason_codes_len, words(reasonCodes.length)],
  ]
}

/** Where, what, and how much room there is; without the last, as much as it takes. */
type Write = readonly [address: number, bytes: Uint8Array, room?: number]

/** A text with its length. */
function sized(buffer: StructValue<'MvSizedStringBuffer'>, text: Uint8Array): Write[] {
  return [
    [buffer.data, text, buffer.size],
    [buffer.length, words(text.length)],
  ]
}

function writeAll(memory: ApplicationMemory, writes: readonly Write[]) {
  const isAllowed = writes.every(([address, bytes, room]) =>
    memory.isWritable(address, room ?? bytes.length),
  )
  if (!isAllowed) return Status.LATEFAULT
  if (writes.some(([, bytes, room]) => room !== undefined && bytes.length > room)) {
    return Status.INVALIDBUFFERSIZE
  }
  for (const [address, bytes] of writes) memory.write(address, bytes)
  return Status.OKAY
}
