/** The DSP extension's encodings. Armv8-M ARM, C2.3.12 to C2.3.14. */
import * as dsp from '../operations/dsp.ts'
import { type Fields, general, immediate, type Row, row, UNPREDICTABLE } from './row.ts'

const dnm = (f: Fields) => ({ d: general(f.d!), n: general(f.n!), m: general(f.m!) })
const dnma = (f: Fields) => ({ ...dnm(f), a: general(f.a!) })
const DNM = '{d}, {n}, {m}'
const DNMA = '{d}, {n}, {m}, {a}'

const SUMS = [
  { bits: '000', name: 'add8', width: 8, upper: 'add', lower: 'add', exchange: false },
  { bits: '001', name: 'add16', width: 16, upper: 'add', lower: 'add', exchange: false },
  { bits: '010', name: 'asx', width: 16, upper: 'add', lower: 'sub', exchange: true },
  { bits: '100', name: 'sub8', width: 8, upper: 'sub', lower: 'sub', exchange: false },
  { bits: '101', name: 'sub16', width: 16, upper: 'sub', lower: 'sub', exchange: false },
  { bits: '110', name: 'sax', width: 16, upper: 'sub', lower: 'add', exchange: true },
] as const

const PREFIXES = [
  { bits: '000', name: 's', isSigned: true, rounding: 'plain' },
  { bits: '001', name: 'q', isSigned: true, rounding: 'saturate' },
  { bits: '010', name: 'sh', isSigned: true, rounding: 'halve' },
  { bits: '100', name: 'u', isSigned: false, rounding: 'plain' },
  { bits: '101', name: 'uq', isSigned: false, rounding: 'saturate' },
  { bits: '110', name: 'uh', isSigned: false, rounding: 'halve' },
] as const

const parallel = SUMS.flatMap(({ bits, name, ...sum }) =>
  PREFIXES.map(({ bits: prefix, name: letters, ...kind }) =>
    row(
      `11111010 1 ${bits} nnnn 1111 dddd 0${prefix} mmmm`,
      `${letters}${name}`,
      DNM,
      dsp.parallel,
      (f) => ({ ...dnm(f), ...sum, ...kind }),
    ),
  ),
)

const saturating = ['qadd', 'qdadd', 'qsub', 'qdsub'].map((name, at) =>
  row(
    `11111010 1000 nnnn 1111 dddd 10${at.toString(2).padStart(2, '0')} mmmm`,
    name,
    '{d}, {m}, {n}',
    dsp.saturatingSum,
    (f) => ({ ...dnm(f), subtract: at >= 2, double: at % 2 === 1 }),
  ),
)

const ends = (f: Fields) => ({ nTop: f.N === 1, mTop: f.M === 1 })

/** A product with an accumulator, and the same without (a = 15). */
function pair(
  drawing: string,
  names: readonly [string, string],
  meaning: Row['meaning'],
  more: (f: Fields) => Record<string, boolean>,
): Row[] {
  return [
    row(drawing, names[0], DNMA, meaning as never, (f) => ({ ...dnma(f), ...more(f) }) as never, [
      'a=15',
    ]),
    row(
      drawing.replace('aaaa', '1111'),
      names[1],
      DNM,
      meaning as never,
      (f) => ({ ...dnm(f), ...more(f) }) as never,
    ),
  ]
}

