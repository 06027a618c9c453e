/**
 * Floating-point arithmetic. The usual case, rounding to nearest without flush to zero and a result
 * that is an ordinary number, is WebAssembly's own arithmetic; whether the result is exact is found
 * by computing back, or in double precision. Everything else is done by `float/soft-float.ts`.
 */
import { type EffectName, effectNumber } from '../effect-names.ts'
import { FPSCR, FROM_FPSCR, ROUNDING, type Rounding } from '../float/fpscr.ts'
import type { Builder } from '../ir/builder.ts'
import type { Float, Immediate, Real, Register, Single, Source, Value } from '../ir/nodes.ts'
import { type Meaning, rare } from '../table/row.ts'

/** Position of FPSCR.IXC. */
const IXC_SHIFT = 4

/** Not 0: FPSCR asks for flush to zero or another rounding. */
const specialModes = (b: Builder): Value => b.and(b.word('FPSCR'), FPSCR.FZ | FPSCR.RMODE)
const exponentOf = (b: Builder, x: Float): Value => b.and(b.shr(b.bitsOf(x), 23), 0xff)
/** Infinite or no number. */
const isSpecial = (b: Builder, x: Float): Value => b.eq(exponentOf(b, x), 0xff)
/** Special, or so small that it may not be normal before rounding. */
const isExtreme = (b: Builder, x: Float): Value => b.geU(b.sub(exponentOf(b, x), 2), 253)
const multiplyReals = (b: Builder, x: Float, y: Float): Real =>
  b.toReal('f64.mul', b.promote(x), b.promote(y))

interface Outcome {
  readonly isRare: Value
  readonly effect: EffectName
  readonly inputs: () => readonly Value[]
  readonly result: Float | Value
  readonly isInexact?: Value
}

/** Writes the result, and IXC, unless the case is rare. */
function finish(b: Builder, d: Single, outcome: Outcome): void {
  const { isRare, effect, inputs, result, isInexact } = outcome
  b.when(
    isRare,
    () => b.write(d, b.effect(effectNumber(effect), ...inputs())),
    () => {
      if (isInexact) b.writeWord('FPSCR', b.or(b.word('FPSCR'), b.shl(isInexact, IXC_SHIFT)))
      if (result.type === 'f32') b.writeFloat(d, result)
      else b.write(d, result)
    },
  )
}

/** A finite sum is exact if each operand comes back from it (Dekker). */
function sumIsInexact(b: Builder, sum: Float, x: Float, y: Float): Value {
  const differs = (from: Float, other: Float) =>
    b.floatsDiffer(b.float('f32.sub', sum, from), other)
  return b.or(differs(x, y), differs(y, x))
}

export interface Dyadic {
  readonly d: Single
  readonly n: Single
  readonly m: Single
}

export const add: Meaning<Dyadic & { readonly subtract: boolean }> = (b, o) => {
  b.requireFloat()
  const n = b.readFloat(o.n)
  const m = o.subtract ? b.float('f32.neg', b.readFloat(o.m)) : b.readFloat(o.m)
  const result = b.float('f32.add', n, m)
  finish(b, o.d, {
    isRare: b.or(specialModes(b), isSpecial(b, result)),
    effect: o.subtract ? 'floatSubtract' : 'floatAdd',
    inputs: () => [b.read(o.n), b.read(o.m)],
    result,
    isInexact: sumIsInexact(b, result, n, m),
  })
}

interface Product {
  readonly value: Float
  readonly isInexact: Value
  readonly isRare: Value
}

/** Double precision holds the product of two single-precision numbers. */
function product(b: Builder, n: Float, m: Float): Product {
  const value = b.float('f32.mul', n, m)
  const exact = multiplyReals(b, n, m)
  return {
    value,
    isInexact: b.realsDiffer(b.promote(value), exact),
    isRare: b.and(isExtreme(b, value), b.realsDiffer(exact, b.real(0))),
  }
}

export const multiply: Meaning<Dyadic & { readonly negate: boolean }> = (b, o) => {
  b.requireFloat()
  const { value, isInexact, isRare } = product(b, b.readFloat(o.n), b.readFloat(o.m))
  finish(b, o.d, {
    isRare: b.or(specialModes(b), isRare),
    effect: o.negate ? 'floatNegatedMultiply' : 'floatMultiply',
    inputs: () => [b.read(o.n), b.read(o.m)],
    result: o.negate ? b.float('f32.neg', value) : value,
    isInexact,
  })
}

