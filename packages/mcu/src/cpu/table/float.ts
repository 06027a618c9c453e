/** The floating-point extension, single precision: arithmetic and moves. Armv8-M ARM, C2.4. */
import { FROM_FPSCR, ROUNDING } from '../float/fpscr.ts'
import * as float from '../operations/float.ts'
import {
  type DecodedSingle,
  type Fields,
  general,
  immediate,
  type Row,
  row,
  UNPREDICTABLE,
} from './row.ts'

/**
 * A field of five bits as drawn, the single one first: s registers are numbered with it as the
 * lowest bit.
 */
export function single(field: number): DecodedSingle {
  return { kind: 'single', number: ((field & 15) << 1) | (field >> 4) }
}

/** The same where the single bit is drawn last. */
function singleOfN(field: number): DecodedSingle {
  return { kind: 'single', number: field }
}

/** The two halves of d0 to d15; no others exist. */
export function double(number: number): { low: DecodedSingle; high: DecodedSingle } | undefined {
  if (number > 15) return undefined
  return {
    low: { kind: 'single', number: number * 2 },
    high: { kind: 'single', number: number * 2 + 1 },
  }
}

const doubleOfN = (field: number) => double(((field & 1) << 4) | (field >> 1))

const dnm = (f: Fields) => ({ d: single(f.d!), n: singleOfN(f.n!), m: single(f.m!) })
const dm = (f: Fields) => ({ d: single(f.d!), m: single(f.m!) })
const DNM = '{d}, {n}, {m}'
const DM = '{d}, {m}'

/** Bits 23, 21, 20 and 6 choose the operation. */
const dyadic = (opcode: string, op: '0' | '1') =>
  `1110 1110 ${opcode[0]} d ${opcode.slice(1)} nnnn dddd 1010 n ${op} m 0 mmmm`
/** Bits 19 to 16 and 7. */
const monadic = (opcode: string, bit: string) =>
  `1110 1110 1 d 11 ${opcode} dddd 1010 ${bit} 1 m 0 mmmm`

const dyadicRows: readonly Row[] = [
  ...([false, true] as const).flatMap((second) => {
    const op = second ? '1' : '0'
    const accumulate = second ? 'vmls' : 'vmla'
    const negated = second ? 'vnmla' : 'vnmls'
    return [
      row(dyadic('000', op), `${accumulate}.f32`, DNM, float.multiplyAccumulate, (f) => ({
        ...dnm(f),
        operation: accumulate,
      })),
      row(dyadic('001', op), `${negated}.f32`, DNM, float.multiplyAccumulate, (f) => ({
        ...dnm(f),
        operation: negated,
      })),
      row(dyadic('010', op), second ? 'vnmul.f32' : 'vmul.f32', DNM, float.multiply, (f) => ({
        ...dnm(f),
        negate: second,
      })),
      row(dyadic('011', op), second ? 'vsub.f32' : 'vadd.f32', DNM, float.add, (f) => ({
        ...dnm(f),
        subtract: second,
      })),
      row(
        dyadic('101', op),
        second ? 'vfnma.f32' : 'vfnms.f32',
        DNM,
        float.fusedMultiplyAdd,
        (f) => ({
          ...dnm(f),
          negateProduct: second,
          negateAddend: true,
        }),
      ),
      row(
        dyadic('110', op),
        second ? 'vfms.f32' : 'vfma.f32',
        DNM,
        float.fusedMultiplyAdd,
        (f) => ({
          ...dnm(f),
          negateProduct: second,
          negateAddend: false,
        }),
      ),
    ]
  }),
  row(dyadic('100', '0'), 'vdiv.f32', DNM, float.divide, dnm),
]

/** 1111 1110: no condition of their own, and not for IT blocks. */
const unconditional = <T>(operands: (f: Fields) => T) => {
  return (f: Fields, { isInIt }: { readonly isInIt: boolean }) => (isInIt ? undefined : operands(f))
}

const SELECTIONS = [
  { bits: '00', name: 'vseleq', condition: 0 },
  { bits: '01', name: 'vselvs', condition: 6 },
  { bits: '10', name: 'vselge', condition: 10 },
  { bits: '11', name: 'vselgt', condition: 12 },
] as const

const NAMED_ROUNDINGS = [
  { bits: '00', letter: 'a', rounding: ROUNDING.away },
  { bits: '01', letter: 'n', rounding: ROUNDING.nearest },
  { bits: '10', letter: 'p', rounding: ROUNDING.plus },
  { bits: '11', letter: 'm', rounding: ROUNDING.minus },
] as const

