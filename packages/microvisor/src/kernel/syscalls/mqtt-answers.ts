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
  type StructValue,
} from '@microvisor/protocol'
import type { ApplicationMemory } from '../application-memory.ts'
import { words } from '../application-memory.ts'
import type { Channel } from '../channels/channel.ts'
import type { ResponseKind } from '../channels/inbox.ts'
import type { Handler } from '../dispatch.ts'

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
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 8)) return Status.PARAMETERFAULT
  return take(channel, 'mqttConnected', ({ requestState, reasonCode }) => {
    memory.write(address, words(requestState, reasonCode))
    return Status.OKAY
  })
}

export const mvMqttReadPublishResponse: Handler<'mvMqttReadPublishResponse'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 12)) return Status.PARAMETERFAULT
  return take(channel, 'mqttPublished', ({ requestState, correlationId, reasonCode }) => {
    memory.write(address, words(requestState, correlationId, reasonCode))
    return Status.OKAY
  })
}

export const mvMqttReadDisconnectResponse: Handler<'mvMqttReadDisconnectResponse'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 8)) return Status.PARAMETERFAULT
  return take(channel, 'mqttDisconnected', ({ requestState, reasonCode }) => {
    memory.write(address, words(requestState, reasonCode))
    return Status.OKAY
  })
}

export const mvMqttReadSubscribeResponse: Handler<'mvMqttReadSubscribeResponse'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const places = memory.readStruct('MvMqttSubscribeResponse', address)
  if (places === undefined) return Status.PARAMETERFAULT
  return take(channel, 'mqttSubscribed', (answer) => writeReasons(memory, places, answer))
}

export const mvMqttReadUnsubscribeResponse: Handler<'mvMqttReadUnsubscribeResponse'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const places = memory.readStruct('MvMqttUnsubscribeResponse', address)
  if (places === undefined) return Status.PARAMETERFAULT
  return take(channel, 'mqttUnsubscribed', (answer) => writeReasons(memory, places, answer))
}

export const mvMqttReceiveMessage: Handler<'mvMqttReceiveMessage'> = (
  { memory, channels },
  { handle, message_data: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const places = memory.readStruct('MvMqttMessage', address)
  if (places === undefined) return Status.PARAMETERFAULT
  const { correlation_id, topic, payload, qos, retain } = places
  return take(channel, 'mqttMessage', (message) =>
    writeAll(memory, [
      [correlation_id, words(message.correlationId)],
      ...sized(topic, message.topic),
      ...sized(payload, message.payload),
      [qos, words(message.qos)],
      [retain, Uint8Array.of(message.retain ? 1 : 0)],
    ]),
  )
}

export const mvMqttReceiveLostMessageInfo: Handler<'mvMqttReceiveLostMessageInfo'> = (
  { memory, channels },
  { handle, lost_message_info: address },
) => {
  const channel = channels.find(handle, ChannelType.MQTT)
  if (channel === undefined) return Status.INVALIDHANDLE
  const places = memory.readStruct('MvMqttLostMessageInfo', address)
  if (places === undefined) return Status.PARAMETERFAULT
  const { reason, topic, message_len: length } = places
  return take(channel, 'mqttLostMessage', (lost) =>
    writeAll(memory, [
      [reason, words(lost.reason)],
      ...sized(topic, lost.topic),
      [length, words(lost.messageBytes)],
    ]),
  )
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

function writeReasons(
  memory: ApplicationMemory,
  places: StructValue<'MvMqttSubscribeResponse'> | StructValue<'MvMqttUnsubscribeResponse'>,
  answer: Response<'mqttSubscribed'> | Response<'mqttUnsubscribed'>,
) {
  const { requestState, correlationId, reasonCodes } = answer
  return writeAll(memory, [
    [places.request_state, words(requestState)],
    [places.correlation_id, words(correlationId)],
    [places.reason_codes, words(...reasonCodes), places.reason_codes_size],
    [places.reason_codes_len, words(reasonCodes.length)],
  ])
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
