/** Instructions on registers against models of a few lines, over edge values; flags included. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { execute } from './testing/execute.ts'
import { encode } from './testing/machine.ts'

const EDGES = [0, 1, 2, 0x7f, 0xff, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff]
const FLAGS = { n: 0x8000_0000, z: 0x4000_0000, c: 0x2000_0000, v: 0x1000_0000 }

/** AddWithCarry() of the manual, on unbounded integers. */
function addWithCarry(a: number, b: number, carry: number) {
  const unsigned = BigInt(a) + BigInt(b) + BigInt(carry)
  const signed = BigInt(a | 0) + BigInt(b | 0) + BigInt(carry)
  const value = Number(unsigned & 0xffff_ffffn)
  const overflows = BigInt(value | 0) !== signed
  return { value, flags: nz(value) | (unsigned >> 32n ? FLAGS.c : 0) | (overflows ? FLAGS.v : 0) }
}

function nz(value: number): number {
  return (value >>> 31 ? FLAGS.n : 0) | (value === 0 ? FLAGS.z : 0)
}

const not = (value: number) => ~value >>> 0
test('sums and differences set every flag as AddWithCarry says', () => {
  const cases = [
    { name: 'ADDS', drawing: '000 1100 mmm nnn ddd', sum: (a: number, b: number) => [a, b, 0] },
    {
      name: 'SUBS',
      drawing: '000 1101 mmm nnn ddd',
      sum: (a: number, b: number) => [a, not(b), 1],
    },
    {
      name: 'ADCS.W',
      drawing: '11101 01 1010 1 0nnn 0 000 0ddd 00 00 0mmm',
      sum: (a: number, b: number, c: number) => [a, b, c],
    },
    {
      name: 'SBCS.W',
      drawing: '11101 01 1011 1 0nnn 0 000 0ddd 00 00 0mmm',
      sum: (a: number, b: number, c: number) => [a, not(b), c],
    },
    {
      name: 'RSBS.W',
      drawing: '11101 01 1110 1 0nnn 0 000 0ddd 00 00 0mmm',
      sum: (a: number, b: number) => [not(a), b, 1],
    },
  ] as const
  for (const { name, drawing, sum } of cases) {
    const code = encode(drawing, { d: 2, n: 0, m: 1 })
    for (const a of EDGES) {
      for (const b of EDGES) {
        for (const carry of [0, 1]) {
          const after = execute(code, { registers: [a, b], flags: carry ? FLAGS.c : 0 })
          const [x, y, c] = sum(a, b, carry) as [number, number, number]
          const { value, flags } = addWithCarry(x, y, c)
          assert.deepEqual(
            [after.r[2], after.flags],
            [value, flags >>> 0],
            `${name} ${a} ${b} ${carry}`,
          )
        }
      }
    }
  }
})

test('compares set flags and change no register', () => {
  const cases = [
    { drawing: '010000 1010 mmm nnn', sum: (a: number, b: number) => [a, not(b), 1] },
    { drawing: '010000 1011 mmm nnn', sum: (a: number, b: number) => [a, b, 0] },
  ] as const
  for (const { drawing, sum } of cases) {
    for (const a of EDGES) {
      for (const b of EDGES) {
        const after = execute(encode(drawing, { n: 0, m: 1 }), { registers: [a, b, 7] })
        const [x, y, c] = sum(a, b) as [number, number, number]
        assert.equal(after.flags, addWithCarry(x, y, c).flags >>> 0)
        assert.deepEqual(after.r.slice(0, 3), [a, b, 7])
      }
    }
  }
})

test('logic keeps V, and C unless the shifter makes one', () => {
  const operations = {
    '0000': (a: number, b: number) => a & b,
    '0001': (a: number, b: number) => a & ~b,
    '0010': (a: number, b: number) => a | b,
    '0011': (a: number, b: number) => a | ~b,
    '0100': (a: number, b: number) => a ^ b,
  }
  for (const [opcode, combine] of Object.entries(operations)) {
    for (const a of EDGES) {
      for (const b of EDGES) {
        for (const kept of [0, FLAGS.c | FLAGS.v]) {
          const code = encode(`11101 01 ${opcode} 1 0000 0 000 0010 00 00 0001`)
          const after = execute(code, { registers: [a, b], flags: kept })
          const value = combine(a, b) >>> 0
          assert.deepEqual([after.r[2], after.flags], [value, (nz(value) | kept) >>> 0])
        }
      }
    }
  }
})

