/** 32-bit data processing: shifted register, modified and plain immediates, register forms. */
import * as bits from '../operations/bits.ts'
import * as alu from '../operations/data-processing.ts'
import type { FixedShift } from '../operations/shifts.ts'
import {
  type DecodedRegister,
  destinationOrSp,
  type Fields,
  general,
  generalOrSp,
  immediate,
  type Meaning,
  type Operands,
  type Row,
  row,
} from './row.ts'

type Alu = Meaning<alu.DataProcessing>
type Destination = (number: number) => DecodedRegister

interface Operation {
  readonly bits: string
  readonly name: string
  readonly meaning: Alu
  /** What it is called when the result is dropped (d = 15, S = 1). */
  readonly test?: string
  /** What it is when there is no first operand (n = 15). */
  readonly move?: { readonly name: string; readonly meaning: Alu }
  readonly mayUseSp?: boolean
}

/** Armv8-M ARM, C2.3.3 and C2.3.4: one column of opcodes for both second operands. */
const OPERATIONS: readonly Operation[] = [
  { bits: '0000', name: 'and', meaning: alu.and, test: 'tst' },
  { bits: '0001', name: 'bic', meaning: alu.bic },
  { bits: '0010', name: 'orr', meaning: alu.orr, move: { name: 'mov', meaning: alu.mov } },
  { bits: '0011', name: 'orn', meaning: alu.orn, move: { name: 'mvn', meaning: alu.mvn } },
  { bits: '0100', name: 'eor', meaning: alu.eor, test: 'teq' },
  { bits: '1000', name: 'add', meaning: alu.add, test: 'cmn', mayUseSp: true },
  { bits: '1010', name: 'adc', meaning: alu.adc },
  { bits: '1011', name: 'sbc', meaning: alu.sbc },
  { bits: '1101', name: 'sub', meaning: alu.sub, test: 'cmp', mayUseSp: true },
  { bits: '1110', name: 'rsb', meaning: alu.rsb },
]

/** Names that take no `.w`: they have no 16-bit form. */
const ONLY_WIDE = new Set(['orn', 'teq', 'rsb'])
const wide = (name: string) => (ONLY_WIDE.has(name) ? name : `${name}.w`)
const wideS = (name: string) => (ONLY_WIDE.has(name) ? `${name}{s}` : `${name}{s}.w`)

/** ThumbExpandImm_C() */
function expandImmediate(imm12: number): { value: number; carry: 'kept' | 'bit31' } {
  const byte = imm12 & 0xff
  if (imm12 >> 10 === 0) {
    const patterns = [byte, byte * 0x0001_0001, byte * 0x0100_0100, byte * 0x0101_0101]
    return { value: patterns[imm12 >> 8]! | 0, carry: 'kept' }
  }
  const unrotated = 0x80 | (imm12 & 0x7f)
  const by = imm12 >> 7
  return { value: (unrotated >>> by) | (unrotated << (32 - by)), carry: 'bit31' }
}

const SHIFTS = ['lsl', 'lsr', 'asr', 'ror'] as const

/** DecodeImmShift() */
function decodeShift(type: number, imm5: number): { shift: FixedShift; amount: number } {
  if (imm5 !== 0) return { shift: SHIFTS[type]!, amount: imm5 }
  return (
    [
      { shift: 'none', amount: 0 },
      { shift: 'lsr', amount: 32 },
      { shift: 'asr', amount: 32 },
      { shift: 'rrx', amount: 1 },
    ] as const
  )[type]!
}

function shiftedRegister(f: Fields): Operands {
  const { shift, amount } = decodeShift(f.T!, f.i!)
  return { m: general(f.m!), shift, amount: immediate(amount) }
}

function modifiedImmediate(f: Fields): Operands {
  const { value, carry } = expandImmediate(f.i!)
  return { m: immediate(value), carry }
}

interface Form {
  readonly head: string
  readonly tail: string
  readonly syntax: string
  readonly second: (f: Fields) => Operands
}

const FORMS: readonly Form[] = [
  { head: '11101 01', tail: 'ii TT mmmm', syntax: '{m}{shift}', second: shiftedRegister },
  { head: '11110 i0', tail: 'iiiiiiii', syntax: '#{m}', second: modifiedImmediate },
]

