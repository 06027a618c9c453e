/** docs/reference/syscalls.md */
import {
  type EnumTable,
  enums,
  formatWord,
  type StructTable,
  type SystemCall,
  structs,
  systemCalls,
} from '@microvisor/protocol'
import { declareCall } from './c.ts'
import { code, table } from './markdown.ts'

const opening = `# System calls

<!-- Generated from packages/protocol/src/syscalls.ts by \`npm run gen\`: change it there. -->

An application calls the kernel by branching to an address in the non-secure-callable region of the
flash, as it would call a function: arguments in r0-r3 and then on the stack, the result in r0. The
symbols are in \`sdk/src/mv_syscalls.S\`, the declarations in \`sdk/include/mv_syscalls.h\`. An address
once given out never moves.

Every call answers \`enum MvStatus\`; OKAY means that it was accepted. Data comes back only through
pointers, which must lie wholly in the application's memory: otherwise the call answers PARAMETERFAULT,
or LATEFAULT where that is discovered after the work was begun. Calls return at once, and the outcome of
longer work arrives as a notification; those of the external flash are the exception and block. System
calls are not for interrupt handlers.

Every call is carried out: nothing answers UNAVAILABLE for want of an implementation, which a test
proves, as it proves that each status of each list is reached.

Statuses in *italics* are not in the published list of the call: they answer cases that the list
leaves open.
`

export function makeSystemCallPage(): string {
  const groups = Map.groupBy(Object.entries<SystemCall>(systemCalls), ([, { group }]) => group)
  return [
    opening,
    ...[...groups].map(([group, calls]) => makeGroup(group, calls)),
    '## Enumerations\n',
    'Those of one byte are one byte wide in memory, too.\n',
    ...Object.entries(enums).map(([name, each]) => makeEnum(name, each)),
    '## Structures\n',
    'Where a structure begins with `version`, the fields after it are members of `v1`.\n',
    ...Object.entries(structs).map(([name, each]) => makeStruct(name, each)),
  ].join('\n')
}

function makeGroup(group: string, calls: readonly [string, SystemCall][]): string {
  const title = `${group[0]!.toUpperCase()}${group.slice(1)}`
  return `## ${title}\n\n${calls.map(([name, call]) => makeCall(name, call)).join('\n')}`
}

function makeCall(name: string, call: SystemCall): string {
  const { fails, alsoFails = [], address, since, doc } = call
  const answers = [...fails, ...alsoFails.map((status) => `*${status}*`)].join(', ') || 'none'
  return `### ${name}

\`\`\`c
${declareCall(name, call)};
\`\`\`

${doc}

Address ${code(formatWord(address))} · since ${since} · answers besides OKAY: ${answers}
`
}

function makeEnum(name: string, { bytes, prefix, doc, values }: EnumTable): string {
  const rows = Object.entries(values).map(([key, [value, meaning]]) => [
    `0x${value.toString(16)}`,
    code(prefix + key),
    meaning,
  ])
  return `### ${name}\n\n${doc} ${bytes} byte${bytes === 1 ? '' : 's'}.\n\n${table(['value', 'constant', 'meaning'], rows)}`
}

function makeStruct(name: string, { bytes, alignment, doc, fields }: StructTable): string {
  const rows = Object.entries(fields).map(([key, field]) => [
    String(field.offset),
    code(key),
    code(field.type),
    field.doc,
  ])
  return `### ${name}\n\n${doc} ${bytes} bytes, aligned to ${alignment}.\n\n${table(['offset', 'field', 'type', 'note'], rows)}`
}
