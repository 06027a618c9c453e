/**
 * Updates: from the cloud's target to an installed application.
 *
 *   target → manifest → layers that are missing, into staging → ready → installed → started
 *
 * What must hold at every moment, power cuts included:
 *   (1) The application's flash is only written between the marks `ready` and `installed`.
 *   (2) `ready` is marked once every layer is staged and was read back with the right hashes.
 *   (3) Between `ready` and `installed` nothing else happens: a boot that finds `ready` installs
 *       before it starts anything.
 *   (4) `installed` is marked once every region was read back with the right measurement.
 *   (5) Staging and the candidate's manifest are not written between `ready` and `installed`.
 *   (6) Every step may be repeated: what is done already is found done.
 *
 * So flash holds the old application whole, or a `ready` candidate from which the new one can be
 * made. An update that fails leaves (1) to (6) true and the device connected.
 *
 * A failure that the same target would only repeat is final until the target changes or the device
 * restarts; any other is tried again after a pause that doubles from 30 seconds to an hour.
 */
import {
  BundleError,
  equalBytes,
  type FrameInit,
  formatKeyId,
  type Layer,
  type Target,
  UpdateError,
  UpdatePhase,
} from '@microvisor/protocol'
import type { Link } from '../link/link.ts'
import type { Random } from '../random.ts'
import type { Timers } from '../timers.ts'
import type { ApplicationStore, KnownApplication } from './application-store.ts'
import type { Fetch } from './fetch.ts'
import { Installer } from './installer.ts'
import { LayerFetch } from './layer-fetch.ts'
import type { Chip, FindLayerKey } from './layers.ts'
import { fetchManifest } from './manifest-fetch.ts'
import { isPermanent, manifestProblem, type UpdateProblem } from './update-problem.ts'

/** What an update asks of the rest of the kernel. */
interface UpdateHost {
  /** Seconds that the running application may put an update off; 0 if none runs. */
  politenessSeconds(): number
  stopApplication(): void
  /** Flash has changed: start what is there now. */
  startApplication(): void
  /** So much of an update has come. */
  fetched(bytes: number): void
  /** Staging is in use for the kernel. */
  isHeld(): boolean
  /** An update is staged and ready. */
  downloaded(): void
}

export interface UpdateParts {
  readonly chip: Chip
  readonly store: ApplicationStore
  readonly link: Link
  readonly timers: Timers
  readonly random: Random
  readonly kernelVersion: number
  readonly findKey: FindLayerKey
  readonly trace: (line: string) => void
  readonly host: UpdateHost
}

type Progress = Extract<FrameInit, { case: 'updateProgress' }>['value']

const SECOND = 1_000_000
const FIRST_RETRY_SECONDS = 30
const LAST_RETRY_SECONDS = 3_600

export class Update {
  readonly #parts: UpdateParts
  readonly #installer: Installer
  #target: Uint8Array = new Uint8Array(0)
  /** What had come before this target. */
  #fetchedBefore = 0
  #manifestFetch: Fetch | undefined
  #layerFetch: LayerFetch | undefined
  #problem: UpdateProblem | undefined
  #failures = 0
  #isHeldBack = false
  /** The outcome that the cloud has not seen yet. */
  #untold: Progress | undefined
  #cancelTimer: () => void = () => {}

  constructor(parts: UpdateParts) {
    this.#parts = parts
    this.#installer = new Installer(parts.chip, parts.store, parts.findKey)
  }

  /** The reason FETCHINGUPDATE: something is on its way. */
  get isFetching(): boolean {
    return this.#manifestFetch !== undefined || this.#layerFetch !== undefined
  }

  /** True if an update waits for the application's consent. */
  get isWaiting(): boolean {
    return this.#parts.store.isReady
  }

  /** At boot, before anything else: finishes what a `ready` mark asks for. */
  finish(): void {
    const { store } = this.#parts
    if (!store.isReady) return
    this.#target = store.candidate!.hash
    this.#install()
  }