function rowsOf(operation: Operation, form: Form): Row[] {
  const { bits: opcode, name, meaning, test, move, mayUseSp } = operation
  const draw = (s: string, n: string, d: string) =>
    `${form.head} ${opcode} ${s} ${n} 0 iii ${d} ${form.tail}`
  const usesSp = mayUseSp ?? false
  const except = [...(test ? ['d=15 S=1'] : []), ...(move ? ['n=15'] : [])]
  const rows = [
    row(
      draw('S', 'nnnn', 'dddd'),
      wideS(name),
      `{d}, {n}, ${form.syntax}`,
      meaning,
      (f) => ({
        d: destinationOf(f, usesSp)(f.d!),
        n: usesSp ? generalOrSp(f.n!) : general(f.n!),
        setFlags: f.S === 1,
        ...form.second(f),
        m: form.second(f).m,
      }),
      except,
    ),
  ]
  if (test) {
    rows.push(
      row(draw('1', 'nnnn', '1111'), wide(test), `{n}, ${form.syntax}`, meaning, (f) => ({
        n: usesSp ? generalOrSp(f.n!) : general(f.n!),
        setFlags: true,
        ...form.second(f),
        m: form.second(f).m,
      })),
    )
  }
  if (move) rows.push(moveRow(move, draw('S', '1111', 'dddd'), form))
  return rows
}

/** SP is a destination only of what starts from SP: ADD and SUB with n = 13. */
function destinationOf(f: Fields, usesSp: boolean): Destination {
  return usesSp && f.n === 13 ? destinationOrSp : general
}

function moveRow(
  { name, meaning }: NonNullable<Operation['move']>,
  drawing: string,
  form: Form,
): Row {
  const isShift = form.head === '11101 01' && name === 'mov'
  return row(drawing, wideS(name), `{d}, ${form.syntax}`, meaning, (f) => {
    const second = form.second(f)
    const isPlain = isShift && second.shift === 'none' && f.S === 0
    return {
      d: isPlain ? destinationOrSp(f.d!) : general(f.d!),
      setFlags: f.S === 1,
      ...second,
      m: isPlain ? generalOrSp(f.m!) : second.m,
    }
  })
}

const plain12 = (f: Fields) => ({
  d: f.n === 13 ? destinationOrSp(f.d!) : general(f.d!),
  n: generalOrSp(f.n!),
  m: immediate(f.i!),
  setFlags: false,
})
const align = (address: number) => (address & ~3) >>> 0

const field = (f: Fields, isSigned: boolean) => {
  const right = 31 - f.w!
  const left = right - f.i!
  if (left < 0) return undefined
  return {
    d: general(f.d!),
    n: general(f.n!),
    left: immediate(left),
    right: immediate(right),
    isSigned,
  }
}

function fieldInsert(f: Fields, withSource: boolean) {
  if (f.w! < f.i!) return undefined
  const ones = f.w! - f.i! === 31 ? -1 : (1 << (f.w! - f.i! + 1)) - 1
  const rest = { d: general(f.d!), lsb: immediate(f.i!), mask: immediate(ones << f.i!) }
  return withSource ? { ...rest, n: general(f.n!) } : rest
}

function saturation(isSigned: boolean) {
  return (f: Fields) => ({
    d: general(f.d!),
    n: general(f.n!),
    shift: f.S === 1 ? (f.i === 0 ? 'asr' : 'asr') : f.i === 0 ? 'none' : 'lsl',
    amount: immediate(f.i!),
    most: immediate(isSigned ? 2 ** f.w! - 1 : 2 ** f.w! - 1),
    isSigned,
  })
}

const plainImmediates: Row[] = [
  row('11110 i 10 0000 nnnn 0 iii dddd iiiiiiii', 'addw', '{d}, {n}, #{m}', alu.add, plain12, [
    'n=15',
  ]),
  row('11110 i 10 1010 nnnn 0 iii dddd iiiiiiii', 'subw', '{d}, {n}, #{m}', alu.sub, plain12, [
    'n=15',
  ]),
  row('11110 i 10 0000 1111 0 iii dddd iiiiiiii', 'addw', '{d}, pc, #{i}', alu.mov, (f, p) => ({
    d: general(f.d!),
    m: immediate(align(p.pc) + f.i!),
    setFlags: false,
  })),
  row('11110 i 10 1010 1111 0 iii dddd iiiiiiii', 'subw', '{d}, pc, #{i}', alu.mov, (f, p) => ({
    d: general(f.d!),
    m: immediate(align(p.pc) - f.i!),
    setFlags: false,
  })),
  row('11110 h 10 0100 iiii 0 hhh dddd hhhhhhhh', 'movw', '{d}, #{m}', alu.mov, (f) => ({
    d: general(f.d!),
    m: immediate((f.i! << 12) | f.h!),
    setFlags: false,
  })),
  row('11110 h 10 1100 iiii 0 hhh dddd hhhhhhhh', 'movt', '{d}, #{top}', alu.movt, (f) => ({
    d: general(f.d!),
    high: immediate(((f.i! << 12) | f.h!) << 16),
  })),
  row(
    '11110 0 11 00S0 nnnn 0 iii dddd ii 0 wwwww',
    'ssat',
    '{d}, #{w+1}, {n}{shift}',
    bits.saturate,
    saturation(true),
    ['S=1 i=0'],
  ),
  row(
    '11110 0 11 10S0 nnnn 0 iii dddd ii 0 wwwww',
    'usat',
    '{d}, #{w}, {n}{shift}',
    bits.saturate,
    saturation(false),
    ['S=1 i=0'],
  ),
  row(
    '11110 0 11 0100 nnnn 0 iii dddd ii 0 wwwww',
    'sbfx',
    '{d}, {n}, #{i}, #{w+1}',
    bits.extractField,
    (f) => field(f, true),
  ),
  row(
    '11110 0 11 1100 nnnn 0 iii dddd ii 0 wwwww',
    'ubfx',
    '{d}, {n}, #{i}, #{w+1}',
    bits.extractField,
    (f) => field(f, false),
  ),
  row(
    '11110 0 11 0110 nnnn 0 iii dddd ii 0 wwwww',
    'bfi',
    '{d}, {n}, #{lsb}, #{bfWidth}',
    bits.insertField,
    (f) => fieldInsert(f, true),
    ['n=15'],
  ),
  row(
    '11110 0 11 0110 1111 0 iii dddd ii 0 wwwww',
    'bfc',
    '{d}, #{lsb}, #{bfWidth}',
    bits.insertField,
    (f) => fieldInsert(f, false),
  ),
]

