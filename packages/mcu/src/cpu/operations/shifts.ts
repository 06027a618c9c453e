/** Shifts with their carry, as Armv8-M ARM, Shift_C() says. */
import type { Builder } from '../ir/builder.ts'
import type { Value } from '../ir/nodes.ts'

export type ShiftType = 'lsl' | 'lsr' | 'asr' | 'ror'
/** `none` is LSL #0; `rrx` is ROR #0. */
export type FixedShift = ShiftType | 'none' | 'rrx'

export interface Shifted {
  readonly value: Value
  /** 0 or 1; built only when asked for. */
  carry(): Value
}

/** By an amount fixed in the instruction: LSL and ROR 1 to 31, LSR and ASR 1 to 32. */
export function shiftByConstant(b: Builder, type: FixedShift, x: Value, by: Value): Shifted {
  const lastOut = () => b.and(b.shr(x, b.sub(by, 1)), 1)
  switch (type) {
    case 'none':
      return { value: x, carry: () => b.flag('C') }
    case 'lsl':
      return { value: b.shl(x, by), carry: () => b.and(b.shr(x, b.sub(b.constant(32), by)), 1) }
    case 'lsr':
      return { value: b.shr(b.shr(x, b.sub(by, 1)), 1), carry: lastOut }
    case 'asr':
      return { value: b.sar(b.sar(x, b.sub(by, 1)), 1), carry: lastOut }
    case 'ror':
      return { value: b.rotr(x, by), carry: lastOut }
    case 'rrx':
      return {
        value: b.or(b.shr(x, 1), b.shl(b.flag('C'), 31)),
        carry: () => b.and(x, 1),
      }
  }
}

/** By the bottom byte of a register: 0 to 255. */
export function shiftByRegister(b: Builder, type: ShiftType, x: Value, amount: Value): Shifted {
  const by = b.and(amount, 0xff)
  const keep = (carry: Value) => b.select(by, carry, b.flag('C'))
  const within = b.ltU(by, 33)
  switch (type) {
    case 'lsl': {
      const out = () => b.and(b.shr(x, b.sub(b.constant(32), by)), 1)
      return {
        value: b.select(b.ltU(by, 32), b.shl(x, by), b.constant(0)),
        carry: () => keep(b.and(out(), within)),
      }
    }
    case 'lsr': {
      const out = () => b.and(b.shr(x, b.sub(by, 1)), 1)
      return {
        value: b.select(b.ltU(by, 32), b.shr(x, by), b.constant(0)),
        carry: () => keep(b.and(out(), within)),
      }
    }
    case 'asr': {
      const most = b.select(b.ltU(by, 32), by, b.constant(31))
      const out = () => b.select(b.ltU(by, 32), b.and(b.shr(x, b.sub(by, 1)), 1), b.shr(x, 31))
      return { value: b.sar(x, most), carry: () => keep(out()) }
    }
    case 'ror': {
      const value = b.rotr(x, by)
      return { value, carry: () => keep(b.shr(value, 31)) }
    }
  }
}
