/**
 * GDB's agent expressions: conditions and commands of breakpoints, worked out on the device.
 * GDB manual, appendix "The GDB Agent Expression Mechanism".
 *
 * A machine of 64-bit values on a stack. Constants and jumps are big-endian. Not there: floating
 * point, trace buffers and trace state variables; an expression that uses them fails.
 */
import { formatText } from './format-text.ts'

/** What an expression may see. */
export interface ExpressionWorld {
  /** A register by its number in debug.proto. */
  register(number: number): number | undefined
  /** False if memory ends. */
  read(address: number, into: Uint8Array): boolean
  print(text: string): void
}

/** Why an expression has no value, for people. */
class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

/** For one expression; a loop in it ends there. */
const STEPS_MAX = 10_000
const STACK_MAX = 100

const OP = {
  ...{ add: 0x02, sub: 0x03, mul: 0x04, divSigned: 0x05, divUnsigned: 0x06 },
  ...{ remSigned: 0x07, remUnsigned: 0x08, lsh: 0x09, rshSigned: 0x0a, rshUnsigned: 0x0b },
  ...{ logNot: 0x0e, bitAnd: 0x0f, bitOr: 0x10, bitXor: 0x11, bitNot: 0x12, equal: 0x13 },
  ...{ lessSigned: 0x14, lessUnsigned: 0x15, ext: 0x16 },
  ...{ ref8: 0x17, ref16: 0x18, ref32: 0x19, ref64: 0x1a, ifGoto: 0x20, goto: 0x21 },
  ...{ const8: 0x22, const16: 0x23, const32: 0x24, const64: 0x25, reg: 0x26, end: 0x27 },
  ...{ dup: 0x28, pop: 0x29, zeroExt: 0x2a, swap: 0x2b, pick: 0x32, rot: 0x33, printf: 0x34 },
} as const

const unsigned = (value: bigint) => BigInt.asUintN(64, value)
const signed = (value: bigint) => BigInt.asIntN(64, value)
const truth = (isTrue: boolean) => (isTrue ? 1n : 0n)

/** Operations on the two topmost values, the upper one second; values are unsigned. */
const binary: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  [OP.add]: (a, b) => a + b,
  [OP.sub]: (a, b) => a - b,
  [OP.mul]: (a, b) => a * b,
  [OP.divSigned]: (a, b) => signed(a) / signed(divisor(b)),
  [OP.divUnsigned]: (a, b) => a / divisor(b),
  [OP.remSigned]: (a, b) => signed(a) % signed(divisor(b)),
  [OP.remUnsigned]: (a, b) => a % divisor(b),
  [OP.lsh]: (a, b) => a << (b & 63n),
  [OP.rshSigned]: (a, b) => signed(a) >> (b & 63n),
  [OP.rshUnsigned]: (a, b) => a >> (b & 63n),
  [OP.bitAnd]: (a, b) => a & b,
  [OP.bitOr]: (a, b) => a | b,
  [OP.bitXor]: (a, b) => a ^ b,
  [OP.equal]: (a, b) => truth(a === b),
  [OP.lessSigned]: (a, b) => truth(signed(a) < signed(b)),
  [OP.lessUnsigned]: (a, b) => truth(a < b),
}

const referenceBytes: Readonly<Record<number, number>> = {
  [OP.ref8]: 1,
  [OP.ref16]: 2,
  [OP.ref32]: 4,
  [OP.ref64]: 8,
}
const constantBytes: Readonly<Record<number, number>> = {
  [OP.const8]: 1,
  [OP.const16]: 2,
  [OP.const32]: 4,
  [OP.const64]: 8,
}

function divisor(value: bigint): bigint {
  if (value === 0n) throw new ExpressionError('it divides by zero')
  return value
}

/** The value left on top of the stack, unsigned; 0 if there is none. Throws ExpressionError. */
export function evaluate(code: Uint8Array, world: ExpressionWorld): bigint {
  const machine = new Machine(code, world)
  for (let steps = 0; steps < STEPS_MAX; steps++) if (!machine.step()) return machine.result
  throw new ExpressionError(`it takes more than ${STEPS_MAX} steps`)
}

