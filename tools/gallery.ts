/**
 * Draws docs/gallery: `node tools/gallery.ts` runs the scenarios of test/scenarios and keeps the
 * pictures that they ask for. A test fails if they are not what the scenarios draw.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { drawPictures, runScenarioFile, type ScenarioResult } from '@microvisor/device'

export const scenarioFolder = join(import.meta.dirname, '../test/scenarios')
export const galleryFolder = join(import.meta.dirname, '../docs/gallery')

export function scenarioFiles(): string[] {
  const files = readdirSync(scenarioFolder).filter((name) => name.endsWith('.yaml'))
  return files.sort().map((name) => join(scenarioFolder, name))
}

export function runOne(path: string, isRecording: boolean): Promise<ScenarioResult> {
  return runScenarioFile(path, {
    ...{ seed: undefined, timeoutMs: 600_000, isRecording },
    onEvent() {},
  })
}

/** What the gallery should hold of a result, by file name; pictures made of shapes only. */
export function galleryOf(result: ScenarioResult): Map<string, Uint8Array> {
  return new Map(drawPictures(result).filter(([name]) => name.endsWith('.svg')))
}

/** The page around the pictures. */
export function galleryPage(results: readonly ScenarioResult[]): string {
  const entries = results.flatMap((result) => {
    const source = basename(result.file)
    return [...galleryOf(result).keys()].map((name) => {
      return `## ${result.name}\n\nFrom [${source}](../../test/scenarios/${source}).\n\n![${result.name}](${name})\n`
    })
  })
  return `# Gallery

<!-- Drawn by the scenarios of test/scenarios: run \`node tools/gallery.ts\`. -->

Boards as scenarios saw them.

${entries.join('\n')}`
}

if (import.meta.main) {
  mkdirSync(galleryFolder, { recursive: true })
  const results: ScenarioResult[] = []
  for (const path of scenarioFiles()) results.push(await runOne(path, false))
  for (const result of results) {
    for (const [name, bytes] of galleryOf(result)) writeFileSync(join(galleryFolder, name), bytes)
  }
  writeFileSync(join(galleryFolder, 'README.md'), galleryPage(results))
}
