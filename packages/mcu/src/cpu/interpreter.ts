/**
 * The interpreter: one WebAssembly module made from the table at start.
 *
 *   `fast`     a loop over predecoded entries; every handler inline, no calls, plain memory only
 *   handlers   one careful function each, for whatever the loop cannot do
 *   `execute`  runs `fast`, does what made it leave, and again, until the host is needed
 *
 * `it` in the loop (and the word IT between instructions) is the ITSTATE of the instruction before,
 * or IT_FIRST with that of the first one of a block. An entry inside a block holds the value that
 * it expects and its own; a mismatch means that it was decoded for another block. Inside an
 * instruction, IT is the instruction's own state.
 */
import { assert } from '../assert.ts'
import { type Handler, HandlerTable } from './decoder.ts'
import { loadOpcode, storeOpcode } from './ir/access-code.ts'
import { Builder } from './ir/builder.ts'
import { FastBackEnd, FIXED_LOCALS, LOCAL } from './ir/fast.ts'
import type { AccessWidth, Statement, ValueKind } from './ir/nodes.ts'
import { assignSlots } from './ir/operand-slots.ts'
import { Locals, printResult, printStatements } from './ir/printer.ts'
import { type Helpers, MUST_ALIGN, SlowBackEnd, UNPRIVILEGED } from './ir/slow.ts'
import {
  Code,
  encodeModule,
  F32,
  F64,
  I32,
  I64,
  type ModuleFunction,
  type ValueType,
} from './ir/wasm.ts'
import { ENTRY, MAPS, PREDECODE, WORDS } from './layout.ts'

/** What an entry dispatches on, below the handlers of instructions. */
export const DISPATCH = { decode: 0, leaveIt: 1, condition: 2 } as const
const FIRST_HANDLER = DISPATCH.condition + 15

/** Why `fast` returned. */
const LEFT = { budget: 0, slow: 1, decode: 2 } as const

/** Functions that the module imports from the host. */
export interface Host {
  /** Fills the entry at `ip`, or aborts with a fault. */
  decode(ip: number): void
  load(address: number, access: number): number
  store(address: number, access: number, value: number): void
  branch(value: number, isCall: number): void
  raise(fault: number): void
  effect(effect: number, a: number, b: number, c: number): number
}

/** Function types of the module, by index. */
const TYPES = [
  { parameters: [], results: [] },
  { parameters: [I32], results: [] },
  { parameters: [I32, I32], results: [I32] },
  { parameters: [I32, I32, I32], results: [] },
  { parameters: [I32, I32], results: [] },
  { parameters: [I32, I32, I32, I32], results: [I32] },
  { parameters: [], results: [I32] },
] as const
const TYPE = { void: 0, one: 1, load: 2, store: 3, two: 4, effect: 5, reason: 6 } as const

const IMPORTS = [
  { name: 'decode', type: TYPE.one },
  { name: 'load', type: TYPE.load },
  { name: 'store', type: TYPE.store },
  { name: 'branch', type: TYPE.two },
  { name: 'raise', type: TYPE.one },
  { name: 'effect', type: TYPE.effect },
] as const
const IMPORT = { decode: 0, load: 1, store: 2, branch: 3, raise: 4, effect: 5 } as const

const FUNCTION = { execute: 6, fast: 7, load: 8, store: 9, firstHandler: 10 } as const
const MEMORY_PAGES = 16384

export interface Interpreter {
  readonly module: WebAssembly.Module
  readonly table: HandlerTable
  /** For measuring. */
  readonly bytes: number
}

let made: Interpreter | undefined

/** The module depends on the table only: one for all CPUs of a process. */
export function interpreter(): Interpreter {
  made ??= makeInterpreter()
  return made
}

function makeInterpreter(): Interpreter {
  const table = new HandlerTable(FIRST_HANDLER)
  const bytes = encodeModule({
    types: TYPES,
    imports: IMPORTS,
    functions: [
      executeFunction(),
      fastFunction(table.handlers),
      loadFunction(),
      storeFunction(),
      ...table.handlers.map(careful),
    ],
    exports: [{ name: 'execute', index: FUNCTION.execute }],
    table: table.handlers.map((_, at) => FUNCTION.firstHandler + at),
    memoryPages: MEMORY_PAGES,
  })
  return { module: new WebAssembly.Module(bytes), table, bytes: bytes.length }
}

