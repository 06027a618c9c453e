/** Attacks on updates, named as in the Uptane threat model where it has a name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  encodeKeyChange,
  encodeManifest,
  LayerForm,
  makeDelta,
  parseAppManifest,
  plainPolicies,
  signBody,
  UpdatePhase,
  unsigned,
  verifyToken,
} from '@microvisor/protocol'
import { mutatedFields } from '@microvisor/protocol/testing/mutated-fields'
import { sampled } from '../../../../../tools/sampling.ts'
import { externalLayout, internalLayout } from '../../flash-layout.ts'
import { Bench, blankChips } from '../../testing/bench.ts'
import { sendLayerKey } from '../../testing/layer-keys.ts'
import { runningBench, smallApplication } from '../../testing/running.ts'
import { TestCloud } from '../../testing/test-cloud.ts'
import type { TestFlash } from '../../testing/test-hardware.ts'
import {
  applicationSigner,
  digest,
  makeApplication,
  makeImage,
  makeKey,
  publish,
  type SignedApplication,
  smallRegion,
} from '../../testing/trust.ts'
import { KeyStore } from './key-store.ts'

const v1 = makeImage(1, 3_000)
const image = makeImage(8, 2_000)

function holds(bench: Bench, content: Uint8Array): boolean {
  const found = new Uint8Array(content.length)
  bench.chips.internalFlash.read(0, found)
  return Buffer.compare(found, content) === 0
}

function untouched(bench: Bench): void {
  assert.equal(bench.hardware.application.isRunning, true)
  assert.ok(holds(bench, v1))
}

test('arbitrary software: what nobody, or a stranger, has signed is not fetched', () => {
  const bench = runningBench()
  const stranger = makeApplication(
    [{ region: smallRegion, content: image }],
    plainPolicies,
    makeKey(),
  )
  const nobodys = publish(encodeManifest(unsigned(parseAppManifest(stranger.manifest).body)), [
    image,
  ])
  const { length } = bench.cloud.offers
  for (const application of [stranger, nobodys]) {
    bench.cloud.sendTarget(application)
    bench.run(1_000)
    untouched(bench)
  }
  assert.equal(bench.cloud.offers.length, length, 'not a byte of a layer')
})

test('a manifest with any one field changed, as its schema lists them, changes nothing', () => {
  const bench = runningBench()
  const { manifest } = smallApplication(2)
  for (const { path, bytes } of mutatedFields('application', manifest)) {
    if (bytes === undefined) continue
    bench.cloud.sendTarget(publish(bytes, [makeImage(2, 3_000)]))
    bench.run(10)
    assert.ok(holds(bench, v1) && bench.hardware.application.isRunning, path)
  }
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1_000)
  assert.ok(holds(bench, makeImage(2, 3_000)), 'the manifest as it was signed')
})

test('a layer with any one bit of it flipped on its way is not installed', () => {
  const content = makeImage(2, 300)
  const target = makeApplication([{ region: smallRegion, content }])
  const bits = Array.from({ length: content.length * 8 }, (_, bit) => bit)
  for (const bit of bits.filter((at) => at % sampled(241, 1) === 0)) {
    const bench = runningBench()
    const changed = content.slice()
    changed[bit >> 3]! ^= 1 << (bit & 7)
    bench.cloud.forms = () => ({ form: LayerForm.WHOLE, bytes: changed })
    bench.cloud.sendTarget(target)
    bench.run(1_000)
    assert.ok(holds(bench, v1) && bench.hardware.application.isRunning, `bit ${bit}`)
  }
})

test('drop-request: a cloud that takes the connection and says nothing', () => {
  const bench = runningBench()
  bench.cloud.answersHello = false
  bench.disconnect()
  bench.cloud.offer(smallApplication(2))
  bench.run(600_000)
  untouched(bench)
  bench.cloud.answersHello = true
  bench.run(4_000_000)
  assert.ok(holds(bench, makeImage(2, 3_000)), 'it asks until it is answered')
})

test('freeze: who withholds an update cannot hide it from who asks the device', () => {
  const bench = runningBench()
  const nonce = new Uint8Array(16).fill(3)
  bench.cloud.send({ case: 'attestationRequest', value: { nonce } })
  bench.run(1_000)
  const publicKey = new Uint8Array(65)
  bench.hardware.engines.devicePublicKey(publicKey)
  const verify = bench.hardware.engines.verifyP256.bind(bench.hardware.engines)
  const { token } = bench.cloud.last('attestation')!
  const { application } = verifyToken(token, { publicKey, verify, nonce })
  assert.deepEqual(application?.manifestHash, bench.cloud.target, 'the old one')
})

test('mixed-bundles: layers of one target are never installed with those of the next', () => {
  const places = [0, 0x4000].map((start) => ({ place: 'internal' as const, start, size: 0x2000 }))
  const version = (number: number) =>
    makeApplication(
      places.map((region, i) => ({ region, content: makeImage(10 * number + i, 2_000) })),
    )
  const bench = runningBench()
  for (let cut = 2_100; cut < 4_000; cut += 300) {
    bench.cloud.fetchLimitBytes = cut
    bench.cloud.sendTarget(version(2))
    bench.run(1_000)
    bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
    bench.cloud.sendTarget(version(3))
    bench.run(1_000)
    for (const [i, { start }] of places.entries()) {
      const found = new Uint8Array(2_000)
      bench.chips.internalFlash.read(start, found)
      assert.deepEqual(found, makeImage(30 + i, 2_000), `cut at ${cut}, layer ${i}`)
    }
    bench.cloud.sendTarget(smallApplication(1))
    bench.run(1_000)
    untouched(bench)
  }
})

test('mix and match: a layer of another version under this version’s name', () => {
  const bench = runningBench()
  const [second, third] = [smallApplication(2), smallApplication(3)]
  const [manifest, layer] = [...second.contents.keys()]
  const mixed = new Map([
    [manifest!, second.manifest],
    [layer!, [...third.contents.values()][1]!],
  ])
  bench.cloud.sendTarget({ ...second, contents: mixed })
  bench.run(1_000)
  untouched(bench)
})

test('endless data: a cloud that sends more than it has announced', () => {
  const bench = runningBench()
  const image = makeImage(2, 3_000)
  bench.cloud.forms = (bytes) => ({ form: LayerForm.COMPRESSED, bytes: makeDelta(bytes, bytes) })
  bench.cloud.sendTarget(makeApplication([{ region: smallRegion, content: image }]))
  bench.run(1_000)
  untouched(bench)
})

test('endless data: a delta of a few bytes that makes a gigabyte', () => {
  const bench = runningBench()
  const bomb = makeDelta(new Uint8Array(0), new Uint8Array(0x8000))
  bench.cloud.forms = () => ({ form: LayerForm.COMPRESSED, bytes: bomb })
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1_000)
  untouched(bench)
})

test('slow retrieval: a byte now and then, and the application runs on', () => {
  const bench = runningBench()
  bench.cloud.forms = (bytes) => ({ form: LayerForm.WHOLE, bytes })
  bench.cloud.chunkBytes = 200
  bench.cloud.sendTarget(smallApplication(2))
  for (let turn = 0; turn < 20; turn++) {
    bench.cloud.fetchLimitBytes = 200
    bench.run(60_000)
    if (!holds(bench, makeImage(2, 3_000))) untouched(bench)
    bench.disconnect()
  }
  bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
  bench.run(60_000)
  assert.ok(holds(bench, makeImage(2, 3_000)))
})

test('replayed change of keys: a signer that was deleted does not come back', () => {
  const bench = runningBench()
  const signer = makeKey()
  const added = change({ addSigners: [signer.publicKey] })
  send(bench, added)
  assert.equal(bench.cloud.last('keyState')?.manifestSigners.length, 2)
  const [, id] = bench.cloud.last('keyState')!.manifestSigners
  send(bench, change({ deleteSigners: [id!] }))
  assert.equal(bench.cloud.last('keyState')?.manifestSigners.length, 1)
  send(bench, added)
  assert.match(bench.cloud.last('keyState')?.refusal ?? '', /^KEYS_REVOKED/)
  assert.equal(bench.cloud.last('keyState')?.manifestSigners.length, 1)
})

test('a stranger, or a key of before, cannot change keys; who signed what is installed stays', () => {
  const bench = runningBench()
  const stranger = makeKey()
  send(bench, change({ addSigners: [stranger.publicKey] }, stranger))
  assert.match(bench.cloud.last('keyState')?.refusal ?? '', /^MANIFEST_SIGNER_UNKNOWN/)
  const [root] = bench.cloud.last('keyState')!.manifestSigners
  send(bench, change({ deleteSigners: [root!] }))
  assert.match(bench.cloud.last('keyState')?.refusal ?? '', /^KEYS_IN_USE/)
})

test('the last signer stays, also where nothing is installed', () => {
  const bench = new Bench({ cloud: new TestCloud() }).run(1)
  const [root] = bench.cloud.last('keyState')!.manifestSigners
  send(bench, change({ deleteSigners: [root!] }))
  assert.match(bench.cloud.last('keyState')?.refusal ?? '', /^KEYS_LAST_SIGNER/)
  assert.deepEqual(bench.cloud.last('keyState')?.manifestSigners, [root])
})

test('another device’s layer key does not open here, and its layer is not installed', () => {
  const bench = runningBench()
  const release = makeKey()
  const keys = sendLayerKey(release.publicKey, new Uint8Array(32).fill(0x11))
  send(bench, keys.signed)
  assert.match(bench.cloud.last('keyState')?.refusal ?? '', /^KEYS_NOT_FOR_THIS_DEVICE/)
  const content = makeImage(2, 500)
  const layer = { region: smallRegion, content, encrypted: keys.encrypt(content) }
  bench.cloud.sendTarget(makeApplication([layer], plainPolicies, applicationSigner))
  bench.run(1_000)
  untouched(bench)
})

test('an encrypted layer lies encrypted in staging, and a plain one too', () => {
  for (const isEncrypted of [false, true]) {
    const cloud = new TestCloud()
    const release = makeKey()
    const keys = sendLayerKey(release.publicKey)
    cloud.newKeys = keys.signed
    const content = new Uint8Array(Buffer.from('a secret that nobody may read '.repeat(40)))
    const encrypted = isEncrypted ? { encrypted: keys.encrypt(content) } : {}
    cloud.offer(
      makeApplication([{ region: smallRegion, content, ...encrypted }], plainPolicies, release),
    )
    const bench = new Bench({ cloud }).run(1_000)
    assert.ok(holds(bench, content))
    const { bytes } = bench.chips.externalFlash as TestFlash
    assert.equal(Buffer.from(bytes).indexOf('nobody may read'), -1)
  }
})

test('partial bundle, bits flipped: whatever a flip in staging, journal or keys does, nothing wrong runs', () => {
  const places = [
    [externalLayout.staging.offset, 4_096, 37],
    [internalLayout.stateJournal.offset, 256, 5],
    [internalLayout.manifestA.offset, 300, 11],
    [internalLayout.manifestB.offset, 300, 11],
  ] as const
  for (const [offset, size, step] of places) {
    for (let at = 0; at < size; at += sampled(step, 1)) flipped(offset + at)
  }
})

/** An update stopped in its middle, a bit flipped, and the device started again without and with a network. */
function flipped(offset: number): void {
  const { chips, target } = interrupted()
  const flash = (offset >= 0x20_0000 ? chips.externalFlash : chips.internalFlash) as TestFlash
  flash.bytes[offset]! ^= 1 << (offset % 8)
  const alone = new Bench({ chips, isCloudUp: false }).run(1)
  if (alone.hardware.application.isRunning)
    assert.ok(holds(alone, v1) || holds(alone, makeImage(2, 3_000)), `flip at ${offset}`)
  const cloud = new TestCloud()
  cloud.offer(target)
  const bench = new Bench({ chips, cloud }).run(3_600_000)
  assert.ok(holds(bench, makeImage(2, 3_000)), `flip at ${offset}`)
  assert.equal(cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE, `flip at ${offset}`)
}

