/** Where the tests of the debug unit put their code, and the instructions that they are made of. */
import { EXCEPTION } from '../faults.ts'
import { FLASH, type Machine, RAM } from './machine.ts'

export const CODE = FLASH + 0x1000
export const HANDLER = FLASH + 0x2000
export const STACK = RAM + 0x400
export const NOP = 0xbf00
export const LOOP = 0xe7fe
export const BX_LR = 0x4770
/** LDR r0, [r1] and STR r0, [r1]. */
export const LOAD = 0x6808
export const STORE = 0x6008

/** Starts `code` at CODE; `monitor` is the DebugMonitor handler, at HANDLER. */
export function startProgram(
  machine: Machine,
  code: readonly number[],
  monitor: readonly number[] = [LOOP],
): void {
  machine.write(CODE, code)
  machine.write(HANDLER, monitor)
  machine.writeWord(FLASH + EXCEPTION.debugMonitor * 4, HANDLER | 1)
  machine.start(CODE)
}