  /** Installs what is ready and starts it. False if nothing is. */
  apply(): boolean {
    if (!this.#parts.store.isReady) return false
    this.#cancelTimer()
    this.#parts.host.stopApplication()
    this.#install()
    this.#parts.host.startApplication()
    if (this.#problem === undefined) this.#tellOutcome()
    return true
  }

  /** The cloud's Target; an empty hash leaves things as they are. */
  setTarget(target: Target | undefined): void {
    const hash = target?.manifestHash ?? new Uint8Array(0)
    if (!equalBytes(hash, this.#target)) {
      this.#abandon()
      this.#target = hash
      this.#fetchedBefore = this.#parts.link.fetchedBytes
    }
    this.#tellOutcome()
    this.#proceed()
  }

  /** An update that waits does so for as long as is due now, from now on. */
  politenessChanged(): void {
    if (this.isWaiting) this.#wait()
  }

  /** Goes on if it was held back. */
  resume(): void {
    if (this.#isHeldBack && !this.#parts.host.isHeld()) this.#proceed()
  }

  /** Abandons what is under way for a target that is no longer one. */
  #abandon(): void {
    this.#stopFetching()
    this.#cancelTimer()
    this.#problem = undefined
    this.#untold = undefined
    this.#failures = 0
  }

  #stopFetching(): void {
    this.#manifestFetch?.cancel()
    this.#manifestFetch = undefined
    this.#layerFetch?.cancel()
    this.#layerFetch = undefined
  }

  /** Does the next step towards the target that can be done now. */
  #proceed(): void {
    const { store } = this.#parts
    const { candidate, installed } = store
    if (candidate !== undefined && !equalBytes(candidate.hash, this.#target)) {
      const error = store.drop()
      if (error !== undefined) {
        this.#fail(flashProblem(error, 'dropping an update'))
        return
      }
    }
    if (this.#target.length === 0 || this.#problem !== undefined) return
    if (installed !== undefined && equalBytes(installed.hash, this.#target) && store.isIntact())
      return
    if (store.candidate === undefined) {
      this.#fetchManifest()
      return
    }
    if (store.isReady) return
    this.#isHeldBack = this.#parts.host.isHeld()
    if (!this.#isHeldBack) this.#fetchLayers(store.candidate)
  }

  #fetchManifest(): void {
    if (this.#manifestFetch === undefined) this.#report({ phase: UpdatePhase.FETCHING_MANIFEST })
    this.#manifestFetch ??= fetchManifest(this.#parts.link, this.#target, {
      take: (bytes) => this.#takeManifest(bytes),
      fail: (problem) => this.#fail(problem),
    })
    this.#manifestFetch.proceed()
  }

  #takeManifest(bytes: Uint8Array): void {
    this.#manifestFetch = undefined
    const application = this.#check(bytes)
    if ('error' in application) {
      this.#fail(application)
      return
    }
    const error = this.#parts.store.begin(application, bytes)
    if (error !== undefined) {
      this.#fail(flashProblem(error, 'storing the manifest'))
      return
    }
    this.#proceed()
  }

  #check(bytes: Uint8Array): KnownApplication | UpdateProblem {
    const { store } = this.#parts
    if (!equalBytes(store.hash(bytes), this.#target)) {
      const detail = `The ${bytes.length} bytes that came are not the manifest that was asked for.`
      return { error: UpdateError.MANIFEST_HASH, detail }
    }
    try {
      const application = store.verify(bytes)
      return policyProblem(application, this.#parts) ?? application
    } catch (error) {
      if (error instanceof BundleError) return manifestProblem(error.code, error.message)
      throw error
    }
  }

  #fetchLayers(candidate: KnownApplication): void {
    this.#layerFetch ??= new LayerFetch({
      ...this.#parts,
      layers: candidate.manifest.layers,
      progress: (bytesDone) => {
        this.#report({ phase: UpdatePhase.FETCHING_LAYERS, bytesDone: BigInt(bytesDone) })
        this.#parts.host.fetched(bytesDone)
      },
      done: () => this.#ready(),
      failed: (problem) => this.#fail(problem),
    })
    this.#layerFetch.proceed()
  }

  #ready(): void {
    this.#layerFetch = undefined
    const { store, host } = this.#parts
    const error = store.markReady()
    if (error !== undefined) {
      this.#fail(flashProblem(error, 'marking the update ready'))
      return
    }
    this.#report({ phase: UpdatePhase.DOWNLOADED })
    host.downloaded()
    this.#wait()
  }

