/**
 * `npm test`: all tests, in groups that run side by side, one process a group. Prints what failed,
 * what was skipped and why, and closes with `N passed, N failed`.
 *
 * One process for many files, because starting a process for each costs more than most tests do.
 * Arguments are patterns: only files whose path contains one of them run. `--slow` makes every
 * sweep complete instead of sampled (MICROVISOR_SLOW_TESTS=1).
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tally } from './tally-reporter.ts'
import { groups } from './test-groups.ts'

const args = process.argv.slice(2)
const patterns = args.filter((arg) => !arg.startsWith('--'))
const isSlow = args.includes('--slow')

/** For one test. What a failed test left running does not keep its process alive. */
const TIMEOUT_MS = 180_000
const SLOW_TIMEOUT_MS = 3_600_000

const scratch = mkdtempSync(join(tmpdir(), 'microvisor-test-'))
const tallies = await Promise.all(
  Object.entries(groups).map(([name, globs]) => runGroup(name, globs)),
)
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

async function runGroup(name: string, globs: readonly string[]): Promise<Tally> {
  const files = globs
    .flatMap((pattern) => globSync(pattern))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
  if (files.length === 0) return { passed: 0, failed: 0, skipped: [] }
  const started = performance.now()
  const tallyFile = join(scratch, `${name}.json`)
  const code = await node([
    '--test',
    '--test-isolation=none',
    '--test-force-exit',
    `--test-timeout=${isSlow ? SLOW_TIMEOUT_MS : TIMEOUT_MS}`,
    '--test-reporter=./tools/failures-reporter.ts',
    '--test-reporter-destination=stdout',
    '--test-reporter=./tools/tally-reporter.ts',
    `--test-reporter-destination=${tallyFile}`,
    ...files,
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

function node(nodeArgs: string[]): Promise<number | string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...(isSlow ? { MICROVISOR_SLOW_TESTS: '1' } : {}) }
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