/** Runs until the slice is used up or ATTENTION is set. */
function executeFunction(): ModuleFunction {
  const code = new Code()
  const [ip, reason] = [0, 1]
  const done = code.block()
  const again = code.loop()
  code.call(FUNCTION.fast).tee(reason).op('i32.eqz').branchIf(done)
  code.loadWord(WORDS.IP).set(ip)
  code.get(reason).const(LEFT.decode).op('i32.eq')
  code.if()
  code.get(ip).call(IMPORT.decode)
  code.else()
  code.get(ip).get(ip).memory('i32.load16_u', ENTRY.handler)
  code.const(FIRST_HANDLER).op('i32.sub').callIndirect(TYPE.one)
  code.end()
  code.loadWord(WORDS.ATTENTION).op('i32.eqz').branchIf(again)
  code.end().end()
  return { type: TYPE.void, locals: [I32, I32], code }
}

const SAVED = [
  [LOCAL.ip, WORDS.IP],
  [LOCAL.count, WORDS.COUNT],
  [LOCAL.N, WORDS.N],
  [LOCAL.Z, WORDS.Z],
  [LOCAL.C, WORDS.C],
  [LOCAL.V, WORDS.V],
  [LOCAL.it, WORDS.IT],
] as const

const ONLY_LOADED = [
  [LOCAL.codeBase, WORDS.CODE_BASE],
  [LOCAL.codeTable, WORDS.CODE_TABLE],
  [LOCAL.map, WORDS.MAP],
] as const

function fastFunction(handlers: readonly Handler[]): ModuleFunction {
  const code = new Code()
  const locals = new Locals(firstTemporaries(FIXED_LOCALS))
  for (const [local, word] of [...SAVED, ...ONLY_LOADED]) code.loadWord(word).set(local)
  code.loadWord(WORDS.CODE_SIZE).const(1).op('i32.shr_u').set(LOCAL.codeHalf)
  const slow = code.block()
  const decode = code.block()
  const budget = code.block()
  printLoop(code, handlers, locals, { slow, decode, budget })
  code.end()
  leave(code, LEFT.budget, 0)
  code.end()
  leave(code, LEFT.decode, 1)
  code.end()
  leave(code, LEFT.slow, 1)
  code.op('unreachable')
  checkPeak(locals)
  return { type: TYPE.reason, locals: localTypes(FIXED_LOCALS), code }
}

/** Locals for one handler's values; handlers take turns with them. */
const TEMPORARIES = [
  { type: 'i32', code: I32, count: 32 },
  { type: 'i64', code: I64, count: 8 },
  { type: 'f32', code: F32, count: 8 },
  { type: 'f64', code: F64, count: 8 },
] as const

/** Numbers of the first local of each type, behind `fixed` ones. */
function firstTemporaries(fixed: number): Record<ValueKind, number> {
  const first = { i32: 0, i64: 0, f32: 0, f64: 0 }
  let next = fixed
  for (const { type, count } of TEMPORARIES) {
    first[type] = next
    next += count
  }
  return first
}

function localTypes(fixed: number): ValueType[] {
  return [
    ...new Array<ValueType>(fixed).fill(I32),
    ...TEMPORARIES.flatMap(({ code, count }) => new Array<ValueType>(count).fill(code)),
  ]
}

function checkPeak({ peak }: Locals): void {
  for (const { type, count } of TEMPORARIES) {
    assert(peak[type] <= count, `A handler needs ${peak[type]} locals of type ${type}.`)
  }
}

/** Saves the loop's state; an instruction that was not done is put back. */
function leave(code: Code, reason: number, putBack: number): void {
  code.get(LOCAL.count).const(putBack).op('i32.add').set(LOCAL.count)
  for (const [local, word] of SAVED) code.const(0).get(local).memory('i32.store', word)
  code.const(reason).op('return')
}

