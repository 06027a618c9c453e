/** Restarting, and why the application started. */
import { RestartMode, Status, WakeReason } from '@microvisor/protocol'
import type { Handler } from '../dispatch.ts'

export const mvGetWakeReason: Handler<'mvGetWakeReason'> = ({ memory, application }, { mode }) =>
  memory.write(mode, Uint8Array.of(application.wakeReason)) ? Status.OKAY : Status.PARAMETERFAULT

/** Installs an update that is ready; without one it starts the application again. */
export const mvRestart: Handler<'mvRestart'> = ({ application, update }, { mode }) => {
  if (mode !== RestartMode.AUTOAPPLYUPDATE) return Status.PARAMETERFAULT
  if (update.isFetching) return Status.MICROVISORBUSY
  if (!update.apply()) application.restart(WakeReason.REMOTEAPPLICATIONRESTART)
  return undefined
}
