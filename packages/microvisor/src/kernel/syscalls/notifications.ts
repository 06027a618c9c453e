/** Notification centers and system notifications. */
import { Status, SystemNotificationSource } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'
import { CENTERS_MAX, NOTIFICATION_BYTES } from '../notifications.ts'
import { SYSTEM_NOTIFICATIONS_MAX } from '../system-notifications.ts'

export const mvSetupNotifications: Handler<'mvSetupNotifications'> = (
  { memory, notifications, log, fastInterrupts, channels },
  args,
) => {
  const setup = memory.readStruct('MvNotificationSetup', args.notifications)
  if (setup === undefined || !memory.isWritable(args.handle_out, 4)) return Status.PARAMETERFAULT
  const { irq, buffer, buffer_size: bufferBytes } = setup
  if (bufferBytes < 2 * NOTIFICATION_BYTES || bufferBytes % NOTIFICATION_BYTES !== 0) {
    return Status.INVALIDBUFFERSIZE
  }
  if (!memory.isWritable(buffer, bufferBytes)) return Status.PARAMETERFAULT
  if (notifications.count >= CENTERS_MAX) return Status.TOOMANYNOTIFICATIONBUFFERS
  const owners = [notifications, log, channels]
  if (owners.some((owner) => owner.overlaps(buffer, bufferBytes))) return Status.BUFFERALREADYINUSE
  if (!notifications.isInterruptFree(irq) || fastInterrupts.has(irq)) {
    return Status.INVALIDINTERRUPT
  }
  memory.writeWord(args.handle_out, notifications.open({ irq, buffer, bufferBytes }))
  return Status.OKAY
}

export const mvCloseNotifications: Handler<'mvCloseNotifications'> = (
  { memory, notifications },
  { handle_in_out: address },
) => memory.consumeHandle(address, (handle) => notifications.close(handle))

export const mvTempTriggerNotification: Handler<'mvTempTriggerNotification'> = (
  { notifications },
  { handle, type, tag },
) => (notifications.emit(handle, type, tag) ? Status.OKAY : Status.INVALIDHANDLE)

export const mvOpenSystemNotification: Handler<'mvOpenSystemNotification'> = (
  { memory, notifications, systemNotifications },
  args,
) => {
  const params = memory.readStruct('MvOpenSystemNotificationParams', args.params)
  if (params === undefined || !memory.isWritable(args.handle, 4)) return Status.PARAMETERFAULT
  const { notification_handle: center, notification_tag: tag, notification_source: source } = params
  if (!notifications.has(center) || !sources.includes(source)) return Status.INVALIDHANDLE
  if (systemNotifications.count >= SYSTEM_NOTIFICATIONS_MAX) return Status.UNAVAILABLE
  memory.writeWord(args.handle, systemNotifications.open({ center, tag, source }))
  return Status.OKAY
}

export const mvCloseSystemNotification: Handler<'mvCloseSystemNotification'> = (
  { memory, systemNotifications },
  { handle },
) => memory.consumeHandle(handle, (value) => systemNotifications.close(value))

const sources: readonly number[] = Object.values(SystemNotificationSource)