const unconditionalRows: readonly Row[] = [
  ...SELECTIONS.map(({ bits, name, condition }) =>
    row(
      `1111 1110 0 d ${bits} nnnn dddd 1010 n 0 m 0 mmmm`,
      `${name}.f32`,
      DNM,
      float.select,
      unconditional((f) => ({ ...dnm(f), condition })),
    ),
  ),
  ...([false, true] as const).map((isMinimum) =>
    row(
      `1111 1110 1 d 00 nnnn dddd 1010 n ${isMinimum ? '1' : '0'} m 0 mmmm`,
      isMinimum ? 'vminnm.f32' : 'vmaxnm.f32',
      DNM,
      float.extremum,
      unconditional((f) => ({ ...dnm(f), isMinimum })),
    ),
  ),
  ...NAMED_ROUNDINGS.flatMap(({ bits, letter, rounding }) => [
    row(
      `1111 1110 1 d 11 10${bits} dddd 1010 01 m 0 mmmm`,
      `vrint${letter}.f32`,
      DM,
      float.roundToInteger,
      unconditional((f) => ({ ...dm(f), rounding, raisesInexact: false })),
    ),
    row(
      `1111 1110 1 d 11 11${bits} dddd 1010 S 1 m 0 mmmm`,
      `vcvt${letter}.{su}32.f32`,
      DM,
      float.toFixed,
      unconditional((f) => ({ ...dm(f), bits: 32, isSigned: f.S === 1, rounding })),
    ),
  ]),
]

/** VFPExpandImm() */
function expandImmediate(byte: number): number {
  const exponent = byte & 0x40 ? 0x3e00_0000 : 0x4000_0000
  return ((byte & 0x80) << 24) | exponent | ((byte & 0x3f) << 19)
}

const monadicRows: readonly Row[] = [
  row('1110 1110 1 d 11 iiii dddd 1010 0000 iiii', 'vmov.f32', '{d}, #{i}', float.move, (f) => ({
    d: single(f.d!),
    m: immediate(expandImmediate(f.i!)),
  })),
  row(monadic('0000', '0'), 'vmov.f32', DM, float.move, dm),
  row(monadic('0000', '1'), 'vabs.f32', DM, float.changeSign, (f) => ({
    ...dm(f),
    operation: 'absolute',
  })),
  row(monadic('0001', '0'), 'vneg.f32', DM, float.changeSign, (f) => ({
    ...dm(f),
    operation: 'negate',
  })),
  row(monadic('0001', '1'), 'vsqrt.f32', DM, float.squareRoot, dm),
  row(monadic('0010', 'T'), 'vcvt{bt}.f32.f16', DM, float.fromHalf, (f) => ({
    ...dm(f),
    isTop: f.T === 1,
  })),
  row(monadic('0011', 'T'), 'vcvt{bt}.f16.f32', DM, float.toHalf, (f) => ({
    ...dm(f),
    isTop: f.T === 1,
  })),
  row(monadic('0100', 'E'), 'vcmp{e}.f32', DM, float.compare, (f) => ({
    ...dm(f),
    isSignallingAll: f.E === 1,
  })),
  row(
    '1110 1110 1 d 11 0101 dddd 1010 E 1 00 0000',
    'vcmp{e}.f32',
    '{d}, #0.0',
    float.compare,
    (f) => ({ d: single(f.d!), isSignallingAll: f.E === 1 }),
  ),
  ...(
    [
      ['0110', '0', 'vrintr', FROM_FPSCR, false],
      ['0110', '1', 'vrintz', ROUNDING.zero, false],
      ['0111', '0', 'vrintx', FROM_FPSCR, true],
    ] as const
  ).map(([opcode, bit, name, rounding, raisesInexact]) =>
    row(monadic(opcode, bit), `${name}.f32`, DM, float.roundToInteger, (f) => ({
      ...dm(f),
      rounding,
      raisesInexact,
    })),
  ),
]

/** The register is operand and result. */
const fixedOperands = (bits: 16 | 32) => (f: Fields) => {
  const fraction = bits - single(f.i!).number
  if (fraction < 0) return undefined
  return {
    d: single(f.d!),
    m: single(f.d!),
    fraction: immediate(fraction),
    bits,
    isSigned: f.U === 0,
  }
}

const fixedRows = ([16, 32] as const).flatMap((bits) => {
  const tail = `dddd 1010 ${bits === 16 ? '0' : '1'} 1 i 0 iiii`
  const operands = fixedOperands(bits)
  return [
    row(
      `1110 1110 1 d 11 101 U ${tail}`,
      `vcvt.f32.{us}${bits}`,
      '{d}, {d}, #{fraction}',
      float.fromFixed,
      (f) => withRounding(operands(f), ROUNDING.nearest),
    ),
    row(
      `1110 1110 1 d 11 111 U ${tail}`,
      `vcvt.{us}${bits}.f32`,
      '{d}, {d}, #{fraction}',
      float.toFixed,
      (f) => withRounding(operands(f), ROUNDING.zero),
    ),
  ]
})

