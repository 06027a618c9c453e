/** Operands of LDM, STM, PUSH and POP. */
import { type DecodedRegister, immediate, UNPREDICTABLE } from './row.ts'

/**
 * `registers` has bit 15 for the PC. A list of fewer registers than the encoding wants, and one with
 * both LR and PC, are UNPREDICTABLE.
 */
export function list(
  n: DecodedRegister,
  registers: number,
  { direction, writeBack }: { direction: 'up' | 'down'; writeBack: boolean },
  least = 1,
) {
  let count = 0
  for (let rest = registers; rest !== 0; rest &= rest - 1) count++
  return {
    n: count < least || registers >> 14 === 3 ? UNPREDICTABLE : n,
    list: immediate(registers & 0x7fff),
    bytes: immediate(count * 4),
    direction,
    writeBack,
    withPc: registers >> 15 === 1,
  }
}
