/** network.json in a device's folder: read at start, and again whenever somebody has changed it. */
import { unwatchFile, watchFile } from 'node:fs'
import { devicePath, readJson, writeJson } from '../folder/device-folder.ts'
import { type NetworkConditions, parseConditions, usualConditions } from './conditions.ts'

/** How often a running device looks whether the file has changed. */
const LOOK_MS = 200

/** The networks around the device in this folder. Throws DeviceError if the file makes no sense. */
export function readNetwork(folder: string): NetworkConditions {
  const value = readJson(folder, 'network')
  return value === undefined ? usualConditions : parseConditions(value)
}

/** Changes them, for a device that runs now or later. */
export function changeNetwork(
  folder: string,
  change: (conditions: NetworkConditions) => NetworkConditions,
): NetworkConditions {
  const changed = parseConditions(change(readNetwork(folder)))
  writeJson(folder, 'network', changed)
  return changed
}

/** Tells of each change of the file; the return value ends that. */
export function watchNetwork(folder: string, changed: () => void): () => void {
  const path = devicePath(folder, 'network')
  watchFile(path, { interval: LOOK_MS, persistent: false }, changed)
  return () => unwatchFile(path, changed)
}
