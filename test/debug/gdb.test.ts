/** Every function of the table, and sessions, with GDB, cloud and device as they are: one of each for all. */
import { after, before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { costTests } from './costs.ts'
import { DebugWorld } from './debug-world.ts'
import { debuggeeElf } from './debuggee.ts'
import { functions } from './functions.ts'
import { GDB, type Gdb } from './gdb.ts'
import { sessionTests } from './sessions.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc', GDB)

describe('debugging', { skip }, () => {
  const world = new DebugWorld()

  before(() => world.begin(debuggeeElf()))
  after(() => world.end())

  describe('GDB', () => {
    let gdb: Gdb
    let end: () => Promise<void>

    before(async () => {
      const session = await world.session()
      gdb = await world.gdb(session.port)
      end = session.close
    })
    after(async () => {
      await gdb.end()
      await end()
    })

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

  describe('costs', () => costTests(world))

  describe('sessions', () => sessionTests(world))
})
