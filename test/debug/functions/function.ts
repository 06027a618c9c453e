/** One function of GDB, as the table has it. */
import type { Gdb } from '../gdb.ts'

export interface GdbFunction {
  /** As GDB calls it. */
  readonly name: string
  /** What holds here, for people. */
  readonly note: string
  readonly test: (gdb: Gdb) => Promise<void>
}

/** One that takes a program or a device of another kind, and so has a test file of its own. */
export interface GdbFunctionElsewhere {
  readonly name: string
  readonly note: string
  /** File and name of the test. */
  readonly testedBy: string
}
