/**
 * An update survives a power cut at every flash operation, and a second one while it recovers.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { externalLayout, internalLayout } from '@microvisor/microvisor'
import { sampled, seed } from '../../tools/sampling.ts'
import { kernelOfImage } from './kernel-of-image.ts'
import { HastyErase, LateFlash, Procrastination } from './planted-bugs.ts'
import { PoweredDevice, type Wiring } from './powered-device.ts'
import { replacement, scenarios } from './scenarios.ts'
import { doubleCuts, sweep } from './sweep.ts'

const doubleCutCount = sampled(30, 3_000)

for (const scenario of scenarios) {
  test(`${scenario.name}: a cut at every flash operation`, (t) => {
    const limits = { seed, violationsMax: 20, operationsMax: sampled(30, 1e6) }
    const { operations, cuts, violations } = sweep(new PoweredDevice(), scenario, limits)
    t.diagnostic(
      `${operations} operations, ${cuts} cuts, ${violations.length} failures, seed ${seed}`,
    )
    assert.deepEqual(violations, [])
    assert.ok(operations > 20)
  })

  test(`${scenario.name}: a second cut during recovery`, (t) => {
    const sample = { seed, count: doubleCutCount }
    const { cuts, violations } = doubleCuts(new PoweredDevice(), scenario, sample)
    t.diagnostic(`${cuts} cuts, ${violations.length} failures, seed ${seed}`)
    assert.deepEqual(violations, [])
  })
}

test('the image that devices carry survives cuts in its bare context, too', async (t) => {
  const device = new PoweredDevice({ startKernel: await kernelOfImage() })
  const { cuts, violations } = doubleCuts(device, replacement, { seed, count: sampled(20, 500) })
  t.diagnostic(`${cuts} cuts, ${violations.length} failures, seed ${seed}`)
  assert.deepEqual(violations, [])
})

const plantedBugs: readonly (readonly [string, () => Wiring])[] = [
  ['the application marked as installed before it is', internalLate(internalLayout.application)],
  ['the manifest marked as stored before it is', internalLate(internalLayout.manifestB)],
  ['a layer marked as staged before it is', stagingLate()],
  ['the old application erased while the new one is still fetched', eraseTooEarly],
]

for (const [bug, wiring] of plantedBugs) {
  test(`the sweep finds a planted bug: ${bug}`, (t) => {
    const limits = { seed, violationsMax: 1, operationsMax: 1e6 }
    const { violations } = sweep(new PoweredDevice({ wiring }), replacement, limits)
    t.diagnostic(`seed ${seed}, ${violations[0]}`)
    assert.notEqual(violations.length, 0)
  })
}

function eraseTooEarly(): Wiring {
  const { application, manifestB } = internalLayout
  return {
    internalFlash: (flash) => new HastyErase(flash, { of: application.offset, after: manifestB }),
    externalFlash: (flash) => flash,
  }
}

function internalLate(range: { offset: number; size: number }): () => Wiring {
  return () => ({
    internalFlash: (flash) => new LateFlash(flash, range, new Procrastination()),
    externalFlash: (flash) => flash,
  })
}

function stagingLate(): () => Wiring {
  return () => {
    const procrastination = new Procrastination()
    const nothing = { offset: 0, size: 0 }
    return {
      internalFlash: (flash) => new LateFlash(flash, nothing, procrastination),
      externalFlash: (flash) => new LateFlash(flash, externalLayout.staging, procrastination),
    }
  }
}
