import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  describeLayer,
  EventType,
  encodeAppBody,
  encodeManifest,
  type Layer,
  LayerForm,
  plainPolicies,
  StreamCloseReason,
  SystemNotificationSource,
  signBody,
  UpdateError,
  UpdatePhase,
  unsigned,
  WakeReason,
} from '@microvisor/protocol'
import { Bench, KERNEL_VERSION } from '../../testing/bench.ts'
import { policiesWith, runningBench, smallApplication } from '../../testing/running.ts'
import type { TestFlash } from '../../testing/test-hardware.ts'
import {
  applicationSigner,
  digest,
  type LayerContent,
  makeApplication,
  makeImage,
  makeKey,
  publish,
  type SignedApplication,
  smallRegion,
  wholeFlash,
} from '../../testing/trust.ts'

const externalRegion = { place: 'external', start: 0x2000, size: 0x2000 } as const

function phases(bench: Bench): (string | undefined)[] {
  return bench.cloud.all('updateProgress').map(({ phase }) => UpdatePhase[phase])
}

function failure(bench: Bench) {
  return bench.cloud.all('updateProgress').find(({ phase }) => phase === UpdatePhase.FAILED)
}

function flashHolds(bench: Bench, start: number, content: Uint8Array): boolean {
  const found = new Uint8Array(content.length)
  bench.chips.internalFlash.read(start, found)
  return Buffer.compare(found, content) === 0
}

const whole = (bytes: Uint8Array) => ({ form: LayerForm.WHOLE, bytes })

function layer(content: Uint8Array, lie: Partial<Layer> = {}): LayerContent {
  return { region: smallRegion, content, lie }
}

test('a first application is fetched, installed and started, and every phase is told', () => {
  const bench = new Bench()
  bench.cloud.forms = whole
  const image = makeImage(1, 200_000)
  bench.cloud.offer(makeApplication([{ region: wholeFlash, content: image }]))
  bench.run(1)
  assert.deepEqual(phases(bench), [
    'FETCHING_MANIFEST',
    ...new Array(3).fill('FETCHING_LAYERS'),
    'DOWNLOADED',
    'INSTALLING_APP',
    'STARTING_NEW_APP',
    'COMPLETE',
  ])
  assert.ok(flashHolds(bench, 0, image))
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
  const state = bench.cloud.last('deviceState')
  assert.deepEqual(state?.manifestHash, bench.cloud.target)
  assert.equal(state?.running, true)
})

test('what came over the link for an update is told with it, to the byte', () => {
  const bench = new Bench()
  const content = makeImage(77, 9_000)
  bench.cloud.offer(makeApplication([{ region: smallRegion, content }]))
  let sent = 0
  const send = bench.cloud.send.bind(bench.cloud)
  bench.cloud.send = (frame) => {
    if (frame.case === 'streamData') sent += frame.value.data?.length ?? 0
    send(frame)
  }
  bench.cutAfterDelivered = 4
  bench.run(60_000)
  const { phase, bytesReceived } = bench.cloud.last('updateProgress')!
  assert.equal(UpdatePhase[phase], 'COMPLETE')
  assert.ok(sent > 9_000)
  assert.ok(bytesReceived > 9_000n && bytesReceived <= BigInt(sent), `${bytesReceived} of ${sent}`)
})

test('the running application runs until the new one is ready, and no page is written that is right', () => {
  const bench = runningBench()
  bench.cloud.forms = whole
  bench.cloud.fetchLimitBytes = 1_000
  const image = makeImage(1, 3000)
  image[2_500] = 0x77
  bench.cloud.sendTarget(makeApplication([layer(image)]))
  bench.run(1)
  assert.equal(bench.hardware.application.isRunning, true)
  const flash = bench.chips.internalFlash as TestFlash
  const erased: number[] = []
  const erase = flash.erase.bind(flash)
  flash.erase = (offset) => {
    erased.push(offset)
    return erase(offset)
  }
  bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
  bench.run(1)
  assert.deepEqual(erased, [0])
  assert.ok(flashHolds(bench, 0, image))
})

