/**
 * A kernel update survives a power cut at every flash operation: the device always boots a kernel that
 * was signed, is never locked down, and ends with the new one, confirmed.
 */
import { FlashChip, PowerCut, type PowerCutPlan, Supply } from '@microvisor/mcu'
import type { Flash } from '@microvisor/microvisor'
import { fuseBytes } from '@microvisor/microvisor/testing/bench'
import { BootedDevice, installKernel, type TestKernel } from '@microvisor/microvisor/testing/booted'
import { TestCloud } from '@microvisor/microvisor/testing/test-cloud'
import { equalBytes } from '@microvisor/protocol'
import { cutsInRecovery, everyCut } from './cut-plans.ts'
import { RewindableCells } from './powered-device.ts'
import type { SweepResult } from './sweep.ts'

/** Long enough for an update, and too short for a trial to run out. */
const LIFE_MS = 20_000

/** A device with its boot chain over flash whose power can be cut. */
class BootableDevice {
  readonly supply = new Supply()
  readonly #internal = new RewindableCells(0x20_0000)
  readonly #external = new RewindableCells(0x80_0000)

  readonly #wiring: (flash: Flash) => Flash

  constructor(kernel: TestKernel, wiring: (flash: Flash) => Flash) {
    this.#wiring = wiring
    installKernel(this.#chips(), kernel)
    this.#internal.keep()
    this.#external.keep()
  }

  rewind(): void {
    this.supply.powerUp()
    this.#internal.rewind()
    this.#external.rewind()
  }

  /** Undefined: the power was cut. */
  live(target: TestKernel, plan?: PowerCutPlan): BootedDevice | undefined {
    this.supply.powerUp()
    this.supply.cutAt(plan)
    const cloud = new TestCloud()
    cloud.offerKernel(target.published)
    try {
      const { internalFlash, ...others } = this.#chips()
      const chips = { ...others, internalFlash: this.#wiring(internalFlash) }
      return new BootedDevice(chips, cloud).live(LIFE_MS)
    } catch (error) {
      if (error instanceof PowerCut) return undefined
      throw error
    }
  }

  #chips() {
    const { supply } = this
    return {
      internalFlash: new FlashChip('internal', { ...this.#internal.store, supply }),
      externalFlash: new FlashChip('external', { ...this.#external.store, supply }),
      fuses: fuseBytes.slice(),
    }
  }
}

export interface KernelSweep {
  readonly seed: number
  /** Of so many operations one is cut at; which one, the seed says. */
  readonly stride: number
  /** Something between the boot chain and its flash: the planted bugs. */
  readonly wiring?: (flash: Flash) => Flash
}

const straight = (flash: Flash) => flash

export function sweepKernel(
  from: TestKernel,
  to: TestKernel,
  { seed, stride, wiring = straight }: KernelSweep,
): SweepResult {
  const device = new BootableDevice(from, wiring)
  device.live(to)
  const { operations } = device.supply
  const violations: string[] = []
  let cuts = 0
  for (const plans of everyCut(operations, { seed, stride })) {
    device.rewind()
    cuts++
    violations.push(...afterCuts(device, to, plans))
  }
  return { operations, cuts, violations }
}

export function doubleCutsOfKernel(
  from: TestKernel,
  to: TestKernel,
  where: { seed: number; count: number },
): SweepResult {
  const device = new BootableDevice(from, straight)
  device.live(to)
  const { operations } = device.supply
  const violations: string[] = []
  for (const plans of cutsInRecovery(operations, where)) {
    device.rewind()
    violations.push(...afterCuts(device, to, plans))
  }
  return { operations, cuts: 2 * where.count, violations }
}

function afterCuts(
  device: BootableDevice,
  to: TestKernel,
  plans: readonly PowerCutPlan[],
): string[] {
  const where = plans.map(({ operation, phase }) => `${phase} ${operation}`).join(', ')
  for (const plan of plans) device.live(to, plan)
  const booted = device.live(to)!
  const broken = booted.boots.flatMap((outcome) =>
    outcome.outcome === 'run' ? [] : [`it locked itself down: ${outcome.reason}`],
  )
  const { record } = booted
  if (record === undefined || !equalBytes(record.kernelHash, to.published.hash))
    broken.push('it does not end with the new kernel')
  const again = device.live(to)!.record
  if (again?.isTrial !== false) broken.push('the new kernel is not confirmed')
  return broken.map((sentence) => `cut ${where}: ${sentence}`)
}