interface Exits {
  readonly slow: number
  readonly decode: number
  readonly budget: number
}

function printLoop(code: Code, handlers: readonly Handler[], locals: Locals, exits: Exits): void {
  const next = code.loop()
  code.get(LOCAL.count).op('i32.eqz').branchIf(exits.budget)
  code.get(LOCAL.count).const(1).op('i32.sub').set(LOCAL.count)
  code.get(LOCAL.ip).memory('i32.load16_u', ENTRY.dispatch).set(LOCAL.handler)
  const dispatch = code.loop()
  const printers = [
    () => printLeaveIt(code, next, exits.decode),
    ...Array.from({ length: 15 }, (_, condition) => () => {
      printCondition(code, condition, { next, dispatch, decode: exits.decode })
    }),
  ]
  const fast = handlers.filter((handler) => hasFastForm(handler))
  const total = printers.length + fast.length
  const labels = Array.from({ length: total }, () => code.block()).reverse()
  const byHandler = new Map(fast.map((handler, at) => [handler, labels[printers.length + at]!]))
  code.get(LOCAL.handler)
  code.branchTable(
    [
      exits.decode,
      ...labels.slice(0, printers.length),
      ...handlers.map((handler) => byHandler.get(handler) ?? exits.slow),
    ],
    exits.decode,
  )
  for (const print of printers) {
    code.end()
    print()
  }
  for (const handler of fast) {
    code.end()
    printFast(code, handler, locals, { slow: exits.slow, next })
  }
  code.end().end()
}

function printLeaveIt(code: Code, next: number, decode: number): void {
  code.get(LOCAL.it).const(15).op('i32.and').const(8).op('i32.ne').branchIf(decode)
  code.const(0).set(LOCAL.it)
  code.get(LOCAL.ip).const(PREDECODE.itOffset).op('i32.sub').set(LOCAL.ip)
  code.get(LOCAL.count).const(1).op('i32.add').set(LOCAL.count)
  code.branch(next)
}

/** An entry inside an IT block: checks its state, then its condition, then the instruction. */
function printCondition(
  code: Code,
  condition: number,
  labels: { next: number; dispatch: number; decode: number },
): void {
  const word = LOCAL.handler
  code.get(LOCAL.ip).memory('i32.load', PREDECODE.itWordOffset).tee(word)
  code.const(0xffff).op('i32.and').get(LOCAL.it).op('i32.ne').branchIf(labels.decode)
  code.get(word).const(16).op('i32.shr_u').const(0xff).op('i32.and').set(LOCAL.it)
  const locals = new Locals(firstTemporaries(FIXED_LOCALS))
  const backEnd = new FastBackEnd(code, new Map(), locals, { slow: labels.decode, ...labels })
  const builder = new Builder()
  const truth = builder.condition(condition)
  printStatements(builder.statements, backEnd, locals)
  printResult(truth, backEnd)
  code.if()
  code.get(LOCAL.ip).memory('i32.load16_u', ENTRY.handler).set(LOCAL.handler)
  code.branch(labels.dispatch)
  code.end()
  code.get(LOCAL.ip).const(ENTRY.bytes).op('i32.add')
  code.get(word).const(31).op('i32.shr_u').const(4).op('i32.shl', 'i32.add')
  code.set(LOCAL.ip).branch(labels.next)
}

function meaningOf(handler: Handler): Builder {
  const builder = new Builder()
  handler.meaning(builder, handler.operands as never)
  return builder
}

/** Handlers that always leave have no place in the loop. */
function hasFastForm(handler: Handler): boolean {
  if (handler.meaning.isRare) return false
  const isFar = Object.values(handler.operands).some(
    (operand) => typeof operand === 'object' && operand.kind === 'far',
  )
  return !isFar && !meaningOf(handler).statements.some(alwaysLeaves)
}

