/**
 * Decoders of what updates are made of, fed with good input in which bytes were changed, added and cut:
 * bundles, manifests, changes of keys, deltas, and the state journal. Each answers with a value or
 * with its own error, inside all bounds.
 */
import { seededRandom } from '@microvisor/mcu'
import { blankChips } from '@microvisor/microvisor/testing/bench'
import { chipFuzz } from '@microvisor/microvisor/testing/inspection'
import {
  digest,
  makeApplication,
  makeImage,
  smallRegion,
} from '@microvisor/microvisor/testing/trust'
import {
  BundleError,
  DeltaReader,
  makeDelta,
  packBundle,
  parseAppManifest,
  parseBundle,
  parseKernelManifest,
  parseNewKeys,
} from '@microvisor/protocol'

type Random = () => number

export async function fuzz({ seed, count }: { seed: number; count: number }): Promise<void> {
  const random = seededRandom(seed | 1)
  const image = makeImage(1, 2_000)
  const { manifest, contents } = makeApplication([{ region: smallRegion, content: image }])
  const bundle = packBundle(manifest, new Map([...contents].slice(1)))
  const delta = makeDelta(image, makeImage(2, 2_000))
  for (let i = 0; i < count; i++) {
    refused(() => parseBundle(changed(bundle, random), digest))
    const bytes = changed(manifest, random)
    for (const parse of [parseAppManifest, parseKernelManifest, parseNewKeys])
      refused(() => parse(bytes))
    apply(image, changed(delta, random), random() % 5_000)
    if (i % 100 === 0) chipFuzz(blankChips(), random)
  }
}

function changed(good: Uint8Array, random: Random): Uint8Array {
  const bytes = [...good.subarray(0, random() % 4 === 0 ? random() % good.length : good.length)]
  for (let n = random() % 4; n >= 0; n--) bytes[random() % (bytes.length + 1)] = random() & 0xff
  return Uint8Array.from(bytes)
}

function refused(parse: () => unknown): void {
  try {
    parse()
  } catch (error) {
    if (!(error instanceof BundleError)) throw error
  }
}

function apply(base: Uint8Array, delta: Uint8Array, outputBytes: number): void {
  const output = new Uint8Array(outputBytes)
  let [read, written] = [0, 0]
  const inside = (offset: number, into: Uint8Array, end: number) => {
    if (offset < 0 || offset + into.length > end) throw new Error(`${offset} is out of bounds`)
  }
  const reader = new DeltaReader({
    ...{ baseBytes: base.length, outputBytes, next: () => delta[read++] ?? 0 },
    readBase: (offset, into) => inside(offset, into, base.length),
    readOutput: (offset, into) => inside(offset, into, written),
    write(bytes) {
      inside(written, bytes, output.length)
      written += bytes.length
      return true
    },
  })
  while (reader.proceed(4_096) === 'more');
}