test('layers that are there already are not fetched', () => {
  const bench = new Bench()
  const library = {
    region: { place: 'internal', start: 0x8000, size: 0x4000 } as const,
    content: makeImage(9, 9_000),
  }
  bench.cloud.offer(makeApplication([layer(makeImage(1, 3_000)), library]))
  bench.run(1)
  const before = bench.cloud.all('streamOpen').length
  bench.cloud.sendTarget(makeApplication([layer(makeImage(2, 3_000)), library]))
  bench.run(1)
  assert.equal(bench.cloud.all('streamOpen').length - before, 2)
  assert.ok(flashHolds(bench, 0x8000, library.content))
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
})

test('an external layer is installed, and left alone by an update that does not change it', () => {
  const bench = new Bench()
  const files = { region: externalRegion, content: makeImage(5, 5_000) }
  bench.cloud.offer(makeApplication([layer(makeImage(1, 100)), files]))
  bench.run(1)
  const { externalFlash } = bench.chips
  const found = new Uint8Array(5_000)
  externalFlash.read(0x2000, found)
  assert.deepEqual(found, files.content)
  externalFlash.program(0x3f00, Uint8Array.of(0x12)) // The application's own data.
  bench.cloud.sendTarget(makeApplication([layer(makeImage(2, 100)), files]))
  bench.run(1)
  const own = new Uint8Array(1)
  externalFlash.read(0x3f00, own)
  assert.equal(own[0], 0x12)
  assert.equal(bench.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE)
})

test('a broken connection resumes where it stopped', () => {
  const bench = runningBench()
  bench.cloud.forms = whole
  const image = makeImage(2, 30_000)
  bench.cloud.chunkBytes = 1_000
  bench.cloud.fetchLimitBytes = 12_345
  bench.cloud.sendTarget(makeApplication([layer(image)]))
  bench.run(1)
  bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
  bench.disconnect().run(3_000)
  assert.ok(flashHolds(bench, 0, image))
  const offsets = bench.cloud.offers.map(({ offset }) => Number(offset))
  assert.ok(offsets.at(-1)! > 11_000, `fetched from ${offsets}`)
})

test('after a restart layers that were staged are not fetched again', () => {
  const first = runningBench()
  first.cloud.forms = whole
  const parts = [0, 1, 2].map((i) => ({
    region: { place: 'internal', start: 0x4000 * i, size: 0x4000 } as const,
    content: makeImage(20 + i, 8_000),
  }))
  const application = makeApplication(parts)
  first.cloud.fetchLimitBytes = application.manifest.length + 20_000
  first.cloud.sendTarget(application)
  first.run(1)
  const second = new Bench({ chips: first.chips })
  second.cloud.offer(application)
  second.run(1)
  assert.equal(second.cloud.all('streamOpen').length, 1)
  assert.equal(second.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE)
  for (const { region, content } of parts) assert.ok(flashHolds(second, region.start, content))
})

test('a new target takes the place of one under way', () => {
  const bench = runningBench()
  bench.cloud.forms = whole
  bench.cloud.fetchLimitBytes = 500
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1)
  bench.cloud.fetchLimitBytes = Number.POSITIVE_INFINITY
  bench.cloud.sendTarget(makeApplication([layer(makeImage(3, 400))]))
  bench.run(1)
  assert.ok(flashHolds(bench, 0, makeImage(3, 400)))
  assert.equal(bench.cloud.last('streamClose')?.reason, StreamCloseReason.CANCELLED)
})

test('an empty target leaves things as they are', () => {
  const bench = runningBench()
  bench.cloud.send({ case: 'target', value: {} })
  bench.run(10_000)
  assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
  assert.equal(bench.hardware.application.starts.length, 1)
})

test('a target that is installed already is left alone', () => {
  const bench = runningBench()
  const opens = bench.cloud.all('streamOpen').length
  bench.disconnect().run(5_000)
  assert.equal(bench.cloud.all('streamOpen').length, opens)
  assert.equal(bench.hardware.application.starts.length, 1)
})

