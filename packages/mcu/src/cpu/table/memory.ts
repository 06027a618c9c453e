/** 32-bit loads and stores. Armv8-M ARM, C2.3.1, C2.3.2 and C2.3.8. */
import { noOperation } from '../operations/branch.ts'
import * as memory from '../operations/memory.ts'
import { list } from './lists.ts'
import {
  destinationOrSp,
  type Fields,
  general,
  generalOrSp,
  immediate,
  type Place,
  type Row,
  row,
  UNPREDICTABLE,
} from './row.ts'

interface Kind {
  /** Bits [24:20] of the encoding without the immediate-12 bit: sign, size, load. */
  readonly sign: '0' | '1'
  readonly size: '00' | '01' | '10'
  readonly isLoad: boolean
  readonly name: string
  readonly width: 1 | 2 | 4
}

const KINDS: readonly Kind[] = [
  { sign: '0', size: '00', isLoad: false, name: 'strb', width: 1 },
  { sign: '0', size: '01', isLoad: false, name: 'strh', width: 2 },
  { sign: '0', size: '10', isLoad: false, name: 'str', width: 4 },
  { sign: '0', size: '00', isLoad: true, name: 'ldrb', width: 1 },
  { sign: '0', size: '01', isLoad: true, name: 'ldrh', width: 2 },
  { sign: '0', size: '10', isLoad: true, name: 'ldr', width: 4 },
  { sign: '1', size: '00', isLoad: true, name: 'ldrsb', width: 1 },
  { sign: '1', size: '01', isLoad: true, name: 'ldrsh', width: 2 },
]

const align = (address: number) => (address & ~3) >>> 0
const signed = (f: Fields) => immediate(f.u === 1 ? f.i! : -f.i!)

/** The transferred register: LDR may load SP or, with no operand at all, branch. */
function transferred(kind: Kind, t: number) {
  if (kind.name === 'ldr') return t === 15 ? {} : { t: destinationOrSp(t) }
  if (kind.name === 'str') return { t: generalOrSp(t) }
  return { t: general(t) }
}

const head = ({ sign, size, isLoad }: Kind, top: '0' | '1' | 'u') =>
  `1111100 ${sign} ${top} ${size} ${isLoad ? '1' : '0'}`
const meaningOf = ({ isLoad }: Kind) => (isLoad ? memory.load : memory.store)
const common = ({ width, sign }: Kind) => ({ width, isSigned: sign === '1' })

function singleRows(kind: Kind): Row[] {
  const rows = [...offsetRows(kind), unprivilegedRow(kind)]
  rows.push(indexedRow(kind, 'pre'), indexedRow(kind, 'post'))
  if (kind.isLoad) rows.push(literalRow(kind))
  return rows
}

/** [n, #imm12], [n, m, LSL #i] and [n, #-imm8]. */
function offsetRows(kind: Kind): Row[] {
  const { isLoad, name } = kind
  const hint = isLoad && name !== 'ldr' ? ['t=15'] : []
  const except = isLoad ? ['n=15', ...hint] : ['n=15']
  const meaning = meaningOf(kind)
  const operands = (f: Fields) => ({
    ...transferred(kind, f.t!),
    n: generalOrSp(f.n!),
    index: 'offset',
    ...common(kind),
  })
  return [
    row(
      `${head(kind, '1')} nnnn tttt iiiiiiiiiiii`,
      `${name}.w`,
      '{t}, [{n}{offset}]',
      meaning,
      (f) => ({ ...operands(f), offset: immediate(f.i!) }),
      except,
    ),
    row(
      `${head(kind, '0')} nnnn tttt 000000 ii mmmm`,
      `${name}.w`,
      '{t}, [{n}, {m}{scale}]',
      meaning,
      (f) => ({ ...operands(f), m: general(f.m!), amount: immediate(f.i!) }),
      except,
    ),
    row(
      `${head(kind, '0')} nnnn tttt 1100 iiiiiiii`,
      `${name}.w`,
      '{t}, [{n}{offset}]',
      meaning,
      (f) => ({ ...operands(f), offset: immediate(-f.i!) }),
      except,
    ),
  ]
}

function unprivilegedRow(kind: Kind): Row {
  return row(
    `${head(kind, '0')} nnnn tttt 1110 iiiiiiii`,
    `${kind.name}t`,
    '{t}, [{n}{offset}]',
    meaningOf(kind),
    (f) => ({
      t: general(f.t!),
      n: generalOrSp(f.n!),
      offset: immediate(f.i!),
      index: 'offset',
      ...common(kind),
      unprivileged: true,
    }),
    ['n=15'],
  )
}

