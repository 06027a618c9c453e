/** Statuses of the calls about power. */
import type { Bench } from '../bench.ts'
import { mayBeOffline, runningBench } from '../running.ts'
import { inHandler, type Row } from './arrange.ts'

/** A device that is offline because nobody wants the network. */
export function offlineBench(): Bench {
  const bench = runningBench(mayBeOffline)
  const { handle } = bench.center(46)
  const fields = { version: 1, notification_handle: handle, notification_tag: 0 }
  const out = bench.place(4)
  bench.call('mvRequestNetwork', bench.struct('MvRequestNetworkParams', fields), out)
  bench.run(10)
  bench.call('mvReleaseNetwork', out)
  return bench.run(1_000)
}

const calls = [
  ['mvPowerSave', [0, 1, 2, 3, 4]],
  ['mvDeepSleep', [0, 1]],
] as const

export const powerRows: readonly Row[] = calls.flatMap(([call, modes]): Row[] => [
  [call, 'PARAMETERFAULT', () => [modes.length]],
  [call, 'PARAMETERFAULT', () => [0xff]],
  ...modes.map((mode): Row => [call, 'MICROVISORBUSY', () => [mode]]),
  [call, 'UNAVAILABLE', inHandler(() => [0])],
])
