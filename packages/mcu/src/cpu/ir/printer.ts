/**
 * Prints statements as WebAssembly. What differs between back ends (where flags live, what a
 * memory access does when it is not plain, how an instruction ends) is asked of a `BackEnd`.
 */
import type { Word } from '../layout.ts'
import { WORDS } from '../layout.ts'
import type {
  Access,
  Flag,
  Immediate,
  Node,
  Register,
  RegisterFile,
  Single,
  Statement,
  Target,
  Value,
  ValueKind,
} from './nodes.ts'
import type { Code } from './wasm.ts'

/** Prints one value, leaving it on the stack. */
export type Print = () => void

export interface BackEnd {
  readonly code: Code
  /** Pushes an operand's value. */
  operand(operand: Register | Single | Immediate, type: 'i32' | 'f32'): void
  write(register: Register | Single, value: Print, type: 'i32' | 'f32'): void
  flag(flag: Flag): void
  writeFlag(flag: Flag, value: Print): void
  writeWord(word: Word, value: Print): void
  load(access: Access, isSigned: boolean, address: Print): void
  store(access: Access, address: Print, value: Print): void
  probe(access: 'read' | 'write', address: Print, bytes: Print): void
  transferList(list: RegisterList, address: Print): void
  checkStackLimit(value: Print): void
  /** What every floating-point instruction begins with: ExecuteFPCheck(). */
  requireFloat(): void
  jump(target: Target): void
  aim(value: Print): void
  go(value: Print, link: boolean): void
  startIt(state: Print): void
  raise(fault: number): void
  effect(effect: number, inputs: readonly Print[]): void
}

/** Registers named by the bits of `bits`. */
export interface RegisterList {
  readonly direction: 'load' | 'store'
  readonly file: RegisterFile
  readonly bits: Print
}

/** Hands out locals; one pool for each handler, starting over at the same numbers. */
export class Locals {
  readonly #first: Record<ValueKind, number>
  #used = { i32: 0, i64: 0, f32: 0, f64: 0 }
  /** The most that any handler has needed. */
  readonly peak: Record<ValueKind, number> = { i32: 0, i64: 0, f32: 0, f64: 0 }

  constructor(first: Record<ValueKind, number>) {
    this.#first = first
  }

  take(type: ValueKind = 'i32'): number {
    const count = ++this.#used[type]
    this.peak[type] = Math.max(this.peak[type], count)
    return this.#first[type] + count - 1
  }

  restart(): void {
    this.#used = { i32: 0, i64: 0, f32: 0, f64: 0 }
  }
}

export function printStatements(
  statements: readonly Statement[],
  backEnd: BackEnd,
  locals: Locals,
): void {
  for (const statement of statements) printStatement(statement, backEnd, locals)
}

function printStatement(statement: Statement, backEnd: BackEnd, locals: Locals): void {
  const lazily = (node: Node): Print => {
    return () => printValue(node, backEnd)
  }
  switch (statement.kind) {
    case 'value':
      settle(statement.node, backEnd, locals)
      break
    case 'write':
      backEnd.write(statement.register, lazily(statement.value), registerType(statement.value))
      break
    case 'writeFlag':
      backEnd.writeFlag(statement.flag, lazily(statement.value))
      break
    case 'writeWord':
      backEnd.writeWord(statement.word, lazily(statement.value))
      break
    case 'store':
      backEnd.store(statement.access, lazily(statement.address), lazily(statement.value))
      break
    case 'probe':
      backEnd.probe(statement.access, lazily(statement.address), lazily(statement.bytes))
      break
    case 'transferList': {
      const { direction, file, address, list } = statement
      backEnd.transferList({ direction, file, bits: lazily(list) }, lazily(address))
      break
    }
    case 'checkStackLimit':
      backEnd.checkStackLimit(lazily(statement.value))
      break
    case 'requireFloat':
      backEnd.requireFloat()
      break
    case 'when':
      printWhen(statement, backEnd, locals)
      break
    case 'jump':
      backEnd.jump(statement.target)
      break
    case 'aim':
      backEnd.aim(lazily(statement.value))
      break
    case 'go':
      backEnd.go(lazily(statement.value), statement.link)
      break
    case 'startIt':
      backEnd.startIt(lazily(statement.state))
      break
    case 'raise':
      backEnd.raise(statement.fault)
      break
  }
}

function printWhen(
  { condition, body, otherwise }: Extract<Statement, { kind: 'when' }>,
  backEnd: BackEnd,
  locals: Locals,
): void {
  printValue(condition, backEnd)
  backEnd.code.if()
  printStatements(body, backEnd, locals)
  if (otherwise.length > 0) {
    backEnd.code.else()
    printStatements(otherwise, backEnd, locals)
  }
  backEnd.code.end()
}

/** Evaluates a node where it was built, if it must be or is needed more than once. */
function settle(node: Node, backEnd: BackEnd, locals: Locals): void {
  if (node.form.kind === 'constant' || node.form.kind === 'real') return
  if (!node.isOrdered && node.uses < 2) return
  if (node.uses === 0 && node.form.kind !== 'load' && node.form.kind !== 'effect') return
  printNode(node, backEnd)
  if (node.uses === 0) {
    backEnd.code.op('drop')
    return
  }
  node.local = locals.take(node.type)
  backEnd.code.set(node.local)
}

/** Registers hold words or single-precision numbers. */
function registerType({ type }: Node): 'i32' | 'f32' {
  return type === 'f32' ? 'f32' : 'i32'
}

/** Pushes a value after the statements that it was built with. */
export function printResult(value: Value, backEnd: BackEnd): void {
  printValue(value as Node, backEnd)
}

function printValue(node: Node, backEnd: BackEnd): void {
  if (node.local >= 0) backEnd.code.get(node.local)
  else printNode(node, backEnd)
}

function printNode(node: Node, backEnd: BackEnd): void {
  const { form, inputs } = node
  const printed = inputs.map(
    (input): Print =>
      () =>
        printValue(input, backEnd),
  )
  switch (form.kind) {
    case 'operation':
      for (const print of printed) print()
      backEnd.code.op(form.opcode)
      return
    case 'constant':
      backEnd.code.const(form.value)
      return
    case 'real':
      backEnd.code.constReal(form.value)
      return
    case 'operand':
      backEnd.operand(form.operand, registerType(node))
      break
    case 'flag':
      backEnd.flag(form.flag)
      break
    case 'word':
      backEnd.code.loadWord(WORDS[form.word])
      return
    case 'load':
      backEnd.load(form.access, form.isSigned, printed[0]!)
      break
    case 'effect':
      backEnd.effect(form.effect, printed)
      break
  }
}
