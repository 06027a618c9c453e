/**
 * An update survives a power cut at every flash operation, and a second one while it recovers.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { externalLayout, internalLayout } from '@microvisor/microvisor'
import { fillJournal } from '@microvisor/microvisor/testing/inspection'
import { type LayerContent, makeApplication, makeImage } from '@microvisor/microvisor/testing/trust'
import { sampled, seed } from '../../tools/sampling.ts'
import { kernelOfImage } from './kernel-of-image.ts'
import { LateFlash, Procrastination } from './planted-bugs.ts'
import { PoweredDevice, type Wiring } from './powered-device.ts'
import { chipOf, doubleCuts, type Scenario, sweep, type Version } from './sweep.ts'

const doubleCutCount = sampled(60, 3_000)

const v1 = version(1, 900)
const v2 = version(2, 1_100)

const firstInstall: Scenario = { name: 'first installation', from: undefined, to: v1 }
const replacement: Scenario = { name: 'version 1 to version 2', from: v1, to: v2 }
const pageTurn: Scenario = {
  ...replacement,
  name: 'version 1 to version 2 while the journal turns its page',
  setUp: (device) => fillJournal(chipOf(device), 4),
}
const thirdVersion: Scenario = {
  name: 'version 2 to version 1, over the places of an earlier version 1',
  from: v2,
  to: v1,
  setUp: (device) => {
    device.live(v1.application)
    device.live(v2.application)
  },
}

for (const scenario of [firstInstall, replacement, pageTurn, thirdVersion]) {
  test(`${scenario.name}: a cut at every flash operation`, (t) => {
    const { operations, cuts, violations } = sweep(new PoweredDevice(), scenario, {
      seed,
      violationsMax: 20,
    })
    t.diagnostic(
      `${operations} operations, ${cuts} cuts, ${violations.length} failures, seed ${seed}`,
    )
    assert.deepEqual(violations, [])
    assert.ok(operations > 100)
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
]

for (const [bug, wiring] of plantedBugs) {
  test(`the sweep finds a planted bug: ${bug}`, (t) => {
    const limits = { seed, violationsMax: 1 }
    const { violations } = sweep(new PoweredDevice({ wiring }), replacement, limits)
    t.diagnostic(`seed ${seed}, ${violations[0]}`)
    assert.notEqual(violations.length, 0)
  })
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

/** Code in two pages, data in a page of its own, a file system in external flash. */
function version(number: number, imageBytes: number): Version {
  const layers: LayerContent[] = [
    {
      region: { place: 'internal', start: 0, size: 0x4000 },
      content: makeImage(number, imageBytes),
    },
    {
      region: { place: 'internal', start: 0x8000, size: 0x2000 },
      content: makeImage(number + 10, 200),
    },
    {
      region: { place: 'external', start: 0x1000, size: 0x1000 },
      content: makeImage(number + 20, 700),
    },
  ]
  return { application: makeApplication(layers), layers }
}