/** [n, #i]! and [n], #i. The drawing has P and W fixed, U as a field. */
function indexedRow(kind: Kind, index: 'pre' | 'post'): Row {
  return row(
    `${head(kind, '0')} nnnn tttt 1 ${index === 'pre' ? '1' : '0'} u 1 iiiiiiii`,
    `${kind.name}.w`,
    index === 'pre' ? '{t}, [{n}{offset}]!' : '{t}, [{n}], {move}',
    meaningOf(kind),
    (f) => ({
      ...transferred(kind, f.t!),
      n: f.n === f.t ? UNPREDICTABLE : destinationOrSp(f.n!),
      offset: signed(f),
      index,
      ...common(kind),
    }),
    ['n=15'],
  )
}

function literalRow(kind: Kind): Row {
  return row(
    `${head(kind, 'u')} 1111 tttt iiiiiiiiiiii`,
    `${kind.name}.w`,
    '{t}, {literal}',
    memory.load,
    (f, p) => ({
      ...transferred(kind, f.t!),
      n: immediate(align(p.pc) + (f.u === 1 ? f.i! : -f.i!)),
      index: 'offset',
      ...common(kind),
    }),
    kind.name === 'ldr' ? [] : ['t=15'],
  )
}

/** Preloads, and the unallocated hint beside them (LDRSH to the PC). */
const hints: Row[] = (
  [
    ['0', '00', 'pld'],
    ['0', '01', 'pldw'],
    ['1', '00', 'pli'],
    ['1', '01', 'nop'],
  ] as const
).flatMap(([sign, size, name]) => [
  row(
    `1111100 ${sign} 1 ${size} 1 nnnn 1111 iiiiiiiiiiii`,
    name,
    '[{n}, #{i}]',
    noOperation,
    () => ({}),
    ['n=15'],
  ),
  row(
    `1111100 ${sign} 0 ${size} 1 nnnn 1111 1100 iiiiiiii`,
    name,
    '[{n}, #-{i}]',
    noOperation,
    () => ({}),
    ['n=15'],
  ),
  row(
    `1111100 ${sign} 0 ${size} 1 nnnn 1111 000000 ii mmmm`,
    name,
    '[{n}, {m}{scale}]',
    noOperation,
    () => ({}),
    ['n=15'],
  ),
  row(
    `1111100 ${sign} u ${size} 1 1111 1111 iiiiiiiiiiii`,
    name,
    '{literal}',
    noOperation,
    () => ({}),
  ),
])

function severalRow(direction: 'up' | 'down', isLoad: boolean): Row {
  const suffix = direction === 'up' ? 'ia.w' : 'db'
  return row(
    `1110100 ${direction === 'up' ? '01' : '10'} 0 W ${isLoad ? '1' : '0'} nnnn ${isLoad ? 'P' : '0'} p 0 lllllllllllll`,
    `${isLoad ? 'ldm' : 'stm'}${suffix}`,
    '{n}{!}, {list}',
    isLoad ? memory.loadSeveral : memory.storeSeveral,
    (f) => {
      const registers = f.l! | (f.p! << 14) | ((f.P ?? 0) << 15)
      const isBaseListed = ((registers >> f.n!) & 1) === 1
      if (f.W === 1 && isBaseListed) return undefined
      const n = f.W === 1 ? destinationOrSp(f.n!) : generalOrSp(f.n!)
      return list(n, registers, { direction, writeBack: f.W === 1 }, 2)
    },
  )
}

const doubleOperands = (index: 'offset' | 'pre' | 'post', isLoad: boolean) => (f: Fields) => {
  const isSame = isLoad && f.t === f.s
  const overlaps = index !== 'offset' && (f.n === f.t || f.n === f.s)
  return {
    t: isSame || overlaps ? UNPREDICTABLE : general(f.t!),
    u: general(f.s!),
    n: index === 'offset' ? generalOrSp(f.n!) : destinationOrSp(f.n!),
    offset: immediate(f.u === 1 ? f.i! * 4 : -f.i! * 4),
    index,
  }
}

