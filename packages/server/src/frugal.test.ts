/** A process that was started plainly begins again as a server's has to be, and only then. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { frugal } from './frugal.ts'

const folder = mkdtempSync(join(tmpdir(), 'microvisor-frugal-'))
after(() => rmSync(folder, { recursive: true }))
const program = join(folder, 'program.ts')
writeFileSync(
  program,
  `import { beginFrugally } from ${JSON.stringify(import.meta.resolve('./frugal.ts'))}
  console.log('begun')
  beginFrugally()
  const { pid, execArgv, argv, env } = process
  console.log(JSON.stringify({ pid, execArgv, words: argv.slice(2), env }))`,
)

const FLAGS = [
  '--max-semi-space-size=4',
  '--initial-old-space-size=96',
  '--heap-growing-percent=40',
]

/** How often it began, and what it has in the end. */
function run(flags: readonly string[], variables: NodeJS.ProcessEnv) {
  const env = { PATH: process.env.PATH, ...variables }
  const words = [...flags, program, 'up', '--port', '0']
  const lines = execFileSync(process.execPath, words, { env, encoding: 'utf8' }).trim().split('\n')
  const { execArgv, ...last } = JSON.parse(lines.pop() ?? '')
  return { ...last, flags: execArgv, begun: lines.length }
}

test('a process begins again once, with its words, and knows what V8 and malloc were told', () => {
  const { begun, flags, words, env } = run([], { MINE: 'as it was' })
  assert.equal(begun, 2)
  assert.deepEqual(flags, FLAGS)
  assert.deepEqual(words, ['up', '--port', '0'])
  assert.equal(env.MINE, 'as it was')
  assert.equal(env.MALLOC_ARENA_MAX, '1')
})

test('what somebody has set stays', () => {
  const { begun, flags, env } = run(['--max-semi-space-size=16'], { MALLOC_ARENA_MAX: '4' })
  assert.equal(begun, 2)
  assert.deepEqual(flags, ['--max-semi-space-size=16', ...FLAGS.slice(1)])
  assert.equal(env.MALLOC_ARENA_MAX, '4')
  const inOptions = { NODE_OPTIONS: '--no-warnings --max-semi-space-size=16' }
  assert.deepEqual(frugal({ environment: inOptions, flags: [] }).flags, FLAGS.slice(1))
})

test('a process that was started so goes on', () => {
  const { environment, flags } = frugal({ environment: {}, flags: [] })
  assert.equal(run(flags, environment).begun, 1)
})
