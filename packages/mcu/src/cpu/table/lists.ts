/** Operands of LDM, STM, PUSH and POP. */
import { type DecodedRegister, immediate, UNPREDICTABLE } from './row.ts'

/** `registers` has bit 15 for the PC. An empty list is UNPREDICTABLE. */
export function list(
  n: DecodedRegister,
  registers: number,
  { direction, writeBack }: { direction: 'up' | 'down'; writeBack: boolean },
) {
  let count = 0
  for (let rest = registers; rest !== 0; rest &= rest - 1) count++
  return {
    n: count === 0 ? UNPREDICTABLE : n,
    list: immediate(registers & 0x7fff),
    bytes: immediate(count * 4),
    direction,
    writeBack,
    withPc: registers >> 15 === 1,
  }
}