test('an application whose flash was changed is not started, is reported, and is repaired', () => {
  const first = runningBench()
  const flash = first.chips.internalFlash as TestFlash
  flash.bytes[0x123] = (flash.bytes[0x123] ?? 0) ^ 1
  const bench = new Bench({ chips: first.chips, isCloudUp: false })
  assert.deepEqual(bench.hardware.application.starts, [])
  bench.cloud.contents = first.cloud.contents
  bench.cloud.target = first.cloud.target
  bench.isCloudUp = true
  bench.run(5_000)
  assert.equal(bench.cloud.all('hello')[0]?.state?.running, false)
  assert.equal(bench.hardware.application.isRunning, true)
  assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
})

test('UPDATEDOWNLOADED is told to who asked, and the wait for consent has an end', () => {
  const bench = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 60 } }))
  const center = bench.center(45)
  const source = SystemNotificationSource.UPDATE
  const fields = {
    notification_handle: center.handle,
    notification_tag: 6,
    notification_source: source,
  }
  const params = bench.struct('MvOpenSystemNotificationParams', fields)
  bench.call('mvOpenSystemNotification', params, bench.place(4))
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(59_000)
  assert.equal(bench.word(center.buffer + 8), EventType.UPDATEDOWNLOADED)
  assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
  bench.run(2_000)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

for (const [name, comes] of [
  ['was there when it came', 'before'],
  ['came while it waited', 'meanwhile'],
] as const) {
  test(`an update waits for a debugger that ${name}, and once that is gone as long as is due`, () => {
    const stream = 2
    const kind = { case: 'debug', value: { holder: 'ada' } } as const
    const update = { maximumPolitenessSeconds: 60 }
    const bench = runningBench({ ...policiesWith({ update }), debugKey: makeKey().publicKey })
    const come = () => bench.cloud.send({ case: 'streamOpen', value: { stream, kind } })
    if (comes === 'before') come()
    bench.run(1)
    bench.cloud.sendTarget(smallApplication(2))
    bench.run(30_000)
    if (comes === 'meanwhile') come()
    bench.run(1_800_000)
    assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
    const reason = StreamCloseReason.DONE
    bench.cloud.send({ case: 'streamClose', value: { stream, reason } })
    bench.run(59_000)
    assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
    bench.run(2_000)
    assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
  })
}

test('mvRestart takes an update that waits', () => {
  const bench = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 3_600 } }))
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1)
  assert.equal(bench.call('mvRestart', 0), undefined)
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('an update that waits for consent is installed by a restart of the device', () => {
  const first = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 3_600 } }))
  const application = smallApplication(2)
  first.cloud.sendTarget(application)
  first.run(1)
  const bench = new Bench({ chips: first.chips, isCloudUp: false })
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
  assert.equal(bench.wakeReason, WakeReason.APPLICATIONUPDATE)
  bench.cloud.offer(application)
  bench.isCloudUp = true
  bench.run(5_000)
  assert.equal(bench.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE)
})

const image = makeImage(2, 3_000)
const damaged = image.slice()
damaged[1_000]! ^= 1

