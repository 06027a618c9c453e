import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeManifest, parseKernelManifest, unsigned } from '@microvisor/protocol'
import { internalLayout } from '../flash-layout.ts'
import { encodeFuses } from '../fuses.ts'
import { blankChips, fuseContents } from '../testing/bench.ts'
import { kernelLayers, kernelManifest, kernelModule, provisioned } from '../testing/kernel.ts'
import { type TestFlash, TestHardware } from '../testing/test-hardware.ts'
import { digest, makeKey } from '../testing/trust.ts'
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
    const outcome = boot(arrange())
    assert.equal(outcome.outcome, 'locked-down')
    if (outcome.outcome !== 'locked-down') return
    assert.equal(outcome.reason, reason)
    assert.notEqual(outcome.detail, '')
  })
}

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
