/**
 * Power cuts at random: pairs of cuts in random updates, the second while the device recovers from the
 * first. `--count` is the number of cuts. The long run of docs/reliability.md.
 */
import { testKernel } from '@microvisor/microvisor/testing/booted'
import { doubleCutsOfKernel } from '../test/powerloss/kernel-sweep.ts'
import { PoweredDevice } from '../test/powerloss/powered-device.ts'
import { scenarios } from '../test/powerloss/scenarios.ts'
import { doubleCuts, type SweepResult } from '../test/powerloss/sweep.ts'

/** Pairs for each preparation of a device. */
const BATCH = 500

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const kernels = [testKernel(1), testKernel(2, { securityRatchet: 1 })] as const
  const runs: { name: string; run: (sample: Sample) => SweepResult }[] = [
    ...scenarios.map((scenario) => ({
      name: scenario.name,
      run: (sample: Sample) => doubleCuts(new PoweredDevice(), scenario, sample),
    })),
    { name: 'a kernel update', run: (sample) => doubleCutsOfKernel(...kernels, sample) },
  ]
  let [cuts, failures] = [0, 0]
  for (let round = 0; cuts < count; round++) {
    const { name, run } = runs[round % runs.length]!
    const left = Math.ceil((count - cuts) / 2)
    const result = run({ seed: (seed + round) | 1, count: Math.min(BATCH, left) })
    cuts += result.cuts
    failures += result.violations.length
    console.log(`${cuts} cuts, ${failures} failures: ${name}, seed ${(seed + round) | 1}`)
    for (const violation of result.violations) console.log(`  ${violation}`)
  }
  if (failures > 0) throw new Error(`${failures} failures in ${cuts} cuts, seed ${seed}`)
}

interface Sample {
  readonly seed: number
  readonly count: number
}
