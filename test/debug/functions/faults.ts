/** Exceptions as the debugger shows them: handlers, frames, and the causes of faults in words. */
import assert from 'node:assert/strict'
import type { Gdb } from '../gdb.ts'
import type { GdbFunction } from './function.ts'

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
  fault('secure memory', 1, /SecureFault|BusFault|secure/i),
  fault('an undefined instruction', 2, /UsageFault|HardFault[\s\S]*undefined/i),
  fault('an address where nothing is', 3, /BusFault|HardFault|MemManage/i),
  fault('a jump to what is not code', 4, /MemManage|HardFault|BusFault/i),
  fault('an unaligned access', 5, /UsageFault|HardFault[\s\S]*align/i),
]

/** The debuggee does it, and GDB stops with the cause. The application starts anew afterwards. */
function fault(what: string, which: number, cause: RegExp): GdbFunction {
  return {
    name: `vector catch: ${what}`,
    note: 'stops before the handler, or before it crashes; the cause is decoded',
    test: async (gdb: Gdb) => {
      await gdb.ask(`set var fault_wanted = ${which}`)
      const stop = await gdb.run('continue')
      assert.match(stop.reason, /SIG(SEGV|ILL|BUS|TRAP)/, stop.text)
      assert.match(stop.text, cause)
      assert.match(await gdb.ask('backtrace'), which === 4 ? /main/ : /fault[\s\S]*main/)
      await gdb.ask('monitor reset')
      await gdb.ask('maintenance flush register-cache')
    },
  }
}
