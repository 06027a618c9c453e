/**
 * Where a handler finds its operands: registers as bytes, immediates and targets as words of the
 * predecoded entry, in the order in which the row names them.
 */
import { ENTRY, WORDS } from '../layout.ts'
import { inOrder, type Operands } from '../table/row.ts'
import type { Register, RegisterFile, Single } from './nodes.ts'
import type { Code } from './wasm.ts'

export type Slots = ReadonlyMap<object, number>

/** Pushes the address of a register operand's word. `ip` is the local that points at the entry. */
function pushRegisterAddress(code: Code, ip: number, slot: number): void {
  code.get(ip).memory('i32.load8_u', slot)
}

export function pushImmediate(code: Code, ip: number, slot: number): void {
  code.get(ip).memory('i32.load', slot)
}

/** Pushes a register's value. */
export function pushRegister(code: Code, ip: number, at: RegisterAt): void {
  pushRegisterAddress(code, ip, at.slot)
  code.memory(at.type === 'f32' ? 'f32.load' : 'i32.load', baseOf(fileOf(at.register)))
}

/** Stores into a register what `value` pushes. */
export function storeRegister(code: Code, ip: number, at: RegisterAt, value: () => void): void {
  pushRegisterAddress(code, ip, at.slot)
  value()
  if (at.register.kind === 'stack-pointer') code.const(~3).op('i32.and')
  code.memory(at.type === 'f32' ? 'f32.store' : 'i32.store', baseOf(fileOf(at.register)))
}

export interface RegisterAt {
  readonly register: Register | Single
  readonly slot: number
  readonly type: 'i32' | 'f32'
}

function fileOf({ kind }: Register | Single): RegisterFile {
  return kind === 'single' ? 'single' : 'core'
}

/** Where the words of a register file begin. */
export function baseOf(file: RegisterFile): number {
  return file === 'single' ? WORDS.S : WORDS.R
}

/** Slots by operand, registers at bytes 4 to 7, everything else at words 8 and 12. */
export function assignSlots(operands: Operands): Slots {
  const slots = new Map<object, number>()
  let register: number = ENTRY.registers
  let immediate: number = ENTRY.immediates
  for (const [, operand] of inOrder(operands)) {
    if (typeof operand !== 'object') continue
    const { kind } = operand
    if (kind === 'register' || kind === 'single' || kind === 'stack-pointer')
      slots.set(operand, register++)
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
