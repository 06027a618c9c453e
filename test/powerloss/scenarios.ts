/** The updates during which power is cut. */
import { fillJournal } from '@microvisor/microvisor/testing/inspection'
import { sendLayerKey } from '@microvisor/microvisor/testing/layer-keys'
import {
  type LayerContent,
  makeApplication,
  makeImage,
  makeKey,
} from '@microvisor/microvisor/testing/trust'
import { plainPolicies } from '@microvisor/protocol'
import { chipOf, type Scenario, type Version } from './sweep.ts'

const v1 = version(1, 900)
const v2 = version(2, 1_100)

const firstInstall: Scenario = { name: 'first installation', from: undefined, to: v1 }
export const replacement: Scenario = { name: 'version 1 to version 2', from: v1, to: v2 }
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

const large = makeImage(40, 30_000)
const smallDelta: Scenario = {
  name: 'a small delta to a large image',
  from: oneLayer({ place: 'internal', start: 0, size: 0x8000 }, large),
  to: oneLayer({ place: 'internal', start: 0, size: 0x8000 }, large.with(9_000, 1).with(20_000, 2)),
}
const externalOnly: Scenario = {
  name: 'a file system in external flash',
  from: withFiles(makeImage(50, 9_000)),
  to: withFiles(makeImage(51, 9_000)),
}
const interrupted: Scenario = {
  name: 'a download that is interrupted in each life',
  from: oneLayer({ place: 'internal', start: 0, size: 0x2000 }, makeImage(70, 3_000)),
  to: oneLayer({ place: 'internal', start: 0, size: 0x2000 }, makeImage(71, 4_000)),
  network: { lostAfterFrames: 6, chunkBytes: 500 },
}
const release = makeKey()
const keys = sendLayerKey(release.publicKey)
const secret = makeImage(60, 3_000)
const secretLayer: LayerContent = {
  region: { place: 'internal', start: 0, size: 0x2000 },
  content: secret,
  encrypted: keys.encrypt(secret),
}
const keyChange: Scenario = {
  name: 'a change of keys, and an encrypted layer under them',
  from: v1,
  to: {
    application: makeApplication([secretLayer], plainPolicies, release),
    layers: [secretLayer],
  },
  newKeys: keys.signed,
}

export const scenarios: readonly Scenario[] = [
  ...[firstInstall, replacement, pageTurn, thirdVersion],
  ...[smallDelta, externalOnly, interrupted, keyChange],
]

function oneLayer(region: LayerContent['region'], content: Uint8Array): Version {
  const layers = [{ region, content }]
  return { application: makeApplication(layers), layers }
}

function withFiles(content: Uint8Array): Version {
  const layers: LayerContent[] = [
    { region: { place: 'internal', start: 0, size: 0x2000 }, content: makeImage(52, 500) },
    { region: { place: 'external', start: 0, size: 0x3000 }, content },
  ]
  return { application: makeApplication(layers), layers }
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
