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
import { loadElfContent } from '../../packages/cli/src/debug/elf-content.ts'
import { GdbServer } from '../../packages/cli/src/debug/gdb/gdb-server.ts'
import { Target } from '../../packages/cli/src/debug/target.ts'
import { seededRandom } from '../../packages/mcu/src/index.ts'
import { readElfImage } from '../../packages/protocol/src/index.ts'
import { missing } from '../../tools/programs.ts'
import { sampled, seed } from '../../tools/sampling.ts'
import { BareDevice } from './bare-device.ts'
import { DEBUGGEE, debuggeeElf } from './debuggee.ts'
import { GDB, Gdb } from './gdb.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)
const SRAM = { base: 0x2000_0000, bytes: 0x8_0000 }
const REGISTERS = Array.from({ length: 25 }, (_, number) => number)

/** A GDB with a device of its own. */
class Bench {
  readonly #device: BareDevice
  readonly #target: Target
  readonly #gdb: Gdb
  readonly #server: GdbServer

  constructor(elf: string, folder: string, foresees: boolean) {
    this.#device = new BareDevice(readElfImage(readFileSync(elf)))
    this.#target = new Target({
      foresees,
      connect: async () => this.#device.tunnel(),
      events: { output() {}, note() {}, ended() {} },
    })
    this.#gdb = new Gdb(elf, folder)
    this.#server = new GdbServer({
      ...{ host: 'localhost', port: 0, target: this.#target },
      connected: async () => {
        await this.#target.attach()
        await loadElfContent(elf, this.#target)
      },
      disconnected() {},
    })
  }

  async begin(): Promise<void> {
    // Past the start-up code, and always the same way.
    this.#device.advance(100_000)
    await this.#target.connect()
    await this.#gdb.connect(await this.#server.listen())
    this.#device.start()
  }

  /** What came of it, all that the application could know, and the round trips. */
  async do(command: string): Promise<{ state: string; trips: number }> {
    const before = this.#target.requests
    const isRun = !/^(?:t?break|delete)/.test(command)
    const stop = isRun ? await this.#gdb.run(command) : await this.#gdb.ask(command)
    const trips = this.#target.requests - before
    const { cpu } = this.#device.chip
    const memory = cpu.bytes.subarray(SRAM.base, SRAM.base + SRAM.bytes)
    const hash = createHash('sha256').update(memory).digest('hex')
    const registers = REGISTERS.map((number) => this.#device.register(number).toString(16))
    const where = typeof stop === 'string' ? '' : `${stop.reason} ${stop.function}:${stop.line}`
    return { state: `${where} cycle ${cpu.cycles} ${registers.join()} ${hash}`, trips }
  }

  async end(): Promise<void> {
    await this.#gdb.end()
    this.#server.close()
    this.#device.stop()
    this.#target.close()
  }
}

function sourceLineOf(text: string): number {
  return readFileSync(join(DEBUGGEE, 'main.c'), 'utf8').split('\n').indexOf(text) + 1
}

const STEPS = ['step', 'next', 'stepi', 'nexti', 'finish', 'continue'] as const
const PLACES = ['work', 'measure', 'add', 'descend', 'choose', 'in_ram', 'SysTick_Handler']

describe('foresight', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-foresight-'))
  let benches: Bench[] = []

  before(async () => {
    const elf = debuggeeElf()
    benches = [true, false].map((foresees) => new Bench(elf, folder, foresees))
    await Promise.all(benches.map((bench) => bench.begin()))
  })
  after(async () => {
    await Promise.all(benches.map((bench) => bench.end()))
    rmSync(folder, { recursive: true })
  })

  const both = (command: string) => Promise.all(benches.map((bench) => bench.do(command)))

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
