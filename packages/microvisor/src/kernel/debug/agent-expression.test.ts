import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ExpressionWorld, evaluate } from './agent-expression.ts'

const printed: string[] = []
const world: ExpressionWorld = {
  register: (number) => (number <= 16 ? 0x1000 + number : undefined),
  read(address, into) {
    if (address + into.length > 0x100) return false
    for (let at = 0; at < into.length; at++) into[at] = address + at
    return true
  },
  print: (text) => printed.push(text),
}

const OP = {
  ...{ add: 2, sub: 3, mul: 4, divSigned: 5, divUnsigned: 6, remSigned: 7, remUnsigned: 8, lsh: 9 },
  ...{ rshSigned: 10, rshUnsigned: 11, logNot: 14, and: 15, or: 16, xor: 17, not: 18, equal: 19 },
  ...{ lessSigned: 20, lessUnsigned: 21, ext: 22, ref8: 23, ref16: 24, ref32: 25, ref64: 26 },
  ...{ ifGoto: 0x20, goto: 0x21, const8: 0x22, const16: 0x23, const32: 0x24, const64: 0x25 },
  ...{
    reg: 0x26,
    end: 0x27,
    dup: 0x28,
    pop: 0x29,
    zeroExt: 0x2a,
    swap: 0x2b,
    pick: 0x32,
    rot: 0x33,
  },
  printf: 0x34,
} as const

const value = (...code: number[]) => BigInt.asIntN(64, evaluate(Uint8Array.from(code), world))
const two = (a: number, b: number, op: number) =>
  value(OP.const8, a, OP.ext, 8, OP.const8, b, OP.ext, 8, op, OP.end)

test('operations on two values', () => {
  const rows: readonly (readonly [number, number, number, bigint])[] = [
    [7, 2, OP.add, 9n],
    [2, 7, OP.sub, -5n],
    [0xff, 7, OP.mul, -7n],
    [0xf9, 2, OP.divSigned, -3n],
    [0xf9, 2, OP.remSigned, -1n],
    [9, 2, OP.divUnsigned, 4n],
    [9, 2, OP.remUnsigned, 1n],
    [0xff, 63, OP.divUnsigned, (2n ** 64n - 1n) / 63n],
    [1, 4, OP.lsh, 16n],
    [0xf0, 2, OP.rshSigned, -4n],
    [0xff, 63, OP.rshUnsigned, 1n],
    [12, 10, OP.and, 8n],
    [12, 10, OP.or, 14n],
    [12, 10, OP.xor, 6n],
    [5, 5, OP.equal, 1n],
    [0xff, 1, OP.lessSigned, 1n],
    [0xff, 1, OP.lessUnsigned, 0n],
  ]
  for (const [a, b, op, expected] of rows) assert.equal(two(a, b, op), expected, `op ${op}`)
})

test('operations on one value, constants, registers and memory', () => {
  assert.equal(value(OP.const8, 0, OP.logNot, OP.end), 1n)
  assert.equal(value(OP.const8, 0, OP.not, OP.end), -1n)
  assert.equal(value(OP.const16, 0x12, 0x34, OP.end), 0x1234n)
  assert.equal(value(OP.const32, 1, 2, 3, 4, OP.zeroExt, 16, OP.end), 0x0304n)
  assert.equal(value(OP.const64, 1, 0, 0, 0, 0, 0, 0, 2, OP.end), 0x0100_0000_0000_0002n)
  assert.equal(value(OP.reg, 0, 15, OP.end), 0x100fn)
  assert.equal(value(OP.const8, 4, OP.ref8, OP.end), 4n)
  assert.equal(value(OP.const8, 4, OP.ref16, OP.end), 0x0504n)
  assert.equal(value(OP.const8, 4, OP.ref32, OP.end), 0x0706_0504n)
  assert.equal(value(OP.const8, 0, OP.ref64, OP.end), 0x0706_0504_0302_0100n)
})

test('the stack is moved about, and jumps go where they say', () => {
  assert.equal(value(OP.const8, 3, OP.dup, OP.add, OP.end), 6n)
  assert.equal(value(OP.const8, 1, OP.const8, 2, OP.pop, OP.end), 1n)
  assert.equal(value(OP.const8, 1, OP.const8, 2, OP.swap, OP.sub, OP.end), 1n)
  assert.equal(value(OP.const8, 9, OP.const8, 2, OP.pick, 1, OP.end), 9n)
  assert.equal(value(OP.const8, 1, OP.const8, 2, OP.const8, 3, OP.rot, OP.end), 2n)
  assert.equal(value(OP.const8, 1, OP.ifGoto, 0, 8, OP.const8, 5, OP.end, OP.const8, 6, OP.end), 6n)
  assert.equal(value(OP.goto, 0, 4, OP.end, OP.const8, 7, OP.end), 7n)
})

test('printf prints its arguments, the first of them from the top', () => {
  const format = [...new TextEncoder().encode('%d of %d\0')]
  const args = [OP.const8, 8, OP.const8, 3, OP.const8, 0, OP.const8, 0]
  value(...args, OP.printf, 2, 0, format.length, ...format, OP.end)
  assert.deepEqual(printed, ['3 of 8'])
})

test('what cannot be worked out fails with a sentence', () => {
  const rows: readonly (readonly [number[], RegExp])[] = [
    [[OP.const8, 1, OP.const8, 0, OP.divSigned, OP.end], /divides by zero/],
    [[OP.const8, 1, OP.const8, 0, OP.remUnsigned, OP.end], /divides by zero/],
    [[OP.goto, 0, 0], /more than 10000 steps/],
    [[OP.const8, 1, OP.goto, 0, 0], /too much stack/],
    [[OP.add, OP.end], /more from the stack than is there/],
    [[OP.pick, 3, OP.end], /more from the stack than is there/],
    [[OP.reg, 0, 99, OP.end], /no register 99/],
    [[OP.const16, 0x10, 0, OP.ref32, OP.end], /no memory at 0x1000/],
    [[OP.const32, 1], /ends without an end/],
    [[OP.goto, 0xff, 0xff], /ends without an end/],
    [[], /ends without an end/],
    [[1], /operation 0x1 is not there/],
  ]
  for (const [code, error] of rows) assert.throws(() => value(...code), error, `${code}`)
})

test('every byte is an operation that works or one that fails with a sentence', () => {
  for (let op = 0; op < 256; op++) {
    const code = [OP.const8, 1, OP.const8, 2, OP.const8, 3, op, 0, 1, 0, OP.end]
    try {
      value(...code)
    } catch (error) {
      assert.equal((error as Error).name, 'ExpressionError', `op ${op}: ${error}`)
    }
  }
})
