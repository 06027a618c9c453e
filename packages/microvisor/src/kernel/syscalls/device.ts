/** Calls about the device itself: identity, clocks, time, registers of RCC, the system LED. */
import { encodeUtf8, SID_LENGTH, Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'
import type { Kernel } from '../kernel.ts'
import { peek, poke } from '../rcc.ts'

export const mvNoOp: Handler<'mvNoOp'> = () => Status.OKAY

export const mvGetDeviceId: Handler<'mvGetDeviceId'> = ({ memory, fuses }, { buf, len }) => {
  if (len !== SID_LENGTH) return Status.INVALIDBUFFERSIZE
  return memory.write(buf, encodeUtf8(fuses.deviceSid)) ? Status.OKAY : Status.PARAMETERFAULT
}

export const mvGetSysClk: Handler<'mvGetSysClk'> = (kernel, { hz }) => tell(kernel, hz, 'sysclk')
export const mvGetHClk: Handler<'mvGetHClk'> = (kernel, { hz }) => tell(kernel, hz, 'hclk')
export const mvGetPClk1: Handler<'mvGetPClk1'> = (kernel, { hz }) => tell(kernel, hz, 'pclk1')
export const mvGetPClk2: Handler<'mvGetPClk2'> = (kernel, { hz }) => tell(kernel, hz, 'pclk2')

export const mvGetMicroseconds: Handler<'mvGetMicroseconds'> = ({ memory, hardware }, { ms }) =>
  memory.writeDoubleWord(ms, hardware.clock.microseconds()) ? Status.OKAY : Status.PARAMETERFAULT

export const mvGetWallTime: Handler<'mvGetWallTime'> = ({ memory, wallClock }, { usec }) => {
  if (!memory.isWritable(usec, 8)) return Status.PARAMETERFAULT
  const now = wallClock.now
  if (now === undefined) return Status.TIMENOTSET
  memory.writeDoubleWord(usec, now)
  return Status.OKAY
}

export const mvPeriphPeek32: Handler<'mvPeriphPeek32'> = (
  { memory, hardware },
  { reg, output },
) => {
  if (!memory.isWritable(output, 4)) return Status.PARAMETERFAULT
  const value = peek(hardware.rcc, reg)
  if (value === undefined) return Status.PERIPHERALACCESSFAULT
  memory.writeWord(output, value)
  return Status.OKAY
}

export const mvPeriphPoke32: Handler<'mvPeriphPoke32'> = ({ hardware }, { reg, mask, xorvalue }) =>
  poke(hardware.rcc, reg, { mask, xorValue: xorvalue }) ? Status.OKAY : Status.PERIPHERALACCESSFAULT

export const mvSystemLedEnable: Handler<'mvSystemLedEnable'> = ({ led }, { enable }) => {
  if (enable > 1) return Status.PARAMETERFAULT
  led.enable(enable === 1)
  return Status.OKAY
}

function tell(kernel: Kernel, address: number, clock: 'sysclk' | 'hclk' | 'pclk1' | 'pclk2') {
  const hertz = kernel.hardware.clock.frequencies[clock]
  return kernel.memory.writeWord(address, hertz) ? Status.OKAY : Status.PARAMETERFAULT
}
