/** sdk/include/mv_syscalls.h: what an application includes. */
import {
  type EnumTable,
  enums,
  handleNames,
  type StructTable,
  type SystemCall,
  structs,
  systemCalls,
} from '@microvisor/protocol'
import { declare, declareCall, failuresOf } from './c.ts'

export function makeHeader(): string {
  return [
    opening,
    ...Object.entries(enums).map(([name, table]) => makeEnum(name, table)),
    '/* Handles. 0 is never one. */',
    handleNames.map((name) => `typedef struct ${name}Opaque *${name};`).join('\n'),
    '',
    ...Object.entries(structs).map(([name, table]) => makeStruct(name, table)),
    ...makeCalls(),
    closing,
  ].join('\n')
}

const opening = `/*
 * The system calls of the microvisor.
 *
 * Generated from packages/protocol/src/syscalls.ts by \`npm run gen\`: change it there.
 *
 * Every call answers an enum MvStatus: MV_STATUS_OKAY, or one of the others that its comment names.
 * Data comes back through pointers, which must point into the application's own memory. Do not call
 * from interrupt handlers.
 *
 * Link with mv_syscalls.S, which knows the addresses.
 */
#ifndef MV_SYSCALLS_H
#define MV_SYSCALLS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define MV_STATIC_ASSERT static_assert
#else
#define MV_STATIC_ASSERT _Static_assert
#endif
`

const closing = `#undef MV_STATIC_ASSERT
#ifdef __cplusplus
}
#endif

#endif
`

function makeEnum(name: string, { bytes, prefix, doc, values }: EnumTable): string {
  const rows = Object.entries(values).map(
    ([key, [value, meaning]]) => `    ${prefix}${key} = 0x${value.toString(16)}, /* ${meaning} */`,
  )
  const sentinel = `    ${prefix}_MAX = 0x${'ff'.repeat(bytes)} /* fixes the size: ${bytes} byte${bytes === 1 ? '' : 's'} */`
  const assertion = `MV_STATIC_ASSERT(sizeof(enum ${name}) == ${bytes}, "compile with -fshort-enums, the default of arm-none-eabi");`
  return `/* ${doc} */\nenum ${name} {\n${[...rows, sentinel].join('\n')}\n};\n${assertion}\n`
}

function makeStruct(name: string, table: StructTable): string {
  const { doc, fields, version } = table
  const rows = Object.entries(fields).map(([key, field]) => ({
    key,
    text: `${declare(field.type, key)};${field.doc && ` /* ${field.doc} */`}`,
  }))
  if (version === undefined)
    return `/* ${doc} */\nstruct ${name} {\n${rows.map(({ text }) => `    ${text}`).join('\n')}\n};\n`
  const inner = rows.filter(({ key }) => key !== 'version')
  return `/* ${doc} \`version\` is ${version}. */
struct ${name} {
    uint32_t version;
    union {
        struct {
${inner.map(({ text }) => `            ${text}`).join('\n')}
        } v${version};
    };
};
`
}

function makeCalls(): string[] {
  const groups = Map.groupBy(Object.entries<SystemCall>(systemCalls), ([, { group }]) => group)
  return [...groups].flatMap(([group, calls]) => [
    `/* ${group[0]!.toUpperCase()}${group.slice(1)} */\n`,
    ...calls.map(([name, call]) => makeCall(name, call)),
  ])
}

function makeCall(name: string, call: SystemCall): string {
  const answers = ['OKAY', ...failuresOf(call)].join(', ')
  return `/* ${call.doc}\n * ${answers} */\n${declareCall(name, call)};\n`
}