/** What goes wrong, and how it is arranged. */
const failures: readonly (readonly [keyof typeof UpdateError, () => SignedApplication])[] = [
  ['MANIFEST_UNAVAILABLE', () => without(smallApplication(2), 0)],
  ['MANIFEST_HASH', () => swapped(smallApplication(2), 0, makeImage(3, 200))],
  ['MANIFEST_MALFORMED', () => publish(makeImage(3, 200))],
  ['MANIFEST_MALFORMED', () => swapped(smallApplication(2), 0, new Uint8Array(100_000))],
  ['SIGNER_UNKNOWN', () => makeApplication([layer(image)], plainPolicies, makeKey())],
  ['SIGNATURE', () => forged(smallApplication(2))],
  ['SIGNATURE', () => unsignedApplication()],
  ['LAYER_UNAVAILABLE', () => without(smallApplication(2), 1)],
  ['LAYER_HASH', () => swapped(smallApplication(2), 1, damaged)],
  ['LAYER_TOO_LARGE', () => swapped(smallApplication(2), 1, makeImage(4, 0x8001))],
  ['LAYER_OUTSIDE', () => outside()],
  [
    'KERNEL_TOO_OLD',
    () =>
      smallApplication(2, policiesWith({ update: { minimumKernelVersion: KERNEL_VERSION + 1 } })),
  ],
  ['MEASUREMENT', () => makeApplication([layer(image, { measurementHash: digest([image]) })])],
  ['LAYER_ENCRYPTED', () => makeApplication([layer(image, { encryptedWithKeyId: 5n })])],
]

for (const [error, application] of failures) {
  test(`${error}: the update fails, the old application goes on, and a good target cures it`, () => {
    const bench = runningBench()
    bench.cloud.sendTarget(application())
    bench.run(1_000)
    assert.equal(UpdateError[failure(bench)?.error ?? 0], error)
    assert.notEqual(failure(bench)?.detail, '')
    assert.equal(bench.hardware.network.connects, 1)
    assert.equal(bench.hardware.application.isRunning, true)
    assert.ok(flashHolds(bench, 0, makeImage(1, 3_000)))
    bench.cloud.sendTarget(makeApplication([layer(makeImage(7, 700))]))
    bench.run(1)
    assert.equal(bench.cloud.last('updateProgress')?.phase, UpdatePhase.COMPLETE)
    assert.ok(flashHolds(bench, 0, makeImage(7, 700)))
  })
}

