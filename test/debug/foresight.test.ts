/**
 * Steps that are foreseen change the number of messages and nothing else: the same commands of the real
 * GDB, once with and once without foresight, on two devices whose time stands still while they are
 * halted, leave the same state behind, to the last register and cycle, after each command.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { seededRandom } from '../../packages/mcu/src/index.ts'
import { missing } from '../../tools/programs.ts'
import { sampled, seed } from '../../tools/sampling.ts'
import { BareBench } from './bare-bench.ts'
import { DEBUGGEE, debuggeeElf } from './debuggee.ts'
import { GDB } from './gdb.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)
const SRAM = { base: 0x2000_0000, bytes: 0x8_0000 }
const REGISTERS = Array.from({ length: 25 }, (_, number) => number)

/** What came of it, all that the application could know, and the round trips. */
async function outcomeOf({ gdb, target, device }: BareBench, command: string) {
  const before = target.requests
  const isRun = !/^(?:t?break|delete)/.test(command)
  const stop = isRun ? await gdb.run(command) : await gdb.ask(command)
  const trips = target.requests - before
  const { cpu } = device.chip
  const memory = cpu.bytes.subarray(SRAM.base, SRAM.base + SRAM.bytes)
  const hash = createHash('sha256').update(memory).digest('hex')
  const registers = REGISTERS.map((number) => device.register(number).toString(16))
  const where = typeof stop === 'string' ? '' : `${stop.reason} ${stop.function}:${stop.line}`
  return { state: `${where} cycle ${cpu.cycles} ${registers.join()} ${hash}`, trips }
}

function sourceLineOf(text: string): number {
  return readFileSync(join(DEBUGGEE, 'main.c'), 'utf8').split('\n').indexOf(text) + 1
}

const STEPS = ['step', 'next', 'stepi', 'nexti', 'finish', 'continue'] as const
const PLACES = ['work', 'measure', 'add', 'descend', 'choose', 'in_ram', 'SysTick_Handler']

describe('foresight', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-foresight-'))
  let benches: BareBench[] = []

  before(async () => {
    const elf = debuggeeElf()
    benches = [true, false].map((foresees) => new BareBench(elf, folder, { foresees }))
    await Promise.all(benches.map((bench) => bench.begin()))
  })
  after(async () => {
    await Promise.all(benches.map((bench) => bench.end()))
    rmSync(folder, { recursive: true })
  })

  const both = (command: string) => Promise.all(benches.map((bench) => outcomeOf(bench, command)))

  test('step, next, finish and continue take one round trip, over calls, too', async () => {
    const line = sourceLineOf('    measure(&latest);')
    for (const command of [`tbreak ${line}`, 'continue']) await both(command)
    // Over a call; to a breakpoint whose condition was false seven times; out of a function; past the
    // breakpoint; into a function; out of it; over a call; to the end of a function.
    const commands = [
      ...['next', 'break descend if depth == 0', 'continue', 'finish', 'continue', 'delete'],
      ...[`tbreak ${line}`, 'continue', 'step', 'finish', 'next', 'next'],
    ]
    const trips: string[] = []
    for (const command of commands) {
      const [with_, without] = await both(command)
      trips.push(`${command} ${with_!.trips}`)
      assert.equal(with_!.state, without!.state, command)
    }
    const tooMany = trips.filter((text) => Number(text.at(-1)) > 1)
    assert.deepEqual(tooMany, [], trips.join('; '))
    await both('delete')
  })

  test(`random commands leave the same state with and without foresight; seed ${seed}`, async () => {
    const random = seededRandom(seed)
    const pick = (from: readonly string[]) => from[random() % from.length]!
    const done: string[] = []
    const trips = [0, 0]
    let isInMain = false
    for (let count = 0; count < sampled(25, 1500); count++) {
      if (count % 8 === 0) {
        await both('delete')
        for (const place of ['work', pick(PLACES)]) await both(`break ${place}`)
      }
      const command = isInMain ? 'step' : pick(STEPS)
      const [with_, without] = await both(command)
      isInMain = / main:/.test(with_!.state)
      done.push(command)
      assert.equal(with_!.state, without!.state, done.slice(-10).join(', '))
      trips[0]! += with_!.trips
      trips[1]! += without!.trips
    }
    assert.ok(trips[0]! < trips[1]!, `${trips}`)
  })
})
