/**
 * The attacks that the Uptane standard names (its chapter "Threat model and attack strategies"), and some of
 * our own, each with what stands against it and the tests that show it. docs/reference/threats.md is
 * made from this table; threats.test.ts holds it against the tests.
 */

export interface Threat {
  readonly attack: string
  /** Uptane's word for it; ours where it has none. */
  readonly isUptanes: boolean
  readonly defence: string
  /** File, and the beginning of the test's name. */
  readonly tests: readonly (readonly [string, string])[]
}

const UPDATE = 'packages/microvisor/src/kernel/update'
const malice = `${UPDATE}/malice.test.ts`
const kernels = `${UPDATE}/kernel-update.test.ts`
const boot = 'packages/microvisor/src/boot/bootrom.test.ts'
const attestation = 'packages/microvisor/src/kernel/attestation.test.ts'

export const threats: readonly Threat[] = [
  {
    attack: 'eavesdrop',
    isUptanes: true,
    defence:
      'TLS 1.3 on the link, AES with a device key in staging, layers encrypted by their developer',
    tests: [[malice, 'an encrypted layer lies encrypted in staging']],
  },
  {
    attack: 'drop-request',
    isUptanes: true,
    defence:
      'the application runs on; the device asks again, at the latest when it has to check in',
    tests: [[malice, 'drop-request']],
  },
  {
    attack: 'slow retrieval',
    isUptanes: true,
    defence: 'the application runs on; a transfer goes on where it stopped',
    tests: [[malice, 'slow retrieval']],
  },
  {
    attack: 'freeze',
    isUptanes: true,
    defence:
      'seen, not prevented: manifests do not expire; a device says what it runs, in its reports and under a nonce',
    tests: [[malice, 'freeze']],
  },
  {
    attack: 'partial bundle installation',
    isUptanes: true,
    defence: 'nothing is installed before all of it is staged and verified; power cuts are swept',
    tests: [
      [malice, 'partial bundle'],
      ['test/powerloss/powerloss.test.ts', 'the image that devices carry survives cuts'],
    ],
  },
  {
    attack: 'rollback',
    isUptanes: true,
    defence:
      'of kernels: a ratchet in one-time-programmable memory; applications may be rolled back by whoever may deploy',
    tests: [
      [kernels, 'a kernel is replaced over the air, is on trial until it connects, and raises'],
      [boot, 'any flipped bit of manifest, kernel or veneers'],
    ],
  },
  {
    attack: 'endless data',
    isUptanes: true,
    defence: 'a transfer ends where its offer said, content where its region does',
    tests: [
      [malice, 'endless data: a cloud that sends more'],
      [malice, 'endless data: a delta of a few bytes'],
    ],
  },
  {
    attack: 'mixed-bundles',
    isUptanes: true,
    defence: 'one manifest names all layers; another target begins anew',
    tests: [[malice, 'mixed-bundles']],
  },
  {
    attack: 'mix-and-match',
    isUptanes: true,
    defence: 'layers are named by hash in one signed manifest',
    tests: [[malice, 'mix and match']],
  },
  {
    attack: 'arbitrary software',
    isUptanes: true,
    defence:
      'a signature by a trusted key, checked before anything is fetched; measured after installation',
    tests: [
      [malice, 'arbitrary software'],
      [malice, 'a manifest with any one field changed'],
      [malice, 'a layer with any one bit of it flipped'],
    ],
  },
  {
    attack: 'key compromise',
    isUptanes: true,
    defence: 'signers can be deleted and never come back; only a trusted signer changes them',
    tests: [
      [malice, 'replayed change of keys'],
      [malice, 'a stranger, or a key of before'],
    ],
  },
  {
    attack: "another device's layer key",
    isUptanes: false,
    defence: 'wrapped for one receiver (HPKE)',
    tests: [[malice, 'another device’s layer key']],
  },
  {
    attack: 'flipped bits in the boot chain, kernel, manifest, veneers',
    isUptanes: false,
    defence: 'hashes and signatures from the fuses up; the device locks itself down',
    tests: [
      [boot, 'any flipped bit of manifest, kernel or veneers'],
      [boot, 'the boot image that the fuses name'],
    ],
  },
  {
    attack: 'flipped bits in staging, journal, keys',
    isUptanes: false,
    defence: 'checksums and hashes; what does not hash right is fetched anew',
    tests: [
      [malice, 'partial bundle, bits flipped'],
      [malice, 'keys survive a flip'],
    ],
  },
  {
    attack: 'reading the boot chain',
    isUptanes: false,
    defence: 'hidden (HDP) until the next reset once the kernel runs',
    tests: [
      ['packages/mcu/src/option-bytes.test.ts', 'what is hidden cannot be read'],
      ['packages/mcu/src/option-bytes.test.ts', 'secure machine code that reads'],
      ['packages/device/src/virtual-device.test.ts', 'once the kernel has hidden'],
    ],
  },
  {
    attack: 'a forged or replayed attestation',
    isUptanes: false,
    defence: "a nonce of the asker's, a signature by the device's own key",
    tests: [
      [attestation, 'malice: a replayed token'],
      [attestation, 'malice: no flipped bit'],
      ['packages/server/src/attestations/attestations.test.ts', 'malice:'],
    ],
  },
]
