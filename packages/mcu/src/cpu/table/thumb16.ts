/** The 16-bit encodings. Armv8-M ARM, C2.2 "T16". */
import { IT_FIRST } from '../layout.ts'
import * as bits from '../operations/bits.ts'
import * as branch from '../operations/branch.ts'
import * as alu from '../operations/data-processing.ts'
import * as memory from '../operations/memory.ts'
import * as multiply from '../operations/multiply.ts'
import * as system from '../operations/system.ts'
import { list } from './lists.ts'
import {
  destinationOrSp,
  type Fields,
  general,
  generalOrSp,
  immediate,
  type Place,
  type Row,
  register,
  row,
  target,
  UNPREDICTABLE,
} from './row.ts'

const reg = (n = 0) => register(n)
const align = (address: number) => (address & ~3) >>> 0
const signExtend = (value: number, bits: number) => (value << (32 - bits)) >> (32 - bits)
const setFlags = (place: Place) => !place.isInIt

/** Two low registers, the first one also the destination. */
const dm = (f: Fields, p: Place) => ({
  d: reg(f.d),
  n: reg(f.d),
  m: reg(f.m),
  setFlags: setFlags(p),
})
const compare = (f: Fields) => ({ n: reg(f.n), m: reg(f.m), setFlags: true })
const dnm = (f: Fields, p: Place) => ({
  d: reg(f.d),
  n: reg(f.n),
  m: reg(f.m),
  setFlags: setFlags(p),
})
const dni = (f: Fields, p: Place) => ({
  d: reg(f.d),
  n: reg(f.n),
  m: immediate(f.i!),
  setFlags: setFlags(p),
})
const ddi = (f: Fields, p: Place) => ({
  d: reg(f.d),
  n: reg(f.d),
  m: immediate(f.i!),
  setFlags: setFlags(p),
})

const shiftsAndAdds: Row[] = [
  row('000 00 00000 mmm ddd', 'mov{s}', '{d}, {m}', alu.mov, (f, p) => ({
    d: reg(f.d),
    m: reg(f.m),
    setFlags: setFlags(p),
  })),
  row('000 00 iiiii mmm ddd', 'lsl{s}', '{d}, {m}, #{amount}', alu.mov, shift('lsl'), ['i=0']),
  row('000 01 iiiii mmm ddd', 'lsr{s}', '{d}, {m}, #{amount}', alu.mov, shift('lsr')),
  row('000 10 iiiii mmm ddd', 'asr{s}', '{d}, {m}, #{amount}', alu.mov, shift('asr')),
  row('000 1100 mmm nnn ddd', 'add{s}', '{d}, {n}, {m}', alu.add, dnm),
  row('000 1101 mmm nnn ddd', 'sub{s}', '{d}, {n}, {m}', alu.sub, dnm),
  row('000 1110 iii nnn ddd', 'add{s}', '{d}, {n}, #{m}', alu.add, dni),
  row('000 1111 iii nnn ddd', 'sub{s}', '{d}, {n}, #{m}', alu.sub, dni),
  row('001 00 ddd iiiiiiii', 'mov{s}', '{d}, #{m}', alu.mov, (f, p) => ({
    d: reg(f.d),
    m: immediate(f.i!),
    setFlags: setFlags(p),
  })),
  row('001 01 nnn iiiiiiii', 'cmp', '{n}, #{m}', alu.sub, (f) => ({
    n: reg(f.n),
    m: immediate(f.i!),
    setFlags: true,
  })),
  row('001 10 ddd iiiiiiii', 'add{s}', '{d}, #{m}', alu.add, ddi),
  row('001 11 ddd iiiiiiii', 'sub{s}', '{d}, #{m}', alu.sub, ddi),
]

function shift(type: 'lsl' | 'lsr' | 'asr') {
  return (f: Fields, p: Place) => ({
    d: reg(f.d),
    m: reg(f.m),
    shift: type,
    amount: immediate(type === 'lsl' ? f.i! : f.i || 32),
    setFlags: setFlags(p),
  })
}

function shiftBy(type: 'lsl' | 'lsr' | 'asr' | 'ror') {
  return (f: Fields, p: Place) => ({
    d: reg(f.d),
    n: reg(f.d),
    m: reg(f.m),
    type,
    setFlags: setFlags(p),
  })
}

