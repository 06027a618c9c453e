/**
 * A device with its whole boot chain: the bootrom verifies what lies in flash, a reset boots again.
 * Which kernel runs is told by its manifest; all of them are the kernel of the sources.
 */
import {
  encodeKernelBody,
  encodeManifest,
  type KernelLayer,
  type KernelMeta,
  signBody,
} from '@microvisor/protocol'
import { type BootOutcome, boot } from '../boot/bootrom.ts'
import { layOutKernel } from '../boot/kernel-image.ts'
import { makeVeneers } from '../boot/veneers.ts'
import { programFlash } from '../flash-access.ts'
import type { BootRecord } from '../hardware.ts'
import { Bench } from './bench.ts'
import type { TestCloud } from './test-cloud.ts'
import { type TestChips, TestHardware } from './test-hardware.ts'
import { digest, kernelSigner, makeImage, publish, type SignedApplication } from './trust.ts'

class ChipReset extends Error {
  override readonly name = 'ChipReset'
}

export interface TestKernel {
  readonly published: SignedApplication
  readonly image: { manifest: Uint8Array; kernel: Uint8Array; nsc: Uint8Array }
}

/** A kernel whose module and veneers differ with the version. */
export function testKernel(
  version: number,
  changes: Partial<KernelMeta> = {},
  more: readonly KernelLayer[] = [],
): TestKernel {
  return signedKernel(makeImage(version, 3_000 + version), version, changes, more)
}

/** A kernel with the module of another one: only the veneers differ. */
export function testVeneers({ image }: TestKernel, version: number): TestKernel {
  return signedKernel(image.kernel, version, {}, [])
}

function signedKernel(
  kernel: Uint8Array,
  version: number,
  changes: Partial<KernelMeta>,
  more: readonly KernelLayer[],
): TestKernel {
  const nsc = makeVeneers()
  nsc[nsc.length - 1] = version
  const layers = [
    { region: 'Kernel', encryptedWithKeyId: 0n, fetchHash: digest([kernel]) },
    { region: 'NSC', encryptedWithKeyId: 0n, fetchHash: digest([nsc]) },
    ...more,
  ] as const
  const meta = {
    ...{ securityRatchet: 0, deviceType: 'Imp201c' as const },
    ...{ versionText: `0.${version}.0`, versionNumber: version, ...changes },
  }
  const manifest = encodeManifest(signBody(encodeKernelBody(layers, meta), kernelSigner, digest))
  return { published: publish(manifest, [kernel, nsc]), image: { manifest, kernel, nsc } }
}

/** Writes a kernel into blank flash, as provisioning does. */
export function installKernel(chips: TestChips, { image }: TestKernel): void {
  for (const { offset, bytes } of layOutKernel(image))
    programFlash(chips.internalFlash, offset, bytes)
}

export class BootedDevice {
  readonly chips: TestChips
  readonly cloud: TestCloud
  isCloudUp = true
  /** What each boot came to. */
  readonly boots: BootOutcome[] = []
  #bench: Bench | undefined

  constructor(chips: TestChips, cloud: TestCloud) {
    this.chips = chips
    this.cloud = cloud
  }

  get record(): BootRecord | undefined {
    const last = this.boots.at(-1)
    return last?.outcome === 'run' ? last.record : undefined
  }

  get bench(): Bench | undefined {
    return this.#bench
  }

  /** From power-on; goes through as many resets as there are within so much time of each life. */
  live(milliseconds: number, livesMax = 12): this {
    for (let life = 0; life < livesMax; life++) {
      try {
        if (!this.#start(life > 0)) return this
        this.#bench?.run(milliseconds)
        return this
      } catch (error) {
        if (!(error instanceof ChipReset)) throw error
      }
    }
    throw new Error(`It was reset ${livesMax} times.`)
  }

  #start(isReset: boolean): boolean {
    const hardware = new TestHardware(this.chips)
    if (isReset) hardware.power.resetCause = 'software'
    const outcome = boot(hardware)
    this.boots.push(outcome)
    if (outcome.outcome !== 'run') return false
    this.#bench = new Bench({
      ...{ chips: this.chips, cloud: this.cloud, isCloudUp: this.isCloudUp },
      record: outcome.record,
      onReset: () => {
        throw new ChipReset('The kernel has reset the chip.')
      },
    })
    return true
  }
}