export const ACCUMULATIONS = {
  vmla: { effect: 'floatMultiplyAdd', negateProduct: false, negateAddend: false },
  vmls: { effect: 'floatMultiplySubtract', negateProduct: true, negateAddend: false },
  vnmla: { effect: 'floatNegatedMultiplyAdd', negateProduct: true, negateAddend: true },
  vnmls: { effect: 'floatNegatedMultiplySubtract', negateProduct: false, negateAddend: true },
} as const

/** VMLA and relatives: the product is rounded, then the sum. */
export const multiplyAccumulate: Meaning<
  Dyadic & { readonly operation: keyof typeof ACCUMULATIONS }
> = (b, o) => {
  const { effect, negateProduct, negateAddend } = ACCUMULATIONS[o.operation]
  b.requireFloat()
  const first = product(b, b.readFloat(o.n), b.readFloat(o.m))
  const x = negateProduct ? b.float('f32.neg', first.value) : first.value
  const y = negateAddend ? b.float('f32.neg', b.readFloat(o.d)) : b.readFloat(o.d)
  const result = b.float('f32.add', y, x)
  finish(b, o.d, {
    isRare: b.or(b.or(specialModes(b), first.isRare), isSpecial(b, result)),
    effect,
    inputs: () => [b.read(o.d), b.read(o.n), b.read(o.m)],
    result,
    isInexact: b.or(first.isInexact, sumIsInexact(b, result, y, x)),
  })
}

export interface Fused extends Dyadic {
  readonly negateProduct: boolean
  readonly negateAddend: boolean
}

/**
 * VFMA and relatives: rounded once. The sum in double precision, rounded again, is wrong only if it
 * is inexact and lies half way between two single-precision numbers.
 */
export const fusedMultiplyAdd: Meaning<Fused> = (b, o) => {
  b.requireFloat()
  const negated = (x: Float, isNegated: boolean) => (isNegated ? b.float('f32.neg', x) : x)
  const n = negated(b.readFloat(o.n), o.negateProduct)
  const exact = multiplyReals(b, n, b.readFloat(o.m))
  const addend = b.promote(negated(b.readFloat(o.d), o.negateAddend))
  const sum = b.toReal('f64.add', exact, addend)
  const result = b.float('f32.demote_f64', sum)
  const differs = (from: Real, other: Real) => b.realsDiffer(b.toReal('f64.sub', sum, from), other)
  const isShort = b.or(differs(exact, addend), differs(addend, exact))
  const isHalfWay = b.eq(b.and(b.lowBitsOf(sum), 0x1fff_ffff), 0x1000_0000)
  const isTooSmall = b.and(isExtreme(b, result), b.realsDiffer(sum, b.real(0)))
  const sign = (x: Single, isNegated: boolean) =>
    isNegated ? b.xor(b.read(x), 0x8000_0000) : b.read(x)
  finish(b, o.d, {
    isRare: b.or(b.or(specialModes(b), isTooSmall), b.and(isHalfWay, isShort)),
    effect: 'floatFused',
    inputs: () => [sign(o.d, o.negateAddend), sign(o.n, o.negateProduct), b.read(o.m)],
    result,
    isInexact: b.or(isShort, b.realsDiffer(b.promote(result), sum)),
  })
}

export const divide: Meaning<Dyadic> = (b, o) => {
  b.requireFloat()
  const [n, m] = [b.readFloat(o.n), b.readFloat(o.m)]
  const result = b.float('f32.div', n, m)
  finish(b, o.d, {
    isRare: b.or(specialModes(b), isExtreme(b, result)),
    effect: 'floatDivide',
    inputs: () => [b.read(o.n), b.read(o.m)],
    result,
    isInexact: b.realsDiffer(multiplyReals(b, result, m), b.promote(n)),
  })
}

export interface Monadic {
  readonly d: Single
  readonly m: Single
}

export const squareRoot: Meaning<Monadic> = (b, o) => {
  b.requireFloat()
  const m = b.readFloat(o.m)
  const result = b.float('f32.sqrt', m)
  finish(b, o.d, {
    isRare: b.or(specialModes(b), isSpecial(b, result)),
    effect: 'floatSquareRoot',
    inputs: () => [b.read(o.m)],
    result,
    isInexact: b.realsDiffer(multiplyReals(b, result, result), b.promote(m)),
  })
}

const unordered = (b: Builder, n: Float, m: Float): Value =>
  b.or(b.floatsDiffer(n, n), b.floatsDiffer(m, m))

/** VMAXNM, VMINNM */
export const extremum: Meaning<Dyadic & { readonly isMinimum: boolean }> = (b, o) => {
  b.requireFloat()
  const [n, m] = [b.readFloat(o.n), b.readFloat(o.m)]
  finish(b, o.d, {
    isRare: b.or(specialModes(b), unordered(b, n, m)),
    effect: o.isMinimum ? 'floatMinimum' : 'floatMaximum',
    inputs: () => [b.read(o.n), b.read(o.m)],
    result: b.float(o.isMinimum ? 'f32.min' : 'f32.max', n, m),
  })
}

