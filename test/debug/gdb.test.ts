/** Every function of the table, with GDB, session, cloud and device as they are. */
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { DebugWorld } from './debug-world.ts'
import { functions } from './functions.ts'
import { GDB, type Gdb } from './gdb.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('GDB', { skip }, () => {
  const world = new DebugWorld('debuggee')
  let gdb: Gdb

  before(async () => {
    await world.begin(join(import.meta.dirname, 'debuggee'))
    const { port } = await world.session()
    gdb = await world.gdb(port)
  })
  after(() => world.end())

  for (const [group, rows] of Object.entries(functions)) {
    for (const { name, test: check } of rows) {
      test(`${group}: ${name}`, async () => {
        await gdb.ask('delete')
        await gdb.ask('tbreak work')
        await gdb.run('continue')
        await check(gdb)
      })
    }
  }
})
