/** Going on, by a line, an instruction, or as far as it takes. */
import assert from 'node:assert/strict'
import { roundTrips } from './breakpoints.ts'
import type { GdbFunction } from './function.ts'

export const steps: readonly GdbFunction[] = [
  {
    name: 'step',
    note: 'a range of addresses is stepped on the device, interrupts run meanwhile',
    test: async (gdb) => {
      await gdb.ask('break add')
      await gdb.run('continue')
      await gdb.ask('delete')
      const before = await roundTrips(gdb)
      const stop = await gdb.run('step')
      assert.equal(stop.reason, 'end-stepping-range')
      assert.equal(stop.function, 'add')
      assert.ok((await roundTrips(gdb)) - before <= 2)
    },
  },
  {
    name: 'step into a function',
    note: 'as far as its first line',
    test: async (gdb) => {
      for (let line = 0; line < 30; line++) {
        const stop = await gdb.run('step')
        if (stop.function === 'measure') return
        assert.equal(stop.function, 'work')
      }
      assert.fail('never came into measure')
    },
  },
  {
    name: 'next',
    note: 'over calls',
    test: async (gdb) => {
      for (let line = 0; line < 40; line++) {
        const stop = await gdb.run('next')
        if (stop.function === 'main') return
        assert.equal(stop.function, 'work')
      }
      assert.fail('never came back to main')
    },
  },
  {
    name: 'stepi, nexti',
    note: 'one instruction; in an IT block one that is skipped counts, too',
    test: async (gdb) => {
      await gdb.ask('break choose')
      await gdb.run('continue')
      await gdb.ask('delete')
      for (let i = 0; i < 4; i++) {
        const pc = await gdb.value('$pc')
        await gdb.run('stepi')
        const moved = (await gdb.value('$pc')) - pc
        assert.ok(moved === 2 || moved === 4, `${moved}`)
      }
    },
  },
  {
    name: 'break in an IT block',
    note: 'GDB moves it to the IT instruction, and says so',
    test: async (gdb) => {
      await gdb.ask('break *(char *)&in_it_block')
      const stop = await gdb.run('continue')
      assert.equal(stop.function, 'choose')
      await gdb.ask('delete')
      await gdb.ask('tbreak work')
      assert.equal((await gdb.run('continue')).function, 'work')
    },
  },
  {
    name: 'stepping over WFI, SVC and system calls',
    note: 'a system call is one instruction; the application sleeps in WFI until an interrupt comes',
    test: async (gdb) => {
      await gdb.ask('tbreak choose')
      await gdb.run('continue')
      await gdb.run('finish')
      const calls = await gdb.value('calls')
      const lines: string[] = []
      for (let line = 0; line < 12; line++) {
        const stop = await gdb.run('next')
        assert.equal(stop.function, 'main')
        lines.push(stop.line)
        if (lines.indexOf(stop.line) < lines.length - 1) break
      }
      assert.ok((await gdb.value('calls')) > calls)
      // Into the stub of a system call, through the microvisor in one step, and back.
      const places: number[] = []
      for (let i = 0; i < 25; i++) {
        await gdb.run('stepi')
        places.push(await gdb.value('$pc'))
      }
      assert.ok(
        places.every((pc) => isApplication(pc)),
        places.join(),
      )
    },
  },
  {
    name: 'until, advance',
    note: 'to a line further down, or out of a loop',
    test: async (gdb) => {
      const stop = await gdb.run('until measure')
      assert.ok(['measure', 'main'].includes(stop.function), stop.function)
      assert.equal((await gdb.run('advance descend')).function, 'descend')
    },
  },
  {
    name: 'finish',
    note: 'shows the value that the function returns',
    test: async (gdb) => {
      await gdb.ask('tbreak add')
      await gdb.run('continue')
      const { text } = await gdb.run('finish')
      assert.match(text, /Value returned is \$\d+ = -?\d+/)
    },
  },
  {
    name: 'return',
    note: 'the rest of the function is left out',
    test: async (gdb) => {
      await gdb.ask('tbreak add')
      await gdb.run('continue')
      await gdb.ask('return 77')
      await gdb.run('finish')
      assert.equal(await gdb.value('latest.temperature'), 77)
    },
  },
  {
    name: 'call',
    note: 'a function of the application runs on its stack, and its value comes back',
    test: async (gdb) => {
      assert.match(await gdb.ask('call add(20, 22)'), /= 42/)
      assert.equal(await gdb.value('total'), 42)
      assert.equal(await gdb.value('descend(7)'), 281)
    },
  },
  {
    name: 'jump',
    note: 'goes on at another line',
    test: async (gdb) => {
      await gdb.ask('tbreak add')
      const stop = await gdb.run('jump add')
      assert.equal(stop.function, 'add')
    },
  },
  {
    name: 'Ctrl-C',
    note: 'halts it where it is, also asleep',
    test: async (gdb) => {
      const from = gdb.begin('continue')
      await new Promise((resolve) => setTimeout(resolve, 200))
      gdb.interrupt()
      assert.equal((await gdb.stopped(from)).reason, 'SIGINT')
    },
  },
]

function isApplication(pc: number): boolean {
  return (pc >= 0x0800_0000 && pc < 0x0810_0000) || (pc >= 0x2000_0000 && pc < 0x2008_0000)
}
