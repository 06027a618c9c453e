/**
 * The careful back end: one small function for each handler, all state in memory, every access
 * through helpers that apply protection and may abort the instruction.
 */
import { effectNumber } from '../effect-names.ts'
import { usageFault } from '../faults.ts'
import { ENTRY, PREDECODE, WORDS, type Word } from '../layout.ts'
import type { Access, Flag, Immediate, Register, Single, Target } from './nodes.ts'
import { baseOf, pushImmediate, pushRegister, type Slots, storeRegister } from './operand-slots.ts'
import type { BackEnd, Locals, Print, RegisterList } from './printer.ts'
import type { Code } from './wasm.ts'

/** Indices of the functions that careful handlers call. */
export interface Helpers {
  /** (address, width | flags) -> value */
  readonly load: number
  /** (address, width | flags, value) */
  readonly store: number
  /** (value as loaded, isCall) */
  readonly branch: number
  readonly raise: number
  readonly effect: number
}

/** Bits of a helper's width argument. */
export const MUST_ALIGN = 8
export const UNPRIVILEGED = 16

function describe({ width, aligned, unprivileged }: Access): number {
  return width | (aligned ? MUST_ALIGN : 0) | (unprivileged ? UNPRIVILEGED : 0)
}

const IP = 0

export class SlowBackEnd implements BackEnd {
  readonly code: Code
  readonly #slots: Slots
  readonly #locals: Locals
  readonly #helpers: Helpers
  /** Label of the block that leaves the function without finishing the instruction. */
  readonly #aborted: number
  /** Label of the block whose end counts the instruction. */
  readonly #finished: number

  constructor(
    code: Code,
    slots: Slots,
    locals: Locals,
    helpers: Helpers,
    labels: { aborted: number; finished: number },
  ) {
    this.code = code
    this.#slots = slots
    this.#locals = locals
    this.#helpers = helpers
    this.#aborted = labels.aborted
    this.#finished = labels.finished
  }

  operand(operand: Register | Single | Immediate, type: 'i32' | 'f32'): void {
    const slot = this.#slots.get(operand)!
    if (operand.kind === 'immediate') pushImmediate(this.code, IP, slot)
    else pushRegister(this.code, IP, { register: operand, slot, type })
  }

  write(register: Register | Single, value: Print, type: 'i32' | 'f32'): void {
    const slot = this.#slots.get(register)!
    storeRegister(this.code, IP, { register, slot, type }, value)
  }

  flag(flag: Flag): void {
    this.code.loadWord(WORDS[flag])
  }

  writeFlag(flag: Flag, value: Print): void {
    this.writeWord(flag, value)
  }

  writeWord(word: Word, value: Print): void {
    this.code.const(0)
    value()
    this.code.memory('i32.store', WORDS[word])
  }

  load(access: Access, isSigned: boolean, address: Print): void {
    const { width } = access
    address()
    this.code.const(describe(access)).call(this.#helpers.load)
    this.#leaveIfAborted()
    if (isSigned && width < 4) this.code.op(width === 1 ? 'i32.extend8_s' : 'i32.extend16_s')
  }

  store(access: Access, address: Print, value: Print): void {
    address()
    this.code.const(describe(access))
    value()
    this.code.call(this.#helpers.store)
    this.#leaveIfAborted()
  }

  probe(): void {}

  transferList({ direction, file, bits }: RegisterList, address: Print): void {
    const base = baseOf(file)
    const staged = file === 'single' ? WORDS.STAGED_SINGLES : WORDS.STAGED
    this.#eachRegister(address, bits, (at, number) => {
      if (direction === 'store') {
        this.code.get(at).const(4 | MUST_ALIGN)
        this.code.get(number).memory('i32.load', base)
        this.code.call(this.#helpers.store)
      } else {
        this.code
          .get(number)
          .get(at)
          .const(4 | MUST_ALIGN)
          .call(this.#helpers.load)
        this.code.memory('i32.store', staged)
      }
      this.#leaveIfAborted()
    })
    if (direction === 'store') return
    this.#eachRegister(address, bits, (_, number) => {
      this.code.get(number).get(number).memory('i32.load', staged)
      this.code.memory('i32.store', base)
    })
  }

  checkStackLimit(value: Print): void {
    value()
    this.code.loadWord(WORDS.SP_LIMIT).op('i32.lt_u')
    this.code.if()
    this.raise(usageFault('STKOF'))
    this.code.end()
  }

  requireFloat(): void {
    const { code } = this
    code.loadWord(WORDS.FLOAT_READY).op('i32.eqz')
    code.if()
    code.const(effectNumber('prepareFloat')).const(0).const(0).const(0)
    code.call(this.#helpers.effect).op('drop')
    code.end()
    this.#leaveIfAborted()
  }

  jump(target: Target): void {
    if (target.kind === 'far') {
      const value = () => pushImmediate(this.code, IP, this.#slots.get(target)!)
      this.go(value, false)
      return
    }
    this.code.const(0)
    pushImmediate(this.code, IP, this.#slots.get(target)!)
    this.code.memory('i32.store', WORDS.IP)
    this.writeWord('IT', () => this.code.const(0))
    this.code.branch(this.#finished)
  }

  aim(): void {}

  go(value: Print, link: boolean): void {
    value()
    this.code.const(link ? 1 : 0).call(this.#helpers.branch)
    this.code.branch(this.#finished)
  }

  startIt(state: Print): void {
    this.writeWord('IT', state)
    this.writeWord('IP', () => {
      this.code
        .get(IP)
        .const(ENTRY.bytes + PREDECODE.itOffset)
        .op('i32.add')
    })
    this.code.branch(this.#finished)
  }

  raise(fault: number): void {
    this.code.const(fault).call(this.#helpers.raise)
    this.code.branch(this.#aborted)
  }

  effect(effect: number, inputs: readonly Print[]): void {
    this.code.const(effect)
    for (const input of inputs) input()
    this.code.call(this.#helpers.effect)
    this.#leaveIfAborted()
  }

  #leaveIfAborted(): void {
    this.code.loadWord(WORDS.ABORT).branchIf(this.#aborted)
  }

  /** Loops over a register list; `body` gets locals: memory address, register number times 4. */
  #eachRegister(address: Print, list: Print, body: (at: number, number: number) => void): void {
    const { code } = this
    const [at, rest, number] = [this.#locals.take(), this.#locals.take(), this.#locals.take()]
    address()
    code.set(at)
    list()
    code.set(rest)
    const done = code.block()
    const next = code.loop()
    code.get(rest).op('i32.eqz').branchIf(done)
    code.get(rest).op('i32.ctz').const(2).op('i32.shl').set(number)
    body(at, number)
    code.get(at).const(4).op('i32.add').set(at)
    code.get(rest).get(rest).const(1).op('i32.sub', 'i32.and').set(rest)
    code.branch(next)
    code.end().end()
  }
}