/** Shift_C() of the manual, a bit at a time. */
function shift(type: number, value: number, amount: number, carry: number) {
  let [x, c] = [value, carry]
  for (let step = 0; step < amount; step++) {
    if (type === 0) [x, c] = [(x << 1) >>> 0, x >>> 31]
    else {
      const top = type === 1 ? 0 : type === 2 ? x >>> 31 : x & 1
      ;[x, c] = [((x >>> 1) | (top << 31)) >>> 0, x & 1]
    }
  }
  return { value: x, flags: (nz(x) | (c ? FLAGS.c : 0)) >>> 0 }
}

test('shifts by a register: every amount of a byte', () => {
  for (let type = 0; type < 4; type++) {
    const code = encode('11111010 0 tt 1 0nnn 1111 0ddd 0000 0mmm', { t: type, d: 2, n: 0, m: 1 })
    for (const value of [0x8000_0001, 0x7fff_fffe, 0x1234_5678]) {
      for (let amount = 0; amount < 256; amount++) {
        for (const carry of [0, 1]) {
          const registers = [value, amount | 0xabcd_ef00]
          const after = execute(code, { registers, flags: carry ? FLAGS.c : 0 })
          const expected = shift(type, value, amount, carry)
          const what = `type ${type} amount ${amount} carry ${carry}`
          assert.deepEqual([after.r[2], after.flags], [expected.value, expected.flags], what)
        }
      }
    }
  }
})

test('shifts by a number: every amount, and RRX', () => {
  for (let type = 0; type < 4; type++) {
    for (let imm = 0; imm < 32; imm++) {
      for (const carry of [0, 1]) {
        const value = 0x9234_5679
        const code = encode('11101 01 0010 1 1111 0 iii 0010 ii tt 0000', { i: imm, t: type })
        const after = execute(code, { registers: [value], flags: carry ? FLAGS.c : 0 })
        const isRrx = type === 3 && imm === 0
        const amount = type !== 0 && imm === 0 ? 32 : imm
        const x = ((value >>> 1) | (carry << 31)) >>> 0
        const rrx = { value: x, flags: (nz(x) | (value & 1 ? FLAGS.c : 0)) >>> 0 }
        const expected = isRrx ? rrx : shift(type, value, amount, carry)
        assert.deepEqual(
          [after.r[2], after.flags],
          [expected.value, expected.flags],
          `${type} ${imm}`,
        )
      }
    }
  }
})

test('modified immediates: all 4096, with their carry', () => {
  for (let imm = 0; imm < 4096; imm++) {
    const byte = imm & 0xff
    const rotation = imm >> 7
    let [value, carry] = [0, 0]
    if (imm >> 10 === 0)
      value = [byte, byte * 0x1_0001, byte * 0x100_0100, byte * 0x101_0101][imm >> 8]!
    else {
      const turned = shift(3, 0x80 | (imm & 0x7f), rotation, 0)
      ;[value, carry] = [turned.value, turned.value >>> 31 ? FLAGS.c : 0]
    }
    const after = execute(encode('11110 i 0 0010 1 1111 0 iii 0000 iiiiiiii', { i: imm }), {})
    assert.deepEqual([after.r[0], after.flags], [value >>> 0, (nz(value) | carry) >>> 0], `${imm}`)
  }
})