export interface Compare {
  readonly d: Single
  /** Absent: compared with zero. */
  readonly m?: Single
  readonly isSignallingAll: boolean
}

/** FPSCR's flags: 8 for less, 6 for equal, 2 for greater; soft-float knows the fourth, 3. */
export const compare: Meaning<Compare> = (b, o) => {
  b.requireFloat()
  const d = b.readFloat(o.d)
  const m = o.m ? b.readFloat(o.m) : b.float('f32.reinterpret_i32', b.constant(0))
  const isLess = b.compareFloats('f32.lt', d, m)
  const isEqual = b.compareFloats('f32.eq', d, m)
  b.when(
    b.or(b.and(b.word('FPSCR'), FPSCR.FZ), unordered(b, d, m)),
    () => {
      const effect = o.isSignallingAll ? 'floatCompareSignalling' : 'floatCompare'
      b.effect(effectNumber(effect), b.read(o.d), o.m ? b.read(o.m) : b.constant(0))
    },
    () => {
      const different = b.select(isLess, b.constant(8), b.constant(2))
      const flags = b.shl(b.select(isEqual, b.constant(6), different), 28)
      b.writeWord('FPSCR', b.or(b.and(b.word('FPSCR'), ~FPSCR.NZCV), flags))
    },
  )
}

export interface RoundToInteger extends Monadic {
  readonly rounding: Rounding | typeof FROM_FPSCR
  readonly raisesInexact: boolean
}

/** VRINT */
export const roundToInteger: Meaning<RoundToInteger> = (b, o) => {
  b.requireFloat()
  const m = b.readFloat(o.m)
  const isAway = o.rounding === ROUNDING.away
  const result = isAway
    ? b.float('f32.demote_f64', rounded(b, b.promote(m), o.rounding))
    : b.float(`f32.${OPCODES[o.rounding]}`, m)
  finish(b, o.d, {
    isRare: b.or(specialModes(b), isSpecial(b, m)),
    effect: 'floatRound',
    inputs: () => [b.read(o.m), b.constant(o.rounding), b.constant(o.raisesInexact ? 1 : 0)],
    result,
    ...(o.raisesInexact ? { isInexact: b.floatsDiffer(result, m) } : {}),
  })
}

/** WebAssembly's instruction for a rounding; FPSCR's is to nearest here. */
const OPCODES = {
  [ROUNDING.nearest]: 'nearest',
  [ROUNDING.plus]: 'ceil',
  [ROUNDING.minus]: 'floor',
  [ROUNDING.zero]: 'trunc',
  [ROUNDING.away]: 'trunc',
  [FROM_FPSCR]: 'nearest',
} as const

function rounded(b: Builder, x: Real, rounding: Rounding | typeof FROM_FPSCR): Real {
  if (rounding !== ROUNDING.away) return b.toReal(`f64.${OPCODES[rounding]}`, x)
  const half = b.toReal('f64.copysign', b.real(0.5), x)
  return b.toReal('f64.trunc', b.toReal('f64.add', x, half))
}

export interface Fixed extends Monadic {
  /** The integer counts 2^-fraction. */
  readonly fraction?: Immediate
  readonly bits: 16 | 32
  readonly isSigned: boolean
}

/** Third argument of the effects that convert: see `float-effects.ts`. */
function conversion(b: Builder, o: Fixed & { rounding: number }): Value {
  return b.constant(o.rounding | (o.isSigned ? 8 : 0) | (o.bits === 16 ? 16 : 0))
}

/** VCVT and VCVTA, VCVTN, VCVTP, VCVTM, VCVTR to integers and fixed point. */
export const toFixed: Meaning<Fixed & { readonly rounding: Rounding | typeof FROM_FPSCR }> = (
  b,
  o,
) => {
  b.requireFloat()
  const fraction = o.fraction ? b.read(o.fraction) : b.constant(0)
  const m = b.promote(b.readFloat(o.m))
  const scaled = o.fraction ? b.toReal('f64.mul', m, b.powerOfTwo(fraction)) : m
  const whole = rounded(b, scaled, o.rounding)
  const least = o.isSigned ? -(2 ** (o.bits - 1)) : 0
  const most = o.isSigned ? 2 ** (o.bits - 1) - 1 : 2 ** o.bits - 1
  const fits = b.and(b.isAtMost(b.real(least), whole), b.isAtMost(whole, b.real(most)))
  finish(b, o.d, {
    isRare: b.or(specialModes(b), b.isZero(fits)),
    effect: 'floatToFixed',
    inputs: () => [b.read(o.m), fraction, conversion(b, o)],
    result: b.toInteger(whole, o.isSigned),
    isInexact: b.realsDiffer(whole, scaled),
  })
}