const products: Row[] = [
  ...pair(
    '11111011 0001 nnnn aaaa dddd 00NM mmmm',
    ['smla{xy}', 'smul{xy}'],
    dsp.halfProduct,
    ends,
  ),
  ...pair(
    '11111011 0010 nnnn aaaa dddd 000X mmmm',
    ['smlad{x}', 'smuad{x}'],
    dsp.dualProduct,
    (f) => ({
      subtract: false,
      exchange: f.X === 1,
    }),
  ),
  ...pair(
    '11111011 0011 nnnn aaaa dddd 000M mmmm',
    ['smlaw{y}', 'smulw{y}'],
    dsp.wordByHalf,
    (f) => ({
      mTop: f.M === 1,
    }),
  ),
  ...pair(
    '11111011 0100 nnnn aaaa dddd 000X mmmm',
    ['smlsd{x}', 'smusd{x}'],
    dsp.dualProduct,
    (f) => ({
      subtract: true,
      exchange: f.X === 1,
    }),
  ),
  ...pair(
    '11111011 0101 nnnn aaaa dddd 000R mmmm',
    ['smmla{r}', 'smmul{r}'],
    dsp.topProduct,
    (f) => ({
      subtract: false,
      rounds: f.R === 1,
    }),
  ),
  row('11111011 0110 nnnn aaaa dddd 000R mmmm', 'smmls{r}', DNMA, dsp.topProduct, (f) => ({
    ...dnma(f),
    subtract: true,
    rounds: f.R === 1,
  })),
  ...pair(
    '11111011 0111 nnnn aaaa dddd 0000 mmmm',
    ['usada8', 'usad8'],
    dsp.absoluteDifferences,
    () => ({}),
  ),
]

const long = (f: Fields) => ({
  low: f.l === f.h ? UNPREDICTABLE : general(f.l!),
  high: general(f.h!),
  n: general(f.n!),
  m: general(f.m!),
})
const LONG = '{low}, {high}, {n}, {m}'

const longProducts: Row[] = [
  row('11111011 1100 nnnn llll hhhh 10NM mmmm', 'smlal{xy}', LONG, dsp.longHalfProduct, (f) => ({
    ...long(f),
    ...ends(f),
  })),
  row('11111011 1100 nnnn llll hhhh 110X mmmm', 'smlald{x}', LONG, dsp.longDualProduct, (f) => ({
    ...long(f),
    subtract: false,
    exchange: f.X === 1,
  })),
  row('11111011 1101 nnnn llll hhhh 110X mmmm', 'smlsld{x}', LONG, dsp.longDualProduct, (f) => ({
    ...long(f),
    subtract: true,
    exchange: f.X === 1,
  })),
]

function extendRows(bits: string, letter: 's' | 'u'): Row[] {
  const operands = (f: Fields) => ({
    d: general(f.d!),
    m: general(f.m!),
    rotation: immediate(f.r! * 8),
    isSigned: letter === 's',
  })
  return [
    row(
      `11111010 0 ${bits} nnnn 1111 dddd 1 0 rr mmmm`,
      `${letter}xtab16`,
      '{d}, {n}, {m}{rotation}',
      dsp.extendPair,
      (f) => ({ ...operands(f), n: general(f.n!) }),
      ['n=15'],
    ),
    row(
      `11111010 0 ${bits} 1111 1111 dddd 1 0 rr mmmm`,
      `${letter}xtb16`,
      '{d}, {m}{rotation}',
      dsp.extendPair,
      operands,
    ),
  ]
}

const saturatePair = (isSigned: boolean) => (f: Fields) => ({
  d: general(f.d!),
  n: general(f.n!),
  most: immediate(2 ** f.w! - 1),
  isSigned,
})

const others: Row[] = [
  row('11111010 1010 nnnn 1111 dddd 1000 mmmm', 'sel', DNM, dsp.select, dnm),
  row(
    '11101 01 0110 0 nnnn 0 iii dddd ii T 0 mmmm',
    '{pkh}',
    '{d}, {n}, {m}{shift}',
    dsp.pack,
    (f) => ({
      ...dnm(f),
      shift: f.T === 1 ? 'asr' : f.i === 0 ? 'none' : 'lsl',
      amount: immediate(f.T === 1 ? f.i! || 32 : f.i!),
      isTopFirst: f.T === 1,
    }),
  ),
  row(
    '11110 0 11 0010 nnnn 0 000 dddd 00 00 wwww',
    'ssat16',
    '{d}, #{w+1}, {n}',
    dsp.saturatePair,
    saturatePair(true),
  ),
  row(
    '11110 0 11 1010 nnnn 0 000 dddd 00 00 wwww',
    'usat16',
    '{d}, #{w}, {n}',
    dsp.saturatePair,
    saturatePair(false),
  ),
]

export const dspRows: readonly Row[] = [
  ...parallel,
  ...saturating,
  ...products,
  ...longProducts,
  ...extendRows('010', 's'),
  ...extendRows('011', 'u'),
  ...others,
]
