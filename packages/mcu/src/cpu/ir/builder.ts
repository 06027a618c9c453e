/**
 * The vocabulary in which an instruction's meaning is written, once. Rules for a meaning:
 *
 *   (1) Whatever may fault or leave (loads, stores, probes, checks, `aim`) comes before the first
 *       write of a register, flag or word; so a fault leaves the state as it was.
 *   (2) Nothing looks at an operand's number; what depends on it is a row of its own.
 *   (3) The PC is never read: where an instruction uses it, the row hands in an immediate.
 */
import type { Word } from '../layout.ts'
import {
  type Access,
  type AccessWidth,
  type Flag,
  type Float,
  type Immediate,
  Node,
  type NodeKind,
  type Real,
  type Register,
  type RegisterFile,
  type Single,
  type Source,
  type Statement,
  type Target,
  type Value,
  type ValueKind,
  type Wide,
} from './nodes.ts'
import type { Opcode } from './wasm.ts'

/** Condition codes as encoded (Armv8-M ARM, C1.3). */
export const CONDITIONS = [
  ...['eq', 'ne', 'cs', 'cc', 'mi', 'pl', 'vs', 'vc', 'hi', 'ls', 'ge', 'lt', 'gt', 'le', 'al'],
] as const

export type AccessOptions = Partial<Omit<Access, 'width'>>

const plain = { aligned: false, probed: false, unprivileged: false }

export class Builder {
  readonly statements: Statement[] = []
  #into: Statement[] = this.statements

  // Operands and state

  constant(value: number): Value {
    return this.#node({ kind: 'constant', value: value | 0 }, [])
  }

  read(operand: Source): Value {
    return this.#node({ kind: 'operand', operand }, [])
  }

  /** A stack pointer is checked against its limit, unless `checkBase` has done so. */
  write(register: Register | Single, value: Value, isChecked = false): void {
    if (!isChecked && register.kind !== 'single') this.checkBase(register, value)
    this.#into.push({ kind: 'write', register, value: use(value) })
  }

  /** Checks what `write` would, before anything is changed. */
  checkBase(register: Register, value: Value): void {
    if (register.kind === 'stack-pointer') this.checkStackLimit(value)
  }

  /** N as bit 31, Z as "is zero", C as 0 or 1, V as bit 31. */
  flag(flag: Flag): Value {
    return this.#node({ kind: 'flag', flag }, [])
  }

  writeFlag(flag: Flag, value: Value): void {
    this.#into.push({ kind: 'writeFlag', flag, value: use(value) })
  }

  word(word: Word): Value {
    return this.#node({ kind: 'word', word }, [])
  }

  writeWord(word: Word, value: Value): void {
    this.#into.push({ kind: 'writeWord', word, value: use(value) })
  }

  // Arithmetic

  add(a: Value, b: Value | number): Value {
    return this.#binary('i32.add', a, b)
  }
  sub(a: Value, b: Value | number): Value {
    return this.#binary('i32.sub', a, b)
  }
  mul(a: Value, b: Value | number): Value {
    return this.#binary('i32.mul', a, b)
  }
  and(a: Value, b: Value | number): Value {
    return this.#binary('i32.and', a, b)
  }
  or(a: Value, b: Value | number): Value {
    return this.#binary('i32.or', a, b)
  }
  xor(a: Value, b: Value | number): Value {
    return this.#binary('i32.xor', a, b)
  }
  not(a: Value): Value {
    return this.xor(a, -1)
  }
  /** Shifts use bits [4:0] of the amount only. */
  shl(a: Value, by: Value | number): Value {
    return this.#binary('i32.shl', a, by)
  }
  shr(a: Value, by: Value | number): Value {
    return this.#binary('i32.shr_u', a, by)
  }
  sar(a: Value, by: Value | number): Value {
    return this.#binary('i32.shr_s', a, by)
  }
  rotr(a: Value, by: Value | number): Value {
    return this.#binary('i32.rotr', a, by)
  }
  /** The divisor must be known not to be 0, and the quotient to fit. */
  divS(a: Value, b: Value): Value {
    return this.#binary('i32.div_s', a, b)
  }
  divU(a: Value, b: Value): Value {
    return this.#binary('i32.div_u', a, b)
  }
  clz(a: Value): Value {
    return this.#operation('i32.clz', a)
  }
  signExtend(a: Value, width: 1 | 2): Value {
    return this.#operation(width === 1 ? 'i32.extend8_s' : 'i32.extend16_s', a)
  }
  zeroExtend(a: Value, width: 1 | 2): Value {
    return this.and(a, width === 1 ? 0xff : 0xffff)
  }

  // Comparisons give 0 or 1

