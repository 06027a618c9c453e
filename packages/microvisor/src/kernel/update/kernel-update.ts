/**
 * Updates of the kernel itself: from the cloud's target to a kernel in the other slot, on trial.
 *
 *   target → manifest → each region through staging into the other slot → header → trial → restart
 *
 *   (1) The slot of the running kernel is never written.
 *   (2) The other slot's header is erased before anything in it is written, and written once the
 *       rest was read back with the right hashes; `trial` is marked after that.
 *   (3) A kernel on trial is confirmed when it has connected; only then the ratchet is raised. Until
 *       then the previous kernel is whole, and comes back after TRIAL_ATTEMPTS starts.
 *
 * Repeating any part of it changes nothing that is right already: regions that hold what they should
 * are not fetched again.
 */
import {
  equalBytes,
  type KernelLayer,
  type KernelManifest,
  type KernelTarget,
  toHex,
  UpdateError,
  UpdatePhase,
} from '@microvisor/protocol'
import { openBootJournal, otherSlot } from '../../boot/boot-journal.ts'
import { verifyKernel, verifyKernelManifest } from '../../boot/bootrom.ts'
import {
  type KernelSlot,
  kernelRoom,
  readKernel,
  slotHeader,
  slotPlaces,
} from '../../boot/kernel-image.ts'
import type { LockDown } from '../../boot/lock-down.ts'
import { raiseRatchet, readRatchet } from '../../boot/ratchet.ts'
import { chipDigest } from '../../chip-crypto.ts'
import { eraseFlash, hashReader, programFlash, readFlash } from '../../flash-access.ts'
import type { FuseContents } from '../../fuses.ts'
import type { BootRecord, FlashError, Hardware } from '../../hardware.ts'
import type { Link } from '../link/link.ts'
import type { Timers } from '../timers.ts'
import type { Fetch } from './fetch.ts'
import type { StagedLayer } from './journal.ts'
import { fetchManifest } from './manifest-fetch.ts'
import { contentPlace, StagingObject } from './staging-object.ts'
import { type Base, Transfer } from './transfer.ts'
import type { UpdateProblem } from './update-problem.ts'

export interface KernelUpdateParts {
  readonly chip: Pick<Hardware, 'internalFlash' | 'externalFlash' | 'engines' | 'fuses' | 'power'>
  readonly boot: BootRecord
  readonly fuses: FuseContents
  readonly link: Link
  readonly timers: Timers
  readonly trace: (line: string) => void
  /** The first byte of staging that nobody else needs. */
  readonly stagingOffset: () => number
  /** Seconds that the running application may put a restart off. */
  readonly politenessSeconds: () => number
  /** Staging is in use for an application. */
  readonly isHeld: () => boolean
}

/** For a kernel on trial to connect, before it is restarted. */
const TRIAL_SECONDS = 600
const SECOND = 1_000_000
const RETRY_SECONDS = 300

type Part = 'kernel' | 'nsc'
const partNames = { Kernel: 'kernel', NSC: 'nsc' } as const satisfies Partial<
  Record<KernelLayer['region'], Part>
>

export class KernelUpdate {
  readonly #parts: KernelUpdateParts
  #target: Uint8Array = new Uint8Array(0)
  #manifestFetch: Fetch | undefined
  #manifest: { readonly bytes: Uint8Array; readonly manifest: KernelManifest } | undefined
  #transfer: Transfer | undefined
  #problem: UpdateProblem | undefined
  #isReady = false
  #cancelTimer: () => void = () => {}

  constructor(parts: KernelUpdateParts) {
    this.#parts = parts
  }

  get isFetching(): boolean {
    return this.#manifestFetch !== undefined || this.#transfer !== undefined
  }

