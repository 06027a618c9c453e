/** Where a sweep cuts the power: at flash operations of an update that was counted without a cut. */
import { type PowerCutPlan, seededRandom } from '@microvisor/mcu'

const PHASES = ['before', 'during', 'after'] as const

/** Every `stride`-th operation, each before, inside and after it; where it begins, the seed says. */
export function* everyCut(
  operations: number,
  { seed, stride }: { seed: number; stride: number },
): Generator<PowerCutPlan[]> {
  for (let operation = seed % stride; operation < operations; operation += stride)
    for (const phase of PHASES) yield [{ operation, phase, seed: seed + operation }]
}

/** A second cut while the device recovers from the first, `count` times where the seed picks. */
export function* cutsInRecovery(
  operations: number,
  { seed, count }: { seed: number; count: number },
): Generator<PowerCutPlan[]> {
  const random = seededRandom(seed)
  for (let i = 0; i < count; i++)
    yield [0, 1].map(() => ({
      operation: random() % operations,
      phase: PHASES[random() % PHASES.length]!,
      seed: random(),
    }))
}
