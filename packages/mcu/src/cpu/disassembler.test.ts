/** The disassembler against GNU objdump: all rows with random operands, and compiled programs. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { seededRandom } from '../seeded-random.ts'
import { decode } from './decoder.ts'
import { disassemble } from './disassembler.ts'
import { rows16, rows32 } from './table/rows.ts'
import { inFolder } from './testing/program.ts'

/** Where objdump names something of another profile or a later version, or misreads a word. */
const DELIBERATE: readonly { when: RegExp; why: string }[] = [
  { when: /^(sevl|pac|aut|csdb|esb|bti|pacbti|dfb|ssbb|pssbb)/, why: 'hints of other profiles' },
  { when: /^(dsb|dmb|isb) /, why: 'barrier options beyond Armv8-M' },
  { when: /^(ldrt|ldrbt|ldrht|ldrsbt|ldrsht) .*\[pc/, why: 'literal loads with U = 0' },
  { when: /^ldrsh\.w pc/, why: 'an unallocated hint' },
  { when: /^(pld|pldw|pli) \[r\d+\]$|^ldrd .*#-0/, why: 'an offset of minus zero' },
  { when: /^nop$/, why: 'MOV r8, r8' },
  { when: /^(msr|mrs)\b/, why: 'special registers of other profiles' },
]

interface Line {
  readonly address: number
  readonly halfwords: readonly [number, number]
  readonly text: string
}

/** objdump's lines, without comments, symbols and 0x before addresses. */
function parse(listing: string): Line[] {
  const lines: Line[] = []
  for (const line of listing.split('\n')) {
    const found = /^\s*([0-9a-f]+):\t([0-9a-f]{4}) ?([0-9a-f]{4})?\s*\t(\S+)\s*(.*)$/.exec(line)
    if (found === null || found[4]!.startsWith('.')) continue
    const [address, first, second] = [found[1]!, found[2]!, found[3] ?? '0'].map((text) =>
      Number.parseInt(text, 16),
    ) as [number, number, number]
    const isBranch = /^(b|cb)/.test(found[4]!) && found[4] !== 'bkpt'
    const operands = found[5]!
      .replace(/\s*[;@].*$/, '')
      .replace(/\s*<.*$/, '')
      .replace(/0x(?=[0-9a-f]+$)/, isBranch ? '' : '0x')
    lines.push({ address, halfwords: [first, second], text: `${found[4]} ${operands}`.trim() })
  }
  return lines
}

/** Follows IT blocks, as objdump does. */
function check(lines: readonly Line[]): number {
  let it = 0
  let differing = 0
  for (const { address, halfwords, text } of lines) {
    const ours = disassemble(halfwords, address, it)
    const got = ours === undefined ? 'undefined' : `${ours.name} ${ours.operands}`.trim()
    if (got !== text) {
      differing++
      const isKnown = DELIBERATE.some(({ when }) => when.test(text))
      assert.ok(isKnown, `${halfwords.map((half) => half.toString(16))}: "${got}" is "${text}"`)
    }
    const isIt = (halfwords[0] & 0xff00) === 0xbf00 && (halfwords[0] & 15) !== 0
    if (isIt) it = halfwords[0] & 0xff
    else it = (it & 7) === 0 ? 0 : (it & 0xe0) | ((it << 1) & 0x1f)
  }
  return differing
}

const objdump = (...args: string[]) =>
  execFileSync('arm-none-eabi-objdump', args, { encoding: 'utf8', maxBuffer: 2 ** 28 })

test('agrees with objdump on random operands of every row (seed 5)', {
  skip: missing('arm-none-eabi-objdump'),
}, () => {
  const random = seededRandom(5)
  const halfwords: number[] = []
  for (let round = 0; round < 60; round++) {
    for (const row of [...rows16, ...rows32]) {
      if (row.name === 'coprocessor' || row.name.startsWith('it')) continue
      const all = row.length === 2 ? 0xffff : 0xffff_ffff
      const word = ((random() & ~row.mask & all) | row.value) >>> 0
      const decoded = decode(word, row.length, { address: 0, pc: 4, isInIt: false })
      if (decoded?.row !== row) continue
      if (row.length === 4) halfwords.push(word >>> 16)
      halfwords.push(word & 0xffff)
    }
  }
  inFolder((folder) => {
    const file = join(folder, 'words.bin')
    writeFileSync(file, new Uint8Array(Uint16Array.from(halfwords).buffer))
    const format = ['-D', '-b', 'binary', '-m', 'armv8-m.main', '-M', 'force-thumb']
    const lines = parse(objdump(...format, file))
    assert.ok(lines.length > 10_000)
    assert.ok(check(lines) < lines.length / 20)
  })
})

test('agrees with objdump on all of newlib as linked into a program', {
  skip: missing('arm-none-eabi-gcc', 'arm-none-eabi-objdump'),
}, () => {
  inFolder((folder) => {
    const source = join(folder, 'main.c')
    const elf = join(folder, 'main.elf')
    writeFileSync(
      source,
      '#include <stdio.h>\n#include <stdlib.h>\n#include <math.h>\n' +
        'int main(int n, char **v) { printf("%f", pow(strtod(v[1], 0), n)); return rand(); }\n',
    )
    const flags = ['-mcpu=cortex-m33', '-mfloat-abi=hard', '-O2', '--specs=nosys.specs']
    execFileSync('arm-none-eabi-gcc', [...flags, source, '-lm', '-o', elf], { stdio: 'ignore' })
    const lines = parse(objdump('-d', elf))
    assert.ok(lines.length > 10_000)
    assert.equal(check(lines), 0)
  })
})
