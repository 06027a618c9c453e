/**
 * `npm test`: all tests, in groups that run side by side, one process a group. Prints what failed,
 * what was skipped and why, and closes with `N passed, N failed`.
 *
 * One process for many files, because starting a process for each costs more than most tests do; see
 * test-files.ts.
 * Arguments are patterns: only files whose path contains one of them run. `--slow` makes every
 * sweep complete instead of sampled (MICROVISOR_SLOW_TESTS=1). `--scaled` runs the cloud's tests
 * alone, all of them, on PostgreSQL, NATS and an object store (MICROVISOR_TEST_STORES=scaled).
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missingStores } from '../packages/server/src/testing/stores.ts'
import type { Tally } from './tally-reporter.ts'
import { groups, scaled } from './test-groups.ts'

const args = process.argv.slice(2)
const patterns = args.filter((arg) => !arg.startsWith('--'))
const isSlow = args.includes('--slow')
const isScaledOnly = args.includes('--scaled')

/** For one test. What a failed test left running does not keep its process alive. */
const TIMEOUT_MS = 180_000
const SLOW_TIMEOUT_MS = 3_600_000

/** Types are stripped and code is compiled once, not by each process that tests start. */
const CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/compile') }

const RUNNER = 'tools/test-files.ts'

const scratch = mkdtempSync(join(tmpdir(), 'microvisor-test-'))
const tallies = await Promise.all([
  ...Object.entries(isScaledOnly ? {} : groups).map(([name, globs]) => runGroup(name, find(globs))),
  runScaled(),
])
rmSync(scratch, { recursive: true })

const total = { passed: 0, failed: 0, skipped: 0 }
for (const tally of tallies) {
  total.passed += tally.passed
  total.failed += tally.failed
  total.skipped += tally.skipped.length
  for (const skipped of tally.skipped) console.log(`skipped: ${skipped}`)
}
const skippedPart = total.skipped ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skippedPart}`)
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1

function find(globs: readonly string[]): string[] {
  return globs
    .flatMap((pattern) => globSync(pattern))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
}

function runScaled(): Promise<Tally> | Tally {
  const files = scaledFiles()
  const missing = files.length > 0 && missingStores()
  if (missing) return { passed: 0, failed: 0, skipped: [`${scaled.name}: ${missing}`] }
  return runGroup(scaled.name, files, { MICROVISOR_TEST_STORES: 'scaled' })
}

function scaledFiles(): string[] {
  const globs = isSlow || isScaledOnly ? scaled.all : scaled.sample
  return find(globs).filter((file) => !scaled.except.some((part) => file.includes(part)))
}

async function runGroup(name: string, files: string[], env = {}): Promise<Tally> {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: [] }
  const started = performance.now()
  const tallyFile = join(scratch, `${name}.json`)
  const code = await node({ ...env, MICROVISOR_TEST_FILES: files.join('\n') }, [
    '--test',
    '--test-isolation=none',
    '--test-force-exit',
    `--test-timeout=${isSlow ? SLOW_TIMEOUT_MS : TIMEOUT_MS}`,
    '--test-reporter=./tools/failures-reporter.ts',
    '--test-reporter-destination=stdout',
    '--test-reporter=./tools/tally-reporter.ts',
    `--test-reporter-destination=${tallyFile}`,
    RUNNER,
  ])
  const tally = readTally(tallyFile)
  if (code !== 0 && tally.failed === 0) {
    console.log(`FAILED: the process of group "${name}" ended with ${code} outside any test`)
    tally.failed = 1
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    `group "${name}": ${files.length} files, ${tally.passed} passed, ${tally.failed} failed in ${seconds} s`,
  )
  return tally
}

function node(more: NodeJS.ProcessEnv, nodeArgs: string[]): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const slow = isSlow ? { MICROVISOR_SLOW_TESTS: '1' } : {}
    const env = { ...process.env, ...CACHE, ...slow, ...more }
    const child = spawn(process.execPath, nodeArgs, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env,
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no exit code'))
  })
}

function readTally(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: [] }
  }
}
