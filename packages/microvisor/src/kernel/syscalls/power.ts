/** Power saving and deep sleep. */
import { DeepSleepMode, PowerSavingMode, Status } from '@microvisor/protocol'
import type { DeepSleepMode as DeepMode, SleepMode } from '../../hardware.ts'
import type { Handler } from '../dispatch.ts'

const sleepModes: Readonly<Record<number, SleepMode>> = {
  [PowerSavingMode.SLEEP]: 'sleep',
  [PowerSavingMode.STOP0]: 'stop0',
  [PowerSavingMode.STOP1]: 'stop1',
  [PowerSavingMode.STOP2]: 'stop2',
  [PowerSavingMode.STOP3]: 'stop3',
}

const deepSleepModes: Readonly<Record<number, DeepMode>> = {
  [DeepSleepMode.STANDBY]: 'standby',
  [DeepSleepMode.SHUTDOWN]: 'shutdown',
}

/** Returns once something has ended the sleep. */
export const mvPowerSave: Handler<'mvPowerSave'> = (kernel, { mode }) => {
  const sleep = sleepModes[mode]
  if (sleep === undefined) return Status.PARAMETERFAULT
  if (kernel.connectivity.isActive) return Status.MICROVISORBUSY
  kernel.hardware.power.sleep(sleep)
  return Status.OKAY
}

/** Does not return: the application starts anew. */
export const mvDeepSleep: Handler<'mvDeepSleep'> = (kernel, { mode }) => {
  const sleep = deepSleepModes[mode]
  if (sleep === undefined) return Status.PARAMETERFAULT
  if (kernel.connectivity.isActive) return Status.MICROVISORBUSY
  kernel.sleepDeeply(sleep)
  return undefined
}