const dataProcessing: Row[] = [
  row('010000 0000 mmm ddd', 'and{s}', '{d}, {m}', alu.and, dm),
  row('010000 0001 mmm ddd', 'eor{s}', '{d}, {m}', alu.eor, dm),
  row('010000 0010 mmm ddd', 'lsl{s}', '{d}, {m}', alu.shiftRegister, shiftBy('lsl')),
  row('010000 0011 mmm ddd', 'lsr{s}', '{d}, {m}', alu.shiftRegister, shiftBy('lsr')),
  row('010000 0100 mmm ddd', 'asr{s}', '{d}, {m}', alu.shiftRegister, shiftBy('asr')),
  row('010000 0101 mmm ddd', 'adc{s}', '{d}, {m}', alu.adc, dm),
  row('010000 0110 mmm ddd', 'sbc{s}', '{d}, {m}', alu.sbc, dm),
  row('010000 0111 mmm ddd', 'ror{s}', '{d}, {m}', alu.shiftRegister, shiftBy('ror')),
  row('010000 1000 mmm nnn', 'tst', '{n}, {m}', alu.and, compare),
  row('010000 1001 nnn ddd', 'neg{s}', '{d}, {n}', alu.rsb, (f, p) => ({
    d: reg(f.d),
    n: reg(f.n),
    m: immediate(0),
    setFlags: setFlags(p),
  })),
  row('010000 1010 mmm nnn', 'cmp', '{n}, {m}', alu.sub, compare),
  row('010000 1011 mmm nnn', 'cmn', '{n}, {m}', alu.add, compare),
  row('010000 1100 mmm ddd', 'orr{s}', '{d}, {m}', alu.orr, dm),
  row('010000 1101 mmm ddd', 'mul{s}', '{d}, {m}', multiply.multiply, (f, p) => ({
    d: reg(f.d),
    n: reg(f.d),
    m: reg(f.m),
    setFlags: setFlags(p),
  })),
  row('010000 1110 mmm ddd', 'bic{s}', '{d}, {m}', alu.bic, dm),
  row('010000 1111 mmm ddd', 'mvn{s}', '{d}, {m}', alu.mvn, (f, p) => ({
    d: reg(f.d),
    m: reg(f.m),
    setFlags: setFlags(p),
  })),
]

/** A register that may be any of the sixteen; the PC reads as a number. */
const any = (n: number, p: Place) => (n === 15 ? immediate(p.pc) : register(n))

const highRegisters: Row[] = [
  row(
    '010001 00 d mmmm ddd',
    'add',
    '{d}, {m}',
    alu.add,
    (f, p) => ({
      d: destinationOrSp(f.d!),
      n: register(f.d!),
      m: any(f.m!, p),
      setFlags: false,
    }),
    ['d=15'],
  ),
  row('010001 00 1 mmmm 111', 'add', 'pc, {m}', branch.branchPlain, (f, p) => ({
    n: immediate(p.pc),
    m: f.m === 15 ? UNPREDICTABLE : register(f.m!),
  })),
  row('010001 01 n mmmm nnn', 'cmp', '{n}, {m}', alu.sub, (f) => ({
    n: generalOrSp(f.n!),
    m: generalOrSp(f.m!),
    setFlags: true,
  })),
  row(
    '010001 10 d mmmm ddd',
    'mov',
    '{d}, {m}',
    alu.mov,
    (f, p) => ({ d: destinationOrSp(f.d!), m: any(f.m!, p), setFlags: false }),
    ['d=15'],
  ),
  row('010001 10 1 mmmm 111', 'mov', 'pc, {m}', branch.branchPlain, (f, p) => ({
    m: any(f.m!, p),
  })),
  row('010001 110 mmmm 000', 'bx', '{m}', branch.branchExchange, (f, p) => ({
    m: any(f.m!, p),
  })),
  row('010001 110 mmmm 100', 'bxns', '{m}', system.call, (f) => ({
    effect: 'branchNonSecure',
    a: general(f.m!),
  })),
  row('010001 111 mmmm 000', 'blx', '{m}', branch.branchLinkExchange, (f, p) => ({
    m: generalOrSp(f.m!),
    link: immediate(p.address + 3),
  })),
  row('010001 111 mmmm 100', 'blxns', '{m}', system.call, (f) => ({
    effect: 'branchLinkNonSecure',
    a: general(f.m!),
  })),
]

