/** Multiplication and division. */
import { usageFault } from '../faults.ts'
import type { Register } from '../ir/nodes.ts'
import type { Meaning } from '../table/row.ts'

export interface Multiply {
  readonly d: Register
  readonly n: Register
  readonly m: Register
  /** Added to the product, or the product is taken from it. */
  readonly a?: Register
  readonly subtract?: boolean
  readonly setFlags?: boolean
}

export const multiply: Meaning<Multiply> = (b, o) => {
  const product = b.mul(b.read(o.n), b.read(o.m))
  const a = o.a && b.read(o.a)
  const result = a ? (o.subtract ? b.sub(a, product) : b.add(a, product)) : product
  if (o.setFlags) b.setNZ(result)
  b.write(o.d, result)
}

export interface LongMultiply {
  readonly low: Register
  readonly high: Register
  readonly n: Register
  readonly m: Register
  readonly isSigned: boolean
  /** `pair`: added to high:low. `both`: high and low are added as two 32-bit numbers (UMAAL). */
  readonly accumulate: 'no' | 'pair' | 'both'
}

export const longMultiply: Meaning<LongMultiply> = (b, o) => {
  const widen = o.isSigned ? b.wideS.bind(b) : b.wideU.bind(b)
  let result = b.mulWide(widen(b.read(o.n)), widen(b.read(o.m)))
  if (o.accumulate === 'pair') result = b.addWide(result, b.pair(b.read(o.low), b.read(o.high)))
  if (o.accumulate === 'both') {
    result = b.addWide(b.addWide(result, b.wideU(b.read(o.low))), b.wideU(b.read(o.high)))
  }
  const low = b.low(result)
  const high = b.high(result)
  b.write(o.low, low)
  b.write(o.high, high)
}

export interface Divide {
  readonly d: Register
  readonly n: Register
  readonly m: Register
  readonly isSigned: boolean
}

export const divide: Meaning<Divide> = (b, o) => {
  const n = b.read(o.n)
  const m = b.read(o.m)
  const isZero = b.isZero(m)
  b.when(b.and(isZero, b.word('TRAP_DIVIDE')), () => b.raise(usageFault('DIVBYZERO')))
  if (o.isSigned) {
    // The quotient of -2^31 by -1 does not fit: -1 is done by negation.
    const isMinusOne = b.eq(m, -1)
    const safe = b.select(b.or(isZero, isMinusOne), b.constant(1), m)
    const quotient = b.select(isMinusOne, b.sub(b.constant(0), n), b.divS(n, safe))
    b.write(o.d, b.select(isZero, b.constant(0), quotient))
  } else {
    const quotient = b.divU(n, b.select(isZero, b.constant(1), m))
    b.write(o.d, b.select(isZero, b.constant(0), quotient))
  }
}
