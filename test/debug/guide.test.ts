/**
 * The transcripts of docs/guides/debugging.md, followed with the real programs: each command of GDB's says
 * what the page shows, but for addresses, folders and keys. In `npm run test:slow`: the sample takes
 * its ten seconds.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { generateKeyPair } from '../../packages/cli/src/debug/debug-keys.ts'
import { missing } from '../../tools/programs.ts'
import { buildProject } from '../../tools/samples.ts'
import { isComplete } from '../../tools/sampling.ts'
import { DebugWorld } from './debug-world.ts'
import { GDB } from './gdb.ts'
import { until } from './waiting.ts'

const root = join(import.meta.dirname, '../..')
const PROMPT = '(gdb) '

const page = readFileSync(join(root, 'docs/guides/debugging.md'), 'utf8')
/** What stands between fences below a heading, with what a shell shows taken out. */
function transcript(...headings: readonly string[]): readonly Exchange[] {
  const sections = page
    .split(/^## /m)
    .filter((text) => headings.some((name) => text.startsWith(name)))
  const blocks = sections.flatMap((text) => [...text.matchAll(/```\n(.*?)```/gs)])
  const lines = blocks.map(([, text]) => text).join('')
  const [, ...spoken] = lines.split(PROMPT)
  return spoken.map((text) => exchange(text))
}

interface Exchange {
  readonly command: string
  readonly answer: string
}

function exchange(text: string): Exchange {
  const [command = '', ...answer] = text.split('\n')
  return { command, answer: comparable(answer.join('\n')) }
}

/** Without what differs from run to run and from machine to machine. */
function comparable(text: string): string {
  return text
    .replace(/0x[\da-f_]+/gi, '0x…')
    .replace(/^(Source directories searched|Detaching from program): .*$/gm, '$1')
    .replace(/Delete all breakpoints\?.*\n/, '')
    .replace(/localhost:\d+/g, 'localhost')
    .replace(/restart in \d+ ms/, 'restart')
    .replace(/\d+ bytes of stack/, 'bytes of stack')
    .replace(
      /reason = MV_WAKEREASON_APPLICATIONCRASH|reason = MV_WAKEREASON_DEBUGGERRESTART/,
      'reason',
    )
    .replace(/sha256:[\da-f]+/g, 'sha256')
    .replace(/AC[\da-f]{32}/g, 'AC')
    .trim()
}

const session = transcript('First session', 'Breakpoints and conditions')
const afterwards = transcript('A crash afterwards')

/** GDB as in a terminal, these commands typed one after another. */
async function gdbSays(args: readonly string[], commands: readonly string[]): Promise<Exchange[]> {
  const gdb = spawn(GDB, ['--nx', '-q', ...args], { env: { ...process.env, TERM: 'dumb' } })
  const answers: string[] = []
  let text = ''
  const take = (data: Buffer) => {
    text += data
    if (!text.endsWith(PROMPT)) return
    answers.push(text.slice(0, -PROMPT.length))
    text = ''
    const command = commands[answers.length - 1]
    if (command === undefined) gdb.stdin.end()
    else gdb.stdin.write(`${command}\n`)
  }
  for (const stream of [gdb.stdout, gdb.stderr]) stream.on('data', take)
  const timer = setTimeout(() => gdb.kill(), 120_000)
  await new Promise((resolve) => gdb.once('close', resolve))
  clearTimeout(timer)
  const [, ...rest] = answers
  return commands.map((command, at) => ({ command, answer: comparable(rest[at] ?? 'no answer') }))
}

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

test('the page has transcripts to follow', () => {
  assert.ok(session.length > 10 && afterwards.length > 2)
  for (const { command } of [...session, ...afterwards]) assert.match(command, /^[a-z]/)
})

if (isComplete)
  describe('the guide to debugging', { skip }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'microvisor-guide-'))
    const debug = new DebugWorld()
    const elf = join(folder, 'crash.elf')

    before(async () => {
      buildProject(join(root, 'samples/crash'), folder)
      await debug.begin(elf)
    })
    after(async () => {
      await debug.end()
      rmSync(folder, { recursive: true, force: true })
    })

    /** As the page has it, with what is here in the place of what is there. */
    function here(command: string, port: number): string {
      return command
        .replace('directory samples', `directory ${join(root, 'samples')}`)
        .replace('localhost:8001', `localhost:${port}`)
    }

    async function follows(shown: readonly Exchange[], args: readonly string[], port = 0) {
      const commands = shown.map(({ command }) => here(command, port))
      const said = await gdbSays(args, commands)
      for (const [at, { command, answer }] of shown.entries()) {
        assert.equal(said[at]!.answer, answer, command)
      }
    }

    test('the first session goes as it stands there, to the crash', async () => {
      const { port, close } = await debug.session()
      await follows(session, [elf], port)
      await close()
    })

    test('the core file of the crash shows what it shows there', async () => {
      const { api, client } = debug.cloud
      const params = { Sid: 'patient' }
      await until('the report is kept', async () => {
        const { crashes } = await client.call(api.listDeviceCrashes, { params })
        return crashes.length > 0
      })
      const core = join(folder, 'last.core')
      const words = ['crashes', 'core', '--device', 'patient', '--out', core]
      const [outcome] = await debug.run(words)
      const shown = comparable(/^Wrote last\.core: .*$/m.exec(page)![0])
      const said = `${outcome!.stdout}${outcome!.stderr}`.replaceAll(core, 'last.core')
      assert.ok(comparable(said).includes(withoutPlace(shown)), said)
      await follows(afterwards, [elf, core])
    })

    test('who is refused reads what stands there', async () => {
      const other = join(folder, 'other.pem')
      await generateKeyPair({ privateKey: other, publicKey: `${other}.pub` }, false)
      const refused = async (code: string, key: string) => {
        const [, shown = ''] = new RegExp(`^(error ${code}: .*\\n  fix: .*)$`, 'm').exec(page) ?? []
        const said = (await debug.refusal(key)).replaceAll(other, 'other.pem')
        assert.equal(comparable(said), comparable(shown))
      }
      await refused('DEBUG_KEY_REFUSED', other)
      const { close } = await debug.session()
      await refused('DEBUG_HELD', debug.key)
      await close()
    })
  })

/** Where in the sources it was is known to a cloud that has the application's symbols. */
function withoutPlace(text: string): string {
  return text.split(' in main')[0]!
}