/** Flash in the middle of an update from version 1 to version 2. */
function interrupted(): { chips: ReturnType<typeof blankChips>; target: SignedApplication } {
  base ??= makeInterrupted()
  const chips = blankChips()
  for (const name of ['internalFlash', 'externalFlash'] as const)
    (chips[name] as TestFlash).bytes.set((base.chips[name] as TestFlash).bytes)
  return { chips, target: base.target }
}

let base: { chips: ReturnType<typeof blankChips>; target: SignedApplication } | undefined

function makeInterrupted() {
  const bench = runningBench()
  const target = smallApplication(2)
  bench.cloud.forms = (bytes) => ({ form: LayerForm.WHOLE, bytes })
  bench.cloud.fetchLimitBytes = target.manifest.length + 2_000
  bench.cloud.sendTarget(target)
  bench.run(1)
  return { chips: bench.chips, target }
}

function change(
  changes: Partial<Parameters<typeof encodeKeyChange>[0]>,
  signer = applicationSigner,
): Uint8Array {
  const none = { deleteSigners: [], deleteLayerKeys: [], addSigners: [], addLayerKeys: [] }
  const body = encodeKeyChange({ ...none, ...changes })
  return encodeManifest(signBody(body, signer, digest))
}

function send(bench: Bench, signed: Uint8Array): void {
  bench.cloud.send({ case: 'newKeys', value: { signed } })
  bench.run(1)
}

test('keys survive a flip of any bit as the keys of before or after', () => {
  const bench = runningBench()
  const release = makeKey()
  send(bench, sendLayerKey(release.publicKey).signed)
  const { bytes } = bench.chips.internalFlash as TestFlash
  const { offset } = internalLayout.keyStore
  for (let at = 0; at < 200; at += 3) {
    bytes[offset + at]! ^= 0x10
    const found = new KeyStore({ ...bench.hardware }, applicationSigner.publicKey)
    assert.ok(found.signers.length === 1 || found.signers.length === 2)
    assert.deepEqual(found.signers[0], applicationSigner.publicKey)
    bytes[offset + at]! ^= 0x10
  }
})
