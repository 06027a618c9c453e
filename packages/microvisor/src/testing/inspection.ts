/**
 * Flash as it lies there, held against the invariants of kernel/update/update.ts. Answers with the
 * sentences that are not true.
 */
import { equalBytes, type Layer } from '@microvisor/protocol'
import { ApplicationStore } from '../kernel/update/application-store.ts'
import { openJournal, type StagedLayer } from '../kernel/update/journal.ts'
import { KeyStore } from '../kernel/update/key-store.ts'
import type { Chip } from '../kernel/update/layers.ts'
import { stagedHash, stagedMeasurement } from '../kernel/update/layers.ts'
import { TestEngines } from './test-engines.ts'
import { applicationSigner } from './trust.ts'

const NOTHING = new Uint8Array(0)

export function brokenInvariants(chip: Chip): string[] {
  const keys = new KeyStore(chip, applicationSigner.publicKey)
  const store = new ApplicationStore(chip, keys)
  const { state } = openJournal(chip.internalFlash, chip.engines)
  const broken: string[] = []
  if ((state.candidate && !store.candidate) || (state.installed && !store.installed)) {
    broken.push('the journal speaks of a manifest that is not there')
  }
  if (!store.isReady && store.installed !== undefined && !store.isIntact()) {
    broken.push('(1) the installed application is damaged, and no update is ready to replace it')
  }
  const layers = store.candidate?.manifest.layers ?? []
  const measurementOf = (layer: Layer, staged: StagedLayer) =>
    stagedMeasurement(chip, layer, staged, keys.findLayerKey)
  for (const [index, staged] of store.staged) {
    const layer = layers[index]
    if (layer === undefined) broken.push(`(2) layer ${index} is staged for no manifest`)
    else if (!equalBytes(stagedHash(chip, staged) ?? NOTHING, layer.fetchHash)) {
      broken.push(`(2) layer ${index} is marked as staged and is not`)
    } else if (!equalBytes(measurementOf(layer, staged) ?? NOTHING, layer.measurementHash)) {
      broken.push(`(2) layer ${index} is staged with a wrong measurement`)
    }
  }
  return broken
}

/** True if the next start of the application is the first since it was installed. */
export function isFirstStartDue(chip: Chip): boolean {
  const store = new ApplicationStore(chip, new KeyStore(chip, applicationSigner.publicKey))
  return store.isReady || (store.installed !== undefined && !store.hasStarted)
}

/** Uses up the journal's page until only so many records fit on it. */
export function fillJournal(chip: Chip, unitsLeft: number): void {
  const journal = openJournal(chip.internalFlash, chip.engines)
  while (journal.unitsLeft > unitsLeft) journal.append({ kind: 'dropped' })
}

/** A journal and keys of random content are read as some state, never as an error. */
export function chipFuzz(
  chips: Pick<Chip, 'internalFlash' | 'externalFlash'>,
  random: () => number,
) {
  const { internalFlash } = chips
  const unit = new Uint8Array(16)
  for (let n = 0; n < 40; n++) {
    for (let i = 0; i < 16; i++) unit[i] = random() & 0xff
    internalFlash.program(0x1a_4000 + 16 * (random() % 0x400), unit)
    internalFlash.program(0x1a_c000 + 16 * (random() % 0x40), unit)
  }
  const chip = { ...chips, engines: new TestEngines(1) }
  const keys = new KeyStore(chip, applicationSigner.publicKey)
  return new ApplicationStore(chip, keys).installed
}
