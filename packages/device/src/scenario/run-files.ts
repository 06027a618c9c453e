/** Scenario files run one after the other; what they leave behind goes to a folder. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { boardPng } from '../board/png.ts'
import { boardSvg } from '../board/svg.ts'
import { BareWorld } from './bare-world.ts'
import { type Firmware, readFirmware } from './firmware.ts'
import { openKernelParts } from './kernel-parts.ts'
import { KernelWorld } from './kernel-world.ts'
import { runScenario, type ScenarioEvent, type ScenarioResult } from './run.ts'
import type { Scenario } from './scenario.ts'
import { readScenarioFile } from './scenario-file.ts'

export interface RunFileOptions {
  /** Instead of the scenario's own. */
  readonly seed: number | undefined
  /** Host time that one scenario may take. */
  readonly timeoutMs: number
  /** Waveforms are wanted. */
  readonly isRecording: boolean
  readonly onEvent: (event: ScenarioEvent) => void
}

const DEFAULT_SEED = 1

/** Reads and runs one scenario. Throws DescriptionError, ImageError or a file system's error. */
export async function runScenarioFile(
  path: string,
  { seed, timeoutMs, isRecording, onEvent }: RunFileOptions,
): Promise<ScenarioResult> {
  const scenario = checkScenarioFile(path)
  const { isMicrovisor, board: plan, worldStartSeconds } = scenario
  const firmware = readOf(scenario)
  const kernel = isMicrovisor ? await openKernelParts() : undefined
  const end = performance.now() + timeoutMs
  return runScenario({
    ...{ scenario, firmware, isRecording, onEvent },
    isOverdue: () => performance.now() > end,
    makeWorld: (events) => {
      const options = {
        firmware,
        plan,
        worldStartSeconds,
        outside: scenario.outside,
        policies: scenario.policies,
        isOnBench: scenario.isOnBench,
        events,
        seed: seed ?? scenario.seed ?? DEFAULT_SEED,
      }
      return kernel === undefined ? new BareWorld(options) : new KernelWorld(options, kernel)
    },
  })
}

/** The scenario of a file, checked, and not run. */
function checkScenarioFile(path: string): Scenario {
  return readScenarioFile(path, {
    symbolsOf: (file, symbolsPath) =>
      readFirmware({ path: file, symbolsPath, isBare: true }).symbols,
  })
}

function readOf({ firmware, symbols, isMicrovisor }: Scenario): Firmware {
  return readFirmware({ path: firmware, symbolsPath: symbols, isBare: !isMicrovisor })
}

/** The pictures of a run, by the name of their file: the scenario's, then their own. */
export function drawPictures(result: ScenarioResult): [name: string, bytes: Uint8Array][] {
  const scenario = basename(result.file).replace(/\.ya?ml$/, '')
  return result.pictures.map(({ file, picture }) => {
    const isPng = file.endsWith('.png')
    const bytes = isPng ? boardPng(picture) : Buffer.from(boardSvg(picture), 'utf8')
    return [`${scenario}-${file}`, bytes]
  })
}

/** Writes the pictures of a run; the paths. */
export function writePictures(result: ScenarioResult, folder: string): string[] {
  const pictures = drawPictures(result)
  if (pictures.length > 0) mkdirSync(folder, { recursive: true })
  return pictures.map(([name, bytes]) => {
    const path = join(folder, name)
    writeFileSync(path, bytes)
    return path
  })
}
