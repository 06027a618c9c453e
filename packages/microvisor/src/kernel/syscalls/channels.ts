/** Channels of every type: opening and closing; and the bytes of opaque ones. */
import {
  ChannelType,
  decodeUtf8,
  isChannelEndpoint,
  Status,
  type StructValue,
} from '@microvisor/protocol'
import { areOverlapping } from '../channels/channels.ts'
import type { Handler } from '../dispatch.ts'
import type { Kernel } from '../kernel.ts'

/** Send buffers are aligned to this; they, and the receive buffers of messages, are multiples of it. */
const UNIT_BYTES = 512

const types: readonly number[] = Object.values(ChannelType)

type Params = StructValue<'MvOpenChannelParams'>

export const mvOpenChannel: Handler<'mvOpenChannel'> = (kernel, args) => {
  const { memory, notifications, networkRequests, channels } = kernel
  const params = memory.readStruct('MvOpenChannelParams', args.params)
  if (params === undefined || !memory.isWritable(args.handle, 4)) return Status.PARAMETERFAULT
  if (params.version !== 1) return Status.UNSUPPORTEDSTRUCTUREVERSION
  const { notification_handle: center, notification_tag: tag, channel_type: type } = params
  if (!notifications.has(center) || !networkRequests.has(params.network_handle)) {
    return Status.INVALIDHANDLE
  }
  if (!types.includes(type)) return Status.UNKNOWNCHANNELTYPE
  const receive = { address: params.receive_buffer, bytes: params.receive_buffer_len }
  const send = { address: params.send_buffer, bytes: params.send_buffer_len }
  const problem = bufferProblem(kernel, params, { receive, send })
  if (problem !== undefined) return problem
  const endpoint = readEndpoint(kernel, params)
  if (typeof endpoint === 'number') return endpoint
  const setup = { type: type as ChannelType, endpoint, center, tag, receive, send }
  return channels.open(setup, (handle) => memory.writeWord(args.handle, handle))
}

export const mvReadChannel: Handler<'mvReadChannel'> = ({ memory, channels }, args) => {
  const channel = channels.find(args.handle, ChannelType.OPAQUEBYTES)
  if (channel === undefined) return Status.INVALIDHANDLE
  const { read_pointer_out: pointer, length_out: length } = args
  if (!memory.isWritable(pointer, 4) || !memory.isWritable(length, 4)) return Status.PARAMETERFAULT
  if (channel.isClosed) return Status.CHANNELCLOSED
  const { address, bytes } = channel.unread
  memory.writeWord(pointer, address)
  memory.writeWord(length, bytes)
  return Status.OKAY
}

export const mvReadChannelComplete: Handler<'mvReadChannelComplete'> = (
  { channels },
  { handle, consumed },
) => {
  const channel = channels.find(handle, ChannelType.OPAQUEBYTES)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (channel.isClosed) return Status.CHANNELCLOSED
  channel.consume(consumed)
  return Status.OKAY
}

export const mvWriteChannelStream: Handler<'mvWriteChannelStream'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.OPAQUEBYTES)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isReadable(args.data, args.len)) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  const length = Math.min(args.len, channel.room)
  if (length < args.len) channel.wantRoom()
  channel.send(memory.read(args.data, length)!)
  if (memory.writeWord(args.written, length)) return Status.OKAY
  return length > 0 ? Status.LATEFAULT : Status.PARAMETERFAULT
}

export const mvWriteChannel: Handler<'mvWriteChannel'> = ({ memory, channels }, args) => {
  const channel = channels.find(args.handle, ChannelType.OPAQUEBYTES)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isReadable(args.data, args.len)) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (args.len > channel.room) {
    channel.wantRoom()
    const isTold = memory.writeWord(args.available, channel.room)
    return isTold ? Status.INVALIDBUFFERSIZE : Status.PARAMETERFAULT
  }
  channel.send(memory.read(args.data, args.len)!)
  if (memory.writeWord(args.available, channel.room)) return Status.OKAY
  return args.len > 0 ? Status.LATEFAULT : Status.PARAMETERFAULT
}

export const mvCloseChannel: Handler<'mvCloseChannel'> = ({ memory, channels }, { handle }) =>
  memory.consumeHandle(handle, (value) => channels.close(value))

export const mvGetChannelClosureReason: Handler<'mvGetChannelClosureReason'> = (
  { memory, channels },
  { handle, reason_out: reason },
) => {
  const channel = channels.get(handle)
  if (channel === undefined) return Status.INVALIDHANDLE
  return memory.writeWord(reason, channel.closure) ? Status.OKAY : Status.PARAMETERFAULT
}

function bufferProblem(
  { memory, notifications, log, channels }: Kernel,
  { channel_type: type }: Params,
  { receive, send }: Record<'receive' | 'send', { address: number; bytes: number }>,
) {
  if (send.address % UNIT_BYTES !== 0) return Status.INVALIDBUFFERALIGNMENT
  if (send.bytes === 0 || send.bytes % UNIT_BYTES !== 0) return Status.INVALIDBUFFERSIZE
  const receiveUnit = type === ChannelType.OPAQUEBYTES ? 1 : UNIT_BYTES
  if (receive.bytes === 0 || receive.bytes % receiveUnit !== 0) return Status.INVALIDBUFFERSIZE
  if (areOverlapping(receive, send)) return Status.PARAMETERFAULT
  for (const { address, bytes } of [receive, send]) {
    if (!memory.isWritable(address, bytes)) return Status.PARAMETERFAULT
    const owners = [notifications, log, channels]
    if (owners.some((owner) => owner.overlaps(address, bytes))) return Status.PARAMETERFAULT
  }
  return undefined
}

/** Only opaque channels have one; what the others give has to be readable, and means nothing. */
function readEndpoint({ memory }: Kernel, { channel_type: type, endpoint }: Params) {
  if (!memory.isReadable(endpoint.data, endpoint.length)) return Status.PARAMETERFAULT
  if (type !== ChannelType.OPAQUEBYTES) return ''
  const name = decodeUtf8(memory.read(endpoint.data, Math.min(endpoint.length, NAME_BYTES))!)
  return isChannelEndpoint(name) ? name : Status.UNKNOWNCHANNELENDPOINT
}

/** Longer than any endpoint's name. */
const NAME_BYTES = 65
