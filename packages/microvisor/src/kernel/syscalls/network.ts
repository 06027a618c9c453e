/** Network requests. */
import { Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'
import { NETWORK_REQUESTS_MAX } from '../network-requests.ts'

export const mvRequestNetwork: Handler<'mvRequestNetwork'> = (kernel, args) => {
  const { memory, notifications, networkRequests } = kernel
  const params = memory.readStruct('MvRequestNetworkParams', args.params)
  if (params === undefined || !memory.isWritable(args.handle, 4)) return Status.PARAMETERFAULT
  const { version, notification_handle: center, notification_tag: tag } = params
  if (version !== 1) return Status.UNSUPPORTEDSTRUCTUREVERSION
  if (!notifications.has(center)) return Status.PARAMETERFAULT
  if (networkRequests.count >= NETWORK_REQUESTS_MAX) return Status.PARAMETERFAULT
  memory.writeWord(args.handle, networkRequests.add({ center, tag }))
  kernel.settleSoon()
  return Status.OKAY
}

export const mvReleaseNetwork: Handler<'mvReleaseNetwork'> = (kernel, { handle }) => {
  kernel.settleSoon()
  return kernel.memory.consumeHandle(handle, (value) => kernel.networkRequests.release(value))
}

export const mvGetNetworkStatus: Handler<'mvGetNetworkStatus'> = (kernel, { handle, status }) => {
  const { memory, networkRequests, connectivity } = kernel
  if (!networkRequests.has(handle)) return Status.INVALIDHANDLE
  return memory.writeWord(status, connectivity.status) ? Status.OKAY : Status.PARAMETERFAULT
}

export const mvGetNetworkReasons: Handler<'mvGetNetworkReasons'> = (
  { memory, networkRequests, connectivity },
  { reasons, request_ref_count: count },
) => {
  if (!memory.isWritable(reasons, 4) || !memory.isWritable(count, 4)) return Status.PARAMETERFAULT
  memory.writeWord(reasons, connectivity.reasons)
  memory.writeWord(count, networkRequests.count)
  return Status.OKAY
}
