/**
 * Installs a candidate that is ready: the journal's `ready` mark is the promise that it will be
 * done, `installed` that it was. Invariants: update.ts.
 */
import { equalBytes, formatRegion, toHex, UpdateError } from '@microvisor/protocol'
import type { ApplicationStore } from './application-store.ts'
import { type Chip, type FindLayerKey, install, measure } from './layers.ts'
import type { UpdateProblem } from './update-problem.ts'

/** Passes over the flash before it is given up. The second finds only what the first did wrong. */
const PASSES = 2

export class Installer {
  readonly #chip: Chip
  readonly #store: ApplicationStore
  readonly #findKey: FindLayerKey

  constructor(chip: Chip, store: ApplicationStore, findKey: FindLayerKey) {
    this.#chip = chip
    this.#store = store
    this.#findKey = findKey
  }

  /** Does all of it. After a problem the candidate is forgotten: its staging is not to be trusted. */
  run(): UpdateProblem | undefined {
    let problem: UpdateProblem | undefined
    for (let pass = 0; pass < PASSES; pass++) {
      problem = this.#writeLayers() ?? this.#checkLayers()
      if (problem === undefined) break
    }
    const error = problem === undefined ? this.#store.markInstalled() : this.#store.drop()
    if (error === undefined) return problem
    return { error: UpdateError.FLASH, detail: `The journal answered ${error}.` }
  }

  #writeLayers(): UpdateProblem | undefined {
    const layers = this.#store.candidate?.manifest.layers ?? []
    for (const [index, staged] of this.#store.staged) {
      const layer = layers[index]
      if (layer === undefined) continue
      const error = install(this.#chip, layer, staged, this.#findKey)
      if (error === undefined) continue
      const detail = `${formatRegion(layer)} answered ${error}.`
      return { error: UpdateError.FLASH, detail }
    }
    return undefined
  }

  /** All of internal flash must be right; of external flash, what was written now. */
  #checkLayers(): UpdateProblem | undefined {
    const layers = this.#store.candidate?.manifest.layers ?? []
    for (const [index, layer] of layers.entries()) {
      if (layer.place === 'external' && !this.#store.staged.has(index)) continue
      const found = measure(this.#chip, layer)
      if (equalBytes(found, layer.measurementHash)) continue
      const detail = `${formatRegion(layer)} measures ${toHex(found)}, not ${toHex(layer.measurementHash)}.`
      return { error: UpdateError.MEASUREMENT, detail }
    }
    return undefined
  }
}
