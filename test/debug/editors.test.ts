/**
 * Visual Studio Code, as far as it is one here: each entry that `--vscode` writes is used as its
 * extension uses it. For CDT GDB that is the extension's own debug adapter, asked what the editor asks.
 * For Cortex-Debug and Native Debug it is GDB, started and commanded as their adapters do it (sources of
 * 1.13 and 0.27), in their order.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeLaunchFile } from '../../packages/cli/src/debug/launch-file.ts'
import { missing, missingFile } from '../../tools/programs.ts'
import { type Body, DebugAdapter } from './dap.ts'
import { DebugWorld } from './debug-world.ts'
import { DEBUGGEE, debuggeeElf } from './debuggee.ts'
import { GDB, Gdb } from './gdb.ts'
import { until } from './waiting.ts'

const CDT = join(
  import.meta.dirname,
  'adapter/node_modules/cdt-gdb-adapter/dist/debugTargetAdapter.js',
)
const SOURCE = readFileSync(join(DEBUGGEE, 'main.c'), 'utf8')
const LINE = SOURCE.split('\n').findIndex((text) => text.includes('sample->count++')) + 1
const DEBUGGERRESTART = 3
/** After this long both extensions kill a GDB that has not gone; the shorter of the two. */
const GONE_MS = 500

/** An extension, in commands of GDB's machine interface. */
interface Dialect {
  readonly name: string
  readonly args: (entry: Body) => readonly string[]
  readonly attach: (entry: Body) => readonly string[]
  readonly breakpoint: (file: string) => string
  /** Looking at a stop. */
  readonly threads: string
  readonly frames: string
  readonly variables: string
  readonly registers: string
  readonly step: (kind: 'continue' | 'next' | 'step' | 'finish') => string
  /** Its button for it, the stop in main included; undefined if it has none. */
  readonly reset?: (entry: Body) => readonly string[]
  readonly end: readonly string[]
}

const inConsole = (command: string) =>
  `interpreter-exec console "${command.replaceAll('"', '\\"')}"`

