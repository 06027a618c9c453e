/** The one request of an HTTP channel, and its response. */
import { ChannelType, encodeChannelRequest, HTTP_HEADERS_MAX, Status } from '@microvisor/protocol'
import { responseOf } from '../channels/response.ts'
import type { Handler } from '../dispatch.ts'
import { PointedReader } from '../pointed-reader.ts'

export const mvSendHttpRequest: Handler<'mvSendHttpRequest'> = ({ memory, channels }, args) => {
  const channel = channels.find(args.handle, ChannelType.HTTP)
  if (channel === undefined) return Status.INVALIDHANDLE
  const request = memory.readStruct('MvHttpRequest', args.request)
  if (request === undefined) return Status.PARAMETERFAULT
  if (!channel.isConnected) return Status.CHANNELCLOSED
  if (channel.hasRequested) return Status.REQUESTALREADYSENT
  if (request.num_headers > HTTP_HEADERS_MAX) return Status.TOOMANYELEMENTS
  const pointed = new PointedReader(memory, channel.room)
  const value = {
    method: pointed.bytes(request.method),
    url: pointed.bytes(request.url),
    headers: pointed
      .array('MvHttpHeader', request.headers, request.num_headers)
      .map((header) => pointed.bytes(header)),
    body: pointed.bytes(request.body),
    timeoutMs: request.timeout_ms,
  }
  channel.hasRequested = true
  if (pointed.isFaulty) return Status.LATEFAULT
  const isSent = !pointed.isTooLong && channel.send(encodeChannelRequest({ case: 'http', value }))
  channel.hasRequested = isSent
  return isSent ? Status.OKAY : Status.INVALIDBUFFERSIZE
}

export const mvReadHttpResponseData: Handler<'mvReadHttpResponseData'> = (
  { memory, channels },
  { handle, response_data: address },
) => {
  const channel = channels.find(handle, ChannelType.HTTP)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(address, 16)) return Status.PARAMETERFAULT
  const response = responseOf(channel, 'http')
  if (typeof response === 'number') return response
  memory.writeStruct('MvHttpResponseData', address, {
    result: response.result,
    status_code: response.statusCode,
    num_headers: response.headers.length,
    body_length: response.body.length,
  })
  return Status.OKAY
}

export const mvReadHttpResponseHeader: Handler<'mvReadHttpResponseHeader'> = (
  { memory, channels },
  { handle, header_index: index, buf, size },
) => {
  const channel = channels.find(handle, ChannelType.HTTP)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(buf, size)) return Status.PARAMETERFAULT
  const response = responseOf(channel, 'http')
  if (typeof response === 'number') return response
  const header = response.headers[index]
  if (header === undefined) return Status.INDEXINVALID
  memory.write(buf, header.subarray(0, size))
  return Status.OKAY
}

export const mvReadHttpResponseBody: Handler<'mvReadHttpResponseBody'> = (
  { memory, channels },
  { handle, offset, buf, size },
) => {
  const channel = channels.find(handle, ChannelType.HTTP)
  if (channel === undefined) return Status.INVALIDHANDLE
  if (!memory.isWritable(buf, size)) return Status.PARAMETERFAULT
  const response = responseOf(channel, 'http')
  if (typeof response === 'number') return response
  if (offset > response.body.length) return Status.OFFSETINVALID
  memory.write(buf, response.body.subarray(offset, offset + size))
  return Status.OKAY
}
