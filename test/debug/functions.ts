/**
 * What GDB can do with an application on a device: each function, a word about it, and the test that
 * shows it with the real GDB. docs/reference/gdb-functions.md is made from this table.
 *
 * A test finds the debuggee halted at the beginning of `work`, with no other breakpoints set.
 */
import { breakpoints } from './functions/breakpoints.ts'
import { data } from './functions/data.ts'
import { faults } from './functions/faults.ts'
import type { GdbFunction } from './functions/function.ts'
import { programs } from './functions/programs.ts'
import { steps } from './functions/steps.ts'

export const functions: Readonly<Record<string, readonly GdbFunction[]>> = {
  Breakpoints: breakpoints,
  'Running and stepping': steps,
  'Data and state': data,
  'Faults and exceptions': faults,
  'The program and the session': programs,
}