  /** At boot: a kernel on trial that does not connect in time is not kept. */
  start(): void {
    const { boot, timers, chip, trace } = this.#parts
    if (!boot.isTrial) return
    this.#cancelTimer = timers.after(TRIAL_SECONDS * SECOND, () => {
      trace(`kernel ${boot.kernelVersionText} did not connect within ${TRIAL_SECONDS} s`)
      chip.power.reset()
    })
  }

  /** The cloud has been reached: whatever this kernel is, it can be replaced again. */
  connected(): void {
    const { boot, chip, trace } = this.#parts
    if (!boot.isTrial) return
    const journal = openBootJournal(chip.internalFlash, chip.engines)
    if (journal.state.attempts === undefined) return
    this.#cancelTimer()
    const error = journal.append('confirmed')
    if (error !== undefined) return
    raiseRatchet(chip.fuses, boot.securityRatchet)
    trace(`kernel ${boot.kernelVersionText} is in charge`)
    this.#report({ phase: UpdatePhase.COMPLETE, manifestHash: boot.kernelHash })
  }

  setTarget({ manifestHash }: KernelTarget): void {
    if (!equalBytes(manifestHash, this.#target)) {
      this.#abandon()
      this.#target = manifestHash
    }
    this.proceed()
  }

  /** A kernel that waits does so for as long as is due now, from now on. */
  politenessChanged(): void {
    if (this.#isReady) this.#wait()
  }

  /** Does the next step that can be done now. */
  proceed(): void {
    const { boot } = this.#parts
    const isDone = this.#target.length === 0 || equalBytes(this.#target, boot.kernelHash)
    if (isDone || this.#isReady || boot.isTrial) return
    if (this.#problem !== undefined || this.#parts.isHeld()) return
    if (boot.hasFailed && this.#isFailedKernel()) {
      const detail = 'It did not start or connect; the previous kernel runs again.'
      this.#fail({ error: UpdateError.KERNEL_TRIAL, detail })
    } else if (this.#manifest === undefined) this.#fetchManifest()
    else this.#fetchParts()
  }

  #isFailedKernel(): boolean {
    const { chip } = this.#parts
    const image = readKernel(chip.internalFlash, this.#slot)
    return image !== undefined && equalBytes(this.#hash(image.manifest), this.#target)
  }

  get #slot(): KernelSlot {
    return otherSlot(this.#parts.boot.slot)
  }

  #abandon(): void {
    this.#manifestFetch?.cancel()
    this.#transfer?.cancel()
    this.#manifestFetch = undefined
    this.#transfer = undefined
    this.#manifest = undefined
    this.#problem = undefined
    this.#isReady = false
    if (!this.#parts.boot.isTrial) this.#cancelTimer()
  }

  #fetchManifest(): void {
    this.#manifestFetch ??= fetchManifest(this.#parts.link, this.#target, {
      take: (bytes) => this.#takeManifest(bytes),
      fail: (problem) => this.#fail(problem),
    })
    this.#manifestFetch.proceed()
  }

  #takeManifest(bytes: Uint8Array): void {
    this.#manifestFetch = undefined
    const { chip, fuses } = this.#parts
    if (!equalBytes(this.#hash(bytes), this.#target)) {
      const detail = `The ${bytes.length} bytes that came are not the manifest that was asked for.`
      this.#fail({ error: UpdateError.MANIFEST_HASH, detail })
      return
    }
    const manifest = verifyKernelManifest(bytes, fuses, readRatchet(chip.fuses), chip.engines)
    if ('outcome' in manifest) {
      this.#fail(problemOf(manifest))
      return
    }
    this.#manifest = { bytes, manifest }
    this.proceed()
  }

  #fetchParts(): void {
    if (this.#transfer !== undefined) {
      this.#transfer.proceed()
      return
    }
    const missing = this.#manifest!.manifest.layers.find((layer) => !this.#isInSlot(layer))
    if (missing === undefined) this.#complete()
    else this.#begin(missing)
  }

  #begin(layer: KernelLayer): void {
    const { chip, link, timers, stagingOffset } = this.#parts
    const part = partNames[layer.region as keyof typeof partNames]
    this.#report({ phase: UpdatePhase.FETCHING_LAYERS })
    this.#transfer = new Transfer({
      ...{ chip, link, timers, offset: stagingOffset() },
      wanted: { hash: layer.fetchHash, bytesMax: kernelRoom[part], base: this.#baseOf(part) },
      received: () => {},
      done: (staged) => this.#install(part, layer, staged),
      failed: ({ error, detail }) =>
        this.#fail({ error, detail: `Kernel layer ${layer.region}: ${detail}` }),
    })
    this.#transfer.proceed()
  }

  /** The same part of the running kernel. */
  #baseOf(part: Part): Base {
    const { chip, boot } = this.#parts
    const bytes = readKernel(chip.internalFlash, boot.slot)?.[part] ?? new Uint8Array(0)
    const read = (at: number, into: Uint8Array) => into.set(bytes.subarray(at, at + into.length))
    return { hash: this.#hash(bytes), bytes: bytes.length, read }
  }

  #install(part: Part, layer: KernelLayer, staged: StagedLayer): void {
    this.#transfer = undefined
    const { internalFlash } = this.#parts.chip
    const content = this.#read(staged)
    const at = slotPlaces(this.#slot)
    const error =
      eraseFlash(internalFlash, at.header, 1) ??
      eraseFlash(internalFlash, at[part], content.length) ??
      programFlash(internalFlash, at[part], content)
    if (error !== undefined) this.#flashFailed(error)
    else if (this.#isInSlot(layer)) this.proceed()
    else {
      const detail = `Flash does not hold what ${layer.region} should be.`
      this.#fail({ error: UpdateError.MEASUREMENT, detail })
    }
  }

  #read({ offset, bytes }: StagedLayer): Uint8Array {
    const object = StagingObject.read(this.#parts.chip, offset, () => contentPlace(offset).data)
    const content = new Uint8Array(bytes)
    object?.read(0, content)
    return content
  }

  /** True if the other slot has the layer's content in its place. */
  #isInSlot({ region, fetchHash }: KernelLayer): boolean {
    // The device's own, as its manifest was verified to say.
    if (region === 'Boot') return true
    const length = this.#lengthOf(fetchHash)
    if (!(region in partNames) || length === undefined) return false
    const { internalFlash, engines } = this.#parts.chip
    const at = slotPlaces(this.#slot)[partNames[region as keyof typeof partNames]]
    const read = (from: number, into: Uint8Array) => internalFlash.read(at + from, into)
    return equalBytes(hashReader(engines, { read }, length), fetchHash)
  }

  /** How long content with this hash is: what was staged of it says so. */
  #lengthOf(fetchHash: Uint8Array): number | undefined {
    const offset = this.#parts.stagingOffset()
    const object = StagingObject.read(this.#parts.chip, offset, () => contentPlace(offset).data)
    if (object !== undefined && equalBytes(object.facts.identity, fetchHash)) {
      this.#lengths.set(toHex(fetchHash), object.facts.bytes)
    }
    return this.#lengths.get(toHex(fetchHash))
  }

  readonly #lengths = new Map<string, number>()

  #complete(): void {
    const { bytes, manifest } = this.#manifest!
    const { internalFlash } = this.#parts.chip
    const places = slotPlaces(this.#slot)
    const lengthOf = (region: KernelLayer['region']) => {
      const layer = manifest.layers.find((one) => one.region === region)
      return layer === undefined ? 0 : (this.#lengthOf(layer.fetchHash) ?? 0)
    }
    const kernel = readFlash(internalFlash, places.kernel, lengthOf('Kernel'))
    const nsc = readFlash(internalFlash, places.nsc, lengthOf('NSC'))
    const header = slotHeader({ manifest: bytes, kernel, nsc })
    const error =
      eraseFlash(internalFlash, places.header, 1) ??
      programFlash(internalFlash, places.header, header)
    if (error === undefined) this.#ready()
    else this.#flashFailed(error)
  }

  /** What the bootrom would say about it is asked before it has to. */
  #ready(): void {
    const { chip, fuses } = this.#parts
    const image = readKernel(chip.internalFlash, this.#slot)
    const verdict = image && verifyKernel(image, fuses, readRatchet(chip.fuses), chip.engines)
    if (verdict === undefined || 'outcome' in verdict) {
      const detail = verdict?.detail ?? 'The slot holds no kernel.'
      this.#fail({ error: UpdateError.MEASUREMENT, detail })
      return
    }
    this.#isReady = true
    this.#report({ phase: UpdatePhase.DOWNLOADED })
    this.#wait()
  }

  #wait(): void {
    const { timers, politenessSeconds } = this.#parts
    this.#cancelTimer()
    this.#cancelTimer = timers.after(politenessSeconds() * SECOND, () => this.#restart())
  }

  #restart(): void {
    const { internalFlash, engines, power } = this.#parts.chip
    const error = openBootJournal(internalFlash, engines).append('trial')
    if (error !== undefined) {
      this.#flashFailed(error)
      return
    }
    power.reset()
  }

  #flashFailed(error: FlashError): void {
    this.#fail({ error: UpdateError.FLASH, detail: `Flash answered ${error}.` })
  }

  #fail(problem: UpdateProblem): void {
    this.#abandon()
    this.#problem = problem
    const { trace, timers } = this.#parts
    trace(`kernel update failed: ${UpdateError[problem.error]}: ${problem.detail}`)
    this.#report({ phase: UpdatePhase.FAILED, ...problem, detail: problem.detail.slice(0, 300) })
    if (problem.error === UpdateError.KERNEL_TRIAL) return
    this.#cancelTimer = timers.after(RETRY_SECONDS * SECOND, () => {
      this.#problem = undefined
      this.proceed()
    })
  }

  #hash(bytes: Uint8Array): Uint8Array {
    return chipDigest(this.#parts.chip.engines)([bytes])
  }

  #report(
    progress: { phase: UpdatePhase } & Partial<UpdateProblem> & { manifestHash?: Uint8Array },
  ) {
    const value = { manifestHash: this.#target, ...progress }
    this.#parts.link.send({ case: 'updateProgress', value })
  }
}

const problems: Partial<Record<LockDown['reason'], UpdateError>> = {
  KERNEL_SIGNER_UNKNOWN: UpdateError.SIGNER_UNKNOWN,
  KERNEL_SIGNATURE: UpdateError.SIGNATURE,
  KERNEL_DEVICE_TYPE: UpdateError.DEVICE_TYPE,
  KERNEL_ROLLBACK: UpdateError.ROLLBACK,
  KERNEL_BOOT: UpdateError.KERNEL_BOOT,
  KERNEL_REGION_UNKNOWN: UpdateError.KERNEL_BOOT,
}

function problemOf({ reason, detail }: LockDown): UpdateProblem {
  return { error: problems[reason] ?? UpdateError.MANIFEST_MALFORMED, detail }
}
