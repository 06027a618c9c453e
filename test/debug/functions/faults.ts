/** Exceptions as the debugger shows them: handlers, frames, and the causes of faults in words. */
import assert from 'node:assert/strict'
import type { Gdb } from '../gdb.ts'
import type { GdbFunction } from './function.ts'

/** What GDB is told before the application goes on, in the beginning of `work`. */
const NOT_THUMB = ['set $xpsr = $xpsr & ~0x01000000']
const STACK_LIMIT = ['set $msplim = $sp - 8']
const UNIT_OFF = ['set var *(int *)0xe000ed88 = 0']
/** CCR.DIV_0_TRP, and `udiv r0, r0, r0` of 0. */
const DIVISION = [
  ...['set var *(int *)0xe000ed14 |= 0x10', 'set var *(unsigned *)buffer = 0xf0f0fbb0'],
  ...['set $r0 = 0', 'set $pc = buffer'],
]

export const faults: readonly GdbFunction[] = [
  {
    name: 'break in an interrupt handler, backtrace through the exception frame',
    note: 'the code that was interrupted is shown below the handler',
    test: async (gdb) => {
      await gdb.ask('break SysTick_Handler')
      assert.equal((await gdb.run('continue')).function, 'SysTick_Handler')
      const trace = await gdb.ask('backtrace')
      assert.match(trace, /SysTick_Handler[\s\S]*<signal handler called>[\s\S]* main /)
      await gdb.ask('delete')
      await gdb.run('finish')
    },
  },
  fault('secure memory', wanted(1), 'SIGSEGV', /SecureFault: access to memory of the microvisor/),
  fault('an undefined instruction', wanted(2), 'SIGILL', /HardFault: undefined instruction/),
  fault('an address where nothing is', wanted(3), 'SIGBUS', /: data access where there is nothing/),
  fault(
    'a jump to what is not code',
    wanted(4),
    'SIGSEGV',
    /: instruction fetch that the MPU does/,
  ),
  fault('an unaligned access', wanted(5), 'SIGILL', /: unaligned access/),
  fault(
    'a branch to an even address',
    NOT_THUMB,
    'SIGILL',
    /: branch to an address without the Thumb/,
  ),
  fault('a stack that is full', STACK_LIMIT, 'SIGILL', /: stack overflow/),
  fault('floating point without the unit', UNIT_OFF, 'SIGILL', /: coprocessor or floating-point/),
  fault('a division by zero', DIVISION, 'SIGFPE', /: division by zero/),
]

/** One that the debuggee does by itself. */
function wanted(which: number): readonly string[] {
  return [`set var fault_wanted = ${which}`]
}

/** GDB stops with the cause. The application starts anew afterwards. */
function fault(
  what: string,
  before: readonly string[],
  signal: string,
  cause: RegExp,
): GdbFunction {
  return {
    name: `vector catch: ${what}`,
    note: `stops before the handler, or before it crashes; the cause is decoded; ${signal}`,
    test: async (gdb: Gdb) => {
      for (const command of before) await gdb.ask(command)
      const stop = await gdb.run('continue')
      assert.equal(stop.reason, signal, stop.text)
      assert.match(stop.text, cause)
      if (before !== DIVISION) assert.match(await gdb.ask('backtrace'), / main /)
      await gdb.ask('monitor reset')
      await gdb.ask('maintenance flush register-cache')
    },
  }
}
