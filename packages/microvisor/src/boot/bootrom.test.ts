import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeManifest, parseKernelManifest, unsigned } from '@microvisor/protocol'
import { internalLayout } from '../flash-layout.ts'
import { encodeFuses } from '../fuses.ts'
import { blankChips, fuseContents } from '../testing/bench.ts'
import { kernelLayers, kernelManifest, kernelModule, provisioned } from '../testing/kernel.ts'
import { type TestFlash, TestHardware } from '../testing/test-hardware.ts'
import { digest, makeKey } from '../testing/trust.ts'
import { layOutBoot, readBoot } from './boot-image.ts'
import { boot } from './bootrom.ts'
import { kernelRoom, layOutKernel, readKernel, slotPlaces } from './kernel-image.ts'
import { type LockDownReason, lockDownReasons } from './lock-down.ts'
import { raiseRatchet } from './ratchet.ts'
import { makeVeneers } from './veneers.ts'

function flashOf(hardware: TestHardware): Uint8Array {
  return (hardware.internalFlash as TestFlash).bytes
}

function flip(hardware: TestHardware, offset: number, bit = 0): void {
  flashOf(hardware)[offset]! ^= 1 << bit
}

test('a kernel that is what its manifest says is handed over with its version', () => {
  const hardware = provisioned()
  hardware.power.resetCause = 'watchdog'
  const outcome = boot(hardware)
  assert.equal(outcome.outcome, 'run')
  if (outcome.outcome !== 'run') return
  assert.deepEqual(outcome.image, kernelModule)
  assert.deepEqual(outcome.record, {
    ...{ resetCause: 'watchdog', kernelVersion: 81, kernelVersionText: '0.8.1' },
    kernelHash: digest([readKernel(hardware.internalFlash, 'A')!.manifest]),
    ...{ securityRatchet: 1, slot: 'A', isTrial: false, hasFailed: false },
  })
})

const lockDowns: readonly (readonly [LockDownReason, () => TestHardware])[] = [
  [
    'FUSES_BLANK',
    () => new TestHardware({ ...blankChips(), fuses: new Uint8Array(512).fill(255) }),
  ],
  ['OPTION_BYTES', () => unprotected({ readoutProtection: 0xaa })],
  ['OPTION_BYTES', () => unprotected({ isTrustZoneOn: false })],
  ['OPTION_BYTES', () => unprotected({ hideable: undefined })],
  ['OPTION_BYTES', () => unprotected({ hideable: { offset: 0x10_0000, size: 0x2000 } })],
  ['OPTION_BYTES', () => unprotected({ writeProtected: undefined })],
  ['BOOT_MISSING', () => provisioned()],
  ['BOOT_HASH', () => booting(Uint8Array.of(1, 2, 3))],
  ['KERNEL_BOOT', () => naming('Boot', new Uint8Array(32).fill(1))],
  ['KERNEL_REGION_UNKNOWN', () => naming('Upgrader', fuseContents.bootSha256)],
  ['KERNEL_MANIFEST_MISSING', () => new TestHardware(blankChips())],
  ['KERNEL_MANIFEST_MALFORMED', () => provisioned(new Uint8Array(100).fill(7))],
  ['KERNEL_SIGNER_UNKNOWN', () => provisioned(kernelManifest({ signer: makeKey() }))],
  ['KERNEL_SIGNATURE', () => provisioned(encodeManifest(unsigned(bodyOf(kernelManifest()))))],
  ['KERNEL_SIGNATURE', () => provisioned(withoutLastBit(kernelManifest()))],
  ['KERNEL_DEVICE_TYPE', () => provisioned(kernelManifest({ changes: { deviceType: 'Imp201f' } }))],
  ['KERNEL_REGION_MISSING', () => provisioned(kernelManifest({ layers: [kernelLayers()[0]!] }))],
  ['KERNEL_REGION_MISSING', () => provisioned(kernelManifest({ layers: [kernelLayers()[1]!] }))],
  ['KERNEL_HASH', () => changed(slotPlaces('A').kernel + 1234)],
  ['NSC_HASH', () => changed(internalLayout.nsc.offset + 8)],
  ['KERNEL_ROLLBACK', () => ratcheted(2)],
]

