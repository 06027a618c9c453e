/** What carries a channel out, and what it is given to answer with. */
import type { ChannelRequestBody, ChannelResponseInit } from '@microvisor/protocol'

export interface ChannelService {
  /** A whole request; on channels of messages. A text says why it ends the channel. */
  request?(body: ChannelRequestBody): string | undefined
  /** Bytes of an opaque channel. They count as dealt with once this resolves. */
  bytes?(data: Uint8Array): Promise<void> | void
  /** What was to be sent has gone down to little. */
  drained?(): void
  /** The channel is over: nothing more can be said. */
  end(): void
}

export interface ChannelCarrier {
  /** The device's receive buffer. */
  readonly receiveBytes: number
  /** Bytes that wait for the device to have room. */
  readonly waitingBytes: number
  respond(response: ChannelResponseInit): void
  sendBytes(data: Uint8Array): void
}
