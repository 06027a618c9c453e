/** The one fetch of a config channel, and the values that came. */
import {
  ChannelType,
  CONFIG_KEY_BYTES_MAX,
  CONFIG_KEYS_MAX,
  ConfigKeyFetchScope,
  ConfigKeyFetchStore,
  encodeChannelRequest,
  Status,
} from '@microvisor/protocol'
import { responseOf } from '../channels/response.ts'
import type { Handler } from '../dispatch.ts'
import { PointedReader } from '../pointed-reader.ts'

const scopes: readonly number[] = Object.values(ConfigKeyFetchScope)
const stores: readonly number[] = Object.values(ConfigKeyFetchStore)

interface Key {
  readonly scope: number
  readonly store: number
  readonly key: Uint8Array
}

export const mvSendConfigFetchRequest: Handler<'mvSendConfigFetchRequest'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.CONFIGFETCH)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvConfigKeyFetchParams', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (channel.hasRequested) return Status.REQUESTALREADYSENT
  if (request.num_items > CONFIG_KEYS_MAX) return Status.TOOMANYCONFIGKEYS
  const pointed = new PointedReader(memory, channel.room)
  const keys = pointed
    .array('MvConfigKeyToFetch', request.keys_to_fetch, request.num_items)
    .map(({ scope, store, key }) => ({ scope, store, key: pointed.bytes(key) }))
  channel.hasRequested = true
  if (pointed.isFaulty) return Status.LATEFAULT
  channel.hasRequested = false
  if (pointed.isTooLong) return Status.INVALIDBUFFERSIZE
  const problem = keyProblem(keys)
  if (problem !== undefined) return problem
  channel.hasRequested = channel.send(
    encodeChannelRequest({ case: 'configFetch', value: { keys } }),
  )
  return channel.hasRequested ? Status.OKAY : Status.INVALIDBUFFERSIZE
}

export const mvReadConfigFetchResponseData: Handler<'mvReadConfigFetchResponseData'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.CONFIGFETCH)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 8)) return Status.PARAMETERFAULT
  const response = responseOf(channel, 'configValues')
  if (typeof response === 'number') return response
  memory.writeStruct('MvConfigResponseData', address, {
    result: response.result,
    num_items: response.values.length,
  })
  return Status.OKAY
}

/** A value that is longer than the buffer is cut; the length is that of what was written. */
export const mvReadConfigResponseItem: Handler<'mvReadConfigResponseItem'> = (
  { memory, channels },
  args,
) => {
  const channel = channels.find(args.handle, ChannelType.CONFIGFETCH)
  if (channel === undefined) return Status.INVALIDHANDLE
  const params = memory.readStruct('MvConfigResponseReadItemParams', args.params)
  if (params === undefined) return Status.PARAMETERFAULT
  const { item_index: index, result, buf } = params
  const isWritable =
    memory.isWritable(result, 4) &&
    memory.isWritable(buf.data, buf.size) &&
    memory.isWritable(buf.length, 4)
  if (!isWritable) return Status.PARAMETERFAULT
  const response = responseOf(channel, 'configValues')
  if (typeof response === 'number') return response
  const item = response.values[index]
  if (item === undefined) return Status.INDEXINVALID
  const value = item.value.subarray(0, buf.size)
  memory.write(buf.data, value)
  memory.writeWord(buf.length, value.length)
  memory.writeWord(result, item.result)
  return Status.OKAY
}

function keyProblem(keys: readonly Key[]) {
  for (const { scope, store, key } of keys) {
    if (!scopes.includes(scope)) return Status.UNKNOWNCONFIGSCOPE
    if (!stores.includes(store)) return Status.UNKNOWNCONFIGSTORE
    const isPrintable = key.every((byte) => byte >= 0x20 && byte <= 0x7e)
    const isKey = isPrintable && key.length > 0 && key.length <= CONFIG_KEY_BYTES_MAX
    if (!isKey) return Status.INVALIDCONFIGKEY
  }
  return undefined
}
