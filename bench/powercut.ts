/** Power cuts a second: how fast the sweeps of test/powerloss go through updates. */
import { PoweredDevice } from '../test/powerloss/powered-device.ts'
import { scenarios } from '../test/powerloss/scenarios.ts'
import { doubleCuts } from '../test/powerloss/sweep.ts'
import type { Report } from './run.ts'

const PAIRS = 60

export async function bench(report: Report): Promise<void> {
  for (const scenario of scenarios) {
    const device = new PoweredDevice()
    doubleCuts(device, scenario, { seed: 1, count: 1 })
    const started = performance.now()
    const { cuts } = doubleCuts(new PoweredDevice(), scenario, { seed: 2, count: PAIRS })
    const seconds = (performance.now() - started) / 1000
    report({ case: scenario.name, value: Math.round(cuts / seconds), unit: 'cuts/s' })
  }
}
