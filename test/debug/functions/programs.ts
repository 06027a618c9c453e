/** The program as a whole: loading, starting, keeping; and the session. */
import assert from 'node:assert/strict'
import type { Gdb } from '../gdb.ts'
import type { GdbFunction } from './function.ts'

export const programs: readonly GdbFunction[] = [
  {
    name: 'compare-sections',
    note: 'by checksums that the device works out; one round trip for all sections',
    test: async (gdb) => {
      const text = await gdb.ask('compare-sections -r')
      assert.match(text, /\.text.*matched/)
      assert.doesNotMatch(text, /MIS-MATCHED/)
    },
  },
  {
    name: 'generate-core-file',
    note: 'SRAM and registers, to be looked at later',
    test: async (gdb) => {
      assert.match(await gdb.ask('generate-core-file patient.core'), /Saved corefile/)
    },
  },
  {
    name: 'monitor info, reg, halt, help',
    note: 'what GDB has no command for',
    test: async (gdb) => {
      assert.match(await gdb.ask('monitor info'), /kernel +\d+\.\d+[\s\S]*application +sha256:/)
      assert.match(await gdb.ask('monitor reg msplim'), /msplim +0x/)
      assert.match(await gdb.ask('monitor halt'), /Halted at 0x/)
      assert.match(await gdb.ask('monitor help'), /monitor reset/)
      assert.match(await gdb.ask('monitor nonsense'), /There is no command "nonsense"/)
    },
  },
  {
    name: 'monitor reset',
    note: 'from the beginning, with wake reason DEBUGGERRESTART; halted before the first instruction, where a breakpoint counts, too',
    test: async (gdb) => {
      assert.match(await gdb.ask('monitor reset'), /Started anew/)
      await gdb.ask('maintenance flush register-cache')
      assert.match(await gdb.ask('info symbol $pc'), /Reset_Handler/)
      await wakesForDebugger(gdb)
    },
  },
  {
    name: 'run (target extended-remote)',
    note: 'the same, as GDB says it',
    test: async (gdb) => {
      await gdb.ask('tbreak main')
      assert.equal((await gdb.run('run')).function, 'main')
      await wakesForDebugger(gdb)
    },
  },
  {
    name: 'load',
    note: 'into flash, page by page, and into SRAM; what is there already is not sent; then `monitor reset` or `run`',
    test: async (gdb) => {
      const text = await gdb.ask('load')
      assert.match(text, /Loading section \.text[\s\S]*Transfer rate/)
      await gdb.ask('monitor reset')
      await gdb.ask('maintenance flush register-cache')
      await gdb.ask('tbreak work')
      assert.equal((await gdb.run('continue')).function, 'work')
      assert.doesNotMatch(await gdb.ask('compare-sections -r'), /MIS-MATCHED/)
    },
  },
  {
    name: 'packets: no-ack mode, qXfer, memory map, qCRC, x, X, vCont, vFlash',
    note: 'offered and answered; an error says why, in words',
    test: async (gdb) => {
      const packet = async (text: string) => {
        const said = await gdb.ask(`maintenance packet ${text}`)
        return /received: "([\s\S]*)"\n$/.exec(said)?.[1] ?? said
      }
      assert.match(
        await packet('qSupported'),
        /QStartNoAckMode\+.*qXfer:features:read\+.*qXfer:memory-map:read\+.*binary-upload\+/,
      )
      assert.match(await packet('vCont?'), /^vCont;c;C;s;S;r$/)
      assert.match(await packet('qCRC:8000000,40'), /^C[\da-f]+$/)
      assert.match(await packet('x8000000,4'), /^b/)
      assert.equal(await packet('X20000000,0:'), 'OK')
      assert.match(await packet('qXfer:memory-map:read::0,400'), /type=.*flash/)
      assert.match(await packet('qXfer:features:read:target.xml:0,400'), /m-profile/)
      assert.match(await packet('m30000000,4'), /^E\.Nothing can be read at 0x30000000/)
      assert.match(await packet('vFlashErase:08000000,fffffff'), /^E\..*more than flash has/)
    },
  },
  {
    name: 'kill',
    note: 'ends this run of the application; `run` begins the next',
    test: async (gdb) => {
      await gdb.ask('kill')
      await gdb.ask('tbreak work')
      assert.equal((await gdb.run('run')).function, 'work')
      assert.equal(await gdb.value('turns'), 0)
    },
  },
  {
    name: 'detach, target extended-remote',
    note: 'detached, the application goes on without breakpoints; later it is halted again',
    test: async (gdb) => {
      const turn = await gdb.value('turn')
      await gdb.ask('break descend')
      await gdb.ask('detach')
      await new Promise((resolve) => setTimeout(resolve, 300))
      await gdb.reconnect()
      assert.ok((await gdb.value('turns')) > turn)
    },
  },
]

const DEBUGGERRESTART = 3

async function wakesForDebugger(gdb: Gdb): Promise<void> {
  await gdb.ask('tbreak work')
  await gdb.run('continue')
  assert.equal(await gdb.value('wake_reason'), DEBUGGERRESTART)
}
