/** Devices that already run an application: what most tests begin with. */
import { type AppPolicies, plainPolicies } from '@microvisor/protocol'
import { Bench } from './bench.ts'
import { TestCloud } from './test-cloud.ts'
import { makeApplication, makeImage, type SignedApplication, smallRegion } from './trust.ts'

/** A small application of one layer. */
export function smallApplication(
  version: number,
  policies: AppPolicies = plainPolicies,
): SignedApplication {
  return makeApplication([{ region: smallRegion, content: makeImage(version, 3000) }], policies)
}

/** A device that has installed and started version 1, and is connected. */
export function runningBench(policies: AppPolicies = plainPolicies): Bench {
  const cloud = new TestCloud()
  cloud.offer(smallApplication(1, policies))
  const bench = new Bench({ cloud }).run(1)
  if (!bench.hardware.application.isRunning) throw new Error('The application does not run.')
  return bench
}

/** Policies that differ from the plain ones in some groups. */
export function policiesWith(
  changes: {
    readonly [Group in 'crash' | 'update' | 'connectivity']?: Partial<AppPolicies[Group]>
  },
): AppPolicies {
  return {
    ...plainPolicies,
    crash: { ...plainPolicies.crash, ...changes.crash },
    update: { ...plainPolicies.update, ...changes.update },
    connectivity: { ...plainPolicies.connectivity, ...changes.connectivity },
  }
}

/** Lets the device be offline on purpose: it need not check in for a day. */
export const mayBeOffline = policiesWith({ connectivity: { minimumCheckInSeconds: 86_400 } })
