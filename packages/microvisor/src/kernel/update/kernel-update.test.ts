import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpdateError, UpdatePhase } from '@microvisor/protocol'
import { readRatchet } from '../../boot/ratchet.ts'
import { internalLayout } from '../../flash-layout.ts'
import { blankChips, fuseContents } from '../../testing/bench.ts'
import {
  BootedDevice,
  installKernel,
  type TestKernel,
  testKernel,
  testVeneers,
} from '../../testing/booted.ts'
import { TestCloud } from '../../testing/test-cloud.ts'
import type { TestFlash } from '../../testing/test-hardware.ts'
import { digest } from '../../testing/trust.ts'

const old = testKernel(1)
const MINUTES = 60_000

function device(target: TestKernel | undefined): BootedDevice {
  const chips = blankChips()
  installKernel(chips, old)
  const cloud = new TestCloud()
  cloud.offerKernel(old.published)
  if (target !== undefined) cloud.offerKernel(target.published)
  return new BootedDevice(chips, cloud)
}

function failure({ cloud }: BootedDevice) {
  return cloud.all('updateProgress').find(({ phase }) => phase === UpdatePhase.FAILED)
}

function fusesOf({ chips }: BootedDevice) {
  return {
    read: (offset: number, into: Uint8Array) =>
      into.set(chips.fuses.subarray(offset, offset + into.length)),
    program: () => undefined,
  }
}

test('a kernel is replaced over the air, is on trial until it connects, and raises the ratchet', () => {
  const next = testKernel(2, { securityRatchet: 3 })
  const booted = device(next).live(1_000)
  assert.deepEqual(booted.boots.map(bootName), ['1 A', '2 B trial'])
  const phases = booted.cloud.all('updateProgress').map(({ phase }) => UpdatePhase[phase])
  assert.deepEqual(phases.slice(-2), ['DOWNLOADED', 'COMPLETE'])
  assert.equal(readRatchet(fusesOf(booted)), 3)
  booted.live(1_000)
  assert.deepEqual(booted.boots.map(bootName).slice(2), ['2 B'])
  assert.ok(
    booted.cloud.offers.some(({ transferBytes }) => transferBytes < 500),
    'as a delta',
  )
})

test('an update of the veneers alone costs next to nothing, and they lie where calls enter', () => {
  const next = testVeneers(old, 2)
  const booted = device(next).live(1_000)
  assert.deepEqual(booted.boots.map(bootName), ['1 A', '2 B trial'])
  const { offset, size } = internalLayout.nsc
  const found = new Uint8Array(size)
  booted.chips.internalFlash.read(offset, found)
  assert.deepEqual(found.subarray(0, next.image.nsc.length), next.image.nsc)
  const sizes = booted.cloud.offers.map(({ transferBytes }) => transferBytes)
  assert.ok(
    sizes.every((bytes) => bytes < 100),
    `${sizes}`,
  )
})

test('a kernel that does not connect within its trial falls back to the previous one, which says so', () => {
  const booted = device(testKernel(2))
  let isFirst = true
  const connected = booted.cloud.connected.bind(booted.cloud)
  booted.cloud.connected = () => {
    connected()
    booted.cloud.answersHello = isFirst || booted.record?.slot === 'A'
    isFirst = false
  }
  booted.live(40 * MINUTES)
  assert.deepEqual(booted.boots.map(bootName), [
    ...['1 A', '2 B trial', '2 B trial', '2 B trial'],
    '1 A failed',
  ])
  assert.equal(failure(booted)?.error, UpdateError.KERNEL_TRIAL)
  booted.live(60 * MINUTES)
  assert.equal(booted.boots.length, 6, 'it is not tried again')
})

test('a kernel on trial that was changed in flash is not run', () => {
  const booted = device(testKernel(2))
  booted.isCloudUp = true
  const internalFlash = booted.chips.internalFlash as TestFlash
  const program = internalFlash.program.bind(internalFlash)
  internalFlash.program = (offset, from) => {
    // With the mark of the trial a bit of the new kernel flips.
    if (offset > 0x16_e010 && offset < 0x17_2000) internalFlash.bytes[0x1b_4000]! ^= 1
    return program(offset, from)
  }
  booted.live(1_000)
  assert.equal(bootName(booted.boots.at(-1)!), '1 A failed')
  assert.equal(failure(booted)?.error, UpdateError.KERNEL_TRIAL)
})

const refused: readonly (readonly [keyof typeof UpdateError, () => TestKernel])[] = [
  ['ROLLBACK', () => testKernel(2, { securityRatchet: 0 })],
  ['KERNEL_BOOT', () => naming('Boot', digest([Uint8Array.of(1)]))],
  ['KERNEL_BOOT', () => naming('Upgrader', fuseContents.bootSha256)],
  ['DEVICE_TYPE', () => testKernel(2, { deviceType: 'Imp201f', securityRatchet: 9 })],
]

for (const [error, kernel] of refused) {
  test(`${error}: the kernel in charge goes on`, () => {
    const chips = blankChips()
    const current = testKernel(1, { securityRatchet: 5 })
    installKernel(chips, current)
    const cloud = new TestCloud()
    const booted = new BootedDevice(chips, cloud)
    const second = testKernel(3, { securityRatchet: 5 })
    cloud.offerKernel(second.published)
    booted.live(1_000)
    cloud.offerKernel(kernel().published)
    booted.live(1_000)
    assert.equal(UpdateError[failure(booted)?.error ?? 0], error)
    assert.equal(booted.record?.kernelVersion, 3)
  })
}

test('a kernel that names the device’s own Boot region is installed without fetching that', () => {
  const booted = device(naming('Boot', fuseContents.bootSha256))
  booted.live(1_000)
  assert.equal(booted.record?.kernelVersion, 2)
  assert.equal(failure(booted), undefined)
})

function naming(region: 'Boot' | 'Upgrader', fetchHash: Uint8Array): TestKernel {
  const layer = { region, encryptedWithKeyId: 0n, fetchHash }
  return testKernel(2, { securityRatchet: 9 }, [layer])
}

function bootName(outcome: BootedDevice['boots'][number]): string {
  if (outcome.outcome !== 'run') return outcome.reason
  const { kernelVersion, slot, isTrial, hasFailed } = outcome.record
  return `${kernelVersion} ${slot}${isTrial ? ' trial' : ''}${hasFailed ? ' failed' : ''}`
}
