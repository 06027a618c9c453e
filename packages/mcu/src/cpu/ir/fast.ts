/**
 * The fast back end: all handlers in one function, flags and position in locals, plain memory
 * only. Whatever is not plain leaves, before anything is changed, for the careful handler.
 */
import { ENTRY, MAPS, PREDECODE, WORDS, type Word } from '../layout.ts'
import { loadOpcode, storeOpcode } from './access-code.ts'
import type { Access, Flag, Immediate, Register, Single, Target } from './nodes.ts'
import { baseOf, pushImmediate, pushRegister, type Slots, storeRegister } from './operand-slots.ts'
import type { BackEnd, Locals, Print, RegisterList } from './printer.ts'
import type { Code } from './wasm.ts'

/** Locals of the fast loop, in order. */
export const LOCAL = {
  ip: 0,
  count: 1,
  N: 2,
  Z: 3,
  C: 4,
  V: 5,
  it: 6,
  codeBase: 7,
  /** Half the window's size: targets are compared after their bit 0 went to bit 31. */
  codeHalf: 8,
  codeTable: 9,
  map: 10,
  handler: 11,
  aimed: 12,
} as const

export const FIXED_LOCALS = 13

export class FastBackEnd implements BackEnd {
  readonly code: Code
  readonly #slots: Slots
  readonly #locals: Locals
  /** Labels: leave for the careful handler; go on with the instruction at ip. */
  readonly #slow: number
  readonly #next: number
  /** Something was changed: leaving would execute half an instruction twice. */
  #isCommitted = false

  constructor(code: Code, slots: Slots, locals: Locals, labels: { slow: number; next: number }) {
    this.code = code
    this.#slots = slots
    this.#locals = locals
    this.#slow = labels.slow
    this.#next = labels.next
  }

  operand(operand: Register | Single | Immediate, type: 'i32' | 'f32'): void {
    const slot = this.#slots.get(operand)!
    if (operand.kind === 'immediate') pushImmediate(this.code, LOCAL.ip, slot)
    else pushRegister(this.code, LOCAL.ip, { register: operand, slot, type })
  }

  write(register: Register | Single, value: Print, type: 'i32' | 'f32'): void {
    this.#isCommitted = true
    const slot = this.#slots.get(register)!
    storeRegister(this.code, LOCAL.ip, { register, slot, type }, value)
  }

  flag(flag: Flag): void {
    this.code.get(LOCAL[flag])
  }

  writeFlag(flag: Flag, value: Print): void {
    this.#isCommitted = true
    value()
    this.code.set(LOCAL[flag])
  }

  writeWord(word: Word, value: Print): void {
    this.#isCommitted = true
    this.code.const(0)
    value()
    this.code.memory('i32.store', WORDS[word])
  }

  load(access: Access, isSigned: boolean, address: Print): void {
    const at = this.#checked(access, address, MAPS.read)
    this.code.get(at).memory(loadOpcode(access.width, isSigned), 0)
  }

  store(access: Access, address: Print, value: Print): void {
    const at = this.#checked(access, address, MAPS.write)
    this.code.get(at)
    value()
    this.code.memory(storeOpcode(access.width), 0)
    this.#isCommitted = true
  }

  probe(access: 'read' | 'write', address: Print, bytes: Print): void {
    const { code } = this
    const first = this.#locals.take()
    address()
    code.set(first)
    this.#pushMapByte(() => code.get(first))
    this.#pushMapByte(() => {
      code.get(first)
      bytes()
      code.op('i32.add').const(1).op('i32.sub')
    })
    code.op('i32.and').const(MAPS[access]).op('i32.and')
    code.get(first).const(3).op('i32.and', 'i32.or')
    code.const(MAPS[access]).op('i32.ne')
    this.#leaveIf()
  }

  transferList({ direction, file, bits }: RegisterList, address: Print): void {
    const { code } = this
    const [at, rest, number] = [this.#locals.take(), this.#locals.take(), this.#locals.take()]
    this.#isCommitted = true
    address()
    code.set(at)
    bits()
    code.set(rest)
    const done = code.block()
    const next = code.loop()
    code.get(rest).op('i32.eqz').branchIf(done)
    code.get(rest).op('i32.ctz').const(2).op('i32.shl').set(number)
    const base = baseOf(file)
    if (direction === 'load') {
      code.get(number).get(at).memory('i32.load', 0).memory('i32.store', base)
    } else code.get(at).get(number).memory('i32.load', base).memory('i32.store', 0)
    code.get(at).const(4).op('i32.add').set(at)
    code.get(rest).get(rest).const(1).op('i32.sub', 'i32.and').set(rest)
    code.branch(next)
    code.end().end()
  }

  checkStackLimit(value: Print): void {
    value()
    this.code.loadWord(WORDS.SP_LIMIT).op('i32.lt_u')
    this.#leaveIf()
  }

  requireFloat(): void {
    this.code.loadWord(WORDS.FLOAT_READY).op('i32.eqz')
    this.#leaveIf()
  }

  jump(target: Target): void {
    pushImmediate(this.code, LOCAL.ip, this.#slots.get(target)!)
    this.#goOn()
  }

  aim(value: Print): void {
    const { code } = this
    value()
    code.get(LOCAL.codeBase).op('i32.sub').const(1).op('i32.sub').const(1).op('i32.rotr')
    code.tee(LOCAL.aimed).get(LOCAL.codeHalf).op('i32.ge_u')
    this.#leaveIf()
  }

  go(): void {
    const { code } = this
    code.get(LOCAL.codeTable).get(LOCAL.aimed)
    code.const(ENTRY.scale + 1).op('i32.shl', 'i32.add')
    this.#goOn()
  }

  startIt(state: Print): void {
    state()
    this.code.set(LOCAL.it)
    this.code
      .get(LOCAL.ip)
      .const(ENTRY.bytes + PREDECODE.itOffset)
      .op('i32.add')
    this.code.set(LOCAL.ip).branch(this.#next)
  }

  raise(): void {
    this.#leave()
  }

  effect(): void {
    this.#leave()
    this.code.const(0)
  }

  /** Takes the new ip from the stack; a branch ends an IT block. */
  #goOn(): void {
    this.code.set(LOCAL.ip).const(0).set(LOCAL.it).branch(this.#next)
  }

  /** Evaluates an address, leaves unless the access is plain and aligned; returns its local. */
  #checked({ width, probed, unprivileged }: Access, address: Print, bit: number): number {
    const { code } = this
    if (unprivileged) this.#leave()
    const at = this.#locals.take()
    address()
    code.set(at)
    if (probed) return at
    this.#pushMapByte(() => code.get(at))
    code.const(bit).op('i32.and')
    if (width > 1) {
      code
        .get(at)
        .const(width - 1)
        .op('i32.and', 'i32.or')
      code.const(bit).op('i32.ne')
    } else code.op('i32.eqz')
    this.#leaveIf()
    return at
  }

  #pushMapByte(address: Print): void {
    address()
    this.code.const(MAPS.shift).op('i32.shr_u').get(LOCAL.map).op('i32.add')
    this.code.memory('i32.load8_u', 0)
  }

  #leaveIf(): void {
    this.#mayLeave()
    this.code.branchIf(this.#slow)
  }

  #leave(): void {
    this.#mayLeave()
    this.code.branch(this.#slow)
  }

  #mayLeave(): void {
    if (this.#isCommitted) throw new Error('A meaning leaves after it changed something: rule (1).')
  }
}
