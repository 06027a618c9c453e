/**
 * A device whose power can be cut: the real kernel on the test bench, over the chip's flash with
 * its tearable operations. Flash contents outlive the power; `rewind` brings back an earlier state.
 */
import {
  EXTERNAL_FLASH_BYTES,
  FlashChip,
  INTERNAL_FLASH_BYTES,
  PowerCut,
  type PowerCutPlan,
  Supply,
} from '@microvisor/mcu'
import type { Flash, StartKernel } from '@microvisor/microvisor'
import { Bench, fuseBytes, start } from '@microvisor/microvisor/testing/bench'
import { TestCloud } from '@microvisor/microvisor/testing/test-cloud'
import type { SignedApplication } from '@microvisor/microvisor/testing/trust'
import { STREAM_DATA_BYTES_MAX } from '@microvisor/protocol'

/** Long enough for any update here, and too short for a retry after a failure. */
const UPDATE_MS = 20_000

/** Puts something between the kernel and the flash; the planted bugs are made of this. */
export interface Wiring {
  readonly internalFlash: (flash: Flash) => Flash
  readonly externalFlash: (flash: Flash) => Flash
}

const straight: Wiring = { internalFlash: (flash) => flash, externalFlash: (flash) => flash }

export interface NetworkConditions {
  /** Frames of the cloud's after which the connection is lost, once in each life; 0: never. */
  readonly lostAfterFrames: number
  /** Bytes of a layer in one frame. */
  readonly chunkBytes: number
}

const steadyNetwork: NetworkConditions = { lostAfterFrames: 0, chunkBytes: STREAM_DATA_BYTES_MAX }

export interface PoweredDeviceOptions {
  readonly wiring?: () => Wiring
  readonly startKernel?: StartKernel
}

export class PoweredDevice {
  readonly supply = new Supply()
  readonly internal: RewindableCells
  readonly external: RewindableCells
  /** A change of keys that the cloud sends on each connection. */
  newKeys: Uint8Array | undefined
  /** How the network treats each life of the device. */
  network: NetworkConditions = steadyNetwork
  readonly #wiring: () => Wiring
  readonly #startKernel: StartKernel

  constructor({ wiring = () => straight, startKernel = start }: PoweredDeviceOptions = {}) {
    this.#startKernel = startKernel
    this.internal = new RewindableCells(INTERNAL_FLASH_BYTES)
    this.external = new RewindableCells(EXTERNAL_FLASH_BYTES)
    this.#wiring = wiring
  }

  /** The flash chips themselves, with nothing in between. */
  get flash(): { internalFlash: Flash; externalFlash: Flash } {
    const { supply } = this
    return {
      internalFlash: new FlashChip('internal', { ...this.internal.store, supply }),
      externalFlash: new FlashChip('external', { ...this.external.store, supply }),
    }
  }

  /** Makes the present contents the ones to rewind to. */
  keep(): void {
    this.internal.keep()
    this.external.keep()
  }

  rewind(): void {
    this.supply.powerUp()
    this.internal.rewind()
    this.external.rewind()
  }

  /** Power on, until it is cut or nothing is left to do. `undefined`: it was cut. */
  live(application?: SignedApplication, plan?: PowerCutPlan): Bench | undefined {
    this.supply.powerUp()
    this.supply.cutAt(plan)
    const wiring = this.#wiring()
    const { internalFlash, externalFlash } = this.flash
    const chips = {
      internalFlash: wiring.internalFlash(internalFlash),
      externalFlash: wiring.externalFlash(externalFlash),
      fuses: fuseBytes,
    }
    const cloud = new TestCloud()
    cloud.newKeys = this.newKeys
    cloud.chunkBytes = this.network.chunkBytes
    if (application !== undefined) cloud.offer(application)
    try {
      const isCloudUp = application !== undefined
      const bench = new Bench({ chips, cloud, isCloudUp, startKernel: this.#startKernel })
      bench.cutAfterDelivered = this.network.lostAfterFrames
      return bench.run(application === undefined ? 0 : UPDATE_MS)
    } catch (error) {
      if (error instanceof PowerCut) return undefined
      throw error
    }
  }
}

/** Flash cells that remember where they were changed. */
export class RewindableCells {
  readonly bytes: Uint8Array
  readonly #kept: Uint8Array
  #changes: { offset: number; length: number }[] = []

  constructor(size: number) {
    this.bytes = new Uint8Array(size).fill(0xff)
    this.#kept = this.bytes.slice()
  }

  get store() {
    return {
      bytes: this.bytes,
      onChange: (offset: number, length: number) => void this.#changes.push({ offset, length }),
    }
  }

  keep(): void {
    this.#kept.set(this.bytes)
    this.#changes = []
  }

  rewind(): void {
    for (const { offset, length } of this.#changes) {
      this.bytes.set(this.#kept.subarray(offset, offset + length), offset)
    }
    this.#changes = []
  }
}
