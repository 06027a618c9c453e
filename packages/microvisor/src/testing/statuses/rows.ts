/** Rows for every call of the kernel, and what no row can reach. */
import type { StatusName, SystemCallName } from '@microvisor/protocol'
import type { Row } from './arrange.ts'
import { channelRows, neverLate } from './channels.ts'
import { deviceRows } from './device.ts'
import { externalFlashRows } from './external-flash.ts'
import { factoryTestRows } from './factory-test.ts'
import { fastInterruptRows } from './fast-interrupts.ts'
import { loggingRows } from './logging.ts'
import { networkRows } from './network.ts'
import { notificationsRows } from './notifications.ts'
import { powerRows } from './power.ts'
import { restartRows } from './restart.ts'
import { wifiRows } from './wifi.ts'

export const statusRows: readonly Row[] = [
  ...deviceRows,
  ...notificationsRows,
  ...fastInterruptRows,
  ...networkRows,
  ...loggingRows,
  ...powerRows,
  ...restartRows,
  ...externalFlashRows,
  ...wifiRows,
  ...factoryTestRows,
  ...channelRows,
]

/** Statuses that no row reaches, and why. */
export const elsewhere: readonly (readonly [SystemCallName, StatusName, why: string])[] = [
  ['mvReleaseNetwork', 'UNSUPPORTEDSTRUCTUREVERSION', 'the call takes no structure'],
  ['mvRestart', 'OKAY', 'success does not return'],
  ['mvDeepSleep', 'OKAY', 'success does not return'],
  ['mvTestingComplete', 'OKAY', 'success does not return'],
  ['mvPowerSave', 'OKAY', 'takes a device that is offline: power.test.ts'],
  ['mvGetWallTime', 'TIMENOTSET', 'takes a device that was never connected: device.test.ts'],
  ...neverLate.map((name) => [name, 'LATEFAULT', 'its one output is checked first'] as const),
]
