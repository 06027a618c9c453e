/**
 * Fetches the layers that a candidate is missing, one after another, into staging. A layer counts
 * as staged once it was read back from flash with both its hashes right.
 */
import { equalBytes, formatRegion, type Layer, toHex, UpdateError } from '@microvisor/protocol'
import type { Link } from '../link/link.ts'
import type { ApplicationStore } from './application-store.ts'
import { Fetch } from './fetch.ts'
import { type Chip, isInstalled, stagedHash, stagedMeasurement } from './layers.ts'
import { nextStagingOffset, StagingWriter } from './staging.ts'
import type { UpdateProblem } from './update-problem.ts'

export interface LayerFetchParts {
  readonly chip: Chip
  readonly store: ApplicationStore
  readonly link: Link
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
  #fetch: Fetch | undefined
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
    for (const { bytes } of store.staged.values()) this.#bytesDone += bytes
    parts.progress(this.#bytesDone)
  }

  /** Fetches the next layer, or says that there is none. */
  proceed(): void {
    const index = this.#missing[0]
    if (index === undefined) {
      this.#parts.done()
      return
    }
    this.#fetch ??= this.#begin(index, this.#parts.layers[index]!)
    this.#fetch.proceed()
  }

  cancel(): void {
    this.#fetch?.cancel()
    this.#fetch = undefined
  }

  #begin(index: number, layer: Layer): Fetch {
    const { chip, link, store } = this.#parts
    const { externalFlash } = chip
    const offset = nextStagingOffset(store.staged.values(), externalFlash.eraseBytes)
    const writer = new StagingWriter(externalFlash, offset)
    return new Fetch(link, layer.fetchHash, {
      data: (bytes) => this.#take(layer, writer, bytes),
      done: () => this.#complete(index, layer, writer),
      unavailable: (detail) => this.#fail(UpdateError.LAYER_UNAVAILABLE, layer, detail),
    })
  }

  #take(layer: Layer, writer: StagingWriter, bytes: Uint8Array): boolean {
    const total = writer.received + bytes.length
    if (total > layer.size || bytes.length > writer.roomBytes) {
      const limit = Math.min(layer.size, writer.received + writer.roomBytes)
      this.#fail(UpdateError.LAYER_TOO_LARGE, layer, `More than ${limit} bytes came.`)
      return false
    }
    const error = writer.write(bytes)
    if (error !== undefined) {
      this.#fail(UpdateError.FLASH, layer, `Staging answered ${error}.`)
      return false
    }
    this.#bytesDone += bytes.length
    this.#tellProgress()
    return true
  }

  #tellProgress(): void {
    if (this.#bytesDone - this.#toldBytes < PROGRESS_BYTES) return
    this.#toldBytes = this.#bytesDone
    this.#parts.progress(this.#bytesDone)
  }

  #complete(index: number, layer: Layer, writer: StagingWriter): void {
    this.#fetch = undefined
    const { chip, store } = this.#parts
    const error = writer.finish()
    if (error !== undefined) {
      this.#fail(UpdateError.FLASH, layer, `Staging answered ${error}.`)
      return
    }
    const staged = { offset: writer.offset, bytes: writer.received }
    const hash = stagedHash(chip, staged)
    if (!equalBytes(hash, layer.fetchHash)) {
      const wanted = toHex(layer.fetchHash)
      this.#fail(UpdateError.LAYER_HASH, layer, `${toHex(hash)} came instead of ${wanted}.`)
      return
    }
    if (!equalBytes(stagedMeasurement(chip, layer, staged), layer.measurementHash)) {
      const detail = 'Its content would not give the measurement that the manifest promises.'
      this.#fail(UpdateError.MEASUREMENT, layer, detail)
      return
    }
    const marking = store.markStaged(index, staged)
    if (marking !== undefined) {
      this.#fail(UpdateError.FLASH, layer, `The journal answered ${marking}.`)
      return
    }
    this.#missing.shift()
    this.proceed()
  }

  #fail(error: UpdateError, layer: Layer, detail: string): void {
    this.#parts.failed({ error, detail: `Layer for ${formatRegion(layer)}: ${detail}` })
  }
}
