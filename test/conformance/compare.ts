/** Finds where two machines disagree about a case, and says so. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Made } from './generate.ts'
import { FILLER, type Outcome, type Results } from './image.ts'
import { singlesIn } from './kinds.ts'
import { OUT_WORDS, REGISTERS, SCRATCH } from './layout.ts'

export interface Mismatch {
  readonly at: number
  readonly made: Made
  readonly qemu: Outcome
  readonly mcu: Outcome
}

export function mismatches(made: readonly Made[], qemu: Results, mcu: Results): Mismatch[] {
  return made
    .map((one, at) => ({ at, made: one, qemu: qemu.outcomes[at], mcu: mcu.outcomes[at] }))
    .filter(({ qemu: theirs, mcu: ours }) => OUT_WORDS.some((name) => theirs[name] !== ours[name]))
}

/** Everything needed to understand a mismatch. `scratch`: the memory after it on both machines. */
export function describeMismatch(
  { made, qemu, mcu }: Mismatch,
  scratch: { qemu: Uint8Array; mcu: Uint8Array },
): string {
  const differing = OUT_WORDS.filter((name) => qemu[name] !== mcu[name]).map(
    (name) => `  ${name.padEnd(10)} QEMU ${hex(qemu[name])}  mcu ${hex(mcu[name])}`,
  )
  return [describeCase(made), ...differing, ...memoryDifferences(scratch)].join('\n')
}

export function describeCase(made: Made): string {
  const { testCase, steps } = made
  const rows = steps.map(({ row }) => `${row.name} (${row.drawing})`)
  const inputs = REGISTERS.map((name, at) => `${name}=${hex(testCase.registers[at])}`)
  const pokes = testCase.pokes.map(({ address, value }) => ` [${hex(address)}]=${hex(value)}`)
  return [
    `rows: ${rows.join(', ')}`,
    disassemble(made),
    ...floatInputs(made),
    `inputs: ${inputs.join(' ')} apsr=${hex(testCase.apsr)} ccr=${hex(testCase.ccr)}`,
    `  monitor=${hex(testCase.monitor)} psplim=${hex(testCase.limit)} ${testCase.isUnprivileged ? 'unprivileged ' : ''}spare=${testCase.spare}${pokes.join('')}`,
  ].join('\n')
}

/** Those of the registers that the case names. */
function floatInputs({ testCase, steps }: Made): string[] {
  const numbers = steps.flatMap(({ operands }) => singlesIn(operands))
  if (numbers.length === 0) return []
  const values = [...new Set(numbers)].map(
    (number) => `s${number}=${hex(testCase.singles[number])}`,
  )
  return [`${values.join(' ')} fpscr=${hex(testCase.fpscr)} cpacr=${hex(testCase.cpacr)}`]
}

function memoryDifferences({ qemu, mcu }: { qemu: Uint8Array; mcu: Uint8Array }): string[] {
  const differences: string[] = []
  for (const [at, byte] of qemu.entries()) {
    if (byte === mcu[at]) continue
    differences.push(`  [${hex(SCRATCH + at)}]  QEMU ${hex(byte)}  mcu ${hex(mcu[at])}`)
  }
  return differences.slice(0, 40)
}

function disassemble({ testCase }: Made): string {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-objdump-'))
  try {
    const file = join(folder, 'case.bin')
    const { start, entry, halfwords } = testCase
    const code = halfwords.slice((entry - start) / 2)
    while (code.length > 2 && code.at(-1) === FILLER && code.at(-2) === FILLER) code.pop()
    writeFileSync(file, new Uint8Array(new Uint16Array(code).buffer))
    const listing = execFileSync('arm-none-eabi-objdump', [
      ...['-D', '-z', '-b', 'binary', '-m', 'arm', '-M', 'force-thumb'],
      ...[`--adjust-vma=0x${entry.toString(16)}`, file],
    ])
    return listing
      .toString()
      .split('\n')
      .filter((line) => /^\s*[0-9a-f]+:\t/.test(line))
      .join('\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0')
}
