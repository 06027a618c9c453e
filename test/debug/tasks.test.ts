/**
 * `info threads` for FreeRTOS, with the real GDB: which tasks there are, in which state, and the
 * registers of those that are switched out, which are right if the task goes on with exactly these.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { BareBench } from './bare-bench.ts'
import { GDB, type Gdb } from './gdb.ts'

const skip = missing('arm-none-eabi-gcc', GDB)
const SOURCE = join(import.meta.dirname, 'tasks/main.c')
const REGISTERS = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12']
const ALL = [...REGISTERS, 'sp', 'lr', 'psp', 'psplim']

describe('tasks of FreeRTOS', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-tasks-'))
  const bench = new BareBench(build(folder), folder, { foresees: true, fromStart: true })
  const { gdb, target } = bench

  before(() => bench.begin())
  after(async () => {
    await bench.end()
    rmSync(folder, { recursive: true })
  })

  test('before the scheduler runs there is one thread', async () => {
    assert.match(await gdb.ask('info threads'), /^\* 1 +Thread 1 \(application\) +reset /m)
  })

  test('a task on each list has its name, priority and state', async () => {
    const threads = await threadsAt(gdb, 'whole')
    assert.deepEqual(rowsOf(threads), ROWS)
    assert.match(threads, /^\* \d+ +Thread \d+ \(whole: running/m)
    assert.doesNotMatch(threads, /not available/)
    const traces = await gdb.ask('thread apply all backtrace')
    for (const name of ['asleep', 'parked', 'waiting'])
      assert.match(
        traces,
        new RegExp(`\\(${name}: .*\\n#0 .*switch_tasks[\\s\\S]*?wait_in[\\s\\S]*? ${name} `),
      )
  })

  test('registers of a task that is switched out are those with which it goes on', async () => {
    for (const [name, other] of [
      ['floating', 'whole'],
      ['whole', 'floating'],
    ] as const) {
      // Not at a breakpoint of its own, but wherever the tick found it.
      await gdb.ask(`tbreak ${lineOf(other)}`)
      await gdb.run('continue')
      await select(gdb, name)
      if (name === 'floating') {
        assert.equal(await gdb.ask('printf "%g %g %g", $s3, $s17, $s31'), '3 17 31')
      }
      const seen = await registers(gdb)
      const pc = await gdb.value('$pc')
      assert.match(await gdb.fails('set $r4 = 0x12345678'), /switched out/)
      await select(gdb, other)
      await gdb.ask(`tbreak *${pc}`)
      await gdb.run('continue')
      assert.equal(await gdb.value('$pc'), pc)
      assert.equal(await registers(gdb), seen, name)
    }
  })

  test('a task that is switched out cannot be stepped; the one that runs steps on in itself', async () => {
    await gdb.ask(`tbreak ${lineOf('whole')}`)
    await gdb.run('continue')
    const before = await gdb.ask('thread')
    for (let count = 0; count < 10; count++) await gdb.run('step')
    assert.equal(await gdb.ask('thread'), before)
    await select(gdb, 'floating')
    assert.match((await gdb.run('stepi')).text, /Only the task that the processor runs/)
  })

  test('all the tasks cost no round trip beyond that of the stop', async () => {
    await gdb.ask(`break ${lineOf('whole')}`)
    await gdb.run('continue')
    await gdb.run('continue')
    const before = target.requests
    await gdb.run('continue')
    await gdb.ask('info threads')
    const cost = target.requests - before
    // The stacks of the others are read, each with its code.
    assert.ok(cost <= 6, `${cost}`)
    const again = target.requests
    await gdb.run('continue')
    assert.equal(target.requests - again, 1)
  })
})

describe('tasks of FreeRTOS, laid out otherwise', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-tasks-'))
  const elf = build(folder, '-DLAID_OUT_OTHERWISE')
  const bench = new BareBench(elf, folder, { foresees: true, fromStart: true })

  before(() => bench.begin())
  after(async () => {
    await bench.end()
    rmSync(folder, { recursive: true })
  })

  test('integrity checks, whole items as ends and settings of the MPU are noticed', async () => {
    const threads = await threadsAt(bench.gdb, 'whole')
    assert.deepEqual(rowsOf(threads), ROWS)
    assert.match(await bench.gdb.ask('thread apply all backtrace'), /wait_in[\s\S]* parked /)
  })
})

const ROWS = [
  ...['IDLE: ready, priority 0', 'asleep: blocked, priority 2', 'floating: ready, priority 1'],
  ...['parked: suspended, priority 2', 'waiting: blocked, priority 2'],
  'whole: running, priority 1',
]

/** What `info threads` says once this function begins. */
async function threadsAt(gdb: Gdb, name: string): Promise<string> {
  await gdb.ask(`tbreak ${name}`)
  await gdb.run('continue')
  return gdb.ask('info threads')
}

function rowsOf(threads: string): string[] {
  const rows = [...threads.matchAll(/Thread \d+ \((\S+: \S+, priority \d)\)/g)]
  return rows.map(([, row]) => row!).sort()
}

/** Of what the task does again and again. */
function lineOf(task: 'floating' | 'whole'): number {
  const text = { floating: 'turns[number]++;', whole: 'turns[number] += by;' }[task]
  const lines = readFileSync(SOURCE, 'utf8').split('\n')
  return lines.findIndex((line) => line.includes(text)) + 1
}

async function select(gdb: Gdb, name: string): Promise<void> {
  const threads = await gdb.ask('info threads')
  const [, number] = new RegExp(`^[* ] (\\d+) +Thread \\d+ \\(${name}:`, 'm').exec(threads) ?? []
  assert.ok(number, threads)
  await gdb.ask(`thread ${number}`)
}

function registers(gdb: Gdb): Promise<string> {
  return gdb.ask(`printf "${ALL.map((name) => `${name} %x`).join(' ')}", $${ALL.join(', $')}`)
}

function build(folder: string, ...flags: readonly string[]): string {
  const elf = join(folder, 'tasks.elf')
  execFileSync('arm-none-eabi-gcc', [
    ...['-mcpu=cortex-m33', '-mthumb', '-mfpu=fpv5-sp-d16', '-mfloat-abi=hard', '-Og', '-g3'],
    ...['-Wall', '-Wextra', '-Werror', '-ffreestanding', '-nostdlib', '-Wl,--build-id=none'],
    ...['-T', join(import.meta.dirname, '../../bench/debuggee/link.ld'), SOURCE, '-o', elf],
    ...flags,
  ])
  return elf
}
