/**
 * The DSP extension: parallel sums over bytes and halves, saturating sums, products of halves.
 * Armv8-M ARM, C2.4, under each name.
 */
import type { Builder } from '../ir/builder.ts'
import type { Immediate, Register, Value, Wide } from '../ir/nodes.ts'
import { type Meaning, rare } from '../table/row.ts'
import { type FixedShift, shiftByConstant } from './shifts.ts'

export interface Three {
  readonly d: Register
  readonly n: Register
  readonly m: Register
}

/** `plain` keeps the low bits and sets GE; the others do not touch GE. */
type Rounding = 'plain' | 'saturate' | 'halve'

export interface Parallel extends Three {
  readonly width: 8 | 16
  readonly isSigned: boolean
  readonly rounding: Rounding
  /** Of the upper and lower half for the exchanging forms (ASX, SAX); else both the same. */
  readonly upper: 'add' | 'sub'
  readonly lower: 'add' | 'sub'
  /** The halves of the second operand change places. */
  readonly exchange: boolean
}

export const parallel: Meaning<Parallel> = rare((b, o) => {
  const n = b.read(o.n)
  const m = o.exchange ? b.rotr(b.read(o.m), 16) : b.read(o.m)
  let result = b.constant(0)
  let ge = b.constant(0)
  for (let at = 0; at < 32; at += o.width) {
    const operation = at >= 16 ? o.upper : o.lower
    const [x, y] = [lane(b, n, at, o), lane(b, m, at, o)]
    const sum = operation === 'add' ? b.add(x, y) : b.sub(x, y)
    result = b.or(result, b.shl(b.and(round(b, sum, o), 2 ** o.width - 1), at))
    const ones = o.width === 16 ? 3 : 1
    ge = b.or(ge, b.shl(b.mul(isGreater(b, sum, operation, o), ones), at / 8))
  }
  if (o.rounding === 'plain') b.writeWord('GE', ge)
  b.write(o.d, result)
})

function lane(b: Builder, x: Value, at: number, o: Parallel): Value {
  const top = b.shl(x, 32 - o.width - at)
  return o.isSigned ? b.sar(top, 32 - o.width) : b.shr(top, 32 - o.width)
}

function round(b: Builder, sum: Value, o: Parallel): Value {
  if (o.rounding === 'plain') return sum
  if (o.rounding === 'halve') return b.sar(sum, 1)
  const most = o.isSigned ? 2 ** (o.width - 1) - 1 : 2 ** o.width - 1
  const least = o.isSigned ? -(2 ** (o.width - 1)) : 0
  return clamp(b, sum, b.constant(least), b.constant(most))
}

/** GE: no borrow, or a carry of an unsigned sum, or a signed result that is not negative. */
function isGreater(b: Builder, sum: Value, operation: 'add' | 'sub', o: Parallel): Value {
  const isCarry = !o.isSigned && operation === 'add'
  return isCarry ? b.gtS(sum, 2 ** o.width - 1) : b.gtS(sum, -1)
}

function clamp(b: Builder, x: Value, least: Value, most: Value): Value {
  const capped = b.select(b.gtS(x, most), most, x)
  return b.select(b.ltS(x, least), least, capped)
}

export const select: Meaning<Three> = rare((b, o) => {
  const ge = b.word('GE')
  let mask = b.constant(0)
  for (let byte = 0; byte < 4; byte++) {
    mask = b.or(mask, b.mul(b.and(b.shr(ge, byte), 1), 0xff << (8 * byte)))
  }
  b.write(o.d, b.or(b.and(b.read(o.n), mask), b.and(b.read(o.m), b.not(mask))))
})

export interface SaturatingSum extends Three {
  readonly subtract: boolean
  /** n is doubled first, with saturation of its own. */
  readonly double: boolean
}