/** VCVT from integers and fixed point. */
export const fromFixed: Meaning<Fixed & { readonly rounding: Rounding | typeof FROM_FPSCR }> = (
  b,
  o,
) => {
  b.requireFloat()
  const fraction = o.fraction ? b.read(o.fraction) : b.constant(0)
  const m = b.read(o.m)
  const narrow = () => (o.isSigned ? b.signExtend(m, 2) : b.zeroExtend(m, 2))
  const value = o.bits === 16 ? narrow() : m
  const whole = b.toReal(o.isSigned ? 'f64.convert_i32_s' : 'f64.convert_i32_u', value)
  const scaled = o.fraction
    ? b.toReal('f64.mul', whole, b.powerOfTwo(b.sub(b.constant(0), fraction)))
    : whole
  const result = b.float('f32.demote_f64', scaled)
  finish(b, o.d, {
    isRare: specialModes(b),
    effect: 'floatFromFixed',
    inputs: () => [value, fraction, conversion(b, o)],
    result,
    isInexact: b.realsDiffer(b.promote(result), scaled),
  })
}

export interface HalfConversion extends Monadic {
  readonly isTop: boolean
}

/** VCVTB, VCVTT from half precision. */
export const fromHalf: Meaning<HalfConversion> = rare((b, o) => {
  b.requireFloat()
  const half = b.zeroExtend(o.isTop ? b.shr(b.read(o.m), 16) : b.read(o.m), 2)
  b.write(o.d, b.effect(effectNumber('halfToSingle'), half))
})

/** VCVTB, VCVTT to half precision: the other half stays. */
export const toHalf: Meaning<HalfConversion> = rare((b, o) => {
  b.requireFloat()
  const kept = b.and(b.read(o.d), o.isTop ? 0xffff : 0xffff_0000)
  const half = b.effect(effectNumber('singleToHalf'), b.read(o.m))
  b.write(o.d, b.or(kept, o.isTop ? b.shl(half, 16) : half))
})

/** VMOV of one word, in any direction. */
export const move: Meaning<{ readonly d: Register | Single; readonly m: Source }> = (b, o) => {
  b.requireFloat()
  b.write(o.d, b.read(o.m))
}

/** VABS, VNEG: of any bits. */
export const changeSign: Meaning<Monadic & { readonly operation: 'absolute' | 'negate' }> = (
  b,
  o,
) => {
  b.requireFloat()
  const m = b.read(o.m)
  b.write(o.d, o.operation === 'negate' ? b.xor(m, 0x8000_0000) : b.and(m, 0x7fff_ffff))
}

export interface MovePair {
  readonly t: Register | Single
  readonly u: Register | Single
  readonly m: Register | Single
  readonly n: Register | Single
}

/** VMOV of two words: t from m, u from n. */
export const movePair: Meaning<MovePair> = (b, o) => {
  b.requireFloat()
  const [first, second] = [b.read(o.m), b.read(o.n)]
  b.write(o.t, first)
  b.write(o.u, second)
}

/** VSEL */
export const select: Meaning<Dyadic & { readonly condition: number }> = (b, o) => {
  b.requireFloat()
  b.write(o.d, b.select(b.condition(o.condition), b.read(o.n), b.read(o.m)))
}

export const readStatus: Meaning<{ readonly t: Register }> = (b, o) => {
  b.requireFloat()
  b.write(o.t, b.word('FPSCR'))
}

/** VMRS APSR_nzcv, FPSCR */
export const readFlags: Meaning<Record<never, never>> = (b) => {
  b.requireFloat()
  const fpscr = b.word('FPSCR')
  b.writeFlag('N', fpscr)
  b.writeFlag('Z', b.and(b.not(fpscr), 0x4000_0000))
  b.writeFlag('C', b.and(b.shr(fpscr, 29), 1))
  b.writeFlag('V', b.shl(fpscr, 3))
}

export const writeStatus: Meaning<{ readonly t: Register }> = (b, o) => {
  b.requireFloat()
  b.writeWord('FPSCR', b.and(b.read(o.t), FPSCR.WRITABLE))
}

/** VLSTM, VLLDM, and what is UNDEFINED once the access check has passed. */
export const callFloat: Meaning<{ readonly effect: EffectName; readonly n?: Register }> = rare(
  (b, o) => {
    b.effect(effectNumber(o.effect), ...(o.n ? [b.read(o.n)] : []))
  },
)