type Width = 1 | 2 | 4
const registerOffset = (width: Width, isSigned: boolean) => (f: Fields) => ({
  t: reg(f.t),
  n: reg(f.n),
  m: reg(f.m),
  amount: immediate(0),
  index: 'offset',
  width,
  isSigned,
})
const immediateOffset = (width: Width) => (f: Fields) => ({
  t: reg(f.t),
  n: reg(f.n),
  offset: immediate(f.i! * width),
  index: 'offset',
  width,
  isSigned: false,
})
const fromSp = (f: Fields) => ({
  t: reg(f.t),
  n: register(13),
  offset: immediate(f.i! * 4),
  index: 'offset',
  width: 4,
  isSigned: false,
})

const R = '{t}, [{n}, {m}]'
const I = '{t}, [{n}{offset}]'
const loadsAndStores: Row[] = [
  row('01001 ttt iiiiiiii', 'ldr', '{t}, {literal}', memory.load, (f, p) => ({
    t: reg(f.t),
    n: immediate(align(p.pc) + f.i! * 4),
    index: 'offset',
    width: 4,
    isSigned: false,
  })),
  row('0101 000 mmm nnn ttt', 'str', R, memory.store, registerOffset(4, false)),
  row('0101 001 mmm nnn ttt', 'strh', R, memory.store, registerOffset(2, false)),
  row('0101 010 mmm nnn ttt', 'strb', R, memory.store, registerOffset(1, false)),
  row('0101 011 mmm nnn ttt', 'ldrsb', R, memory.load, registerOffset(1, true)),
  row('0101 100 mmm nnn ttt', 'ldr', R, memory.load, registerOffset(4, false)),
  row('0101 101 mmm nnn ttt', 'ldrh', R, memory.load, registerOffset(2, false)),
  row('0101 110 mmm nnn ttt', 'ldrb', R, memory.load, registerOffset(1, false)),
  row('0101 111 mmm nnn ttt', 'ldrsh', R, memory.load, registerOffset(2, true)),
  row('0110 0 iiiii nnn ttt', 'str', I, memory.store, immediateOffset(4)),
  row('0110 1 iiiii nnn ttt', 'ldr', I, memory.load, immediateOffset(4)),
  row('0111 0 iiiii nnn ttt', 'strb', I, memory.store, immediateOffset(1)),
  row('0111 1 iiiii nnn ttt', 'ldrb', I, memory.load, immediateOffset(1)),
  row('1000 0 iiiii nnn ttt', 'strh', I, memory.store, immediateOffset(2)),
  row('1000 1 iiiii nnn ttt', 'ldrh', I, memory.load, immediateOffset(2)),
  row('1001 0 ttt iiiiiiii', 'str', I, memory.store, fromSp),
  row('1001 1 ttt iiiiiiii', 'ldr', I, memory.load, fromSp),
  row('11000 nnn llllllll', 'stmia', '{n}!, {list}', memory.storeSeveral, (f) =>
    list(reg(f.n), f.l!, { direction: 'up', writeBack: true }),
  ),
  row('11001 nnn llllllll', 'ldmia', '{n}{!}, {list}', memory.loadSeveral, (f) =>
    list(reg(f.n), f.l!, { direction: 'up', writeBack: ((f.l! >> f.n!) & 1) === 0 }),
  ),
  row('1011 010 p llllllll', 'push', '{list}', memory.storeSeveral, (f) =>
    list(destinationOrSp(13), f.l! | (f.p! << 14), { direction: 'down', writeBack: true }),
  ),
  row('1011 110 P llllllll', 'pop', '{list}', memory.loadSeveral, (f) =>
    list(destinationOrSp(13), f.l! | (f.P! << 15), { direction: 'up', writeBack: true }),
  ),
]

const extendRow = (width: 1 | 2, isSigned: boolean) => (f: Fields) => ({
  d: reg(f.d),
  m: reg(f.m),
  width,
  isSigned,
})
const spSum = (f: Fields) => ({
  d: destinationOrSp(13),
  n: register(13),
  m: immediate(f.i! * 4),
  setFlags: false,
})
const unary = (f: Fields) => ({ d: reg(f.d), m: reg(f.m) })

