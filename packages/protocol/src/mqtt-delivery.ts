/** A message from a broker as the device gets it: whole, or word that it is too large for the device. */
import { type ChannelResponseInit, encodeChannelResponse } from './channels.ts'
import { MqttLostMessageReason } from './syscall-enums.ts'

export interface MqttDelivery {
  readonly correlationId: number
  readonly topic: Uint8Array
  readonly payload: Uint8Array
  readonly qos: number
  readonly retain: boolean
}

/** `isWhole`: it fits into the device's receive buffer. */
export function mqttDelivery(
  message: MqttDelivery,
  receiveBytes: number,
): { readonly response: ChannelResponseInit; readonly isWhole: boolean } {
  const response = { case: 'mqttMessage', value: message } as const
  if (encodeChannelResponse(response).length <= receiveBytes) return { response, isWhole: true }
  const { topic } = message
  const excess = encodeChannelResponse(lost(message, topic)).length - receiveBytes
  const shown = topic.subarray(0, topic.length - Math.max(0, excess))
  return { response: lost(message, shown), isWhole: false }
}

function lost({ payload }: MqttDelivery, topic: Uint8Array): ChannelResponseInit {
  const reason = MqttLostMessageReason.DEVICERECEIVEBUFFERTOOSMALL
  return { case: 'mqttLostMessage', value: { reason, topic, messageBytes: payload.length } }
}
