/** docs/reference/cpu.md */
import {
  IDENTIFICATION,
  identificationRegisters,
} from '../../packages/mcu/src/cpu/identification.ts'
import type { Row } from '../../packages/mcu/src/cpu/table/row.ts'
import { rows16, rows32 } from '../../packages/mcu/src/cpu/table/rows.ts'
import { ALL_DIFFERENCES } from '../../test/conformance/differences.ts'
import { allRows, whyLeftOut } from '../../test/conformance/kinds.ts'
import { UNALLOCATED_LEFT_OUT } from '../../test/conformance/unallocated.ts'
import { DIFFERENCES as WORLDS } from '../../test/conformance/worlds/compare.ts'
import { CHOICES, FEATURES, NOT_MODELLED, PROOFS } from './cpu-facts.ts'
import { code, table } from './markdown.ts'

const opening = `# The CPU

<!-- Generated from packages/mcu/src/cpu/table and tools/gen/cpu-facts.ts by \`npm run gen\`: change it there. -->

The virtual STM32U585 has the Arm Cortex-M33 r0p4 of the real one: Armv8-M Mainline with the Security
and DSP Extensions and single-precision floating point. Each instruction is one row of a table, with
its meaning written once; the interpreter, the disassembler and the list below come from it.
`

export function makeCpuPage(): string {
  return [
    opening,
    '## What is implemented\n',
    table(['part', 'what', 'proven by'], FEATURES),
    `Not modelled:\n\n${list(NOT_MODELLED)}`,
    '## What is implementation defined, and how we chose\n',
    'Where the architecture leaves a choice, the Cortex-M33 has made it; where its manual does not say\nwhat it chose, we did.\n',
    table(['question', 'answer', 'why'], CHOICES),
    '## What differs from QEMU, and why\n',
    'Compared with `qemu-system-arm` 7.2, machine `mps2-an505`. What follows is compared otherwise, or\nnever made; everything else has to be equal to the last bit.\n',
    `### Single instructions\n\n${list([...ALL_DIFFERENCES, ...leftOut()])}`,
    `### Words that are no instruction\n\n${list(UNALLOCATED_LEFT_OUT.map(drawn))}`,
    `### Exceptions and security\n\n${list(WORLDS)}`,
    '## How it is proven\n',
    table(['claim', 'command', 'in `npm test`', 'whole'], PROOFS),
    '`MICROVISOR_SEED=N` repeats a random run; every run prints its seed.\n',
    '## Identification\n',
    table(['address', 'register', 'value', 'says'], identification()),
    `On top of these ${coreSightCount()} registers of CoreSight: PIDR and CIDR of SCS, DWT and FPB, and the ROM table at 0xE00FF000.\n`,
    '## Instructions\n',
    `${rows16.length} encodings of 16 bits and ${rows32.length} of 32 bits. In a drawing, letters are fields; a capital letter selects\na handler of its own. No word matches two rows; what matches none is UNDEFINED.\n`,
    instructions('16 bits', rows16),
    instructions('32 bits', rows32),
  ].join('\n')
}

const list = (items: readonly string[]) => `${items.map((item) => `- ${item}`).join('\n')}\n`

/** `bits: reason`, the bits as code. */
function drawn(text: string): string {
  const at = text.indexOf(':')
  return `${code(text.slice(0, at))}${text.slice(at)}`
}

function leftOut(): string[] {
  return allRows.flatMap((row) => {
    const why = whyLeftOut(row)
    return why === undefined ? [] : [`${code(row.name)}: ${why}`]
  })
}

const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`

function identification(): string[][] {
  return IDENTIFICATION.map(({ address, name, value, meaning }) => [
    hex(address),
    name,
    hex(value),
    meaning,
  ])
}

function coreSightCount(): number {
  return identificationRegisters().length - IDENTIFICATION.length
}

function instructions(title: string, rows: readonly Row[]): string {
  const lines = rows.map(({ drawing, name, syntax }) => {
    const text = `${name} ${syntax}`.trim()
    return `${drawing.padEnd(48)} ${text}`
  })
  return `### ${title}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`
}
