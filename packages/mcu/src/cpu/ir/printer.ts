/**
 * Prints statements as WebAssembly. What differs between back ends (where flags live, what a
 * memory access does when it is not plain, how an instruction ends) is asked of a `BackEnd`.
 */
import type { Word } from '../layout.ts'
import { WORDS } from '../layout.ts'
import type { Access, Flag, Immediate, Node, Register, Statement, Target, Value } from './nodes.ts'
import type { Code } from './wasm.ts'

/** Prints one value, leaving it on the stack. */
export type Print = () => void

export interface BackEnd {
  readonly code: Code
  /** Pushes an operand's value. */
  operand(operand: Register | Immediate): void
  write(register: Register, value: Print): void
  flag(flag: Flag): void
  writeFlag(flag: Flag, value: Print): void
  writeWord(word: Word, value: Print): void
  load(access: Access, isSigned: boolean, address: Print): void
  store(access: Access, address: Print, value: Print): void
  probe(access: 'read' | 'write', address: Print, bytes: Print): void
  transferList(direction: 'load' | 'store', address: Print, list: Print): void
  checkStackLimit(value: Print): void
  jump(target: Target): void
  aim(value: Print): void
  go(value: Print, link: boolean): void
  startIt(state: Print): void
  raise(fault: number): void
  effect(effect: number, inputs: readonly Print[]): void
}

/** Hands out locals; one pool for each handler, starting over at the same numbers. */
export class Locals {
  readonly #first: Record<'i32' | 'i64', number>
  #used = { i32: 0, i64: 0 }
  /** The most that any handler has needed. */
  readonly peak: Record<'i32' | 'i64', number> = { i32: 0, i64: 0 }

  constructor(first: Record<'i32' | 'i64', number>) {
    this.#first = first
  }

  take(type: 'i32' | 'i64' = 'i32'): number {
    const count = ++this.#used[type]
    this.peak[type] = Math.max(this.peak[type], count)
    return this.#first[type] + count - 1
  }

  restart(): void {
    this.#used = { i32: 0, i64: 0 }
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
      return settle(statement.node, backEnd, locals)
    case 'write':
      return backEnd.write(statement.register, lazily(statement.value))
    case 'writeFlag':
      return backEnd.writeFlag(statement.flag, lazily(statement.value))
    case 'writeWord':
      return backEnd.writeWord(statement.word, lazily(statement.value))
    case 'store':
      return backEnd.store(statement.access, lazily(statement.address), lazily(statement.value))
    case 'probe':
      return backEnd.probe(statement.access, lazily(statement.address), lazily(statement.bytes))
    case 'transferList': {
      const { direction, address, list } = statement
      return backEnd.transferList(direction, lazily(address), lazily(list))
    }
    case 'checkStackLimit':
      return backEnd.checkStackLimit(lazily(statement.value))
    case 'when':
      return printWhen(statement, backEnd, locals)
    case 'jump':
      return backEnd.jump(statement.target)
    case 'aim':
      return backEnd.aim(lazily(statement.value))
    case 'go':
      return backEnd.go(lazily(statement.value), statement.link)
    case 'startIt':
      return backEnd.startIt(lazily(statement.state))
    case 'raise':
      return backEnd.raise(statement.fault)
  }
}

function printWhen(
  { condition, then, otherwise }: Extract<Statement, { kind: 'when' }>,
  backEnd: BackEnd,
  locals: Locals,
): void {
  printValue(condition, backEnd)
  backEnd.code.if()
  printStatements(then, backEnd, locals)
  if (otherwise.length > 0) {
    backEnd.code.else()
    printStatements(otherwise, backEnd, locals)
  }
  backEnd.code.end()
}

/** Evaluates a node where it was built, if it must be or is needed more than once. */
function settle(node: Node, backEnd: BackEnd, locals: Locals): void {
  if (node.form.kind === 'constant') return
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
    case 'operand':
      return backEnd.operand(form.operand)
    case 'flag':
      return backEnd.flag(form.flag)
    case 'word':
      backEnd.code.loadWord(WORDS[form.word])
      return
    case 'load':
      return backEnd.load(form.access, form.isSigned, printed[0]!)
    case 'effect':
      return backEnd.effect(form.effect, printed)
  }
}
