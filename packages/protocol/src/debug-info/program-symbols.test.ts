/** Functions and lines of real programs, held against what binutils says of them; and broken files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { missing } from '../../../../tools/programs.ts'
import { sampled } from '../../../../tools/sampling.ts'
import { ImageError } from '../elf.ts'
import { fuzzing, mutationsOf } from '../testing/fixtures.ts'
import { backtrace, formatPlace } from './backtrace.ts'
import { DwarfError } from './dwarf-reader.ts'
import { ProgramSymbols } from './program-symbols.ts'

const skip = missing('arm-none-eabi-gcc', 'arm-none-eabi-addr2line')
const root = fileURLToPath(new URL('../../../../', import.meta.url))
const VERSIONS = [2, 3, 4, 5]

const folder = mkdtempSync(join(tmpdir(), 'microvisor-symbols-'))
after(() => rmSync(folder, { recursive: true }))
const built = new Map<number, string>()

/** A program with debug information of this version of DWARF. */
function elf(version: number): string {
  const known = built.get(version)
  if (known !== undefined) return known
  const file = join(folder, `dwarf-${version}.elf`)
  const sources = globSync('sdk/src/*.{c,S}', { cwd: root })
  execFileSync(
    'arm-none-eabi-gcc',
    [
      ...['-mcpu=cortex-m33', '-mthumb', '-mfloat-abi=soft', '-Os', `-gdwarf-${version}`],
      ...['-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections', '--specs=nano.specs'],
      ...['-nostartfiles', '-Tsdk/microvisor.ld', '-Isdk/include', '-o', file],
      ...['samples/crash/main.c', ...sources],
    ],
    { cwd: root, stdio: 'pipe' },
  )
  built.set(version, file)
  return file
}

function addressesOf({ functions }: ProgramSymbols): number[] {
  return functions.flatMap(({ address, bytes }) =>
    Array.from({ length: bytes / 2 }, (_, i) => address + 2 * i),
  )
}

/** `FILE:LINE` of each address; undefined where nothing is known. */
function addr2line(file: string, addresses: readonly number[]): (string | undefined)[] {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('')
  const options = { input, encoding: 'utf8', maxBuffer: 1 << 26 } as const
  return execFileSync('arm-none-eabi-addr2line', ['-e', file], options)
    .trim()
    .split('\n')
    .map((line) => (/[?]$|[?]:0$/.test(line) ? undefined : line.replace(/ \(.*/, '')))
}

test('every instruction has the line that binutils gives it, in each version of DWARF', {
  skip,
}, () => {
  for (const version of VERSIONS) {
    const made = ProgramSymbols.ofElf(readFileSync(elf(version)))
    const symbols = ProgramSymbols.ofData(JSON.parse(JSON.stringify(made.toData())))
    const addresses = addressesOf(symbols)
    assert.ok(addresses.length > 500)
    const expected = addr2line(elf(version), addresses)
    addresses.forEach((address, i) => {
      const { file, line } = symbols.locate(address)
      const theirs = expected[i]
      if (theirs === undefined) return
      const ours = `${file}:${line}`.replace(/^(\.\.\/)+/, '')
      assert.ok(theirs.endsWith(ours), `${address.toString(16)}: ${ours}, not ${theirs}`)
    })
  }
})

test('a crash has the calls that led to it, without what is left of calls that returned', {
  skip,
}, () => {
  const symbols = ProgramSymbols.ofElf(readFileSync(elf(5)))
  const find = (name: string) => symbols.functions.find((one) => one.name === name)!
  const calls = (name: string) => {
    const { address, bytes } = find(name)
    const all = Array.from({ length: bytes / 2 }, (_, i) => address + 2 * i)
    return all.filter((at) => symbols.isReturn(at))
  }
  const [first = 0, second = 0] = calls('main')
  const inLog = calls('mv_log')[0] ?? 0
  const pc = find('jump_to_nowhere').address
  const stack = new Uint8Array(Uint32Array.of(7, inLog | 1, first, 0x2000_0001, second | 1).buffer)
  const frames = backtrace({ pc, lr: first | 1, stack }, symbols)
  assert.deepEqual(
    frames.map((frame) => [frame.from, frame.function]),
    [
      ['pc', 'jump_to_nowhere'],
      ['lr', 'main'],
      ['stack', 'mv_log'],
      ['stack', 'main'],
    ],
  )
  assert.match(formatPlace(frames[0]!) ?? '', /^jump_to_nowhere \(samples\/crash\/main\.c:\d+\)$/)
  const stale = backtrace({ pc: find('main').address, lr: first | 1, stack }, symbols)
  assert.deepEqual(
    stale.map(({ from }) => from),
    ['pc', 'stack', 'stack'],
  )
  const lost = backtrace({ pc: 0xffff_fffe, lr: 0, stack: stack.subarray(0, 3) }, symbols)
  assert.deepEqual(lost, [
    { address: 0xffff_fffe, from: 'pc', function: null, offset: null, file: null, line: null },
  ])
})

test('a broken file is refused or read, quickly, and never anything else', { skip }, () => {
  for (const version of [3, 5]) {
    const whole = new Uint8Array(readFileSync(elf(version)))
    fc.assert(
      fc.property(mutationsOf(whole), (file) => {
        try {
          ProgramSymbols.ofElf(file)
        } catch (error) {
          assert.ok(error instanceof DwarfError || error instanceof ImageError, String(error))
        }
      }),
      { ...fuzzing, numRuns: sampled(60, 5000) },
    )
  }
})
