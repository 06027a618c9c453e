/** Calls of the factory test, which are there only while the device stands on its bench. */
import { LOG_LINE_BYTES_MAX, Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'
import { LOG_BUFFER_UNIT_BYTES } from './logging.ts'

export const mvTestingComplete: Handler<'mvTestingComplete'> = (kernel, { status }) => {
  const { factoryTest } = kernel.hardware
  if (factoryTest === undefined) return Status.UNAVAILABLE
  factoryTest.complete(status)
  kernel.endFactoryTest(status === 0)
  return undefined
}

/** The console takes each line at once: the buffer is checked and then not needed. */
export const mvTestLoggingInit: Handler<'mvTestLoggingInit'> = (
  { hardware, memory, testLog },
  { buffer, length_bytes: bytes },
) => {
  if (hardware.factoryTest === undefined) return Status.UNAVAILABLE
  if (buffer % LOG_BUFFER_UNIT_BYTES !== 0) return Status.INVALIDBUFFERALIGNMENT
  if (bytes === 0 || bytes % LOG_BUFFER_UNIT_BYTES !== 0) return Status.INVALIDBUFFERSIZE
  if (!memory.isWritable(buffer, bytes)) return Status.PARAMETERFAULT
  testLog.begin(bytes)
  return Status.OKAY
}

export const mvTestLog: Handler<'mvTestLog'> = (
  { hardware, memory, testLog },
  { message, length_bytes: bytes },
) => {
  const { factoryTest } = hardware
  if (factoryTest === undefined || !testLog.hasBegun) return Status.UNAVAILABLE
  if (bytes > LOG_LINE_BYTES_MAX) return Status.LOGMESSAGETOOLONG
  if (!testLog.fits(bytes)) return Status.INVALIDBUFFERSIZE
  const text = memory.read(message, bytes)
  if (text === undefined) return Status.PARAMETERFAULT
  factoryTest.log(text)
  return Status.OKAY
}
