/**
 * Data processing over a register or an immediate. Flags are worked out here and nowhere else:
 * AddWithCarry() and the shifter's carry of the Armv8-M ARM.
 */
import type { Builder } from '../ir/builder.ts'
import type { Immediate, Register, Source, Value } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'
import { type FixedShift, type ShiftType, shiftByConstant, shiftByRegister } from './shifts.ts'

export interface DataProcessing {
  /** Absent for compares and tests. */
  readonly d?: Register
  /** Absent for moves. */
  readonly n?: Source
  readonly m: Source
  readonly shift?: FixedShift
  readonly amount?: Immediate
  readonly setFlags: boolean
  /** What a modified immediate does to C; registers use the shifter's carry. */
  readonly carry?: 'kept' | 'bit31'
}

type Logical = (b: Builder, n: Value, m: Value) => Value
interface Sum {
  readonly a: Value
  readonly b: Value
  /** 0, 1, or the C flag. */
  readonly carryIn: 0 | 1 | 'C'
}
type Arithmetic = (b: Builder, n: Value, m: Value) => Sum

export const and = logical((b, n, m) => b.and(n, m))
export const bic = logical((b, n, m) => b.and(n, b.not(m)))
export const orr = logical((b, n, m) => b.or(n, m))
export const orn = logical((b, n, m) => b.or(n, b.not(m)))
export const eor = logical((b, n, m) => b.xor(n, m))
export const mov = logical((_, __, m) => m)
export const mvn = logical((b, _, m) => b.not(m))

export const add = arithmetic((_, n, m) => ({ a: n, b: m, carryIn: 0 }))
export const adc = arithmetic((_, n, m) => ({ a: n, b: m, carryIn: 'C' }))
export const sub = arithmetic((b, n, m) => ({ a: n, b: b.not(m), carryIn: 1 }))
export const sbc = arithmetic((b, n, m) => ({ a: n, b: b.not(m), carryIn: 'C' }))
export const rsb = arithmetic((b, n, m) => ({ a: m, b: b.not(n), carryIn: 1 }))

function logical(combine: Logical): Meaning<DataProcessing> {
  return (b, o) => {
    const n = o.n ? b.read(o.n) : b.constant(0)
    const source = b.read(o.m)
    const m = shiftByConstant(b, o.shift ?? 'none', source, o.amount ? b.read(o.amount) : source)
    const result = combine(b, n, m.value)
    if (o.setFlags) {
      const carry = carryOut(b, o, source, m)
      b.setNZ(result)
      if (carry) b.writeFlag('C', carry)
    }
    if (o.d) b.write(o.d, result)
  }
}

function carryOut(b: Builder, o: DataProcessing, source: Value, m: { carry(): Value }) {
  if (o.carry === 'bit31') return b.shr(source, 31)
  return o.shift === undefined || o.shift === 'none' ? undefined : m.carry()
}

function arithmetic(sumOf: Arithmetic): Meaning<DataProcessing> {
  return (b, o) => {
    const n = b.read(o.n!)
    const source = b.read(o.m)
    const m = shiftByConstant(b, o.shift ?? 'none', source, o.amount ? b.read(o.amount) : source)
    const sum = sumOf(b, n, m.value)
    const result = addUp(b, sum)
    if (o.d) b.checkBase(o.d, result)
    if (o.setFlags) setSumFlags(b, sum, result)
    if (o.d) b.write(o.d, result, true)
  }
}

function addUp(b: Builder, { a, b: addend, carryIn }: Sum): Value {
  if (carryIn === 'C') return b.add(b.add(a, addend), b.flag('C'))
  return carryIn === 1 ? b.sub(a, b.not(addend)) : b.add(a, addend)
}

function setSumFlags(b: Builder, { a, b: addend, carryIn }: Sum, result: Value): void {
  const wrapped = b.ltU(result, a)
  let carry: Value
  if (carryIn === 0) carry = wrapped
  else if (carryIn === 1) carry = b.geU(a, b.not(addend))
  else carry = b.or(wrapped, b.and(b.flag('C'), b.eq(result, a)))
  const overflow = b.and(b.xor(a, result), b.xor(addend, result))
  b.setNZ(result)
  b.writeFlag('C', carry)
  b.writeFlag('V', overflow)
}

export interface RegisterShift {
  readonly d: Register
  readonly n: Register
  readonly m: Register
  readonly type: ShiftType
  readonly setFlags: boolean
}

export const shiftRegister: Meaning<RegisterShift> = (b, o) => {
  const shifted = shiftByRegister(b, o.type, b.read(o.n), b.read(o.m))
  if (o.setFlags) {
    const carry = shifted.carry()
    b.setNZ(shifted.value)
    b.writeFlag('C', carry)
  }
  b.write(o.d, shifted.value)
}

export const movt: Meaning<{ d: Register; high: Immediate }> = (b, o) => {
  b.write(o.d, b.or(b.zeroExtend(b.read(o.d), 2), b.read(o.high)))
}