function withRounding<T extends object, R>(operands: T | undefined, rounding: R) {
  return operands && { ...operands, rounding }
}

const integerRows: readonly Row[] = [
  row(
    '1110 1110 1 d 11 1000 dddd 1010 S 1 m 0 mmmm',
    'vcvt.f32.{su}32',
    DM,
    float.fromFixed,
    (f) => ({
      ...dm(f),
      bits: 32,
      isSigned: f.S === 1,
      rounding: FROM_FPSCR,
    }),
  ),
  row(
    '1110 1110 1 d 11 110 S dddd 1010 Z 1 m 0 mmmm',
    'vcvt{rz}.{su}32.f32',
    DM,
    float.toFixed,
    (f) => ({
      ...dm(f),
      bits: 32,
      isSigned: f.S === 1,
      rounding: f.Z === 1 ? ROUNDING.zero : FROM_FPSCR,
    }),
  ),
]

const pairOperands = (
  f: Fields,
  halves: { low: DecodedSingle; high: DecodedSingle } | undefined,
  toCore: boolean,
) => {
  if (halves === undefined) return undefined
  const t = toCore && f.t === f.u ? UNPREDICTABLE : general(f.t!)
  const u = general(f.u!)
  const { low, high } = halves
  return toCore ? { t, u, m: low, n: high } : { t: low, u: high, m: t, n: u }
}

/** s registers in a row; s31 has no successor. */
function neighbours(field: number): { low: DecodedSingle; high: DecodedSingle } | undefined {
  const low = single(field)
  return low.number === 31 ? undefined : { low, high: { kind: 'single', number: low.number + 1 } }
}

const coreMoves: readonly Row[] = [
  row('1110 1110 0000 nnnn tttt 1010 n 00 1 0000', 'vmov', '{d}, {m}', float.move, (f) => ({
    d: singleOfN(f.n!),
    m: general(f.t!),
  })),
  row('1110 1110 0001 nnnn tttt 1010 n 00 1 0000', 'vmov', '{d}, {m}', float.move, (f) => ({
    d: general(f.t!),
    m: singleOfN(f.n!),
  })),
  row(
    '1110 1110 00 x 0 dddd tttt 1011 d 00 1 0000',
    'vmov.32',
    '{scalar}, {m}',
    float.move,
    (f) => {
      const halves = doubleOfN(f.d!)
      return halves && { d: f.x === 1 ? halves.high : halves.low, m: general(f.t!) }
    },
  ),
  row(
    '1110 1110 00 x 1 dddd tttt 1011 d 00 1 0000',
    'vmov.32',
    '{d}, {scalar}',
    float.move,
    (f) => {
      const halves = doubleOfN(f.d!)
      return halves && { d: general(f.t!), m: f.x === 1 ? halves.high : halves.low }
    },
  ),
  ...([false, true] as const).flatMap((toCore) => {
    const head = `1110 1100 010 ${toCore ? '1' : '0'} uuuu tttt`
    return [
      row(
        `${head} 1010 00 m 1 mmmm`,
        'vmov',
        toCore ? '{t}, {u}, {m}, {n}' : '{t}, {u}, {m}, {n}',
        float.movePair,
        (f) => pairOperands(f, neighbours(f.m!), toCore),
      ),
      row(
        `${head} 1011 00 m 1 mmmm`,
        'vmov',
        toCore ? '{t}, {u}, {double}' : '{double}, {m}, {n}',
        float.movePair,
        (f) => pairOperands(f, double(f.m!), toCore),
      ),
    ]
  }),
  row('1110 1110 1110 0001 tttt 1010 0001 0000', 'vmsr', 'fpscr, {t}', float.writeStatus, (f) => ({
    t: general(f.t!),
  })),
  row(
    '1110 1110 1111 0001 tttt 1010 0001 0000',
    'vmrs',
    '{t}, fpscr',
    float.readStatus,
    (f) => ({ t: general(f.t!) }),
    ['t=15'],
  ),
  row(
    '1110 1110 1111 0001 1111 1010 0001 0000',
    'vmrs',
    'APSR_nzcv, fpscr',
    float.readFlags,
    () => ({}),
  ),
]

export const floatRows: readonly Row[] = [
  ...dyadicRows,
  ...unconditionalRows,
  ...monadicRows,
  ...fixedRows,
  ...integerRows,
  ...coreMoves,
]

/** What no other row of coprocessors 10 and 11 draws: the access check goes before UNDEFINED. */
export const undefinedFloat: Row = row(
  '111 x 11 yy oooooooo pppp 101 c qqqqqqqq',
  'undefined',
  '',
  float.callFloat,
  () => ({ effect: 'undefinedFloat' }),
  ['y=3'],
)
