/**
 * Where a handler finds its operands: registers as bytes, immediates and targets as words of the
 * predecoded entry, in the order in which the row names them.
 */
import { ENTRY } from '../layout.ts'
import { inOrder, type Operands } from '../table/row.ts'
import type { Code } from './wasm.ts'

export type Slots = ReadonlyMap<object, number>

/** Pushes the address of a register operand's word. `ip` is the local that points at the entry. */
export function pushRegisterAddress(code: Code, ip: number, slot: number): void {
  code.get(ip).memory('i32.load8_u', slot)
}

export function pushImmediate(code: Code, ip: number, slot: number): void {
  code.get(ip).memory('i32.load', slot)
}

/** Slots by operand, registers at bytes 4 to 7, everything else at words 8 and 12. */
export function assignSlots(operands: Operands): Slots {
  const slots = new Map<object, number>()
  let register: number = ENTRY.registers
  let immediate: number = ENTRY.immediates
  for (const [, operand] of inOrder(operands)) {
    if (typeof operand !== 'object') continue
    const { kind } = operand
    if (kind === 'register' || kind === 'stack-pointer') slots.set(operand, register++)
    else {
      slots.set(operand, immediate)
      immediate += 4
    }
  }
  if (register > ENTRY.immediates || immediate > ENTRY.bytes) {
    throw new Error('An instruction has more operands than an entry holds: 4 registers, 2 numbers.')
  }
  return slots
}
