/**
 * From words to rows and operands, and the list of handlers that the rows need: every combination
 * of a meaning with the kinds of operands and the fixed values that select code.
 */
import type { Meaning, Operand, Operands, Place, Row } from './table/row.ts'
import { type Field, fieldsIn, inOrder, matches, UNPREDICTABLE } from './table/row.ts'
import { rows16, rows32, undefinedRow, undefinedRows } from './table/rows.ts'

export interface Decoded {
  readonly row: Row
  readonly operands: Operands
}

/** The first halfword of a 32-bit encoding: Armv8-M ARM, C2.1. */
export function isWide(halfword: number): boolean {
  return halfword >>> 11 >= 0b11101
}

const thumb16 = new Map<number, Row | null>()
const thumb32 = new Map<number, readonly Row[]>()

/** The row that draws this word; of 32-bit words the first halfword is the upper half. */
export function findRow(word: number, length: 2 | 4): Row | undefined {
  if (length === 4) return candidates(word >>> 20).find((row) => matches(row, word))
  let row = thumb16.get(word)
  if (row === undefined) {
    row = rows16.find((candidate) => matches(candidate, word)) ?? null
    thumb16.set(word, row)
  }
  return row ?? undefined
}

/** Undefined for what is undefined or UNPREDICTABLE. */
export function decode(word: number, length: 2 | 4, place: Place): Decoded | undefined {
  const row = findRow(word, length)
  const operands = row?.operands(fieldsIn(row, word), place)
  if (row === undefined || operands === undefined) return undefined
  if (Object.values(operands).includes(UNPREDICTABLE)) return undefined
  return { row, operands }
}

/** What executes for a word that is no instruction. */
export function decodeUndefined(word: number, length: 2 | 4): Decoded {
  const row = undefinedRow(word, length)
  const place = { address: 0, pc: 4, isInIt: false }
  const operands = row?.operands({}, place)
  return row && operands ? { row, operands } : decode(0xde00, 2, place)!
}

/** Rows by the top twelve bits, found once. */
function candidates(top: number): readonly Row[] {
  let found = thumb32.get(top)
  if (found === undefined) {
    found = rows32.filter(({ mask, value }) => (((top << 20) ^ value) & mask & 0xfff0_0000) === 0)
    thumb32.set(top, found)
  }
  return found
}

/** One piece of code in the interpreter. */
export interface Handler {
  readonly index: number
  readonly length: 2 | 4
  readonly meaning: Meaning<never>
  /** Operands of the right kinds; their numbers mean nothing. */
  readonly operands: Operands
  /** Names of the operands that an entry holds, in its order. */
  readonly order: readonly string[]
}

export class HandlerTable {
  readonly handlers: Handler[] = []
  /** By meaning, length and what each operand is: shared between rows. */
  readonly #shared = new Map<string, Handler>()
  /** The same, found without sorting: a row always names its operands in one order. */
  readonly #byRow = new Map<Row, Map<string, Handler>>()
  readonly #meanings = new Map<unknown, number>()
  readonly #firstIndex: number

  /** Indices below `firstIndex` are the loop's own. */
  constructor(firstIndex: number) {
    this.#firstIndex = firstIndex
    for (const row of [...rows16, ...rows32]) this.#addRow(row)
    for (const row of undefinedRows) {
      this.#byRow.set(row, new Map())
      this.#add(row, decodeUndefined(row.value, row.length).operands)
    }
  }

  find({ row, operands }: Decoded): Handler | undefined {
    return this.#byRow.get(row)?.get(shapeOf(operands))
  }

  #addRow(row: Row): void {
    this.#byRow.set(row, new Map())
    for (const word of representatives(row)) {
      for (const isInIt of row.length === 2 ? [false, true] : [false]) {
        const decoded = decode(word, row.length, { address: 0, pc: 4, isInIt })
        if (decoded?.row === row) this.#add(row, decoded.operands)
      }
    }
  }

  #add(row: Row, operands: Operands): void {
    const ofRow = this.#byRow.get(row)!
    const shape = shapeOf(operands)
    if (ofRow.has(shape)) return
    const key = this.#key(row, operands)
    const handler = this.#shared.get(key) ?? this.#make(row, operands, key)
    ofRow.set(shape, handler)
    if (Object.values(operands).some(isNear)) this.#add(row, withFarTarget(operands))
  }

  #make(row: Row, operands: Operands, key: string): Handler {
    const index = this.#firstIndex + this.handlers.length
    const held = inOrder(operands).filter(([, operand]) => typeof operand === 'object')
    const order = held.map(([name]) => name)
    const handler = { index, length: row.length, meaning: row.meaning, operands, order }
    this.handlers.push(handler)
    this.#shared.set(key, handler)
    return handler
  }

  #key(row: Row, operands: Operands): string {
    let meaning = this.#meanings.get(row.meaning)
    if (meaning === undefined) {
      meaning = this.#meanings.size
      this.#meanings.set(row.meaning, meaning)
    }
    const parts = inOrder(operands)
      .filter(([, operand]) => operand !== undefined)
      .map(([name, operand]) => `${name}:${shapeOfOne(operand)}`)
    return `${meaning}/${row.length} ${parts.join(' ')}`
  }
}

/** What selects a handler within a row: kinds of operands and fixed values, in the row's order. */
function shapeOf(operands: Operands): string {
  let shape = ''
  for (const name in operands) shape += shapeOfOne(operands[name])
  return shape
}

const KINDS = {
  ...({ register: 'r', 'stack-pointer': 's', single: 'v' } as const),
  ...({ immediate: 'i', near: 'n', far: 'f' } as const),
}

function shapeOfOne(operand: Operand): string {
  return typeof operand === 'object' ? KINDS[operand.kind] : `=${operand};`
}

function isNear(operand: Operand): boolean {
  return typeof operand === 'object' && operand.kind === 'near'
}

export function withFarTarget(operands: Operands): Operands {
  const far = (operand: Operand): Operand =>
    typeof operand === 'object' && operand.kind === 'near'
      ? { kind: 'far', address: operand.address }
      : operand
  return Object.fromEntries(Object.entries(operands).map(([name, operand]) => [name, far(operand)]))
}

/** Words that together show every kind of operand that a row can have. */
function* representatives(row: Row): Generator<number> {
  const choices = row.fields.map((field, at) => valuesOf(field, at))
  const picked = choices.map(() => 0)
  for (;;) {
    yield assemble(
      row,
      picked.map((pick, at) => choices[at]![pick]!),
    )
    let at = 0
    while (at < picked.length && ++picked[at]! === choices[at]!.length) picked[at++] = 0
    if (at === picked.length) return
  }
}

/** Registers of different fields differ, for the rows that forbid equal ones. */
function valuesOf({ bits, isFixed }: Field, at: number): number[] {
  const most = 2 ** bits.length - 1
  if (isFixed) return Array.from({ length: most + 1 }, (_, value) => value)
  if (bits.length === 1) return [0, 1]
  if (bits.length === 3) return [at + 1]
  if (bits.length === 4) return [at + 1, 13, 15]
  return [0, 1, most]
}

function assemble(row: Row, values: readonly number[]): number {
  let word = row.value
  row.fields.forEach(({ bits }, at) => {
    bits.forEach((bit, position) => {
      if ((values[at]! >> (bits.length - 1 - position)) & 1) word |= 1 << bit
    })
  })
  return word >>> 0
}