  #wait(): void {
    const { host, timers } = this.#parts
    this.#cancelTimer()
    // Also without politeness from an alarm of its own: a system call may be waiting for its result.
    this.#cancelTimer = timers.after(host.politenessSeconds() * SECOND, () => this.apply())
  }

  #install(): void {
    this.#report({ phase: UpdatePhase.INSTALLING_APP })
    const manifestHash = this.#parts.store.candidate?.hash ?? this.#target
    const problem = this.#installer.run()
    if (problem !== undefined) {
      this.#fail(problem)
      return
    }
    this.#failures = 0
    this.#report({ phase: UpdatePhase.STARTING_NEW_APP, manifestHash })
    this.#untold = { phase: UpdatePhase.COMPLETE, manifestHash }
  }

  #fail(problem: UpdateProblem): void {
    this.#stopFetching()
    this.#problem = problem
    this.#failures++
    const name = UpdateError[problem.error] ?? `${problem.error}`
    this.#parts.trace(`update failed: ${name}: ${problem.detail}`)
    this.#untold = { phase: UpdatePhase.FAILED, ...problem, detail: problem.detail.slice(0, 300) }
    this.#tellOutcome()
    if (isPermanent(problem)) this.#parts.store.drop()
    else this.#retryLater()
  }

  #retryLater(): void {
    const { timers, random } = this.#parts
    const range = FIRST_RETRY_SECONDS * 2 ** Math.min(this.#failures - 1, 20)
    const seconds = Math.min(range, LAST_RETRY_SECONDS) * (1 + random.fraction() / 4)
    this.#cancelTimer()
    this.#cancelTimer = timers.after(Math.ceil(seconds * SECOND), () => {
      this.#problem = undefined
      this.#untold = undefined
      this.#proceed()
    })
  }

  /** A success is told once; a failure on each connection until it is overcome. */
  #tellOutcome(): void {
    if (this.#untold === undefined || !this.#parts.link.isOpen) return
    this.#report(this.#untold)
    if (this.#untold.phase === UpdatePhase.COMPLETE) this.#untold = undefined
  }

  #report(progress: Progress): void {
    const bytesReceived = BigInt(this.#parts.link.fetchedBytes - this.#fetchedBefore)
    const value = { manifestHash: this.#target, bytesReceived, ...progress }
    this.#parts.link.send({ case: 'updateProgress', value })
  }
}

function flashProblem(code: string, doing: string): UpdateProblem {
  return { error: UpdateError.FLASH, detail: `Flash answered ${code} when ${doing}.` }
}

/** What this kernel cannot do for an application whose manifest is in order. */
function policyProblem(
  { manifest }: KnownApplication,
  { kernelVersion, findKey }: Pick<UpdateParts, 'kernelVersion' | 'findKey'>,
) {
  const { minimumKernelVersion } = manifest.policies.update
  if (minimumKernelVersion > kernelVersion) {
    const detail = `It needs kernel ${minimumKernelVersion}; this one is ${kernelVersion}.`
    return { error: UpdateError.KERNEL_TOO_OLD, detail }
  }
  const encrypted = manifest.layers.find(
    ({ encryptedWithKeyId: id }: Layer) => id !== 0n && findKey(id) === undefined,
  )
  if (encrypted === undefined) return undefined
  const detail = `A layer is encrypted with key ${formatKeyId(encrypted.encryptedWithKeyId)}, which this device does not have.`
  return { error: UpdateError.LAYER_ENCRYPTED, detail }
}