for (const [reason, arrange] of lockDowns) {
  test(`locks down: ${reason}`, () => {
    const hardware = arrange()
    const outcome = reason.startsWith('BOOT_') ? readBoot(hardware) : boot(hardware)
    assert.ok('outcome' in outcome && outcome.outcome === 'locked-down')
    assert.equal(outcome.reason, reason)
    assert.notEqual(outcome.detail, '')
    if (!reason.startsWith('BOOT_')) assert.deepEqual(hardware.colours, ['r'], 'the LED is red')
  })
}

test('a kernel may name the Boot region that the device has', () => {
  assert.equal(boot(naming('Boot', fuseContents.bootSha256)).outcome, 'run')
})

test('the boot image that the fuses name is the one that runs', () => {
  const script = Uint8Array.of(1, 2, 3)
  const fuses = encodeFuses({ ...fuseContents, bootSha256: digest([script]) })
  const { internalFlash, externalFlash } = booting(script)
  const hardware = new TestHardware({ internalFlash, externalFlash, fuses })
  assert.deepEqual(readBoot(hardware), script)
  flip(hardware, internalLayout.boot.offset + 17)
  const changed = readBoot(hardware)
  assert.equal('reason' in changed && changed.reason, 'BOOT_HASH')
  const huge = new Uint8Array(internalLayout.boot.size)
  assert.throws(() => layOutBoot(huge), /their place has/)
})

test('every reason to lock down has its case', () => {
  const reached = new Set(lockDowns.map(([reason]) => reason))
  assert.deepEqual([...reached].toSorted(), Object.keys(lockDownReasons).toSorted())
})

test('any flipped bit of manifest, kernel or veneers locks the device down', () => {
  const hardware = provisioned()
  const regions = [
    { offset: slotPlaces('A').header, bytes: 16 + kernelManifest().length },
    { offset: slotPlaces('A').kernel, bytes: kernelModule.length },
    { offset: internalLayout.nsc.offset, bytes: makeVeneers().length },
  ]
  for (const { offset, bytes } of regions) {
    for (let at = 0; at < bytes; at += at < 400 ? 1 : 97) {
      flip(hardware, offset + at, at % 8)
      assert.equal(boot(hardware).outcome, 'locked-down', `offset ${offset + at}`)
      flip(hardware, offset + at, at % 8)
    }
  }
  assert.equal(boot(hardware).outcome, 'run')
})

test('a manifest signed by the application key is no kernel manifest', () => {
  const key = makeKey()
  const hardware = provisioned(kernelManifest({ signer: key }))
  const fuses = encodeFuses({ ...fuseContents, applicationSigner: key.publicKey })
  const chips = { ...hardware, fuses }
  const outcome = boot(new TestHardware(chips))
  assert.equal(outcome.outcome === 'locked-down' && outcome.reason, 'KERNEL_SIGNER_UNKNOWN')
})

test('an image that does not fit its place is refused before it is written', () => {
  const nsc = makeVeneers()
  const kernel = new Uint8Array(kernelRoom.kernel + 1)
  assert.throws(() => layOutKernel({ manifest: kernelManifest(), kernel, nsc }), /its place has/)
})

function unprotected(open: Partial<TestHardware['protection']>): TestHardware {
  const hardware = provisioned()
  Object.assign(hardware.protection, open)
  return hardware
}

function booting(script: Uint8Array): TestHardware {
  const hardware = provisioned()
  const { offset, bytes } = layOutBoot(script)
  flashOf(hardware).set(bytes, offset)
  return hardware
}

function naming(region: 'Boot' | 'Upgrader', fetchHash: Uint8Array): TestHardware {
  const layer = { region, encryptedWithKeyId: 0n, fetchHash }
  return provisioned(kernelManifest({ layers: [...kernelLayers(), layer] }))
}

function changed(offset: number): TestHardware {
  const hardware = provisioned()
  flip(hardware, offset)
  return hardware
}

function ratcheted(value: number): TestHardware {
  const hardware = provisioned()
  assert.equal(raiseRatchet(hardware.fuses, value), undefined)
  return hardware
}

function bodyOf(manifest: Uint8Array): Uint8Array {
  return parseKernelManifest(manifest).body
}

function withoutLastBit(manifest: Uint8Array): Uint8Array {
  const bytes = manifest.slice()
  bytes[bytes.length - 1]! ^= 1
  return bytes
}
