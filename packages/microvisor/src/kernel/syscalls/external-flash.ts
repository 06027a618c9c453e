/** External flash: blocking access to the application's share. */
import { Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'
import { EXTERNAL_FLASH_HANDLES_MAX } from '../external-flash.ts'

/** JEDEC identity of the board's flash: manufacturer, type, capacity of 64 Mbit. */
const CHIP_ID = 0xc2_28_17

export const mvExternalFlashOpen: Handler<'mvExternalFlashOpen'> = (
  { memory, externalFlash },
  { handle },
) => {
  if (!memory.isWritable(handle, 4)) return Status.PARAMETERFAULT
  if (externalFlash.count >= EXTERNAL_FLASH_HANDLES_MAX) return Status.TOOMANYCHANNELS
  memory.writeWord(handle, externalFlash.open())
  return Status.OKAY
}

export const mvExternalFlashClose: Handler<'mvExternalFlashClose'> = (
  { memory, externalFlash },
  { handle },
) => memory.consumeHandle(handle, (value) => externalFlash.close(value))

export const mvExternalFlashGetInfo: Handler<'mvExternalFlashGetInfo'> = (
  { memory, externalFlash },
  { handle, info },
) => {
  if (!externalFlash.has(handle)) return Status.INVALIDHANDLE
  const asked = memory.readStruct('MvExternalFlashInfo', info)
  if (asked === undefined || !memory.isWritable(info, 16)) return Status.PARAMETERFAULT
  if (asked.version !== 1) return Status.UNSUPPORTEDSTRUCTUREVERSION
  memory.writeStruct('MvExternalFlashInfo', info, {
    version: 1,
    chip_id: CHIP_ID,
    size: externalFlash.shareBytes,
    num_handles: externalFlash.count,
  })
  return Status.OKAY
}

export const mvExternalFlashReadBlocking: Handler<'mvExternalFlashReadBlocking'> = (
  { memory, externalFlash },
  { handle, address, length, buffer },
) => {
  if (!externalFlash.has(handle)) return Status.INVALIDHANDLE
  if (!externalFlash.isInShare(address, length)) return Status.ADDRESSOUTOFRANGE
  if (!memory.isWritable(buffer, length)) return Status.PARAMETERFAULT
  const bytes = new Uint8Array(length)
  externalFlash.read(address, bytes)
  memory.write(buffer, bytes)
  return Status.OKAY
}

export const mvExternalFlashEraseBlocking: Handler<'mvExternalFlashEraseBlocking'> = (
  { externalFlash },
  { handle, address, length },
) => {
  if (!externalFlash.has(handle)) return Status.INVALIDHANDLE
  if (length === 0) return Status.PARAMETERFAULT
  const { sectorBytes } = externalFlash
  if (address % sectorBytes !== 0 || length % sectorBytes !== 0) {
    return Status.INVALIDBUFFERALIGNMENT
  }
  if (!externalFlash.isInShare(address, length)) return Status.ADDRESSOUTOFRANGE
  return externalFlash.erase(address, length) === undefined ? Status.OKAY : Status.UNAVAILABLE
}

export const mvExternalFlashWriteBlocking: Handler<'mvExternalFlashWriteBlocking'> = (
  { memory, externalFlash },
  { handle, address, length, buffer },
) => {
  if (!externalFlash.has(handle)) return Status.INVALIDHANDLE
  if (!externalFlash.isInShare(address, length)) return Status.ADDRESSOUTOFRANGE
  const bytes = memory.read(buffer, length)
  if (bytes === undefined) return Status.PARAMETERFAULT
  return externalFlash.write(address, bytes) === undefined ? Status.OKAY : Status.UNAVAILABLE
}