export const saturatingSum: Meaning<SaturatingSum> = rare((b, o) => {
  let n = b.wideS(b.read(o.n))
  if (o.double) n = b.wideS(saturate32(b, b.addWide(n, n)))
  const m = b.wideS(b.read(o.m))
  b.write(o.d, saturate32(b, o.subtract ? b.subWide(m, n) : b.addWide(m, n)))
})

/** To 32 bits, setting Q. */
function saturate32(b: Builder, x: Wide): Value {
  const overflows = overflow(b, x)
  b.writeWord('Q', b.or(b.word('Q'), overflows))
  const limit = b.xor(b.sar(b.high(x), 31), 0x7fff_ffff)
  return b.select(overflows, limit, b.low(x))
}

function overflow(b: Builder, x: Wide): Value {
  return b.ne(b.high(x), b.sar(b.low(x), 31))
}

function half(b: Builder, x: Value, isTop: boolean): Value {
  return isTop ? b.sar(x, 16) : b.signExtend(x, 2)
}

export interface HalfProduct extends Three {
  readonly a?: Register
  readonly nTop: boolean
  readonly mTop: boolean
}

/** SMLAxy, SMULxy */
export const halfProduct: Meaning<HalfProduct> = (b, o) => {
  const product = b.mul(half(b, b.read(o.n), o.nTop), half(b, b.read(o.m), o.mTop))
  accumulate(b, o, b.wideS(product))
}

/** Writes product + a, with Q if that does not fit in 32 bits. */
function accumulate(b: Builder, o: { d: Register; a?: Register }, product: Wide): void {
  const sum = o.a ? b.addWide(product, b.wideS(b.read(o.a))) : product
  const result = b.low(sum)
  if (o.a) b.writeWord('Q', b.or(b.word('Q'), overflow(b, sum)))
  b.write(o.d, result)
}

/** SMLAWy, SMULWy: the top 32 of 48 bits. */
export const wordByHalf: Meaning<Omit<HalfProduct, 'nTop'>> = rare((b, o) => {
  const m = b.wideS(half(b, b.read(o.m), o.mTop))
  accumulate(b, o, b.sarWide(b.mulWide(b.wideS(b.read(o.n)), m), 16))
})

export interface DualProduct extends Three {
  readonly a?: Register
  readonly subtract: boolean
  readonly exchange: boolean
}

/** SMLAD, SMUAD, SMLSD, SMUSD */
export const dualProduct: Meaning<DualProduct> = rare((b, o) => {
  const sum = twoProducts(b, o)
  const total = o.a ? b.addWide(sum, b.wideS(b.read(o.a))) : sum
  const result = b.low(total)
  b.writeWord('Q', b.or(b.word('Q'), overflow(b, total)))
  b.write(o.d, result)
})

function twoProducts(
  b: Builder,
  o: { n: Register; m: Register; subtract: boolean; exchange: boolean },
): Wide {
  const n = b.read(o.n)
  const m = o.exchange ? b.rotr(b.read(o.m), 16) : b.read(o.m)
  const low = b.wideS(b.mul(half(b, n, false), half(b, m, false)))
  const high = b.wideS(b.mul(half(b, n, true), half(b, m, true)))
  return o.subtract ? b.subWide(low, high) : b.addWide(low, high)
}

export interface LongAccumulate {
  readonly low: Register
  readonly high: Register
  readonly n: Register
  readonly m: Register
}

/** SMLALxy */
export const longHalfProduct: Meaning<LongAccumulate & { nTop: boolean; mTop: boolean }> = rare(
  (b, o) => {
    const product = b.mul(half(b, b.read(o.n), o.nTop), half(b, b.read(o.m), o.mTop))
    addToPair(b, o, b.wideS(product))
  },
)

/** SMLALD, SMLSLD */
export const longDualProduct: Meaning<LongAccumulate & { subtract: boolean; exchange: boolean }> =
  rare((b, o) => addToPair(b, o, twoProducts(b, o)))