function doubleRows(isLoad: boolean): Row[] {
  const name = isLoad ? 'ldrd' : 'strd'
  const meaning = isLoad ? memory.loadDouble : memory.storeDouble
  const draw = (p: string, w: string) =>
    `1110100 ${p} u 1 ${w} ${isLoad ? '1' : '0'} nnnn tttt ssss iiiiiiii`
  return [
    row(
      draw('1', '0'),
      name,
      '{t}, {u}, [{n}{offset}]',
      meaning,
      doubleOperands('offset', isLoad),
      ['n=15'],
    ),
    row(draw('1', '1'), name, '{t}, {u}, [{n}{offset}]!', meaning, doubleOperands('pre', isLoad), [
      'n=15',
    ]),
    row(draw('0', '1'), name, '{t}, {u}, [{n}], {move}', meaning, doubleOperands('post', isLoad), [
      'n=15',
    ]),
  ]
}

const literalDouble = row(
  '1110100 1 u 1 0 1 1111 tttt ssss iiiiiiii',
  'ldrd',
  '{t}, {u}, {literal}',
  memory.loadDouble,
  (f, p: Place) => ({
    t: f.t === f.s ? UNPREDICTABLE : general(f.t!),
    u: general(f.s!),
    n: immediate(align(p.pc) + (f.u === 1 ? f.i! * 4 : -f.i! * 4)),
    index: 'offset',
  }),
)

const SIZES = [
  { bits: '00', suffix: 'b', width: 1 },
  { bits: '01', suffix: 'h', width: 2 },
  { bits: '10', suffix: '', width: 4 },
] as const

const ordered = (width: 1 | 2 | 4) => (f: Fields) => ({
  t: general(f.t!),
  n: general(f.n!),
  index: 'offset',
  width,
  isSigned: false,
  aligned: true,
})
const exclusive = (width: 1 | 2 | 4) => (f: Fields) => ({
  t: general(f.t!),
  n: generalOrSp(f.n!),
  index: 'offset',
  width,
  isSigned: false,
})
const exclusiveStore = (width: 1 | 2 | 4) => (f: Fields) => ({
  ...exclusive(width)(f),
  d: f.d === f.n || f.d === f.t ? UNPREDICTABLE : general(f.d!),
})

const T = '{t}, [{n}]'
const DT = '{d}, {t}, [{n}]'
const exclusives: Row[] = [
  row(
    '11101000 0100 nnnn tttt dddd iiiiiiii',
    'strex',
    '{d}, {t}, [{n}{offset}]',
    memory.storeExclusive,
    (f) => ({ ...exclusiveStore(4)(f), offset: immediate(f.i! * 4) }),
    ['t=15'],
  ),
  row(
    '11101000 0101 nnnn tttt 1111 iiiiiiii',
    'ldrex',
    '{t}, [{n}{offset}]',
    memory.loadExclusive,
    (f) => ({ ...exclusive(4)(f), offset: immediate(f.i! * 4) }),
  ),
  ...SIZES.filter(({ width }) => width < 4).flatMap(({ bits, suffix, width }) => [
    row(
      `11101000 1100 nnnn tttt 1111 01${bits} dddd`,
      `strex${suffix}`,
      DT,
      memory.storeExclusive,
      exclusiveStore(width),
    ),
    row(
      `11101000 1101 nnnn tttt 1111 01${bits} 1111`,
      `ldrex${suffix}`,
      T,
      memory.loadExclusive,
      exclusive(width),
    ),
  ]),
  ...SIZES.flatMap(({ bits, suffix, width }) => [
    row(
      `11101000 1100 nnnn tttt 1111 10${bits} 1111`,
      `stl${suffix}`,
      T,
      memory.store,
      ordered(width),
    ),
    row(
      `11101000 1101 nnnn tttt 1111 10${bits} 1111`,
      `lda${suffix}`,
      T,
      memory.load,
      ordered(width),
    ),
    row(
      `11101000 1100 nnnn tttt 1111 11${bits} dddd`,
      `stlex${suffix}`,
      DT,
      memory.storeExclusive,
      exclusiveStore(width),
    ),
    row(
      `11101000 1101 nnnn tttt 1111 11${bits} 1111`,
      `ldaex${suffix}`,
      T,
      memory.loadExclusive,
      exclusive(width),
    ),
  ]),
]

export const memoryRows: readonly Row[] = [
  ...KINDS.flatMap(singleRows),
  ...hints,
  severalRow('up', true),
  severalRow('up', false),
  severalRow('down', true),
  severalRow('down', false),
  ...doubleRows(true),
  ...doubleRows(false),
  literalDouble,
  ...exclusives,
]
