/**
 * The steps of `deploy`: from what the user has to a bundle, from a bundle to a device that runs it.
 */
import { statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, extname, join, resolve } from 'node:path'
import type { App, Device, DeviceEvent } from '@microvisor/api'
import type { AppPolicies } from '@microvisor/protocol'
import { bundleImage, bundlePath, inputKind, readInput } from './bundling.ts'
import type { Cloud } from './cloud.ts'
import { Failure } from './errors.ts'
import { formatEvent } from './event-line.ts'
import { connectionLine, followDevice, persist } from './events.ts'
import { buildProject, isProject, latestBuild } from './project.ts'
import { watchUpdate } from './update-watch.ts'
import { uploadBundle, uploadSymbols } from './upload.ts'

export interface BundleSource {
  /** Project folder, ELF file, raw image or bundle. */
  readonly path: string
  readonly policies: AppPolicies
  /** What the build folder holds is good: do not build. */
  readonly isBuilt: boolean
  readonly isCleanFirst: boolean
  /** Writes the bundle beside an image, too. */
  readonly isKept: boolean
  readonly progress: (line: string) => void
  /** Takes what the build tools say. */
  readonly buildOutput: (text: string) => void
}

/** A bundle, and what to call it. */
export interface PreparedBundle {
  /** Where it is, or would be. */
  readonly path: string
  readonly bytes: Uint8Array
  /** What it was made of, if that says what its addresses are called. */
  readonly elf?: { readonly path: string; readonly bytes: Uint8Array } | undefined
}

/** What `source` names as a bundle. That of a project is also kept in its build folder. */
export async function prepareBundle(source: BundleSource): Promise<PreparedBundle> {
  const { path, policies, progress } = source
  const isFolder = statSync(path).isDirectory()
  const image = isFolder ? await projectImage(source) : path
  const content = readInput(image)
  const kind = inputKind(image, content)
  if (kind === 'bundle') return { path: image, bytes: content }
  const name = isFolder ? basename(resolve(path)) : basename(image, extname(image))
  progress(`Bundling ${name}...`)
  const bundle = {
    path: isFolder ? join(image, '..', `${name}.zip`) : bundlePath(image),
    bytes: bundleImage(image, content, policies),
    elf: kind === 'elf' ? { path: image, bytes: content } : undefined,
  }
  if (isFolder || source.isKept) await writeFile(bundle.path, bundle.bytes)
  return bundle
}

async function projectImage(source: BundleSource): Promise<string> {
  const { path, isBuilt, isCleanFirst, progress } = source
  if (!isProject(path)) {
    throw new Failure({
      code: 'NO_PROJECT',
      message: `the folder ${resolve(path)} has no CMakeLists.txt.`,
      fix: 'name a CMake project, an ELF file, a raw image (.bin) or a bundle (.zip).',
    })
  }
  if (isBuilt) return latestBuild(path)
  progress(`Building ${basename(resolve(path))}...`)
  return buildProject(path, { isCleanFirst, onOutput: source.buildOutput })
}

export interface DeployOptions {
  readonly bundle: PreparedBundle
  readonly device: Device
  readonly uniqueName: string | undefined
  readonly isWaiting: boolean
  /** Shows the device's events, and goes on until interrupted. */
  readonly isLogging: boolean
  readonly timeoutSeconds: number | undefined
  readonly isAnimated: boolean
  readonly progress: (line: string) => void
  readonly showEvent: (event: DeviceEvent) => void
  readonly signal: AbortSignal
}

/** What the device runs in the end; undefined if nobody waited for it. Throws Failure. */
export async function deploy(
  cloud: Cloud,
  options: DeployOptions,
): Promise<{ app: App; device: Device | undefined }> {
  const { device, bundle, uniqueName, isAnimated, progress } = options
  progress(`Uploading ${bundle.path}...`)
  const app = await uploadBundle(cloud, bundle, { uniqueName, isAnimated, signal: options.signal })
  if (!options.isWaiting) {
    await assign(cloud, app, options)
    return { app, device: undefined }
  }
  const ending = new AbortController()
  const signal = AbortSignal.any([options.signal, ending.signal])
  const view = new EventView(options)
  const events = await followDevice(cloud, device.sid, {
    signal,
    isLogging: options.isLogging,
    onConnection: (state, reason) => progress(connectionLine(state, reason)),
  })
  await assign(cloud, app, options)
  const shown = view.show(events)
  shown.catch(() => ending.abort())
  const silence = setTimeout(() => view.noteSilence(), SILENCE_MS)
  try {
    const { timeoutSeconds } = options
    const lastFailure = () => view.lastFailure
    const watch = { device: device.sid, app: app.sid, signal, timeoutSeconds, lastFailure }
    const updated = await watchUpdate(cloud, watch)
    if (updated && options.isLogging) await shown
    return { app, device: updated }
  } finally {
    clearTimeout(silence)
    ending.abort()
    await shown
  }
}

/** A device that is connected begins an update within this time. */
const SILENCE_MS = 3_000

async function assign(cloud: Cloud, app: App, options: DeployOptions): Promise<void> {
  const { api, client } = cloud
  const { device, progress, isLogging, signal } = options
  progress(`Assigning app ${app.sid} to device ${device.sid}...`)
  const change = { params: { Sid: device.sid }, form: { TargetApp: app.sid } }
  await persist(() => client.call(api.updateDevice, change, { signal }), signal)
  await giveSymbols(cloud, app, options)
  if (isLogging) progress(`Logging from ${device.sid}...`)
}

/** So that crashes show functions and lines. A deployment does without where it does not work. */
async function giveSymbols(cloud: Cloud, app: App, options: DeployOptions): Promise<void> {
  const { elf } = options.bundle
  if (elf === undefined) return
  await uploadSymbols(cloud, app.sid, elf).catch((error: Error) => {
    options.progress(`Crashes will be shown without functions and lines: ${error.message}`)
  })
}

/** What is shown of the events, and what is remembered of them for the case that it fails. */
class EventView {
  readonly #options: DeployOptions
  #lastFailure: string | undefined
  #hasHeardOfUpdate = false

  constructor(options: DeployOptions) {
    this.#options = options
  }

  /** The device's own words. */
  get lastFailure(): string | undefined {
    return this.#lastFailure
  }

  /** Tells the user why nothing happens. */
  noteSilence(): void {
    const { device, progress } = this.#options
    if (this.#hasHeardOfUpdate) return
    progress(
      `Device ${device.sid} has not answered yet; if it is offline, it updates when it connects...`,
    )
  }

  async show(events: AsyncIterable<DeviceEvent>): Promise<void> {
    const { isLogging, showEvent, progress } = this.#options
    for await (const event of events) {
      const { update } = event
      if (update) this.#hasHeardOfUpdate = true
      if (update?.error)
        this.#lastFailure = [update.error, update.detail].filter(Boolean).join(': ')
      if (isLogging) showEvent(event)
      else if (event.type !== 'app_logging') progress(formatEvent(event))
    }
  }
}
