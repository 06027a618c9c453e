/**
 * One session, for an hour in `npm run test:slow`: the application runs with a condition that the device
 * evaluates, is interrupted again and again, looked at, called into and stepped. At its end the connection
 * is still the first one, and the command holds hardly more memory than after its first minutes.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { missing } from '../../tools/programs.ts'
import { isComplete, sampled } from '../../tools/sampling.ts'
import { DebugWorld } from './debug-world.ts'
import { debuggeeElf } from './debuggee.ts'
import { GDB, type Gdb } from './gdb.ts'

const SESSION_MS = sampled(4_000, 3_600_000)
/** How long the application runs before it is interrupted, and is left halted afterwards, by turns. */
const PAUSES_MS = isComplete ? [50, 1_000, 5_000, 20_000, 60_000] : [50, 400]
/** Besides the session itself; the limit of other tests is an hour. */
const REST_MS = 180_000
/** V8 gives memory back when it likes. */
const GROWTH_MAX_MIB = 64

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('a long session', { skip }, () => {
  const debug = new DebugWorld()
  before(() => debug.begin(debuggeeElf()))
  after(() => debug.end())

  const timeout = SESSION_MS + REST_MS
  test('goes on without a fault, in the memory of its beginning', { timeout }, async (t) => {
    const { command, port } = await debug.debug()
    const gdb = await debug.gdb(port)
    await gdb.ask('break descend if depth == 99')
    const memory: number[] = []
    const end = performance.now() + SESSION_MS
    for (let visit = 1; performance.now() < end; visit++) {
      const pauseMs = PAUSES_MS[visit % PAUSES_MS.length]!
      await interrupt(gdb, pauseMs)
      await look(gdb, visit)
      await sleep(pauseMs / 2)
      memory.push(residentMiB(command.pid))
    }
    const first = Math.max(...memory.slice(0, Math.ceil(memory.length / 4)))
    t.diagnostic(`${memory.length} visits; MiB of the command: ${first}, at last ${memory.at(-1)}`)
    assert.ok(memory.at(-1)! < first + GROWTH_MAX_MIB, memory.join(' '))
    await gdb.end()
    assert.equal((await command.interrupt()).code, 0)
    assert.doesNotMatch(command.output, /Trying again|error/)
  })
})

/** Lets the application run for so long, and stops it wherever it is then. */
async function interrupt(gdb: Gdb, pauseMs: number): Promise<void> {
  const turns = await gdb.value('turns')
  const from = gdb.begin('continue')
  await sleep(pauseMs)
  gdb.interrupt()
  assert.equal((await gdb.stopped(from)).reason, 'SIGINT')
  if (pauseMs >= 1_000) assert.ok((await gdb.value('turns')) > turns, 'the application ran')
}

/** What somebody does who looks for a bug. */
async function look(gdb: Gdb, visit: number): Promise<void> {
  await gdb.ask('backtrace')
  await gdb.ask('tbreak add')
  assert.equal((await gdb.run('continue')).function, 'add')
  assert.match(await gdb.ask('backtrace'), /#1 .* measure .*#2 .* work .*#3 .* main /s)
  assert.equal((await gdb.run('next')).function, 'add')
  assert.equal((await gdb.run('finish')).function, 'measure')
  await gdb.ask('watch turns')
  assert.equal((await gdb.run('continue')).reason, 'watchpoint-trigger')
  await gdb.ask('delete $bpnum')
  assert.equal(await gdb.value(`add(${visit}, 5)`), visit + 5)
  await gdb.ask(`set var latest.count = ${visit}`)
  assert.equal(await gdb.value('latest.count'), visit)
  await gdb.run('stepi')
}

function residentMiB(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Math.round(Number(kib) / 1024)
}