function alwaysLeaves(statement: Statement): boolean {
  if (statement.kind === 'raise') return true
  if (statement.kind === 'store') return statement.access.unprivileged
  if (statement.kind !== 'value') return false
  const { form } = statement.node
  return form.kind === 'effect' || (form.kind === 'load' && form.access.unprivileged)
}

function printFast(
  code: Code,
  handler: Handler,
  locals: Locals,
  labels: { slow: number; next: number },
): void {
  locals.restart()
  const backEnd = new FastBackEnd(code, assignSlots(handler.operands), locals, labels)
  printStatements(meaningOf(handler).statements, backEnd, locals)
  code.get(LOCAL.ip).const(entryBytes(handler)).op('i32.add').set(LOCAL.ip)
  code.branch(labels.next)
}

function entryBytes({ length }: Handler): number {
  return length << ENTRY.scale
}

const HELPERS: Helpers = {
  load: FUNCTION.load,
  store: FUNCTION.store,
  branch: IMPORT.branch,
  raise: IMPORT.raise,
  effect: IMPORT.effect,
}

/** (ip): does one instruction with all checks; counts it unless it was aborted. */
function careful(handler: Handler): ModuleFunction {
  const code = new Code()
  const locals = new Locals(firstTemporaries(1))
  const aborted = code.block()
  const finished = code.block()
  const labels = { aborted, finished }
  const backEnd = new SlowBackEnd(code, assignSlots(handler.operands), locals, HELPERS, labels)
  printStatements(meaningOf(handler).statements, backEnd, locals)
  code.const(0).get(0).const(entryBytes(handler)).op('i32.add').memory('i32.store', WORDS.IP)
  code.end()
  code.const(0).loadWord(WORDS.COUNT).const(1).op('i32.sub').memory('i32.store', WORDS.COUNT)
  code.end()
  checkPeak(locals)
  return { type: TYPE.one, locals: localTypes(0), code }
}

const [ADDRESS, ACCESS, VALUE] = [0, 1, 2]

function loadFunction(): ModuleFunction {
  const code = new Code()
  pushIsPlain(code, MAPS.read)
  code.if()
  eachWidth(code, (width) => {
    code.get(ADDRESS).memory(loadOpcode(width, false), 0).op('return')
  })
  code.end()
  code.get(ADDRESS).get(ACCESS).call(IMPORT.load)
  return { type: TYPE.load, locals: [], code }
}

function storeFunction(): ModuleFunction {
  const code = new Code()
  pushIsPlain(code, MAPS.write)
  code.if()
  eachWidth(code, (width) => {
    code.get(ADDRESS).get(VALUE).memory(storeOpcode(width), 0).op('return')
  })
  code.end()
  code.get(ADDRESS).get(ACCESS).get(VALUE).call(IMPORT.store)
  return { type: TYPE.store, locals: [], code }
}

/** The map allows it from the first byte to 3 beyond, and alignment is right or does not matter. */
function pushIsPlain(code: Code, bit: number): void {
  const pushMapByte = (offset: number) => {
    code.get(ADDRESS).const(offset).op('i32.add').const(MAPS.shift).op('i32.shr_u')
    code.loadWord(WORDS.MAP).op('i32.add').memory('i32.load8_u', 0)
  }
  pushMapByte(0)
  pushMapByte(3)
  code.op('i32.and').const(bit).op('i32.and').const(0).op('i32.ne')
  code.get(ACCESS).const(UNPRIVILEGED).op('i32.lt_u', 'i32.and')
  code.get(ADDRESS).get(ACCESS).const(7).op('i32.and').const(1).op('i32.sub', 'i32.and', 'i32.eqz')
  code.get(ACCESS).const(MUST_ALIGN).op('i32.lt_u')
  code.loadWord(WORDS.TRAP_UNALIGNED).op('i32.eqz', 'i32.and', 'i32.or', 'i32.and')
}

function eachWidth(code: Code, body: (width: AccessWidth) => void): void {
  for (const width of [4, 2, 1] as const) {
    code.get(ACCESS).const(7).op('i32.and').const(width).op('i32.eq')
    code.if()
    body(width)
    code.end()
  }
}