test('multiplication, long and short', () => {
  const wide = (a: number, b: number, isSigned: boolean) =>
    BigInt.asUintN(64, isSigned ? BigInt(a | 0) * BigInt(b | 0) : BigInt(a) * BigInt(b))
  const long = '11111011 1ooo 0000 0010 0011 pppp 0001'
  for (const a of EDGES) {
    for (const b of EDGES) {
      const registers = [a, b, 0x8765_4321, 0xf000_0001]
      const before = (BigInt(registers[3]!) << 32n) | BigInt(registers[2]!)
      const cases: [number, number, bigint][] = [
        [0, 0, wide(a, b, true)],
        [2, 0, wide(a, b, false)],
        [4, 0, wide(a, b, true) + before],
        [6, 0, wide(a, b, false) + before],
        [6, 6, wide(a, b, false) + BigInt(registers[2]!) + BigInt(registers[3]!)],
      ]
      for (const [o, p, sum] of cases) {
        const after = execute(encode(long, { o, p }), { registers })
        const result = (BigInt(after.r[3]!) << 32n) | BigInt(after.r[2]!)
        assert.equal(result, BigInt.asUintN(64, sum), `o=${o} p=${p} ${a} ${b}`)
      }
      const product = Math.imul(a, b)
      const mla = execute(encode('11111011 0000 0000 0010 0100 0000 0001'), { registers })
      assert.equal(mla.r[4], (registers[2]! + product) >>> 0)
      const mls = execute(encode('11111011 0000 0000 0010 0100 0001 0001'), { registers })
      assert.equal(mls.r[4], (registers[2]! - product) >>> 0)
      const muls = execute(encode('010000 1101 001 000'), { registers, flags: FLAGS.c | FLAGS.v })
      assert.deepEqual(
        [muls.r[0], muls.flags],
        [product >>> 0, (nz(product >>> 0) | FLAGS.c | FLAGS.v) >>> 0],
      )
    }
  }
})

test('division truncates, gives 0 for a zero divisor, and wraps at -2^31 / -1', () => {
  for (const a of EDGES) {
    for (const b of EDGES) {
      const signed = execute(encode('11111011 1001 0000 1111 0010 1111 0001'), {
        registers: [a, b],
      })
      const unsigned = execute(encode('11111011 1011 0000 1111 0010 1111 0001'), {
        registers: [a, b],
      })
      assert.equal(signed.r[2], b === 0 ? 0 : Math.trunc((a | 0) / (b | 0)) >>> 0, `${a} / ${b}`)
      assert.equal(unsigned.r[2], b === 0 ? 0 : Math.floor(a / b), `${a} / ${b}`)
    }
  }
})

test('bit fields: every position and width', () => {
  const value = 0xa5c3_9f17
  for (let lsb = 0; lsb < 32; lsb++) {
    for (let width = 1; width <= 32 - lsb; width++) {
      const mask = width === 32 ? 0xffff_ffff : 2 ** width - 1
      const extract = { i: lsb, w: width - 1 }
      const u = execute(encode('11110 0 11 1100 0000 0 iii 0001 ii 0 wwwww', extract), {
        registers: [value],
      })
      assert.equal(u.r[1], ((value >>> lsb) & mask) >>> 0)
      const s = execute(encode('11110 0 11 0100 0000 0 iii 0001 ii 0 wwwww', extract), {
        registers: [value],
      })
      assert.equal(s.r[1], (((value >>> lsb) << (32 - width)) >> (32 - width)) >>> 0)
      const insert = { i: lsb, w: lsb + width - 1 }
      const i = execute(encode('11110 0 11 0110 0000 0 iii 0001 ii 0 wwwww', insert), {
        registers: [value, 0x1234_5678],
      })
      const place = (mask << lsb) >>> 0
      assert.equal(i.r[1], ((0x1234_5678 & ~place) | ((value << lsb) & place)) >>> 0)
      const c = execute(encode('11110 0 11 0110 1111 0 iii 0001 ii 0 wwwww', insert), {
        registers: [0, 0x1234_5678],
      })
      assert.equal(c.r[1], (0x1234_5678 & ~place) >>> 0)
    }
  }
})

test('saturation clamps and sets Q, which stays', () => {
  for (const value of EDGES) {
    for (let width = 0; width < 32; width++) {
      const signed = execute(encode('11110 0 11 0000 0000 0 000 0001 00 0 wwwww', { w: width }), {
        registers: [value],
      })
      const [least, most] = [-(2 ** width), 2 ** width - 1]
      const s = Math.min(Math.max(value | 0, least), most)
      assert.deepEqual([signed.r[1], signed.flags], [s >>> 0, s === (value | 0) ? 0 : 0x0800_0000])
      const unsigned = execute(encode('11110 0 11 1000 0000 0 000 0001 00 0 wwwww', { w: width }), {
        registers: [value],
        flags: 0x0800_0000,
      })
      const u = Math.min(Math.max(value | 0, 0), most)
      assert.deepEqual([unsigned.r[1], unsigned.flags], [u >>> 0, 0x0800_0000])
    }
  }
})

