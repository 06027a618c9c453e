/** The one response of an HTTP or config channel. */
import { type ChannelResponseBody, Status } from '@microvisor/protocol'
import type { Channel } from './channel.ts'

type Kind = 'http' | 'configValues'

/** It stays in the buffer, to be read again and again until the channel is closed. */
export function responseOf<Wanted extends Kind>(channel: Channel, kind: Wanted) {
  const message = channel.readMessage()
  if (message?.case === kind) {
    return message.value as Extract<ChannelResponseBody, { case: Wanted }>['value']
  }
  return channel.isClosed ? Status.CHANNELCLOSED : Status.RESPONSENOTPRESENT
}