const dialects: readonly Dialect[] = [
  {
    name: 'microvisor (Cortex-Debug)',
    args: ({ debuggerArgs }) => ['-q', '--interpreter=mi2', ...debuggerArgs],
    attach: ({ executable, gdbTarget }) => [
      ...['gdb-set mi-async on', 'gdb-version', inConsole('set print demangle on')],
      ...[inConsole('set print asm-demangle on'), 'enable-pretty-printing'],
      ...[inConsole('set output-radix 0xa'), inConsole('set input-radix 0xa')],
      `file-exec-and-symbols "${executable}"`,
      `target-select extended-remote ${gdbTarget}`,
      inConsole('monitor halt'),
    ],
    breakpoint: (file) => `break-insert "${file}:${LINE}"`,
    threads: 'thread-info 1',
    frames: 'stack-list-frames --thread 1 0 19',
    variables: 'stack-list-variables --thread 1 --frame 0 1',
    registers: 'data-list-register-values N',
    step: (kind) => `exec-${kind} --thread 1`,
    reset: ({ overrideResetCommands, runToEntryPoint }) => [
      ...overrideResetCommands.map(inConsole),
      `break-insert -t --function ${runToEntryPoint}`,
    ],
    end: ['break-delete', 'target-detach', 'target-disconnect', 'gdb-exit'],
  },
  {
    name: 'microvisor (Native Debug)',
    args: ({ debugger_args, executable }) => [
      ...['-q', '--interpreter=mi2', ...debugger_args, executable],
    ],
    attach: ({ cwd, target }) => [
      ...['gdb-set target-async on', 'list-features', `environment-directory "${cwd}"`],
      `target-select remote ${target}`,
    ],
    breakpoint: (file) => `break-insert -f "${file}:${LINE}"`,
    threads: 'thread-info',
    frames: 'stack-list-frames --thread 1 0 2',
    variables: 'stack-list-variables --thread 1 --frame 0 --simple-values',
    registers: 'data-list-register-values --skip-unavailable N',
    step: (kind) => `exec-${kind}`,
    end: ['gdb-exit'],
  },
]

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('editors', { skip }, () => {
  const debug = new DebugWorld()
  /** A folder as somebody may have it: with a space in its name. */
  const workspace = join(debug.folder, 'my firmware')
  const source = join(workspace, 'main.c')
  let session: Awaited<ReturnType<DebugWorld['session']>>
  let entries: readonly Body[]
  const gdbs: Gdb[] = []

  before(async () => {
    await debug.begin(debuggeeElf())
    mkdirSync(join(workspace, 'build'), { recursive: true })
    const elf = join(workspace, 'build/debuggee.elf')
    copyFileSync(debug.elf, elf)
    copyFileSync(join(DEBUGGEE, 'main.c'), source)
    session = await debug.session()
    const { port } = session
    const facts = { elf, host: 'localhost', port, gdb: GDB, svd: undefined }
    const text = readFileSync(await writeLaunchFile(workspace, facts), 'utf8')
    entries = JSON.parse(text.replaceAll(`\${workspaceFolder}`, workspace)).configurations
  })

  after(async () => {
    await Promise.all(gdbs.map((gdb) => gdb.end()))
    await session.close()
    await debug.end()
  })

  const entryOf = (name: string) => entries.find((entry) => entry.name === name)

  /** GDB is gone, and the application runs on. */
  async function left(from: number): Promise<void> {
    await session.says(/GDB has gone/, from)
    const gdb = await debug.gdb(session.port)
    const turns = await gdb.value('turns')
    await gdb.end()
    await until('GDB has gone', () => /GDB has gone/.test(session.notes.at(-1) ?? ''))
    const next = await debug.gdb(session.port)
    assert.ok((await next.value('turns')) > turns)
    await next.end()
  }

  /** GDB as the extension has it once it is attached. */
  async function attached({ name, args, attach }: Dialect): Promise<Gdb> {
    const entry = entryOf(name)
    assert.equal(entry.gdbPath ?? entry.gdbpath, GDB)
    const gdb = new Gdb('', workspace, undefined, args(entry))
    gdbs.push(gdb)
    for (const command of attach(entry)) await gdb.mi(command)
    return gdb
  }

  for (const dialect of dialects) {
    test(`${dialect.name}: what the extension sends GDB`, async () => {
      const from = session.notes.length
      const gdb = await attached(dialect)
      const run = (kind: 'continue' | 'next' | 'step' | 'finish') =>
        gdb.run(`-${dialect.step(kind)}`)

      const breakpoint = await gdb.mi(dialect.breakpoint(source))
      const number = /number="(\d+)"/.exec(breakpoint)![1]!
      assert.match(breakpoint, new RegExp(`func="measure".*fullname="${source}".*line="${LINE}"`))
      assert.equal((await run('continue')).reason, 'breakpoint-hit')
      assert.match(await gdb.mi(dialect.threads), /target-id="Thread 1",details="application"/)
      const frames = await gdb.mi(dialect.frames)
      assert.match(frames, /func="measure".*func="work".*func="main"/)
      assert.ok(frames.includes(`fullname="${source}"`), frames)
      assert.match(await gdb.mi(dialect.variables), /name="sample".*value="0x20/)
      assert.match(await gdb.mi(dialect.registers), /number="15",value="0x8/)
      assert.match(await gdb.mi('var-create sample @ "*sample"'), /numchild="3"/)
      assert.match(await gdb.mi('var-list-children --all-values sample'), /exp="temperature"/)
      assert.equal((await run('next')).function, 'measure')
      assert.equal((await run('step')).function, 'add')
      assert.equal((await run('finish')).function, 'measure')

      if (dialect.reset !== undefined) {
        for (const command of dialect.reset(entryOf(dialect.name))) await gdb.mi(command)
        assert.equal((await gdb.run('-exec-continue --all')).function, 'main')
        await run('continue')
        assert.equal(await gdb.value('wake_reason'), DEBUGGERRESTART)
      }
      await gdb.mi(`break-delete ${number}`)
      const place = gdb.begin(`-${dialect.step('continue')}`)
      await sleep(100)
      await gdb.mi('exec-interrupt')
      assert.equal((await gdb.stopped(place)).reason, 'SIGINT')
      for (const command of dialect.end) await gdb.mi(command)
      await gdb.gone(GONE_MS)
      await left(from)
    })
  }

  test('Native Debug ends GDB in the middle of a run, too, and the application runs on', async () => {
    const from = session.notes.length
    const gdb = await attached(dialects[1]!)
    await gdb.mi('exec-continue')
    await sleep(100)
    gdb.begin('-gdb-exit')
    await gdb.gone(GONE_MS)
    await left(from)
  })

  test('microvisor (CDT GDB): the extension’s debug adapter', {
    skip: missingFile(CDT),
  }, async () => {
    const notesFrom = session.notes.length
    const adapter = new DebugAdapter(process.execPath, [CDT], workspace)
    try {
      const thread = { threadId: 1 }
      const top = async () =>
        (await adapter.ask('stackTrace', { ...thread, levels: 20 })).stackFrames
      const stopAfter = async (command: string) => {
        const from = adapter.now
        await adapter.ask(command, thread)
        return adapter.event('stopped', from)
      }
      const breakpoints = (lines: readonly number[]) =>
        adapter.ask('setBreakpoints', {
          source: { path: source },
          breakpoints: lines.map((line) => ({ line })),
        })

      const { type, ...entry } = entryOf('microvisor (CDT GDB)')
      const client = { clientID: 'vscode', adapterID: type, pathFormat: 'path' }
      await adapter.ask('initialize', { ...client, linesStartAt1: true, columnsStartAt1: true })
      let from = adapter.now
      const attached = adapter.ask('attach', entry)
      await adapter.event('initialized', from)
      const set = await breakpoints([LINE])
      assert.deepEqual(set.breakpoints, [{ id: 1, line: LINE, verified: true }])
      from = adapter.now
      await adapter.ask('configurationDone')
      await attached
      assert.equal((await adapter.event('stopped', from)).reason, 'breakpoint')
      const hit = await adapter.event('breakpoint', from)
      assert.equal(hit.breakpoint.source.path, source)

      assert.equal((await adapter.ask('threads')).threads[0].name, '1 (application)')
      const frames = await top()
      assert.deepEqual(
        frames.map(({ name }: Body) => name),
        ['measure', 'work', 'main'],
      )
      assert.deepEqual([frames[0].source.path, frames[0].line], [source, LINE])
      const frame = { frameId: frames[0].id }
      const { scopes } = await adapter.ask('scopes', frame)
      const inScope = async (name: string) => {
        const { variablesReference } = scopes.find((scope: Body) => scope.name === name)
        return (await adapter.ask('variables', { variablesReference })).variables
      }
      const [sample] = await inScope('Local')
      assert.equal(sample.name, 'sample')
      const members = await adapter.ask('variables', sample)
      assert.deepEqual(
        members.variables.map(({ name }: Body) => name),
        ['temperature', 'count', 'unit'],
      )
      const registers = await inScope('Registers')
      assert.ok(registers.some(({ name }: Body) => name === 'msplim'))
      const memory = { memoryReference: '0x08000000', count: 8 }
      assert.equal((await adapter.ask('readMemory', memory)).data.length, 12)

      for (const [command, place] of [
        ...[['next', 'measure'] as const, ['stepIn', 'add'] as const],
        ['stepOut', 'measure'] as const,
      ]) {
        assert.equal((await stopAfter(command)).reason, 'step')
        assert.equal((await top())[0].name, place, command)
      }
      await adapter.ask('evaluate', { expression: '>monitor info', context: 'repl', ...frame })
      assert.match(adapter.output, /round trips +\d/)

      await breakpoints([])
      await adapter.ask('continue', thread)
      await sleep(100)
      assert.equal((await stopAfter('pause')).reason, 'SIGINT')
      await adapter.ask('cdt-gdb-adapter/customReset')
      assert.match(adapter.output, /Started anew/)
      assert.equal((await top())[0].name, 'Reset_Handler')
      await breakpoints([LINE])
      await stopAfter('continue')
      const reason = { expression: 'wake_reason', context: 'watch' }
      const [{ id: frameId }] = await top()
      assert.equal((await adapter.ask('evaluate', { ...reason, frameId })).result, '3')
      await adapter.ask('disconnect')
    } finally {
      await adapter.end()
    }
    await left(notesFrom)
  })
})
