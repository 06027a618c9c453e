/**
 * Some test files in one process, because starting a process for each costs more than most tests do;
 * see test-files.ts. Whatever the files do, it ends: a test's own timeout cannot end a loop that never
 * gives way, so a file that takes too long is ended with its process and all that this started.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tally } from './tally-reporter.ts'

export interface Limits {
  /** For one test. What a failed test left running does not keep its process alive. */
  readonly testMs: number
  /** For one file; above what several tests need that fail at their limit. */
  readonly fileMs: number
}

/** Types are stripped and code is compiled once, not by each process that tests start. */
const CACHE = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../node_modules/.cache/compile') }

const RUNNER = join(import.meta.dirname, 'test-files.ts')

const running = new Set<ChildProcess>()

/** Runs `files` with `env` beside the environment; `tallyFile` is written and read. Never rejects. */
export async function runBatch(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
  limits: Limits,
  tallyFile: string,
): Promise<Tally> {
  const outcome = await run(
    [
      '--test',
      '--test-isolation=none',
      '--test-force-exit',
      `--test-timeout=${limits.testMs}`,
      '--test-reporter=./tools/failures-reporter.ts',
      '--test-reporter-destination=stdout',
      '--test-reporter=./tools/tally-reporter.ts',
      `--test-reporter-destination=${tallyFile}`,
      RUNNER,
    ],
    { ...process.env, ...CACHE, ...env, MICROVISOR_TEST_FILES: files.join('\n') },
    limits.fileMs,
  )
  const tally = readTally(tallyFile)
  if (outcome.code === 0 || (tally.failed > 0 && outcome.stuckIn === undefined)) return tally
  const why = outcome.stuckIn
    ? `${outcome.stuckIn} did not end in ${limits.fileMs / 1000} s`
    : `the process ended with ${outcome.code} outside any test`
  console.log(`FAILED: ${why}. What else was in its process is not counted: ${files.join(', ')}`)
  return { ...tally, failed: tally.failed + 1 }
}

/** Ends everything that runs, at once. */
export function endBatches(): void {
  for (const child of running) endGroup(child)
}

interface Outcome {
  readonly code: number | string
  readonly stuckIn: string | undefined
}

function run(args: string[], env: NodeJS.ProcessEnv, fileMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    // A process group of its own: what tests have started ends with it.
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env,
    })
    running.add(child)
    let file = 'the start'
    let stuckIn: string | undefined
    const end = () => {
      stuckIn = file
      endGroup(child)
    }
    let timer = setTimeout(end, fileMs)
    child.on('message', (name) => {
      file = String(name)
      clearTimeout(timer)
      timer = setTimeout(end, fileMs)
    })
    const done = (code: number | string) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code, stuckIn })
    }
    child.on('error', (error) => done(error.message))
    child.on('exit', (code, signal) => done(code ?? signal ?? 'no exit code'))
  })
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function readTally(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 0, skipped: [] }
  }
}