class Machine {
  readonly #code: Uint8Array
  readonly #world: ExpressionWorld
  readonly #stack: bigint[] = []
  #at = 0

  constructor(code: Uint8Array, world: ExpressionWorld) {
    this.#code = code
    this.#world = world
  }

  get result(): bigint {
    return this.#stack.at(-1) ?? 0n
  }

  /** False once the expression has ended. */
  step(): boolean {
    const op = this.#operand(1)
    const operate = binary[op]
    if (operate !== undefined) {
      const upper = this.#pop()
      this.#push(operate(this.#pop(), upper))
    } else if (referenceBytes[op] !== undefined) this.#push(this.#load(referenceBytes[op]))
    else if (constantBytes[op] !== undefined) this.#push(this.#constant(constantBytes[op]))
    else return this.#other(op)
    return true
  }

  #other(op: number): boolean {
    switch (op) {
      case OP.end:
        return false
      case OP.logNot:
        this.#push(truth(this.#pop() === 0n))
        break
      case OP.bitNot:
        this.#push(~this.#pop())
        break
      case OP.ext:
        this.#push(BigInt.asIntN(this.#operand(1), this.#pop()))
        break
      case OP.zeroExt:
        this.#push(BigInt.asUintN(this.#operand(1), this.#pop()))
        break
      case OP.goto:
        this.#at = this.#operand(2)
        break
      case OP.ifGoto:
        this.#jumpIf(this.#operand(2))
        break
      case OP.reg:
        this.#push(this.#register(this.#operand(2)))
        break
      case OP.printf:
        this.#print()
        break
      default:
        this.#shuffle(op)
    }
    return true
  }

  #shuffle(op: number): void {
    if (op === OP.dup) this.#push(this.#peek(0))
    else if (op === OP.pop) this.#pop()
    else if (op === OP.pick) this.#push(this.#peek(this.#operand(1)))
    else if (op === OP.swap) {
      const upper = this.#pop()
      const lower = this.#pop()
      this.#push(upper)
      this.#push(lower)
    } else if (op === OP.rot) {
      const [c, b, a] = [this.#pop(), this.#pop(), this.#pop()]
      for (const value of [c, a, b]) this.#push(value)
    } else throw new ExpressionError(`operation 0x${op.toString(16)} is not there`)
  }

  #jumpIf(target: number): void {
    if (this.#pop() !== 0n) this.#at = target
  }

  #register(number: number): bigint {
    const value = this.#world.register(number)
    if (value === undefined) throw new ExpressionError(`there is no register ${number}`)
    return BigInt(value)
  }

  /** Above the arguments, the first of them topmost, lie a channel and a function, for other uses. */
  #print(): void {
    const count = this.#operand(1)
    const length = this.#operand(2)
    const text = this.#code.subarray(this.#at, this.#at + length)
    this.#at += length
    this.#pop()
    this.#pop()
    const values = Array.from({ length: count }, () => this.#pop())
    this.#world.print(formatText(text, values, this.#world))
  }

  #load(bytes: number): bigint {
    const into = new Uint8Array(bytes)
    const address = Number(BigInt.asUintN(32, this.#pop()))
    if (!this.#world.read(address, into)) {
      throw new ExpressionError(`there is no memory at 0x${address.toString(16)}`)
    }
    return into.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  }

  #constant(bytes: number): bigint {
    let value = 0n
    for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(this.#operand(1))
    return value
  }

  #operand(bytes: number): number {
    let value = 0
    for (let i = 0; i < bytes; i++) {
      const byte = this.#code[this.#at++]
      if (byte === undefined) throw new ExpressionError('it ends without an end')
      value = value * 256 + byte
    }
    return value
  }

  #push(value: bigint): void {
    if (this.#stack.length >= STACK_MAX) throw new ExpressionError('it needs too much stack')
    this.#stack.push(unsigned(value))
  }

  #pop(): bigint {
    const value = this.#stack.pop()
    if (value === undefined) throw new ExpressionError('it takes more from the stack than is there')
    return value
  }

  #peek(depth: number): bigint {
    const value = this.#stack.at(-1 - depth)
    if (value === undefined) throw new ExpressionError('it takes more from the stack than is there')
    return value
  }
}