test('TRANSFER: a cloud that sends what makes nothing, and sends it again when asked for the whole', () => {
  const bench = runningBench()
  const { forms } = bench.cloud
  bench.cloud.forms = () => ({ form: LayerForm.COMPRESSED, bytes: makeImage(9, 100) })
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1_000)
  assert.equal(failure(bench)?.error, UpdateError.TRANSFER)
  assert.equal(bench.hardware.application.isRunning, true)
  bench.cloud.forms = forms
  bench.run(120_000)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('every error of an update is reached by a test', () => {
  const read = (file: string) => readFileSync(new URL(file, import.meta.url), 'utf8')
  const tests = read('update.test.ts') + read('kernel-update.test.ts')
  const names = Object.keys(UpdateError).filter((name) => /^[A-Z]/.test(name) && name !== 'NONE')
  const missing = names.filter(
    (name) => !tests.includes(`['${name}'`) && !tests.includes(`UpdateError.${name})`),
  )
  const inRows = missing.filter((name) => !new RegExp(`\\n    '${name}'|  '${name}',`).test(tests))
  assert.deepEqual(inRows, [])
  assert.ok(names.length >= 18)
})

test('FLASH: staging that refuses fails the update before the application is touched', () => {
  const bench = runningBench()
  const flash = bench.chips.externalFlash as TestFlash
  flash.refusal = 'WRPERR'
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1)
  assert.equal(failure(bench)?.error, UpdateError.FLASH)
  assert.equal(bench.hardware.application.isRunning, true)
  flash.refusal = undefined
  bench.run(60_000)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('FLASH: application flash that refuses stops the application and is overcome by a retry', () => {
  const bench = runningBench(policiesWith({ update: { maximumPolitenessSeconds: 10 } }))
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1)
  const flash = bench.chips.internalFlash as TestFlash
  const erase = flash.erase.bind(flash)
  flash.erase = (offset) => (offset < 0x10_0000 ? 'WRPERR' : erase(offset))
  bench.run(10_000)
  assert.equal(failure(bench)?.error, UpdateError.FLASH)
  assert.equal(bench.hardware.network.state, 'connected')
  flash.erase = erase
  bench.run(60_000)
  assert.equal(bench.hardware.application.isRunning, true)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('MEASUREMENT: flash that does not keep what is written is found out, and nothing wrong is started', () => {
  const bench = runningBench()
  const flash = bench.chips.internalFlash as TestFlash
  const program = flash.program.bind(flash)
  flash.program = (offset, from) => {
    const worn = from.slice()
    if (offset === 0x400) worn[3] = 0
    return program(offset, worn)
  }
  bench.cloud.sendTarget(smallApplication(2))
  bench.run(1)
  assert.equal(failure(bench)?.error, UpdateError.MEASUREMENT)
  assert.equal(bench.hardware.application.isRunning, false)
  assert.equal(bench.cloud.last('deviceState')?.running, false)
  flash.program = program
  bench.run(60_000)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('a target that can never work is not tried again until it changes', () => {
  const bench = runningBench()
  bench.cloud.sendTarget(makeApplication([layer(image)], plainPolicies, makeKey()))
  bench.run(1)
  const opens = bench.cloud.all('streamOpen').length
  bench.run(10 * 3_600_000)
  bench.disconnect().run(10_000)
  assert.equal(bench.cloud.all('streamOpen').length, opens)
  const told = phases(bench).filter((phase) => phase === 'FAILED')
  assert.equal(told.length, 2)
})

test('a target that might work later is tried again with growing pauses', () => {
  const bench = runningBench()
  const application = smallApplication(2)
  bench.cloud.sendTarget(without(application, 1))
  bench.cloud.target = application.hash
  bench.run(1)
  const tries: number[] = []
  for (let hour = 0; hour < 5; hour++) {
    const before = phases(bench).filter((phase) => phase === 'FAILED').length
    bench.run(3_600_000)
    tries.push(phases(bench).filter((phase) => phase === 'FAILED').length - before)
  }
  assert.ok(tries[0]! >= 5 && tries[0]! <= 8, `${tries}`)
  assert.ok(tries[4]! <= 1, `${tries}`)
  bench.cloud.offer(application)
  bench.run(2 * 3_600_000)
  assert.ok(flashHolds(bench, 0, makeImage(2, 3_000)))
})

test('a layer with content up to the last byte of its region is installed', () => {
  const bench = runningBench()
  const full = makeImage(6, smallRegion.size)
  bench.cloud.sendTarget(makeApplication([layer(full)]))
  bench.run(1)
  assert.ok(flashHolds(bench, 0, full))
})

/** The same application, of which the cloud lacks one content: 0 the manifest, 1 the first layer. */
function without(application: SignedApplication, index: number): SignedApplication {
  const contents = [...application.contents].filter((_, i) => i !== index)
  return { ...application, contents: new Map(contents) }
}

/** The same application, with other bytes under the name of one content. */
function swapped(
  application: SignedApplication,
  index: number,
  bytes: Uint8Array,
): SignedApplication {
  const contents = [...application.contents].map(
    ([hash, content], i) => [hash, i === index ? bytes : content] as const,
  )
  return { ...application, contents: new Map(contents) }
}

/** One bit of the signature flipped; the hash is that of the result. */
function forged(application: SignedApplication): SignedApplication {
  const manifest = application.manifest.slice()
  manifest[manifest.length - 1]! ^= 1
  return publish(manifest, [...application.contents.values()].slice(1))
}

/** A layer behind the end of the application's flash: a good body, with one byte of its start changed. */
function outside(): SignedApplication {
  const region = { place: 'internal', start: 0xf_e000, size: 0x2000 } as const
  const body = encodeAppBody([describeLayer(region, image, digest)], plainPolicies)
  const start = Buffer.from(body).indexOf(Uint8Array.of(0x08, 0x80, 0xc0, 0x3f))
  body[start + 3] = 0x40
  return publish(encodeManifest(signBody(body, applicationSigner, digest)), [image])
}

function unsignedApplication(): SignedApplication {
  const body = encodeAppBody([describeLayer(smallRegion, image, digest)], plainPolicies)
  return publish(encodeManifest(unsigned(body)), [image])
}
