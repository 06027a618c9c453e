/** `microvisor test`: which scenarios, one after the other, and what is written about them. */
import { globSync, statSync, writeFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import {
  formatEvent,
  formatJUnit,
  formatResult,
  resultAsJson,
  runScenarioFile,
  type ScenarioResult,
  writePictures,
} from '@microvisor/device'
import { Failure, usageError } from './errors.ts'
import { count } from './output.ts'

export interface TestOptions {
  readonly junit: string | undefined
  readonly vcd: string | undefined
  readonly trace: string | undefined
  readonly pictures: string
  readonly seed: number | undefined
  readonly timeoutMs: number
  readonly isVerbose: boolean
  readonly progress: (line: string) => void
  readonly result: (value: unknown, text: string) => void
}

/** Throws Failure if one of them failed. */
export async function runTests(patterns: readonly string[], options: TestOptions): Promise<void> {
  const files = findScenarios(patterns)
  const results: ScenarioResult[] = []
  for (const file of files) {
    const result = await runScenarioFile(file, {
      ...{ seed: options.seed, timeoutMs: options.timeoutMs },
      isRecording: options.vcd !== undefined,
      onEvent: (event) => {
        if (options.isVerbose) options.progress(formatEvent(event))
      },
    })
    results.push(result)
    for (const path of writePictures(result, options.pictures)) options.progress(`wrote ${path}`)
    options.progress(formatResult(result, process.cwd()))
  }
  write(results, options)
  const failed = results.filter(({ isPassed }) => !isPassed)
  const passed = results.length - failed.length
  const summary = `${count(passed, 'scenario')} passed, ${failed.length} failed`
  options.result({ results: results.map(resultAsJson), passed, failed: failed.length }, summary)
  if (failed.length === 0) return
  throw new Failure({
    code: 'SCENARIO_FAILED',
    message: failed.map(({ name, failure }) => `${name}: ${failure}`).join('\n'),
    fix: 'run it with `--log-level debug` to see everything that happened, or `--vcd FILE` for waveforms.',
  })
}

function write(results: readonly ScenarioResult[], { junit, vcd, trace }: TestOptions): void {
  if (junit !== undefined) writeFileSync(junit, formatJUnit(results))
  for (const result of results) {
    if (vcd !== undefined) writeFileSync(nameFor(vcd, result, results.length), result.waves)
    if (trace === undefined) continue
    const lines = result.events.map(formatEvent)
    writeFileSync(nameFor(trace, result, results.length), `${lines.join('\n')}\n`)
  }
}

/** One file for each scenario where there are several. */
function nameFor(path: string, { file }: ScenarioResult, of: number): string {
  if (of === 1) return path
  const ending = extname(path)
  const scenario = basename(file).replace(/\.ya?ml$/, '')
  return `${path.slice(0, path.length - ending.length)}.${scenario}${ending}`
}

function findScenarios(patterns: readonly string[]): readonly string[] {
  const files = patterns.flatMap((pattern) => {
    const found = globSync(pattern).filter((path) => statSync(path).isFile())
    if (found.length > 0) return found
    throw usageError(
      `there is no scenario ${pattern}.`,
      'name a scenario file, or a pattern that matches one.',
    )
  })
  return [...new Set(files)].sort()
}
