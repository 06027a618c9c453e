/** A core file of a crash, opened by the real GDB: registers and stack as they were. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { makeCore } from '../../packages/cli/src/debug/core-file.ts'
import { coreContents } from '../../packages/cli/src/kept-crashes.ts'
import { readElfImage, readElfSymbols, toHex } from '../../packages/protocol/src/index.ts'
import { missing } from '../../tools/programs.ts'
import { BareDevice } from './bare-device.ts'
import { debuggeeElf } from './debuggee.ts'
import { GDB } from './gdb.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)
const NAMES = 'r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr pc xpsr'.split(' ')
const SP = 13

describe('core files', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-core-'))
  let elf = ''

  before(() => {
    elf = debuggeeElf()
  })
  after(() => rmSync(folder, { recursive: true }))

  /** What GDB says to these commands. */
  function gdb(core: string, ...commands: string[]): string {
    const all = ['set width 0', ...commands].flatMap((command) => ['-ex', command])
    return execFileSync(GDB, ['--nx', '--batch', elf, core, ...all], {
      ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    })
  }

  test('a crash in the eighth of eight frames is shown with all of them, locals and registers', () => {
    const file = readFileSync(elf)
    const device = new BareDevice(readElfImage(file))
    const descend = readElfSymbols(file).find(({ name }) => name === 'descend')!.address & ~1
    device.chip.cpu.setBreakpoints([descend])
    device.advance(100_000, () => device.register(0) === 0 && device.register(15) === descend)
    const registers = NAMES.map((_, number) => device.register(number))
    const stack = device.chip.cpu.bytes.subarray(registers[SP]!, registers[SP]! + 512)
    const crash = {
      exception: 'UsageFault',
      registers: Object.fromEntries(NAMES.map((name, at) => [name, registers[at]!])),
      stack: toHex(stack),
    }
    const kept = { device_sid: '', id: '7', date_received: '', text: '', crash }
    const core = join(folder, 'crash.core')
    writeFileSync(core, makeCore(coreContents(kept)))
    const text = gdb(core, 'backtrace', 'info registers sp pc xpsr', 'up 3', 'print depth')
    assert.match(text, /Program terminated with signal SIGILL/)
    assert.match(
      text,
      /#0 [\s\S]*descend \(\S*=0\)[\s\S]*#7 [\s\S]*descend \(\S*=7\)[\s\S]* work [\s\S]* main /,
    )
    assert.match(text, new RegExp(`sp +0x${registers[SP]!.toString(16)}`))
    assert.match(text, /\$1 = 3/)
  })

  test('a report that is sealed is not made into a core without its key', () => {
    const crash = { exception: 'HardFault', registers: {}, sealed: '00' }
    const kept = { device_sid: '', id: '7', date_received: '', text: '', crash }
    assert.throws(() => coreContents(kept), /CRASH_SEALED|sealed for a key/)
  })
})
