/** Statuses of the calls about restarts. */
import { smallApplication } from '../running.ts'
import { FLASH } from '../test-hardware.ts'
import { inHandler, type Row } from './arrange.ts'

export const restartRows: readonly Row[] = [
  ['mvGetWakeReason', 'OKAY', (b) => [b.place(1)]],
  ['mvGetWakeReason', 'PARAMETERFAULT', () => [FLASH]],
  ['mvGetWakeReason', 'UNAVAILABLE', inHandler((b) => [b.place(1)])],

  ['mvRestart', 'PARAMETERFAULT', () => [1]],
  ['mvRestart', 'UNAVAILABLE', inHandler(() => [0])],
  [
    'mvRestart',
    'MICROVISORBUSY',
    (b) => {
      b.cloud.fetchLimitBytes = 100
      b.cloud.sendTarget(smallApplication(2))
      b.run()
      return [0]
    },
  ],
]
