/** The application's log. */
import { LOG_LINE_BYTES_MAX, Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'

/** The log buffer's address and size are multiples of this. */
export const LOG_BUFFER_UNIT_BYTES = 512

export const mvServerLoggingInit: Handler<'mvServerLoggingInit'> = (
  { memory, notifications, log, channels },
  { buffer, length_bytes: bytes },
) => {
  if (buffer % LOG_BUFFER_UNIT_BYTES !== 0) return Status.INVALIDBUFFERALIGNMENT
  if (bytes === 0 || bytes % LOG_BUFFER_UNIT_BYTES !== 0) return Status.INVALIDBUFFERSIZE
  if (!memory.isWritable(buffer, bytes)) return Status.PARAMETERFAULT
  const owners = [notifications, channels]
  if (owners.some((owner) => owner.overlaps(buffer, bytes))) return Status.PARAMETERFAULT
  log.begin(buffer, bytes)
  return Status.OKAY
}

export const mvServerLog: Handler<'mvServerLog'> = (
  { memory, log },
  { message, length_bytes: bytes },
) => {
  if (!log.hasBuffer) return Status.UNAVAILABLE
  if (bytes > LOG_LINE_BYTES_MAX) return Status.LOGMESSAGETOOLONG
  const text = memory.read(message, bytes)
  return text === undefined ? Status.PARAMETERFAULT : log.post(text)
}