const miscellaneous: Row[] = [
  row('1010 0 ddd iiiiiiii', 'add', '{d}, pc, {pcOffset}', alu.mov, (f, p) => ({
    d: reg(f.d),
    m: immediate(align(p.pc) + f.i! * 4),
    setFlags: false,
  })),
  row('1010 1 ddd iiiiiiii', 'add', '{d}, sp, #{m}', alu.add, (f) => ({
    d: reg(f.d),
    n: register(13),
    m: immediate(f.i! * 4),
    setFlags: false,
  })),
  row('1011 0000 0 iiiiiii', 'add', 'sp, #{m}', alu.add, spSum),
  row('1011 0000 1 iiiiiii', 'sub', 'sp, #{m}', alu.sub, spSum),
  row('1011 Z0i1 iiiii nnn', 'cb{z}', '{n}, {target}', branch.compareAndBranch, (f, p) =>
    p.isInIt ? undefined : { n: reg(f.n), target: target(p.pc + f.i! * 2), ifZero: f.Z === 0 },
  ),
  row('1011 0010 00 mmm ddd', 'sxth', '{d}, {m}', bits.extend, extendRow(2, true)),
  row('1011 0010 01 mmm ddd', 'sxtb', '{d}, {m}', bits.extend, extendRow(1, true)),
  row('1011 0010 10 mmm ddd', 'uxth', '{d}, {m}', bits.extend, extendRow(2, false)),
  row('1011 0010 11 mmm ddd', 'uxtb', '{d}, {m}', bits.extend, extendRow(1, false)),
  row('1011 0110 011 m 0 0 i f', 'cps{im}', '{cpsFlags}', system.call, (f, p) =>
    p.isInIt || f.i! + f.f! === 0
      ? undefined
      : {
          effect: 'changeProcessorState',
          a: immediate(f.m!),
          b: immediate(f.i! * 2 + f.f!),
        },
  ),
  row('1011 1010 00 mmm ddd', 'rev', '{d}, {m}', bits.reverseBytes, unary),
  row('1011 1010 01 mmm ddd', 'rev16', '{d}, {m}', bits.reverseBytesInHalves, unary),
  row('1011 1010 11 mmm ddd', 'revsh', '{d}, {m}', bits.reverseSignedHalf, unary),
  row('1011 1110 iiiiiiii', 'bkpt', '{x4}', system.call, (f) => ({
    effect: 'breakpoint',
    a: immediate(f.i!),
  })),
  row('1011 1111 0000 0000', 'nop', '', branch.noOperation, () => ({})),
  row('1011 1111 0001 0000', 'yield', '', branch.noOperation, () => ({})),
  row('1011 1111 0010 0000', 'wfe', '', system.call, () => ({ effect: 'waitForEvent' })),
  row('1011 1111 0011 0000', 'wfi', '', system.call, () => ({ effect: 'waitForInterrupt' })),
  row('1011 1111 0100 0000', 'sev', '', system.call, () => ({ effect: 'sendEvent' })),
  row('1011 1111 iiii 0000', 'nop', '{{i}}', branch.noOperation, () => ({}), [
    'i=0',
    'i=1',
    'i=2',
    'i=3',
    'i=4',
  ]),
  row(
    '1011 1111 cccc mmmm',
    'it{itMask}',
    '{itCondition}',
    branch.ifThen,
    (f, p) =>
      p.isInIt || f.c === 15 || (f.c === 14 && (f.m! & (f.m! - 1)) !== 0)
        ? undefined
        : { state: immediate(IT_FIRST | (f.c! << 4) | f.m!) },
    ['m=0'],
  ),
]

const branches: Row[] = [
  row(
    '1101 CCCC iiiiiiii',
    'b{condition}.n',
    '{target}',
    branch.branchIf,
    (f, p) =>
      p.isInIt ? undefined : { target: target(p.pc + signExtend(f.i!, 8) * 2), condition: f.C! },
    ['C=14', 'C=15'],
  ),
  row('1101 1110 iiiiiiii', 'udf', '#{i}', system.refuse, () => ({ fault: 'UNDEFINSTR' })),
  row('1101 1111 iiiiiiii', 'svc', '{svc}', system.call, (f) => ({
    effect: 'supervisorCall',
    a: immediate(f.i!),
  })),
  row('11100 iiiiiiiiiii', 'b.n', '{target}', branch.branch, (f, p) => ({
    target: target(p.pc + signExtend(f.i!, 11) * 2),
  })),
]

export const thumb16: readonly Row[] = [
  ...shiftsAndAdds,
  ...dataProcessing,
  ...highRegisters,
  ...loadsAndStores,
  ...miscellaneous,
  ...branches,
]
