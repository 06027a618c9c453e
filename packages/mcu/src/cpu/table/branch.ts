/** 32-bit branches and miscellaneous control. Armv8-M ARM, C2.3.5. */
import * as branch from '../operations/branch.ts'
import * as memory from '../operations/memory.ts'
import * as system from '../operations/system.ts'
import { type Fields, general, generalOrSp, immediate, type Row, row, target } from './row.ts'

/** SignExtend(S:I1:I2:imm10:imm11:'0'), where I = NOT(J EOR S). `i` is imm10:imm11. */
function longOffset(f: Fields): number {
  const i1 = ~(f.j! ^ f.s!) & 1
  const i2 = ~(f.k! ^ f.s!) & 1
  const bits = (f.s! << 24) | (i1 << 23) | (i2 << 22) | (f.i! << 1)
  return (bits << 7) >> 7
}

/** SignExtend(S:J2:J1:imm6:imm11:'0') */
function conditionalOffset(f: Fields): number {
  const bits = (f.s! << 20) | (f.k! << 19) | (f.j! << 18) | (f.i! << 1)
  return (bits << 11) >> 11
}

const branches: Row[] = [
  row(
    '11110 s CCCC iiiiii 10 j 0 k iiiiiiiiiii',
    'b{condition}.w',
    '{target}',
    branch.branchIf,
    (f, p) =>
      p.isInIt ? undefined : { target: target(p.pc + conditionalOffset(f)), condition: f.C! },
    ['C=14', 'C=15'],
  ),
  row('11110 s iiiiiiiiii 10 j 1 k iiiiiiiiiii', 'b.w', '{target}', branch.branch, (f, p) => ({
    target: target(p.pc + longOffset(f)),
  })),
  row(
    '11110 s iiiiiiiiii 11 j 1 k iiiiiiiiiii',
    'bl',
    '{target}',
    branch.branchWithLink,
    (f, p) => ({
      target: target(p.pc + longOffset(f)),
      link: immediate(p.pc | 1),
    }),
  ),
  ...([1, 2] as const).map((width) =>
    row(
      `11101000 1101 nnnn 1111 0000 000${width - 1} mmmm`,
      width === 1 ? 'tbb' : 'tbh',
      width === 1 ? '[{n}, {m}]' : '[{n}, {m}, lsl #1]',
      branch.tableBranch,
      (f, p) => ({
        n: f.n === 15 ? immediate(p.pc) : generalOrSp(f.n!),
        m: general(f.m!),
        pc: immediate(p.pc),
        width,
      }),
    ),
  ),
]

const control: Row[] = [
  row('1111 0011 1000 nnnn 1000 mm00 ssssssss', 'msr', '{special}, {b}', system.call, (f) =>
    f.m === 0
      ? undefined
      : { effect: 'writeSpecial', a: immediate((f.m! << 8) | f.s!), b: general(f.n!) },
  ),
  row('1111 0011 1110 1111 1000 dddd ssssssss', 'mrs', '{d}, {special}', system.query, (f) => ({
    effect: 'readSpecial',
    a: immediate(f.s!),
    d: general(f.d!),
  })),
  row('1111 0011 1010 1111 1000 0000 00000000', 'nop.w', '', branch.noOperation, () => ({})),
  row('1111 0011 1010 1111 1000 0000 00000001', 'yield.w', '', branch.noOperation, () => ({})),
  row('1111 0011 1010 1111 1000 0000 00000010', 'wfe.w', '', system.call, () => ({
    effect: 'waitForEvent',
  })),
  row('1111 0011 1010 1111 1000 0000 00000011', 'wfi.w', '', system.call, () => ({
    effect: 'waitForInterrupt',
  })),
  row('1111 0011 1010 1111 1000 0000 00000100', 'sev.w', '', system.call, () => ({
    effect: 'sendEvent',
  })),
  row('1111 0011 1010 1111 1000 0000 1111 oooo', 'dbg', '#{o}', branch.noOperation, () => ({})),
  row(
    '1111 0011 1010 1111 1000 0000 gggg hhhh',
    'nop.w',
    '{{hint}}',
    branch.noOperation,
    () => ({}),
    ['g=15', ...[0, 1, 2, 3, 4].map((h) => `g=0 h=${h}`)],
  ),
  row('1111 0011 1011 1111 1000 1111 0010 1111', 'clrex', '', memory.clearExclusive, () => ({})),
  row(
    '1111 0011 1011 1111 1000 1111 0100 oooo',
    'dsb',
    '{barrier}',
    branch.noOperation,
    () => ({}),
  ),
  row(
    '1111 0011 1011 1111 1000 1111 0101 oooo',
    'dmb',
    '{barrier}',
    branch.noOperation,
    () => ({}),
  ),
  row(
    '1111 0011 1011 1111 1000 1111 0110 oooo',
    'isb',
    '{barrier}',
    branch.noOperation,
    () => ({}),
  ),
  row('1111 0111 1111 iiii 1010 iiiiiiiiiiii', 'udf.w', '#{i}', system.refuse, () => ({
    fault: 'UNDEFINSTR',
  })),
]

const security: Row[] = [
  row('1110 1001 0111 1111 1110 1001 0111 1111', 'sg', '', system.call, (_, p) => ({
    effect: 'secureGateway',
    a: immediate(p.address),
  })),
  row('11101000 0100 nnnn 1111 dddd aa 000000', 'tt{tt}', '{d}, {b}', system.query, (f) => ({
    effect: 'testTarget',
    a: immediate(f.a!),
    b: general(f.n!),
    d: general(f.d!),
  })),
]

const coprocessors: Row[] = [
  row(
    '111 x 11 yy oooooooo pppp cccc qqqqqqqq',
    'coprocessor',
    '{c}',
    system.call,
    (f) => ({ effect: 'coprocessor', a: immediate(f.c!) }),
    // 111x 1111: no coprocessor space. 10 and 11: floating point.
    ['y=3', 'c=10', 'c=11'],
  ),
]

export const branchRows: readonly Row[] = [...branches, ...control, ...security]
export const coprocessorRows: readonly Row[] = coprocessors
