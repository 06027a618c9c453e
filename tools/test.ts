/**
 * `npm test`: all tests, in batches of files that run side by side (test-groups.ts, test-batch.ts).
 * Prints what failed, what was skipped and why, and closes with `N passed, N failed`.
 *
 * Arguments are patterns: only files whose path contains one of them run. `--slow` makes every
 * sweep complete instead of sampled (MICROVISOR_SLOW_TESTS=1). `--scaled` runs the cloud's tests
 * alone, all of them, on PostgreSQL, NATS and an object store (MICROVISOR_TEST_STORES=scaled).
 */
import { globSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { missingStores } from '../packages/server/src/testing/stores.ts'
import type { Tally } from './tally-reporter.ts'
import { endBatches, type Limits, runBatch } from './test-batch.ts'
import { groups, scaled } from './test-groups.ts'
import { makeScratch } from './test-scratch.ts'

const args = process.argv.slice(2)
const patterns = args.filter((arg) => !arg.startsWith('--'))
const isSlow = args.includes('--slow') || process.env.MICROVISOR_SLOW_TESTS === '1'
const isScaledOnly = args.includes('--scaled')

const LIMITS: Limits = isSlow
  ? { testMs: 3_600_000, fileMs: 3 * 3_600_000 }
  : { testMs: 180_000, fileMs: 400_000 }

/** More than processors, because the tests of the command and of the cloud wait half of the time. */
const BATCHES_AT_ONCE = availableParallelism() + 1

interface Batch {
  readonly group: string
  readonly files: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

interface GroupResult extends Tally {
  files: number
  ms: number
}

/** Also while what a killed batch had started still writes. */
const REMOVAL = { recursive: true, force: true, maxRetries: 3 } as const

const scratch = makeScratch()
const results = new Map<string, GroupResult>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    endBatches()
    rmSync(scratch, REMOVAL)
    process.exit(130)
  })

const queue = [...scaledBatches(), ...(isScaledOnly ? [] : ordinaryBatches())]
await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, work))
rmSync(scratch, REMOVAL)
report()

async function work(): Promise<void> {
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    const started = performance.now()
    const env = { TMPDIR: scratch, ...batch.env, ...(isSlow ? { MICROVISOR_SLOW_TESTS: '1' } : {}) }
    const tallyFile = join(scratch, `${queue.length}.json`)
    const tally = await runBatch(batch.files, env, LIMITS, tallyFile)
    const sum = resultOf(batch.group)
    sum.files += batch.files.length
    sum.ms += performance.now() - started
    sum.passed += tally.passed
    sum.failed += tally.failed
    sum.skipped.push(...tally.skipped)
  }
}

function ordinaryBatches(): Batch[] {
  return Object.entries(groups).flatMap(([group, { globs, filesAtOnce }]) =>
    chunks(find(globs), filesAtOnce).map((files) => ({ group, files, env: {} })),
  )
}

function scaledBatches(): Batch[] {
  const globs = isSlow || isScaledOnly ? scaled.all : scaled.sample
  const files = find(globs).filter((file) => !scaled.except.some((part) => file.includes(part)))
  const missing = files.length > 0 && missingStores()
  if (missing) {
    resultOf(scaled.name).skipped.push(`${scaled.name}: ${missing}`)
    return []
  }
  const env = { MICROVISOR_TEST_STORES: 'scaled' }
  return chunks(files, scaled.filesAtOnce).map((some) => ({
    group: scaled.name,
    files: some,
    env,
  }))
}

function find(globs: readonly string[]): string[] {
  return globs
    .flatMap((pattern) => globSync(pattern))
    .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
    .sort()
}

/** As even as possible, none longer than `length`. */
function chunks(files: readonly string[], length: number): string[][] {
  const count = Math.ceil(files.length / length)
  return Array.from({ length: count }, (_, at) => files.filter((_, i) => i % count === at))
}

function resultOf(group: string): GroupResult {
  const known = results.get(group)
  if (known) return known
  const fresh = { passed: 0, failed: 0, skipped: [], files: 0, ms: 0 }
  results.set(group, fresh)
  return fresh
}

function report(): void {
  const all = [...results]
  for (const [name, { files, passed, failed, ms }] of all)
    console.log(
      `group "${name}": ${files} files, ${passed} passed, ${failed} failed, ${(ms / 1000).toFixed(1)} s of processes`,
    )
  const skipped = all.flatMap(([, tally]) => tally.skipped)
  for (const one of skipped) console.log(`skipped: ${one}`)
  const sum = (what: 'passed' | 'failed') =>
    all.reduce((total, [, tally]) => total + tally[what], 0)
  const skippedPart = skipped.length ? `, ${skipped.length} skipped` : ''
  console.log(`${sum('passed')} passed, ${sum('failed')} failed${skippedPart}`)
  process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
}