  isZero(a: Value): Value {
    return this.#operation('i32.eqz', a)
  }
  eq(a: Value, b: Value | number): Value {
    return this.#binary('i32.eq', a, b)
  }
  ne(a: Value, b: Value | number): Value {
    return this.#binary('i32.ne', a, b)
  }
  ltU(a: Value, b: Value | number): Value {
    return this.#binary('i32.lt_u', a, b)
  }
  geU(a: Value, b: Value | number): Value {
    return this.#binary('i32.ge_u', a, b)
  }
  gtU(a: Value, b: Value | number): Value {
    return this.#binary('i32.gt_u', a, b)
  }
  ltS(a: Value, b: Value | number): Value {
    return this.#binary('i32.lt_s', a, b)
  }
  gtS(a: Value, b: Value | number): Value {
    return this.#binary('i32.gt_s', a, b)
  }
  select(condition: Value, a: Value, b: Value): Value {
    return this.#operation('select', a, b, condition)
  }

  // 64 bits

  wideU(a: Value): Wide {
    return this.#wide('i64.extend_i32_u', a)
  }
  wideS(a: Value): Wide {
    return this.#wide('i64.extend_i32_s', a)
  }
  /** The 64-bit value high:low. */
  pair(low: Value, high: Value): Wide {
    return this.#wide(
      'i64.or',
      this.wideU(low),
      this.#wide('i64.shl', this.wideU(high), this.wideU(this.constant(32))),
    )
  }
  addWide(a: Wide, b: Wide): Wide {
    return this.#wide('i64.add', a, b)
  }
  subWide(a: Wide, b: Wide): Wide {
    return this.#wide('i64.sub', a, b)
  }
  mulWide(a: Wide, b: Wide): Wide {
    return this.#wide('i64.mul', a, b)
  }
  sarWide(a: Wide, by: number): Wide {
    return this.#wide('i64.shr_s', a, this.wideU(this.constant(by)))
  }
  low(a: Wide): Value {
    return this.#operation('i32.wrap_i64', a)
  }
  high(a: Wide): Value {
    return this.low(this.#wide('i64.shr_u', a, this.wideU(this.constant(32))))
  }

  // Floating point: WebAssembly's arithmetic, which rounds to nearest and has no flags

  /** Before all else in every floating-point instruction: may fault. */
  requireFloat(): void {
    this.#into.push({ kind: 'requireFloat' })
  }
  readFloat(operand: Single): Float {
    return this.#node({ kind: 'operand', operand }, [], 'f32')
  }
  writeFloat(single: Single, value: Float): void {
    this.#into.push({ kind: 'write', register: single, value: use(value) })
  }
  real(value: number): Real {
    return this.#node({ kind: 'real', value }, [], 'f64')
  }
  float(opcode: FloatOpcode, ...inputs: (Float | Real | Value)[]): Float {
    return this.#node({ kind: 'operation', opcode }, inputs, 'f32')
  }
  toReal(opcode: RealOpcode, ...inputs: (Float | Real | Value | Wide)[]): Real {
    return this.#node({ kind: 'operation', opcode }, inputs, 'f64')
  }
  /** The same number. */
  promote(a: Float): Real {
    return this.toReal('f64.promote_f32', a)
  }
  /** 2^exponent */
  powerOfTwo(exponent: Value): Real {
    const biased = this.wideU(this.add(exponent, 1023))
    const bits = this.#wide('i64.shl', biased, this.wideU(this.constant(52)))
    return this.toReal('f64.reinterpret_i64', bits)
  }
  bitsOf(a: Float): Value {
    return this.#operation('i32.reinterpret_f32', a)
  }
  lowBitsOf(a: Real): Value {
    return this.low(this.#wide('i64.reinterpret_f64', a))
  }
  floatsDiffer(a: Float, b: Float): Value {
    return this.#operation('f32.ne', a, b)
  }
  realsDiffer(a: Real, b: Real): Value {
    return this.#operation('f64.ne', a, b)
  }
  compareFloats(opcode: 'f32.eq' | 'f32.lt', a: Float, b: Float): Value {
    return this.#operation(opcode, a, b)
  }
  isAtMost(a: Real, b: Real): Value {
    return this.#operation('f64.le', a, b)
  }
  toInteger(a: Real, isSigned: boolean): Value {
    return this.#operation(isSigned ? 'i32.trunc_sat_f64_s' : 'i32.trunc_sat_f64_u', a)
  }

  // Memory

  load(address: Value, width: AccessWidth, isSigned: boolean, options: AccessOptions = {}): Value {
    const access = { width, ...plain, ...options }
    return this.#node({ kind: 'load', access, isSigned }, [address])
  }

  store(address: Value, width: AccessWidth, value: Value, options: AccessOptions = {}): void {
    const access = { width, ...plain, ...options }
    this.#into.push({ kind: 'store', access, address: use(address), value: use(value) })
  }

  /** Announces word-aligned accesses to [address, address + bytes), at most 512 bytes. */
  probe(address: Value, bytes: Value, access: 'read' | 'write'): void {
    this.#into.push({ kind: 'probe', address: use(address), bytes: use(bytes), access })
  }

  /** Registers named by the bits of `list` from or to words at `address`, lowest first. Probed. */
  loadList(address: Value, list: Immediate, file: RegisterFile = 'core'): void {
    this.#transfer('load', address, list, file)
  }
  storeList(address: Value, list: Immediate, file: RegisterFile = 'core'): void {
    this.#transfer('store', address, list, file)
  }

  /** The new SP must not be below the limit; else UsageFault STKOF. */
  checkStackLimit(value: Value): void {
    this.#into.push({ kind: 'checkStackLimit', value: use(value) })
  }

  // Control

  when(condition: Value, body: () => void, otherwise?: () => void): void {
    const statement = {
      kind: 'when',
      condition: use(condition),
      body: this.#nested(body),
      otherwise: otherwise ? this.#nested(otherwise) : [],
    } as const
    this.#into.push(statement)
  }

  jump(target: Target): void {
    this.#into.push({ kind: 'jump', target })
  }

  /** Prepares an interworking branch: whatever can go wrong with the address does so here. */
  aim(value: Value): Value {
    this.#into.push({ kind: 'aim', value: use(value) })
    return value
  }

  /** Goes to an address that was aimed at. `link`: the branch is a call (BLX). */
  go(value: Value, link = false): void {
    this.#into.push({ kind: 'go', value: use(value), link })
  }

  startIt(state: Value): void {
    this.#into.push({ kind: 'startIt', state: use(state) })
  }

  raise(fault: number): void {
    this.#into.push({ kind: 'raise', fault })
  }

  /** Ordinary TypeScript does the rest; see `effects.ts`. */
  effect(effect: number, ...inputs: Value[]): Value {
    const three = [0, 1, 2].map((at) => inputs[at] ?? this.constant(0))
    return this.#node({ kind: 'effect', effect }, three)
  }

  // Flags in the manual's terms

  setNZ(result: Value): void {
    this.writeFlag('N', result)
    this.writeFlag('Z', result)
  }

  /** 0 or not 0. */
  condition(code: number): Value {
    const truth = this.#truth(code >> 1)
    return code & 1 && code < 14 ? this.isZero(truth) : truth
  }

  #truth(pair: number): Value {
    const negative = () => this.ltS(this.flag('N'), 0)
    const differs = () => this.ltS(this.xor(this.flag('N'), this.flag('V')), 0)
    const zero = () => this.isZero(this.flag('Z'))
    switch (pair) {
      case 0:
        return zero()
      case 1:
        return this.flag('C')
      case 2:
        return negative()
      case 3:
        return this.ltS(this.flag('V'), 0)
      case 4:
        return this.and(this.flag('C'), this.ne(this.flag('Z'), 0))
      case 5:
        return this.isZero(differs())
      case 6:
        return this.isZero(this.or(zero(), differs()))
      default:
        return this.constant(1)
    }
  }

  #transfer(
    direction: 'load' | 'store',
    address: Value,
    list: Immediate,
    file: RegisterFile,
  ): void {
    const bits = use(this.read(list))
    this.#into.push({ kind: 'transferList', direction, file, address: use(address), list: bits })
  }

  #nested(body: () => void): Statement[] {
    const outer = this.#into
    const inner: Statement[] = []
    this.#into = inner
    body()
    this.#into = outer
    return inner
  }

  #binary(opcode: Opcode, a: Value, b: Value | number): Value {
    return this.#operation(opcode, a, typeof b === 'number' ? this.constant(b) : b)
  }

  #operation(opcode: Opcode, ...inputs: AnyValue[]): Value {
    return this.#node({ kind: 'operation', opcode }, inputs)
  }

  #wide(opcode: Opcode, ...inputs: AnyValue[]): Wide {
    return this.#node({ kind: 'operation', opcode }, inputs, 'i64')
  }

  #node<T extends ValueKind = 'i32'>(
    form: NodeKind,
    inputs: readonly AnyValue[],
    type: T = 'i32' as T,
  ): { readonly type: T } {
    const node = new Node(form, inputs.map(asNode), type)
    this.#into.push({ kind: 'value', node })
    return node as Node & { readonly type: T }
  }
}

type AnyValue = Value | Wide | Float | Real
type FloatOpcode = Extract<Opcode, `f32.${string}`>
type RealOpcode = Extract<Opcode, `f64.${string}`>

/** Values are opaque to meanings; every one is a node. */
function asNode(value: AnyValue): Node {
  return value as Node
}

function use(value: AnyValue): Node {
  const node = asNode(value)
  node.uses++
  return node
}
