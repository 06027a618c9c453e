/** What the device tells the cloud about itself: measured, not remembered. */
import { type FrameInit, LayerPlace, places, type Region } from '@microvisor/protocol'
import type { Application } from './application.ts'
import type { ApplicationStore } from './update/application-store.ts'
import { type Chip, measure } from './update/layers.ts'

type DeviceStateInit = Extract<FrameInit, { case: 'deviceState' }>['value']

/** What is measured while no application is installed. */
const wholeFlash: Region = { place: 'internal', start: 0, size: places.internal.bytes }

const linkPlaces = {
  internal: LayerPlace.INTERNAL_FLASH,
  external: LayerPlace.EXTERNAL_FLASH,
} as const

export function deviceState(
  chip: Chip,
  store: ApplicationStore,
  application: Application,
): DeviceStateInit {
  const regions: readonly Region[] = store.installed?.manifest.layers ?? [wholeFlash]
  return {
    manifestHash: store.installed?.hash ?? new Uint8Array(0),
    layers: regions.map((region) => ({
      place: linkPlaces[region.place],
      start: region.start,
      size: region.size,
      measurementHash: measure(chip, region),
    })),
    running: application.isRunning,
    wakeReason: application.wakeReason,
  }
}
