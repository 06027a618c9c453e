/**
 * Which application this device holds, and which one it is about to hold: manifests and journal
 * together. Everything read back from flash is verified again before it is believed.
 */
import {
  type AppManifest,
  BundleError,
  equalBytes,
  type Layer,
  parseAppManifest,
  verifySignature,
} from '@microvisor/protocol'
import { chipDigest, chipVerify } from '../../chip-crypto.ts'
import type { FlashError } from '../../hardware.ts'
import {
  type Journal,
  type JournalRecord,
  openJournal,
  type StagedLayer,
  type StoredManifest,
} from './journal.ts'
import { type Chip, isInstalled } from './layers.ts'
import { readManifest, spareSlot, writeManifest } from './manifest-store.ts'

export interface KnownApplication {
  /** SHA-256 of the manifest's bytes. */
  readonly hash: Uint8Array
  readonly manifest: AppManifest
}

/** Whose signature counts, as of now. */
export interface Signers {
  readonly signers: readonly Uint8Array[]
}

export class ApplicationStore {
  readonly #chip: Chip
  readonly #keys: Signers
  readonly #journal: Journal
  #installed: KnownApplication | undefined
  #candidate: KnownApplication | undefined

  constructor(chip: Chip, keys: Signers) {
    this.#chip = chip
    this.#keys = keys
    this.#journal = openJournal(chip.internalFlash, chip.engines)
    const { installed, candidate } = this.#journal.state
    this.#installed = installed && this.#recall(installed)
    this.#candidate = candidate && this.#recall(candidate)
  }

  /** What flash is meant to hold. */
  get installed(): KnownApplication | undefined {
    return this.#installed
  }

  get hasStarted(): boolean {
    return this.#journal.state.hasStarted
  }

  /** The update under way. */
  get candidate(): KnownApplication | undefined {
    return this.#candidate
  }

  /** The candidate's layers that are staged whole, by their place in its manifest. */
  get staged(): ReadonlyMap<number, StagedLayer> {
    return this.#journal.state.staged
  }

  /** From now on the candidate is to be installed, whatever happens. */
  get isReady(): boolean {
    return this.#candidate !== undefined && this.#journal.state.isReady
  }

  hash(manifest: Uint8Array): Uint8Array {
    return chipDigest(this.#chip.engines)([manifest])
  }

  /** A manifest that this device trusts. Throws BundleError. */
  verify(bytes: Uint8Array): KnownApplication {
    const manifest = parseAppManifest(bytes)
    const { engines } = this.#chip
    const crypto = { digest: chipDigest(engines), verify: chipVerify(engines) }
    verifySignature(manifest, this.#keys.signers, crypto)
    return { hash: this.hash(bytes), manifest }
  }

  /**
   * True if internal flash holds what the installed manifest says. External layers are data that
   * the application may change, so they do not count.
   */
  isIntact(): boolean {
    const layers = this.#installed?.manifest.layers.filter(({ place }) => place === 'internal')
    return layers?.every((layer) => isInstalled(this.#chip, layer)) ?? false
  }

  /** True if the installed manifest has the same external layer: the application's data stays. */
  isUnchangedData(layer: Layer): boolean {
    const installed = this.#installed?.manifest.layers ?? []
    return installed.some((old) => layer.place === 'external' && isSameLayer(old, layer))
  }

  /** Stores a verified manifest as the candidate, in place of any other. */
  begin(application: KnownApplication, bytes: Uint8Array): FlashError | undefined {
    const { internalFlash } = this.#chip
    const error = this.drop()
    if (error !== undefined) return error
    const slot = spareSlot(this.#journal.state.installed)
    const failed = writeManifest(internalFlash, slot, bytes)
    if (failed !== undefined) return failed
    return this.#mark({ kind: 'candidate', slot, bytes: bytes.length }, () => {
      this.#candidate = application
    })
  }

  markStaged(index: number, layer: StagedLayer): FlashError | undefined {
    return this.#mark({ kind: 'staged', index, ...layer })
  }

  markReady(): FlashError | undefined {
    return this.#mark({ kind: 'ready' })
  }

  /** The candidate's layers are where they belong: it is the installed application now. */
  markInstalled(): FlashError | undefined {
    const { candidate } = this.#journal.state
    if (candidate === undefined) return undefined
    return this.#mark({ kind: 'installed', ...candidate }, () => {
      this.#installed = this.#candidate
      this.#candidate = undefined
    })
  }

  markStarted(): FlashError | undefined {
    return this.#mark({ kind: 'started' })
  }

  /** Forgets the candidate and what was staged for it. */
  drop(): FlashError | undefined {
    if (this.#journal.state.candidate === undefined) return undefined
    return this.#mark({ kind: 'dropped' }, () => {
      this.#candidate = undefined
    })
  }

  #mark(record: JournalRecord, done: () => void = () => {}): FlashError | undefined {
    const error = this.#journal.append(record)
    if (error === undefined) done()
    return error
  }

  #recall(stored: StoredManifest): KnownApplication | undefined {
    const bytes = readManifest(this.#chip.internalFlash, stored)
    if (bytes === undefined) return undefined
    try {
      return this.verify(bytes)
    } catch (error) {
      if (error instanceof BundleError) return undefined
      throw error
    }
  }
}

function isSameLayer(a: Layer, b: Layer): boolean {
  return (
    a.place === b.place &&
    a.start === b.start &&
    a.size === b.size &&
    equalBytes(a.measurementHash, b.measurementHash)
  )
}
