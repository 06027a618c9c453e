/** 32-bit multiplication and division. Armv8-M ARM, C2.3.13 and C2.3.14. */
import * as multiply from '../operations/multiply.ts'
import { type Fields, general, type Row, row, UNPREDICTABLE } from './row.ts'

const dnm = (f: Fields) => ({ d: general(f.d!), n: general(f.n!), m: general(f.m!) })
const dnma = (f: Fields) => ({ ...dnm(f), a: general(f.a!) })

const long = (isSigned: boolean, accumulate: 'no' | 'pair' | 'both') => (f: Fields) => ({
  low: f.l === f.h ? UNPREDICTABLE : general(f.l!),
  high: general(f.h!),
  n: general(f.n!),
  m: general(f.m!),
  isSigned,
  accumulate,
})

const LONG = '{low}, {high}, {n}, {m}'

export const multiplyRows: readonly Row[] = [
  row(
    '11111011 0000 nnnn aaaa dddd 0000 mmmm',
    'mla',
    '{d}, {n}, {m}, {a}',
    multiply.multiply,
    dnma,
    ['a=15'],
  ),
  row('11111011 0000 nnnn 1111 dddd 0000 mmmm', 'mul.w', '{d}, {n}, {m}', multiply.multiply, dnm),
  row(
    '11111011 0000 nnnn aaaa dddd 0001 mmmm',
    'mls',
    '{d}, {n}, {m}, {a}',
    multiply.multiply,
    (f) => ({ ...dnma(f), subtract: true }),
  ),
  row(
    '11111011 1000 nnnn llll hhhh 0000 mmmm',
    'smull',
    LONG,
    multiply.longMultiply,
    long(true, 'no'),
  ),
  row(
    '11111011 1010 nnnn llll hhhh 0000 mmmm',
    'umull',
    LONG,
    multiply.longMultiply,
    long(false, 'no'),
  ),
  row(
    '11111011 1100 nnnn llll hhhh 0000 mmmm',
    'smlal',
    LONG,
    multiply.longMultiply,
    long(true, 'pair'),
  ),
  row(
    '11111011 1110 nnnn llll hhhh 0000 mmmm',
    'umlal',
    LONG,
    multiply.longMultiply,
    long(false, 'pair'),
  ),
  row(
    '11111011 1110 nnnn llll hhhh 0110 mmmm',
    'umaal',
    LONG,
    multiply.longMultiply,
    long(false, 'both'),
  ),
  row('11111011 1001 nnnn 1111 dddd 1111 mmmm', 'sdiv', '{d}, {n}, {m}', multiply.divide, (f) => ({
    ...dnm(f),
    isSigned: true,
  })),
  row('11111011 1011 nnnn 1111 dddd 1111 mmmm', 'udiv', '{d}, {n}, {m}', multiply.divide, (f) => ({
    ...dnm(f),
    isSigned: false,
  })),
]