function addToPair(b: Builder, o: LongAccumulate, product: Wide): void {
  const sum = b.addWide(b.pair(b.read(o.low), b.read(o.high)), product)
  const [low, high] = [b.low(sum), b.high(sum)]
  b.write(o.low, low)
  b.write(o.high, high)
}

export interface TopProduct extends Three {
  readonly a?: Register
  readonly subtract: boolean
  readonly rounds: boolean
}

/** SMMUL, SMMLA, SMMLS: the upper half of a 64-bit product. */
export const topProduct: Meaning<TopProduct> = (b, o) => {
  const product = b.mulWide(b.wideS(b.read(o.n)), b.wideS(b.read(o.m)))
  const a = b.pair(b.constant(0), o.a ? b.read(o.a) : b.constant(0))
  const sum = o.subtract ? b.subWide(a, product) : b.addWide(a, product)
  const rounded = o.rounds ? b.addWide(sum, b.wideU(b.constant(0x8000_0000))) : sum
  b.write(o.d, b.high(rounded))
}

/** USAD8, USADA8 */
export const absoluteDifferences: Meaning<Three & { readonly a?: Register }> = rare((b, o) => {
  const [n, m] = [b.read(o.n), b.read(o.m)]
  let sum = o.a ? b.read(o.a) : b.constant(0)
  for (let at = 0; at < 32; at += 8) {
    const difference = b.sub(b.and(b.shr(n, at), 0xff), b.and(b.shr(m, at), 0xff))
    const sign = b.sar(difference, 31)
    sum = b.add(sum, b.sub(b.xor(difference, sign), sign))
  }
  b.write(o.d, sum)
})

export interface Pack extends Three {
  readonly shift: FixedShift
  readonly amount: Immediate
  /** PKHTB: the upper half is n's, the lower one the shifted m's. */
  readonly isTopFirst: boolean
}

export const pack: Meaning<Pack> = (b, o) => {
  const n = b.read(o.n)
  const m = shiftByConstant(b, o.shift, b.read(o.m), b.read(o.amount)).value
  const [upper, lower] = o.isTopFirst ? [n, m] : [m, n]
  b.write(o.d, b.or(b.and(upper, 0xffff_0000), b.zeroExtend(lower, 2)))
}

export interface ExtendPair {
  readonly d: Register
  readonly n?: Register
  readonly m: Register
  readonly rotation: Immediate
  readonly isSigned: boolean
}

/** SXTB16, SXTAB16 and the unsigned ones: bytes 0 and 2 to halves. */
export const extendPair: Meaning<ExtendPair> = rare((b, o) => {
  const m = b.rotr(b.read(o.m), b.read(o.rotation))
  const widen = (x: Value) => (o.isSigned ? b.signExtend(x, 1) : b.zeroExtend(x, 1))
  let [low, high] = [widen(m), widen(b.shr(m, 16))]
  if (o.n) {
    const n = b.read(o.n)
    ;[low, high] = [b.add(low, n), b.add(high, b.shr(n, 16))]
  }
  b.write(o.d, b.or(b.zeroExtend(low, 2), b.shl(high, 16)))
})

export interface SaturatePair {
  readonly d: Register
  readonly n: Register
  /** Largest result; the smallest is its complement when signed, else 0. */
  readonly most: Immediate
  readonly isSigned: boolean
}

/** SSAT16, USAT16 */
export const saturatePair: Meaning<SaturatePair> = rare((b, o) => {
  const n = b.read(o.n)
  const most = b.read(o.most)
  const least = o.isSigned ? b.not(most) : b.constant(0)
  const [low, high] = [half(b, n, false), half(b, n, true)]
  const [lowResult, highResult] = [clamp(b, low, least, most), clamp(b, high, least, most)]
  const changed = b.or(b.ne(lowResult, low), b.ne(highResult, high))
  b.writeWord('Q', b.or(b.word('Q'), changed))
  b.write(o.d, b.or(b.zeroExtend(lowResult, 2), b.shl(highResult, 16)))
})
