/** The command as a whole, as far as it needs no server: words, help, exit codes, the reference page. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { commands as registered } from './commands.ts'
import { loadConfig } from './main.ts'
import { cliReference } from './reference.ts'
import { type CommandLine, type CommandOutcome, runCommandLines } from './testing/command-lines.ts'

const BIN = fileURLToPath(new URL('../bin/microvisor.js', import.meta.url))
const { commands } = await loadConfig()

test('every file of commands/ is a command, under the words of its path', () => {
  const folder = fileURLToPath(new URL('commands', import.meta.url))
  const ids = globSync('**/*.ts', { cwd: folder }).map((file) =>
    file.replace(/\.ts$/, '').replaceAll('/', ':'),
  )
  assert.deepEqual(Object.keys(registered).sort(), ids.sort())
})

test('every command has a summary, examples and --json', () => {
  for (const { id, summary, examples, flags } of commands) {
    assert.ok(summary && !summary.endsWith('.'), id)
    assert.ok(examples?.length, id)
    assert.equal(flags.json?.type, 'boolean', id)
    for (const flag of Object.values(flags)) assert.ok(flag.description, `${id} --${flag.name}`)
  }
})

test('every first word of several commands says what they are about', () => {
  const { oclif } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const topics = commands.filter(({ id }) => id.includes(':')).map(({ id }) => id.split(':')[0])
  assert.deepEqual(Object.keys(oclif.topics), [...new Set(topics)].sort())
})

test('the reference page has every command, and every flag of it', async () => {
  const page = await cliReference()
  for (const { id, flags } of commands) {
    assert.ok(page.includes(`\n## ${id.replaceAll(':', ' ')}\n`), id)
    for (const name of Object.keys(flags)) assert.ok(page.includes(name), `${id} --${name}`)
  }
  assert.equal(await cliReference(), page)
})

const wrongUsage = [
  { words: 'apps lsit', says: /did you mean `microvisor apps list`/ },
  { words: 'apps:lsit', says: /did you mean `microvisor apps list`/ },
  { words: 'devices list --frobnicate', says: /Nonexistent flag: --frobnicate/ },
  { words: 'apps show', says: /Missing 1 required arg/ },
  { words: 'apps show a b', says: /Unexpected argument: b/ },
  { words: 'devices list --url nowhere', says: /is not the address of a server/ },
  { words: 'deploy . --timeout soon', says: /integer/ },
  { words: 'deploy . --log --no-wait', says: /do not go together/ },
  { words: 'deploy . --debug', says: /--debug needs the private debug key/ },
  { words: 'deploy . --debug --genkeys --no-wait', says: /--debug and --no-wait do not/ },
  { words: 'deploy . --debug --genkeys --log', says: /--log/ },
]

test('wrong usage is exit code 2, an error and a fix, no stack', async () => {
  const outcomes = await microvisor(...wrongUsage.map(({ words }) => words))
  for (const [index, { words, says }] of wrongUsage.entries()) {
    const { code, stdout, stderr } = outcomes[index]!
    assert.equal(code, 2, `${words}: ${stderr}`)
    assert.match(stderr, /^error WRONG_USAGE: /, words)
    assert.match(stderr, says, words)
    assert.match(stderr, /\n {2}fix: /, words)
    assert.doesNotMatch(stderr, /\n\s+at /, words)
    assert.equal(stdout, '', words)
  }
})

test('the exit code of the process is that of the command', () => {
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'apps', 'lsit'], {
    encoding: 'utf8',
  })
  assert.equal(status, 2)
  assert.match(stderr, /^error WRONG_USAGE: /)
})

test('an error is an object on standard output with --json', async () => {
  const [outcome] = await microvisor('devices list --json --url http://127.0.0.1:1/')
  assert.equal(outcome!.code, 2)
  assert.equal(outcome!.stderr, '')
  const { error } = JSON.parse(outcome!.stdout)
  assert.equal(error.code, 'WRONG_USAGE')
  assert.match(error.fix, /MICROVISOR_ACCOUNT_SID/)
})

test('a server that is not there and a build tool that is missing are failures: exit code 1', async () => {
  const blink = fileURLToPath(new URL('../../../samples/blink', import.meta.url))
  const variables = { PATH: '/nonexistent' }
  const [unreachable, missing] = await runCommandLines([
    line('devices list --url http://127.0.0.1:1 --account-sid AC1 --auth-token x'),
    { words: ['deploy', blink, '--build'], variables },
  ])
  assert.equal(unreachable!.code, 1)
  assert.match(
    unreachable!.stderr,
    /^error SERVER_UNREACHABLE: .*127\.0\.0\.1:1.*\n {2}fix: .*microvisor up/,
  )
  assert.equal(missing!.code, 1)
  assert.match(
    missing!.stderr,
    /error PROGRAM_MISSING: .*cmake.*\n {2}fix: .*apt-get install cmake/,
  )
})

test('help is a success, for all, for a topic and for a command', async () => {
  const cases = [
    ['--help', /devices/],
    ['apps', /apps bundle/],
    ['apps --help', /apps bundle/],
    ['help apps list', /List the uploaded applications/],
    ['apps:list --help', /EXAMPLES/],
  ] as const
  const outcomes = await microvisor(...cases.map(([words]) => words))
  for (const [index, [words, says]] of cases.entries()) {
    const { code, stdout } = outcomes[index]!
    assert.equal(code, 0, words)
    assert.match(stdout, says, words)
  }
})

function microvisor(...lines: string[]): Promise<CommandOutcome[]> {
  return runCommandLines(lines.map(line))
}

function line(words: string): CommandLine {
  return { words: words.split(' ') }
}
