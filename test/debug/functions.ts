/**
 * What GDB can do with an application on a device: each function, a word about it, and the test that
 * shows it with the real GDB. docs/reference/gdb-functions.md is made from this table.
 *
 * A test finds the debuggee halted at the beginning of `work`, with no other breakpoints set.
 */
import { breakpoints } from './functions/breakpoints.ts'
import { data } from './functions/data.ts'
import { faults } from './functions/faults.ts'
import type { GdbFunction, GdbFunctionElsewhere } from './functions/function.ts'
import { programs } from './functions/programs.ts'
import { steps } from './functions/steps.ts'

export const functions: Readonly<Record<string, readonly GdbFunction[]>> = {
  Breakpoints: breakpoints,
  'Running and stepping': steps,
  'Data and state': data,
  'Faults and exceptions': faults,
  'The program and the session': programs,
}

/** What takes another program or device than the debuggee. */
export const elsewhere: Readonly<Record<string, readonly GdbFunctionElsewhere[]>> = {
  'Threads of FreeRTOS': [
    {
      name: 'info threads, thread apply',
      note: 'tasks with name, state and priority, by the symbols of the kernel (V9 to V11, one core); how it was configured is worked out. One that waits for a notification without a time limit is shown as suspended',
      testedBy: 'tasks.test.ts: a task on each list has its name, priority and state',
    },
    {
      name: 'thread, info registers of a task that is switched out',
      note: 'as its port saved them, floating-point registers, too; ARM_CM33_NTZ, ARM_CM33, ARM_CM4F, with and without the MPU (switched-out.test.ts)',
      testedBy:
        'tasks.test.ts: registers of a task that is switched out are those with which it goes on',
    },
    {
      name: 'step, next in a task',
      note: 'stays in the task; one that is switched out is refused, in words',
      testedBy:
        'tasks.test.ts: a task that is switched out cannot be stepped; the one that runs steps on in itself',
    },
  ],
  'Visual Studio Code': [
    {
      name: 'CDT GDB: breakpoints, stack, variables, registers, memory, step, pause, reset, disconnect',
      note: 'the extension’s debug adapter, with the entry that `--vscode` writes',
      testedBy: 'editors.test.ts: microvisor (CDT GDB): the extension’s debug adapter',
    },
    {
      name: 'Cortex-Debug: the same',
      note: 'GDB, commanded as the extension does it; its "Reset device" stops in `main`',
      testedBy: 'editors.test.ts: microvisor (Cortex-Debug): what the extension sends GDB',
    },
    {
      name: 'Native Debug: the same, but for a reset',
      note: 'GDB, commanded as the extension does it',
      testedBy: 'editors.test.ts: microvisor (Native Debug): what the extension sends GDB',
    },
  ],
  'After a crash': [
    {
      name: 'core file of a crash report: backtrace, info registers, locals',
      note: '`microvisor crashes core`, also for reports that are sealed',
      testedBy: 'core.test.ts',
    },
    {
      name: 'core file of a crash in an interrupt handler',
      note: 'the backtrace goes on through the exception’s frame, also with floating-point registers that the chip has not saved yet',
      testedBy: 'gdb.test.ts, sessions: a crash in a handler is followed to where it came from',
    },
  ],
}
