/** Fast interrupts. */
import { Status } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'

export const mvSetFastInterrupt: Handler<'mvSetFastInterrupt'> = (kernel, { irqn }) => {
  const { fastInterrupts, notifications, hardware } = kernel
  if (fastInterrupts.isShuttingDown) return Status.UNAVAILABLE
  if (!notifications.isInterruptFree(irqn)) return Status.INVALIDINTERRUPT
  if (!hardware.application.isVectorNonSecure(irqn)) return Status.INVALIDVECTOR
  fastInterrupts.add(irqn)
  return Status.OKAY
}

export const mvClearFastInterrupt: Handler<'mvClearFastInterrupt'> = (
  { fastInterrupts },
  { irqn },
) => {
  if (fastInterrupts.isShuttingDown) return Status.UNAVAILABLE
  return fastInterrupts.remove(irqn) ? Status.OKAY : Status.INVALIDINTERRUPT
}

export const mvEnableFastInterrupt: Handler<'mvEnableFastInterrupt'> = (
  { fastInterrupts },
  { irqn },
) => {
  if (fastInterrupts.isShuttingDown) return Status.UNAVAILABLE
  return fastInterrupts.enable(irqn, true) ? Status.OKAY : Status.INVALIDINTERRUPT
}

export const mvDisableFastInterrupt: Handler<'mvDisableFastInterrupt'> = (
  { fastInterrupts },
  { irqn },
) => {
  if (fastInterrupts.isShuttingDown) return Status.UNAVAILABLE
  return fastInterrupts.enable(irqn, false) ? Status.OKAY : Status.INVALIDINTERRUPT
}

export const mvDisableAllFastInterrupts: Handler<'mvDisableAllFastInterrupts'> = ({
  fastInterrupts,
}) => {
  fastInterrupts.maskAll(true)
  return Status.OKAY
}

export const mvEnableAllFastInterrupts: Handler<'mvEnableAllFastInterrupts'> = ({
  fastInterrupts,
}) => {
  fastInterrupts.maskAll(false)
  return Status.OKAY
}