test('reversals, counts and extends', () => {
  const bytes = (x: number) => [x & 0xff, (x >>> 8) & 0xff, (x >>> 16) & 0xff, x >>> 24]
  const join = (b: readonly number[]) =>
    (b[0]! | (b[1]! << 8) | (b[2]! << 16) | (b[3]! << 24)) >>> 0
  const mirrored = (x: number) =>
    Number.parseInt([...x.toString(2).padStart(32, '0')].reverse().join(''), 2)
  for (const x of [...EDGES, 0x1234_5678, 0x89ab_cdef]) {
    const [a, b, c, d] = bytes(x) as [number, number, number, number]
    const misc = (opcode: string) =>
      execute(encode(`11111010 10${opcode.slice(0, 2)} 0000 1111 0001 10${opcode.slice(2)} 0000`), {
        registers: [x],
      }).r[1]
    assert.equal(misc('0100'), join([d, c, b, a]), 'REV')
    assert.equal(misc('0101'), join([b, a, d, c]), 'REV16')
    assert.equal(misc('0110'), mirrored(x), 'RBIT')
    assert.equal(misc('0111'), ((((a << 8) | b) << 16) >> 16) >>> 0, 'REVSH')
    assert.equal(misc('1100'), Math.clz32(x), 'CLZ')
    for (let rotation = 0; rotation < 4; rotation++) {
      const turned = shift(3, x, rotation * 8, 0).value
      const models = [
        ['000', (turned << 16) >> 16],
        ['001', turned & 0xffff],
        ['100', (turned << 24) >> 24],
        ['101', turned & 0xff],
      ] as const
      for (const [opcode, value] of models) {
        const code = encode(`11111010 0 ${opcode} 1111 1111 0001 10 rr 0000`, { r: rotation })
        assert.equal(execute(code, { registers: [x] }).r[1], value >>> 0)
        const sum = encode(`11111010 0 ${opcode} 0010 1111 0001 10 rr 0000`, { r: rotation })
        assert.equal(execute(sum, { registers: [x, 0, 1000] }).r[1], (value + 1000) >>> 0)
      }
    }
  }
})

/** ConditionPassed(). */
function passes(condition: number, flags: number): boolean {
  const [n, z, c, v] = [31, 30, 29, 28].map((bit) => ((flags >>> bit) & 1) === 1) as boolean[]
  const truth = [z, c, n, v, c && !z, n === v, n === v && !z, true][condition >> 1]!
  return condition & 1 && condition !== 15 ? !truth : truth
}

test('every condition over all flags, as a branch', () => {
  for (let condition = 0; condition < 14; condition++) {
    for (let flags = 0; flags < 16; flags++) {
      // BNE over MOVS r0, #1.
      const code = [...encode('1101 cccc 00000000', { c: condition }), 0x2001, 0x2101]
      const after = execute(code, { registers: [9, 9], flags: (flags << 28) >>> 0 }, 2)
      const isTaken = passes(condition, flags << 28)
      assert.deepEqual(after.r.slice(0, 2), isTaken ? [9, 1] : [1, 9], `${condition} ${flags}`)
    }
  }
})

test('IT blocks: every shape, every condition, all flags', () => {
  for (let condition = 0; condition < 15; condition++) {
    for (let mask = 1; mask < 16; mask++) {
      const length = 4 - Math.log2(mask & -mask)
      const hasElse = (mask & (mask - 1)) !== 0
      if (condition === 14 && hasElse) continue
      for (let flags = 0; flags < 16; flags++) {
        // MOV r0..r3, #n: in a block they set no flags. MOV r4 is always outside.
        const moves = [0, 1, 2, 3].map((r) => 0x2001 + r * 0x101)
        const code = [0xbf00 | (condition << 4) | mask, ...moves.slice(0, length), 0x2405]
        const after = execute(
          code,
          { registers: [0, 0, 0, 0, 0], flags: (flags << 28) >>> 0 },
          length + 2,
        )
        const expected = moves.slice(0, length).map((_, at) => {
          const bit = at === 0 ? condition & 1 : (mask >> (4 - at)) & 1
          return passes((condition & 14) | bit, flags << 28) ? at + 1 : 0
        })
        const what = `cond ${condition} mask ${mask} flags ${flags}`
        assert.deepEqual(after.r.slice(0, length), expected, what)
        assert.equal(after.r[4], 5, what)
      }
    }
  }
})
