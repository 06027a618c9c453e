/** Instructions on memory, and those that go elsewhere: loads, stores, exclusives, branches and calls. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODE, cpu, execute, machine } from './testing/execute.ts'
import { encode, RAM } from './testing/machine.ts'

test('loads and stores: widths, signs, addressing modes', () => {
  const at = RAM + 0x800
  machine.writeWord(at, 0x8283_8485)
  machine.writeWord(at + 4, 0x0102_0304)
  const loads = [
    ['1111100 0 1 00 1', 0x85],
    ['1111100 0 1 01 1', 0x8485],
    ['1111100 0 1 10 1', 0x8283_8485],
    ['1111100 1 1 00 1', 0xffff_ff85],
    ['1111100 1 1 01 1', 0xffff_8485],
  ] as const
  for (const [head, value] of loads) {
    const offset = execute(encode(`${head} 0001 0000 000000000100`), { registers: [0, at - 4] })
    assert.equal(offset.r[0], value)
    const indexed = head.replace(/^(\S+ \d) 1/, '$1 0')
    const scaled = execute(encode(`${indexed} 0001 0000 000000 11 0010`), {
      registers: [0, at - 16, 2],
    })
    assert.equal(scaled.r[0], value)
    const pre = execute(encode(`${indexed} 0001 0000 1 1 0 1 00001000`), { registers: [0, at + 8] })
    assert.deepEqual(pre.r.slice(0, 2), [value, at])
    const post = execute(encode(`${indexed} 0001 0000 1 0 1 1 00001000`), { registers: [0, at] })
    assert.deepEqual(post.r.slice(0, 2), [value, at + 8])
  }
  const stores = [
    ['1111100 0 1 00 0', 0x8283_8499],
    ['1111100 0 1 01 0', 0x8283_7799],
    ['1111100 0 1 10 0', 0x5566_7799],
  ] as const
  for (const [head, value] of stores) {
    machine.writeWord(at, 0x8283_8485)
    execute(encode(`${head} 0001 0000 000000000000`), { registers: [0x5566_7799, at] })
    assert.equal(machine.readWord(at), value)
  }
})

test('unaligned words pass, across a page of the access map too', () => {
  for (const at of [RAM + 0x801, RAM + 0x9fe, RAM + 0x9ff, RAM + 0xa01]) {
    const store = encode('1111100 0 1 10 0 0001 0000 000000000000')
    const load = encode('1111100 0 1 10 1 0001 0010 000000000000')
    const after = execute([...store, ...load], { registers: [0x1234_5678, at] }, 2)
    assert.equal(after.r[2], 0x1234_5678)
    assert.equal(cpu.bytes[at], 0x78)
    assert.equal(cpu.bytes[at + 3], 0x12)
  }
})

test('a store after which all code is decoded anew still writes back to its own base', () => {
  const rbar = 0xe000_ed9c
  const several = encode('1110100 01 0 1 0 0010 0 0 0 0111111110000')
  const { r } = execute(several, { registers: [0x55, 0x77, rbar] })
  assert.deepEqual(r.slice(0, 3), [0x55, 0x77, rbar + 32])
  const one = execute(encode('1111100 0 0 10 0 0010 0000 1 0 1 1 00100000'), {
    registers: [0, 0x77, rbar],
  })
  assert.deepEqual(one.r.slice(0, 3), [0, 0x77, rbar + 32])
})

test('several registers: LDM, STM, PUSH, POP and doubles', () => {
  const at = RAM + 0x800
  const stm = execute(encode('11000 100 00001111'), {
    registers: [1, 2, 3, 4, at],
  })
  assert.equal(stm.r[4], at + 16)
  assert.deepEqual(
    [0, 4, 8, 12].map((n) => machine.readWord(at + n)),
    [1, 2, 3, 4],
  )
  const ldm = execute(encode('1110100 10 0 1 1 0100 0 0 0 0000000001111'), {
    registers: [0, 0, 0, 0, at + 16],
  })
  assert.deepEqual(ldm.r.slice(0, 5), [1, 2, 3, 4, at])
  const own = execute(encode('11001 000 00000011'), { registers: [at] })
  assert.deepEqual(own.r.slice(0, 2), [1, 2])
  const pushPop = execute([0xb40f, 0xbcf0], { registers: [11, 12, 13, 14] }, 2)
  assert.deepEqual(pushPop.r.slice(4, 8), [11, 12, 13, 14])
  assert.equal(cpu.get('sp'), RAM + 0x400)
  const strd = encode('1110100 0 1 1 1 0 0010 0000 0001 00000010')
  const ldrd = encode('1110100 1 0 1 0 1 0010 0011 0100 00000010')
  const double = execute([...strd, ...ldrd], { registers: [21, 22, at] }, 2)
  assert.deepEqual(double.r.slice(2, 5), [at + 8, 21, 22])
})

test('lists that the manual calls UNPREDICTABLE are UNDEFINED: see docs/reference/cpu.md', () => {
  const stm = '1110100 01 0 W 0 nnnn 0 p 0 lllllllllllll'
  const ldm = '1110100 01 0 W 1 nnnn P p 0 lllllllllllll'
  const cases = [
    { drawing: ldm, fields: { l: 1 } },
    { drawing: ldm, fields: { P: 1 } },
    { drawing: stm, fields: { l: 4 } },
    { drawing: ldm, fields: { l: 1, P: 1, p: 1 } },
    { drawing: ldm, fields: { l: 0b11, W: 1, n: 1 } },
    { drawing: stm, fields: { l: 0b11, W: 1, n: 1 } },
    { drawing: ldm, fields: { l: 0b11, n: 15 } },
  ]
  for (const { drawing, fields } of cases) {
    const code = encode(drawing, { n: 6, p: 0, P: 0, W: 0, l: 0, ...fields })
    machine.write(CODE, code)
    machine.start(CODE)
    cpu.set('r6', RAM + 0x800)
    assert.equal(machine.run(2), 'secure-exception', JSON.stringify(fields))
    assert.equal(cpu.faultRecord.cfsr, 1 << 16)
  }
})

test('exclusives: a store succeeds once, and only after a load', () => {
  const at = RAM + 0x800
  const ldrex = encode('11101000 0101 0001 0000 1111 00000000')
  const strex = encode('11101000 0100 0001 0010 0011 00000000')
  const clrex = encode('1111 0011 1011 1111 1000 1111 0010 1111')
  machine.writeWord(at, 5)
  const without = execute(strex, { registers: [0, at, 9, 7] })
  assert.deepEqual([without.r[3], machine.readWord(at)], [1, 5])
  const once = execute([...ldrex, ...strex], { registers: [0, at, 9, 7] }, 2)
  assert.deepEqual([once.r[0], once.r[3], machine.readWord(at)], [5, 0, 9])
  const twice = execute([...ldrex, ...strex, ...strex], { registers: [0, at, 8, 7] }, 3)
  assert.deepEqual([twice.r[3], machine.readWord(at)], [1, 8])
  const cleared = execute([...ldrex, ...clrex, ...strex], { registers: [0, at, 7, 7] }, 3)
  assert.deepEqual([cleared.r[3], machine.readWord(at)], [1, 8])
})

test('table branches, compare and branch, calls and returns', () => {
  const tbb = [...encode('11101000 1101 1111 1111 0000 0000 0000'), 0x0401, 0x2001, 0x2002, 0x2003]
  machine.write(CODE + 4 + 8, [0x2004])
  for (const [index, offset] of [
    [0, 2],
    [1, 8],
  ] as const) {
    machine.write(CODE, tbb)
    execute(tbb, { registers: [index] })
    assert.equal(cpu.get('pc'), CODE + 4 + offset)
  }
  for (const value of [0, 1]) {
    execute(encode('1011 00i1 iiiii 000', { i: 5 }), { registers: [value] })
    assert.equal(cpu.get('pc'), value === 0 ? CODE + 4 + 10 : CODE + 2)
    execute(encode('1011 10i1 iiiii 000', { i: 5 }), { registers: [value] })
    assert.equal(cpu.get('pc'), value !== 0 ? CODE + 4 + 10 : CODE + 2)
  }
  execute(encode('11110 0 0000000000 11 1 1 1 00000010000'), {})
  assert.deepEqual([cpu.get('pc'), cpu.get('lr')], [CODE + 4 + 32, CODE + 5])
  execute(encode('010001 111 0000 000'), { registers: [CODE + 0x101] })
  assert.deepEqual([cpu.get('pc'), cpu.get('lr')], [CODE + 0x100, CODE + 3])
})

test('code in RAM runs, and what is written over it runs next', () => {
  const code = RAM + 0x1000
  // STRH r1, [r2] over the instruction after it, which was MOVS r0, #1.
  const program = [0x8011, 0x2001, 0xe7fc]
  machine.write(code, program)
  machine.start(code)
  cpu.set('r2', code + 2)
  cpu.set('r1', 0x2001)
  cpu.run(cpu.cycles + 6)
  assert.equal(cpu.get('r0'), 1)
  cpu.set('r1', 0x2007)
  cpu.run(cpu.cycles + 3)
  assert.equal(cpu.get('r0'), 7)
})
