/** One function of GDB, as the table has it. */
import type { Gdb } from '../gdb.ts'

export interface GdbFunction {
  /** As GDB calls it. */
  readonly name: string
  /** What holds here, for people. */
  readonly note: string
  readonly test: (gdb: Gdb) => Promise<void>
}
