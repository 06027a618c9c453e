/** sdk/src/mv_syscalls.S: the addresses of the system calls as symbols to link with. */
import { NSC, systemCalls } from '@microvisor/protocol'

export function makeStubs(): string {
  const rows = Object.entries(systemCalls)
    .toSorted(([, a], [, b]) => a.address - b.address)
    .map(([name, { address }]) => `    call ${name}, 0x${address.toString(16).padStart(8, '0')}`)
  return `/*
 * Where the system calls are: slots in the non-secure-callable region, which the kernel fills.
 *
 * Generated from packages/protocol/src/syscalls.ts by \`npm run gen\`: change it there.
 */
    .syntax unified
    .thumb

/* Bit 0 says that the code there is Thumb code, as in every function's address. */
.macro call name, address
    .global \\name
    .type \\name, %function
    .set \\name, \\address + 1
    .size \\name, ${NSC.slotBytes}
.endm

${rows.join('\n')}
`
}
