/**
 * `npm run gen`: makes every file that is made from a table. `--check` changes nothing and fails with
 * the list of files that are not what would be made.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cliReference } from '@microvisor/cli'
import { makeAttestationPage } from './gen/attestation-page.ts'
import { makeBehaviourPage } from './gen/behaviour-page.ts'
import { makeBoardPage } from './gen/board-page.ts'
import { makeBundlePage } from './gen/bundle-page.ts'
import { makeChannelsPage } from './gen/channels-page.ts'
import { makeChipPage } from './gen/chip-page.ts'
import { makeCpuPage } from './gen/cpu-page.ts'
import { makeDebugPage } from './gen/debug-page.ts'
import { makeErrorPage } from './gen/error-page.ts'
import { makeEventsPage } from './gen/events-page.ts'
import { makeGdbFunctionsPage } from './gen/gdb-functions-page.ts'
import { makeHeader } from './gen/header.ts'
import { makeLinkPage } from './gen/link-page.ts'
import { makeProtobuf } from './gen/protobuf.ts'
import { makeRestPage } from './gen/rest-page.ts'
import { makeRestRulesPage } from './gen/rest-rules-page.ts'
import { makeScenarioPage } from './gen/scenario-page.ts'
import { makeServicePage } from './gen/service-page.ts'
import { makeMetricsPage, makeSettingsPage } from './gen/settings-page.ts'
import { makeStubs } from './gen/stubs.ts'
import { makeSvd } from './gen/svd.ts'
import { makeSystemCallPage } from './gen/syscall-page.ts'
import { makeThreatsPage } from './gen/threats-page.ts'

/** Path from the repository's root to content. */
export async function makeAll(): Promise<Map<string, string>> {
  return new Map([
    ...makeProtobuf(),
    ['sdk/include/mv_syscalls.h', makeHeader()],
    ['sdk/src/mv_syscalls.S', makeStubs()],
    ['docs/reference/syscalls.md', makeSystemCallPage()],
    ['docs/reference/link.md', makeLinkPage()],
    ['docs/reference/channels.md', makeChannelsPage()],
    ['docs/reference/debug-protocol.md', makeDebugPage()],
    ['docs/reference/gdb-functions.md', makeGdbFunctionsPage()],
    ['docs/reference/boards.md', makeBoardPage()],
    ['docs/reference/scenarios.md', makeScenarioPage()],
    ['docs/reference/attestation.md', makeAttestationPage()],
    ['docs/reference/bundles.md', makeBundlePage()],
    ['docs/reference/threats.md', makeThreatsPage()],
    ['docs/reference/behaviour.md', makeBehaviourPage()],
    ['docs/reference/cli.md', await cliReference()],
    ['docs/reference/cpu.md', makeCpuPage()],
    ['docs/reference/chip.md', makeChipPage()],
    ['docs/reference/stm32u585.svd', makeSvd()],
    ['docs/reference/errors.md', makeErrorPage()],
    ['docs/reference/events.md', makeEventsPage()],
    ['docs/reference/rest.md', makeRestPage()],
    ['docs/reference/rest-rules.md', makeRestRulesPage()],
    ['docs/reference/service.md', makeServicePage()],
    ['docs/reference/settings.md', makeSettingsPage()],
    ['docs/reference/metrics.md', makeMetricsPage()],
  ])
}

/** The files of `made` that are missing under `root`, or differ there. */
export function findStale(root: string, made: ReadonlyMap<string, string>): string[] {
  const isStale = (path: string, content: string) =>
    !existsSync(path) || readFileSync(path, 'utf8') !== content
  return [...made]
    .filter(([path, content]) => isStale(join(root, path), content))
    .map(([path]) => path)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const made = await makeAll()
  const stale = findStale(root, made)
  if (process.argv.includes('--check')) check(stale)
  else write(root, made, stale)
}

function check(stale: readonly string[]): void {
  if (stale.length === 0) return
  console.error(`${stale.length} generated file(s) are not up to date:`)
  for (const path of stale) console.error(`  ${path}`)
  console.error('Run `npm run gen` and commit what changes.')
  process.exitCode = 1
}

function write(root: string, made: ReadonlyMap<string, string>, stale: readonly string[]): void {
  for (const path of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), made.get(path)!)
    console.log(`wrote ${path}`)
  }
  console.log(`${made.size} generated files are up to date.`)
}
