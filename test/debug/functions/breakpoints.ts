/** Breakpoints, watchpoints, and what they do on the device. */
import assert from 'node:assert/strict'
import type { GdbFunction } from './function.ts'

export const breakpoints: readonly GdbFunction[] = [
  {
    name: 'break, info breakpoints, delete',
    note: 'in flash by the 8 comparators of the chip',
    test: async (gdb) => {
      await gdb.ask('break add')
      assert.match(await gdb.ask('info breakpoints'), /hw breakpoint|breakpoint +keep y .* in add/)
      assert.equal((await gdb.run('continue')).function, 'add')
      await gdb.ask('delete')
      await gdb.ask('break descend')
      assert.equal((await gdb.run('continue')).function, 'descend')
    },
  },
  {
    name: 'tbreak',
    note: 'gone after the first stop',
    test: async (gdb) => {
      await gdb.ask('tbreak measure')
      assert.equal((await gdb.run('continue')).function, 'measure')
      assert.doesNotMatch(await gdb.ask('info breakpoints'), /measure/)
    },
  },
  {
    name: 'hbreak and break in SRAM',
    note: 'comparators while there are some, BKPT instructions beyond: as many as you like',
    test: async (gdb) => {
      await gdb.ask('hbreak in_ram')
      assert.equal((await gdb.run('continue')).function, 'in_ram')
    },
  },
  {
    name: 'more breakpoints than comparators',
    note: 'any number, at full speed: beyond the 8 comparators the fetch is patched; flash is not written, and reads show what it holds',
    test: async (gdb) => {
      const names = ['measure', 'add', 'descend', 'in_ram', 'choose', 'fault', 'float_unit']
      for (const name of [...names, 'main', 'Reset_Handler', 'turns_done', 'SVC_Handler']) {
        await gdb.ask(`break ${name}`)
      }
      const seen = new Set<string>()
      for (let stop = 0; stop < 15; stop++) seen.add((await gdb.run('continue')).function)
      assert.deepEqual([...seen].sort(), [
        ...['SVC_Handler', 'add', 'choose', 'descend', 'in_ram', 'measure', 'turns_done'],
      ])
      assert.doesNotMatch(await gdb.ask('compare-sections -r'), /MIS-MATCHED/)
    },
  },
  {
    name: 'break at the first instruction of a function, or of the program',
    note: 'stops before it; going on does not stop there again',
    test: async (gdb) => {
      await gdb.ask('break *add')
      await gdb.run('continue')
      assert.equal(await gdb.value('(unsigned)$pc == ((unsigned)add & ~1)'), 1)
      const turn = await gdb.value('turns')
      await gdb.run('continue')
      assert.equal(await gdb.value('turns'), turn + 1)
      await gdb.ask('delete')
      await gdb.ask('break *Reset_Handler')
      await gdb.ask('monitor reset')
      await gdb.ask('maintenance flush register-cache')
      assert.equal((await gdb.run('continue')).function, 'Reset_Handler')
      await gdb.ask('tbreak main')
      assert.equal((await gdb.run('continue')).function, 'main')
    },
  },
  {
    name: 'break ... if, condition',
    note: 'evaluated on the device: a condition that is false costs no round trip',
    test: async (gdb) => {
      const before = await roundTrips(gdb)
      await gdb.ask('break descend if depth == 2')
      const stop = await gdb.run('continue')
      assert.equal(stop.function, 'descend')
      assert.equal(await gdb.value('depth'), 2)
      assert.ok((await roundTrips(gdb)) - before < 8)
    },
  },
  {
    name: 'ignore',
    note: 'GDB counts; each pass is a stop that is not shown. A condition with a counter stays on the device',
    test: async (gdb) => {
      await gdb.ask('break descend')
      await gdb.ask('ignore $bpnum 3')
      await gdb.run('continue')
      assert.equal(await gdb.value('depth'), 4)
    },
  },
  {
    name: 'commands',
    note: 'run by GDB at each stop',
    test: async (gdb) => {
      await gdb.ask('set var $seen = 0')
      await gdb.ask('break add')
      await gdb.ask("python gdb.breakpoints()[-1].commands = 'silent\\nset var $seen = $seen + 1'")
      await gdb.run('continue')
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(await gdb.value('$seen'), 1)
    },
  },
  {
    name: 'dprintf',
    note: 'with `set dprintf-style agent` on the device, without a stop; with `gdb`, by GDB',
    test: async (gdb) => {
      await gdb.ask('set dprintf-style agent')
      await gdb.ask('dprintf descend,"depth is %d\\n", depth')
      await gdb.ask('break turns_done')
      const { text } = await gdb.run('continue')
      await gdb.ask('set dprintf-style gdb')
      assert.match(text, /depth is 7\ndepth is 6\n[\s\S]*depth is 0\n/)
    },
  },
  {
    name: 'watch',
    note: '4 comparators; GDB shows the old and the new value',
    test: async (gdb) => {
      await gdb.ask('watch total')
      const stop = await gdb.run('continue')
      assert.equal(stop.reason, 'watchpoint-trigger')
      assert.equal(stop.function, 'add')
    },
  },
  {
    name: 'watch on the stack',
    note: 'ends with its frame',
    test: async (gdb) => {
      await gdb.ask('break descend if depth == 3')
      await gdb.run('continue')
      await gdb.ask('delete')
      await gdb.ask('watch local')
      const first = await gdb.run('continue')
      assert.equal(first.reason, 'watchpoint-trigger')
      assert.equal(await gdb.value('local'), 30)
      const last = await gdb.run('continue')
      assert.equal(last.reason, 'watchpoint-scope')
    },
  },
  {
    name: 'rwatch',
    note: 'stops at reads only',
    test: async (gdb) => {
      await gdb.ask('rwatch turn_reader')
      const stop = await gdb.run('continue')
      assert.equal(stop.reason, 'read-watchpoint-trigger')
      assert.equal(stop.function, 'turns_done')
    },
  },
  {
    name: 'awatch',
    note: 'stops at reads and writes',
    test: async (gdb) => {
      await gdb.ask('awatch turn_reader')
      assert.equal((await gdb.run('continue')).reason, 'access-watchpoint-trigger')
      assert.equal((await gdb.run('continue')).reason, 'access-watchpoint-trigger')
    },
  },
  {
    name: 'more watchpoints than comparators',
    note: 'a fifth is refused, in words, when the application is to go on',
    test: async (gdb) => {
      for (const name of ['ticks', 'turns', 'total', 'interrupts']) await gdb.ask(`watch ${name}`)
      await gdb.ask('watch chosen')
      const { text } = await gdb.run('continue')
      assert.match(text, /5 watchpoints are more than the 4 comparators of the chip/)
    },
  },
]

/** How often the device was asked so far. */
export async function roundTrips(gdb: { ask(command: string): Promise<string> }): Promise<number> {
  const [, count] = /round trips +(\d+)/.exec(await gdb.ask('monitor info')) ?? []
  return Number(count)
}