const registerShift = (type: 'lsl' | 'lsr' | 'asr' | 'ror') => (f: Fields) => ({
  d: general(f.d!),
  n: general(f.n!),
  m: general(f.m!),
  type,
  setFlags: f.S === 1,
})
const extension = (width: 1 | 2, isSigned: boolean) => (f: Fields) => ({
  d: general(f.d!),
  m: general(f.m!),
  rotation: immediate(f.r! * 8),
  width,
  isSigned,
})
const extensionAdd = (width: 1 | 2, isSigned: boolean) => (f: Fields) => ({
  ...extension(width, isSigned)(f),
  n: general(f.n!),
})

function extendRows(bitsOfName: string, name: string, width: 1 | 2, isSigned: boolean): Row[] {
  const letter = isSigned ? 's' : 'u'
  return [
    row(
      `11111010 0 ${bitsOfName} nnnn 1111 dddd 1 0 rr mmmm`,
      `${letter}xta${name}`,
      '{d}, {n}, {m}{rotation}',
      bits.extend,
      extensionAdd(width, isSigned),
      ['n=15'],
    ),
    row(
      `11111010 0 ${bitsOfName} 1111 1111 dddd 1 0 rr mmmm`,
      `${letter}xt${name}.w`,
      '{d}, {m}{rotation}',
      bits.extend,
      extension(width, isSigned),
    ),
  ]
}

/** m stands twice in the encoding, and must be the same. */
const unary = (f: Fields) =>
  f.m! >> 4 === (f.m! & 15) ? { d: general(f.d!), m: general(f.m! & 15) } : undefined

const registerForms: Row[] = [
  ...SHIFTS.map((type, at) =>
    row(
      `11111010 0 ${at.toString(2).padStart(2, '0')} S nnnn 1111 dddd 0000 mmmm`,
      `${type}{s}.w`,
      '{d}, {n}, {m}',
      alu.shiftRegister,
      registerShift(type),
    ),
  ),
  ...extendRows('000', 'h', 2, true),
  ...extendRows('001', 'h', 2, false),
  ...extendRows('100', 'b', 1, true),
  ...extendRows('101', 'b', 1, false),
  row('11111010 1001 mmmm 1111 dddd 1000 mmmm', 'rev.w', '{d}, {m}', bits.reverseBytes, unary),
  row(
    '11111010 1001 mmmm 1111 dddd 1001 mmmm',
    'rev16.w',
    '{d}, {m}',
    bits.reverseBytesInHalves,
    unary,
  ),
  row('11111010 1001 mmmm 1111 dddd 1010 mmmm', 'rbit', '{d}, {m}', bits.reverseBits, unary),
  row(
    '11111010 1001 mmmm 1111 dddd 1011 mmmm',
    'revsh.w',
    '{d}, {m}',
    bits.reverseSignedHalf,
    unary,
  ),
  row('11111010 1011 mmmm 1111 dddd 1000 mmmm', 'clz', '{d}, {m}', bits.countLeadingZeros, unary),
]

export const dataProcessing: readonly Row[] = [
  ...OPERATIONS.flatMap((operation) => FORMS.flatMap((form) => rowsOf(operation, form))),
  ...plainImmediates,
  ...registerForms,
]
