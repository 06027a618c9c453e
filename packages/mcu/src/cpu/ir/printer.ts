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
      settle(statement.node, backEnd, locals)
      break
    case 'write':
      backEnd.write(statement.register, lazily(statement.value))
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
      const { direction, address, list } = statement
      backEnd.transferList(direction, lazily(address), lazily(list))
      break
    }
    case 'checkStackLimit':
      backEnd.checkStackLimit(lazily(statement.value))
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
      backEnd.operand(form.operand)
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
