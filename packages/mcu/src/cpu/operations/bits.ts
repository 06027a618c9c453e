/** Bit fields, extends, reversals, counts and saturation. */
import type { Builder } from '../ir/builder.ts'
import type { Immediate, Register, Value } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'
import { type FixedShift, shiftByConstant } from './shifts.ts'

/** `left` brings the field's top to bit 31, `right` its bottom to bit 0 from there. */
export interface FieldExtract {
  readonly d: Register
  readonly n: Register
  readonly left: Immediate
  readonly right: Immediate
  readonly isSigned: boolean
}

export const extractField: Meaning<FieldExtract> = (b, o) => {
  const top = b.shl(b.read(o.n), b.read(o.left))
  const by = b.read(o.right)
  b.write(o.d, o.isSigned ? b.sar(top, by) : b.shr(top, by))
}

export interface FieldInsert {
  readonly d: Register
  /** Absent for BFC. */
  readonly n?: Register
  readonly lsb: Immediate
  /** The field's bits, in place. */
  readonly mask: Immediate
}

export const insertField: Meaning<FieldInsert> = (b, o) => {
  const mask = b.read(o.mask)
  const cleared = b.and(b.read(o.d), b.not(mask))
  const field = o.n && b.and(b.shl(b.read(o.n), b.read(o.lsb)), mask)
  b.write(o.d, field ? b.or(cleared, field) : cleared)
}

export interface Extend {
  readonly d: Register
  /** Added to the extended value, if present. */
  readonly n?: Register
  readonly m: Register
  readonly rotation?: Immediate
  readonly width: 1 | 2
  readonly isSigned: boolean
}

export const extend: Meaning<Extend> = (b, o) => {
  const rotated = o.rotation ? b.rotr(b.read(o.m), b.read(o.rotation)) : b.read(o.m)
  const value = o.isSigned ? b.signExtend(rotated, o.width) : b.zeroExtend(rotated, o.width)
  b.write(o.d, o.n ? b.add(b.read(o.n), value) : value)
}

export interface Unary {
  readonly d: Register
  readonly m: Register
}

export const countLeadingZeros: Meaning<Unary> = (b, o) => b.write(o.d, b.clz(b.read(o.m)))

export const reverseBytes: Meaning<Unary> = (b, o) => {
  const x = b.read(o.m)
  b.write(o.d, b.or(b.and(b.rotr(x, 8), 0xff00_ff00), b.and(b.rotr(x, 24), 0x00ff_00ff)))
}

export const reverseBytesInHalves: Meaning<Unary> = (b, o) => {
  b.write(o.d, swapNeighbours(b, b.read(o.m), 8, 0x00ff_00ff))
}

export const reverseSignedHalf: Meaning<Unary> = (b, o) => {
  const x = b.zeroExtend(b.read(o.m), 2)
  b.write(o.d, b.signExtend(b.or(b.shl(x, 8), b.shr(x, 8)), 2))
}

export const reverseBits: Meaning<Unary> = (b, o) => {
  let x = b.read(o.m)
  x = swapNeighbours(b, x, 1, 0x5555_5555)
  x = swapNeighbours(b, x, 2, 0x3333_3333)
  x = swapNeighbours(b, x, 4, 0x0f0f_0f0f)
  x = swapNeighbours(b, x, 8, 0x00ff_00ff)
  b.write(o.d, b.rotr(x, 16))
}

function swapNeighbours(b: Builder, x: Value, by: number, mask: number): Value {
  return b.or(b.and(b.shr(x, by), mask), b.shl(b.and(x, mask), by))
}

export interface Saturate {
  readonly d: Register
  readonly n: Register
  readonly shift: FixedShift
  readonly amount: Immediate
  /** Largest result; the smallest is its complement when signed, else 0. */
  readonly most: Immediate
  readonly isSigned: boolean
}

export const saturate: Meaning<Saturate> = (b, o) => {
  const x = shiftByConstant(b, o.shift, b.read(o.n), b.read(o.amount)).value
  const most = b.read(o.most)
  const result = clamp(b, x, o.isSigned ? b.not(most) : b.constant(0), most)
  b.writeWord('Q', b.or(b.word('Q'), b.ne(result, x)))
  b.write(o.d, result)
}

function clamp(b: Builder, x: Value, least: Value, most: Value): Value {
  const capped = b.select(b.gtS(x, most), most, x)
  return b.select(b.ltS(x, least), least, capped)
}
