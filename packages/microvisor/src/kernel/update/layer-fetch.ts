/**
 * Fetches the layers that a candidate is missing, one after another, into staging. A layer counts
 * as staged once it was read back from flash with both its hashes right.
 */
import { equalBytes, formatRegion, type Layer, UpdateError } from '@microvisor/protocol'
import { externalLayout } from '../../flash-layout.ts'
import type { Link } from '../link/link.ts'
import type { Timers } from '../timers.ts'
import type { ApplicationStore } from './application-store.ts'
import type { StagedLayer } from './journal.ts'
import {
  baseOf,
  type Chip,
  carriedBytesMax,
  type FindLayerKey,
  isInstalled,
  stagedMeasurement,
} from './layers.ts'
import { behindContent } from './staging-object.ts'
import { Transfer } from './transfer.ts'
import type { UpdateProblem } from './update-problem.ts'

export interface LayerFetchParts {
  readonly chip: Chip
  readonly store: ApplicationStore
  readonly link: Link
  readonly timers: Timers
  readonly findKey: FindLayerKey
  readonly layers: readonly Layer[]
  readonly progress: (bytesDone: number) => void
  readonly done: () => void
  readonly failed: (problem: UpdateProblem) => void
}

/** Progress is told each time so many more bytes have come. */
const PROGRESS_BYTES = 65_536

export class LayerFetch {
  readonly #parts: LayerFetchParts
  /** Places in the manifest of the layers still to fetch. */
  readonly #missing: number[]
  #transfer: Transfer | undefined
  #bytesDone = 0
  #toldBytes = 0

  constructor(parts: LayerFetchParts) {
    this.#parts = parts
    const { chip, store, layers } = parts
    this.#missing = [...layers.keys()].filter((index) => {
      if (store.staged.has(index)) return false
      const layer = layers[index]!
      return !store.isUnchangedData(layer) && !isInstalled(chip, layer)
    })
    parts.progress(0)
  }

  /** Fetches the next layer, or says that there is none. */
  proceed(): void {
    const index = this.#missing[0]
    if (index === undefined) {
      this.#parts.done()
      return
    }
    this.#transfer ??= this.#begin(index, this.#parts.layers[index]!)
    this.#transfer.proceed()
  }

  cancel(): void {
    this.#transfer?.cancel()
    this.#transfer = undefined
  }

  #begin(index: number, layer: Layer): Transfer {
    const { chip, store } = this.#parts
    return new Transfer({
      ...this.#parts,
      wanted: {
        hash: layer.fetchHash,
        bytesMax: carriedBytesMax(layer),
        base: baseOf(chip, layer),
      },
      offset: nextStagingOffset(store.staged.values()),
      received: (bytes) => this.#received(bytes),
      done: (staged) => this.#complete(index, layer, staged),
      failed: (problem) => this.#fail(layer, problem),
    })
  }

  #received(bytes: number): void {
    this.#bytesDone += bytes
    if (this.#bytesDone - this.#toldBytes < PROGRESS_BYTES) return
    this.#toldBytes = this.#bytesDone
    this.#parts.progress(this.#bytesDone)
  }

  #complete(index: number, layer: Layer, staged: StagedLayer): void {
    this.#transfer = undefined
    const { chip, store, findKey } = this.#parts
    const measurement = stagedMeasurement(chip, layer, staged, findKey)
    if (measurement === undefined || !equalBytes(measurement, layer.measurementHash)) {
      const detail = 'Its content would not give the measurement that the manifest promises.'
      this.#fail(layer, { error: UpdateError.MEASUREMENT, detail })
      return
    }
    const marking = store.markStaged(index, staged)
    if (marking !== undefined) {
      const detail = `The journal answered ${marking}.`
      this.#fail(layer, { error: UpdateError.FLASH, detail })
      return
    }
    this.#missing.shift()
    this.proceed()
  }

  #fail(layer: Layer, { error, detail }: UpdateProblem): void {
    this.#parts.failed({ error, detail: `Layer for ${formatRegion(layer)}: ${detail}` })
  }
}

/** Where the next layer can be staged: behind all that are. */
export function nextStagingOffset(staged: Iterable<StagedLayer>): number {
  let next: number = externalLayout.staging.offset
  for (const { offset, bytes } of staged) next = Math.max(next, behindContent(offset, bytes))
  return next
}
