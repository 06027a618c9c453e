/** Looking at memory and registers, and changing them. */
import assert from 'node:assert/strict'
import type { GdbFunction } from './function.ts'

export const data: readonly GdbFunction[] = [
  {
    name: 'print, ptype, info locals, info args',
    note: 'variables, structures, strings, pointers',
    test: async (gdb) => {
      assert.match(await gdb.ask('print latest'), /temperature = -?\d+, count = \d+, unit = .*"C"/)
      assert.match(await gdb.ask('info args'), /turn = \d+/)
      await gdb.ask('tbreak descend')
      await gdb.run('continue')
      assert.match(await gdb.ask('info locals'), /local = /)
    },
  },
  {
    name: 'set var',
    note: 'changes leave with the next step or continue, in the same round trip',
    test: async (gdb) => {
      await gdb.ask('set var latest.temperature = 1000')
      await gdb.ask('tbreak add')
      await gdb.run('continue')
      assert.equal(await gdb.value('a'), 1000)
      await gdb.ask('set var a = 5')
      await gdb.run('finish')
      assert.equal(await gdb.value('total'), 8)
    },
  },
  {
    name: 'x',
    note: 'memory in any form, instructions, too',
    test: async (gdb) => {
      assert.match(await gdb.ask('x/2i $pc'), /push|sub|movs|ldr/)
      assert.match(await gdb.ask('x/4xb buffer'), /0x20.*:\s+0x/)
      assert.match(await gdb.ask('x/s latest.unit'), /"C"/)
      assert.match(await gdb.ask('x/xw 0xe000ed00'), /0x41/)
    },
  },
  {
    name: 'find',
    note: 'in SRAM and flash',
    test: async (gdb) => {
      await gdb.ask('set var buffer[20] = 0xa5')
      await gdb.ask('set var buffer[21] = 0x5a')
      assert.match(await gdb.ask('find &buffer, +64, (char)0xa5, (char)0x5a'), /buffer\+20/)
    },
  },
  {
    name: 'info registers, set $register',
    note: 'core registers; msp and psp, their limits, control, primask, basepri, faultmask',
    test: async (gdb) => {
      const all = await gdb.ask('info registers')
      for (const name of ['r0', 'r12', 'sp', 'lr', 'pc', 'xpsr'])
        assert.match(all, new RegExp(`${name} `))
      const system = await gdb.ask(
        'info registers msp psp msplim psplim control primask basepri faultmask',
      )
      assert.match(system, /msplim +0x/)
      await gdb.ask('set $r4 = 0x12345678')
      await gdb.run('stepi')
      assert.equal(await gdb.value('$msp'), await gdb.value('$sp'))
      await gdb.ask('set $basepri = 0x20')
      await gdb.run('stepi')
      assert.equal(await gdb.value('$basepri'), 0x20)
      await gdb.ask('set $basepri = 0')
    },
  },
  {
    name: 'floating-point registers',
    note: 's0 to s31, d0 to d15, fpscr',
    test: async (gdb) => {
      assert.match(await gdb.ask('print $s16'), /= 1.5/)
      assert.match(await gdb.ask('print $s17'), /= -2/)
      await gdb.ask('set $s16 = 0.25')
      await gdb.run('stepi')
      assert.match(await gdb.ask('print $s16'), /= 0.25/)
      assert.match(await gdb.ask('info registers fpscr'), /fpscr/)
      await gdb.ask('set $s16 = 1.5')
    },
  },
  {
    name: 'floating-point registers before the unit is switched on',
    note: 'can be looked at; the application is not given any floating-point state by that',
    test: async (gdb) => {
      await gdb.ask('monitor reset')
      await gdb.ask('maintenance flush register-cache')
      assert.equal(await gdb.value('*(unsigned *)0xe000ed88 & 0xf00000'), 0)
      assert.match(await gdb.ask('print $s0'), /= /)
      await gdb.run('stepi')
      assert.equal(await gdb.value('$control & 4'), 0)
    },
  },
  {
    name: 'backtrace, up, down, frame',
    note: 'the stack comes with the stop',
    test: async (gdb) => {
      await gdb.ask('break descend if depth == 0')
      await gdb.run('continue')
      const trace = await gdb.ask('backtrace')
      assert.match(
        trace,
        /#0 [\s\S]*descend \(\S*=0\)[\s\S]*descend \(\S*=7\)[\s\S]* work [\s\S]* main /,
      )
      await gdb.ask('up 3')
      assert.equal(await gdb.value('depth'), 3)
    },
  },
  {
    name: 'memory of the secure world',
    note: 'cannot be read or written, as on silicon; GDB is told so',
    test: async (gdb) => {
      assert.match(await gdb.fails('x/x 0x30000000'), /Cannot access|Nothing can be read/)
      assert.match(await gdb.fails('x/x 0x0c000000'), /Cannot access|Nothing can be read/)
      assert.match(await gdb.fails('print *(int *)0x50000000'), /Cannot access|Nothing can be read/)
      assert.match(await gdb.fails('set *(int *)0x30000000 = 1'), /Cannot access|cannot be written/)
    },
  },
  {
    name: 'info mem',
    note: 'flash, ROM, SRAM and peripherals',
    test: async (gdb) => {
      assert.match(await gdb.ask('info mem'), /0x08000000[\s\S]*flash[\s\S]*0x20000000/)
    },
  },
]
