/**
 * One row per encoding: bits drawn as the manual draws them, assembler syntax, and the meaning.
 *
 * In a drawing, 0 and 1 are fixed, letters are fields; a field may be scattered, its bits are
 * taken from left to right. A capital letter marks a field that selects a handler of its own
 * (a shift type, the S bit); the others are operands of one shared handler.
 */
import type { Builder } from '../ir/builder.ts'
import type { Immediate, Register, Single, Target } from '../ir/nodes.ts'

/** Where an instruction stands. */
export interface Place {
  /** Its address. */
  readonly address: number
  /** What the PC reads as: address + 4. */
  readonly pc: number
  /** 16-bit data processing sets flags outside IT blocks only. */
  readonly isInIt: boolean
}

export type Fields = Readonly<Record<string, number>>

export type DecodedRegister = Register & { readonly number: number }
export type DecodedSingle = Single & { readonly number: number }
export type DecodedImmediate = Immediate & { readonly value: number }
export type DecodedTarget = Target & { readonly address: number }
/** Operands that do not vary inside a handler stand as plain values. */
type Fixed = string | number | boolean | undefined
export type Operand = DecodedRegister | DecodedSingle | DecodedImmediate | DecodedTarget | Fixed
export type Operands = Readonly<Record<string, Operand>>

/** Writes down what an instruction does; see the rules in `ir/builder.ts`. */
export interface Meaning<O> {
  (b: Builder, operands: O): void
  /** Not worth a place in the fast loop. */
  readonly isRare?: boolean
}

/** Marks the meaning of an instruction that programs hardly use. */
export function rare<O>(meaning: Meaning<O>): Meaning<O> {
  return Object.assign(meaning, { isRare: true })
}

export interface Row {
  readonly drawing: string
  readonly length: 2 | 4
  readonly mask: number
  readonly value: number
  readonly fields: readonly Field[]
  /** Patterns inside this one that belong to other rows, or to nobody. */
  readonly except: readonly Pattern[]
  readonly name: string
  readonly syntax: string
  readonly meaning: Meaning<never>
  operands(fields: Fields, place: Place): Operands | undefined
}

export interface Field {
  readonly letter: string
  /** Bit numbers, most significant first. */
  readonly bits: readonly number[]
  readonly isFixed: boolean
}

export interface Pattern {
  readonly mask: number
  readonly value: number
}

/** `except` lists drawings of fields only, like `'d=15 S=1'`: every one must match. */
export function row<O>(
  drawing: string,
  name: string,
  syntax: string,
  meaning: Meaning<O>,
  operands: (fields: Fields, place: Place) => { [K in keyof O]: Operand } | undefined,
  except: readonly string[] = [],
): Row {
  const bits = drawing.replaceAll(' ', '')
  if (bits.length !== 16 && bits.length !== 32) {
    throw new Error(`The drawing of ${name} has ${bits.length} bits: ${drawing}`)
  }
  const fields = fieldsOf(bits)
  return {
    drawing,
    length: bits.length === 16 ? 2 : 4,
    mask: Number.parseInt(bits.replace(/[01]/g, '1').replace(/[^1]/g, '0'), 2) >>> 0,
    value: Number.parseInt(bits.replace(/[^1]/g, '0'), 2) >>> 0,
    fields,
    except: except.map((text) => patternOf(text, fields)),
    name,
    syntax,
    meaning: meaning as Meaning<never>,
    operands: operands as Row['operands'],
  }
}

/** `word` has the first halfword in its upper half when the row is 32 bits long. */
export function matches(candidate: Row, word: number): boolean {
  if ((word & candidate.mask) >>> 0 !== candidate.value) return false
  return !candidate.except.some(({ mask, value }) => (word & mask) >>> 0 === value)
}

export function fieldsIn(candidate: Row, word: number): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { letter, bits } of candidate.fields) {
    let value = 0
    for (const bit of bits) value = (value << 1) | ((word >>> bit) & 1)
    found[letter] = value
  }
  return found
}

/** Operands in the order in which a predecoded entry holds them. */
export function inOrder(operands: Operands): [string, Operand][] {
  return Object.entries(operands).sort(([a], [b]) => (a < b ? -1 : 1))
}

export function register(number: number): DecodedRegister {
  return { kind: 'register', number }
}

export function immediate(value: number): DecodedImmediate {
  return { kind: 'immediate', value: value | 0 }
}

export function target(address: number): DecodedTarget {
  return { kind: 'near', address: address >>> 0 }
}

/**
 * An operand that the manual calls UNPREDICTABLE. The Cortex-M33 makes such instructions UNDEFINED
 * (TRM, "Stack limit checking", for r13; the same choice here for r15).
 */
export const UNPREDICTABLE = register(-1)

/** r0 to r12 or LR. */
export function general(number: number): DecodedRegister {
  return number === 13 || number === 15 ? UNPREDICTABLE : register(number)
}

/** As `general`, or SP where only its value counts. */
export function generalOrSp(number: number): DecodedRegister {
  return number === 15 ? UNPREDICTABLE : register(number)
}

/** As `general`, or SP as a destination. */
export function destinationOrSp(number: number): DecodedRegister {
  return number === 13 ? { kind: 'stack-pointer', number } : generalOrSp(number)
}

function fieldsOf(bits: string): Field[] {
  const found = new Map<string, number[]>()
  for (const [at, letter] of [...bits].entries()) {
    if (letter === '0' || letter === '1') continue
    const list = found.get(letter) ?? []
    list.push(bits.length - 1 - at)
    found.set(letter, list)
  }
  return [...found].map(([letter, list]) => ({ letter, bits: list, isFixed: /[A-Z]/.test(letter) }))
}

function patternOf(text: string, fields: readonly Field[]): Pattern {
  let [mask, value] = [0, 0]
  for (const term of text.split(' ')) {
    const [letter, number] = term.split('=')
    const field = fields.find((candidate) => candidate.letter === letter)
    if (field === undefined) throw new Error(`No field ${letter} for the exception ${text}`)
    field.bits.forEach((bit, at) => {
      mask |= 1 << bit
      if ((Number(number) >> (field.bits.length - 1 - at)) & 1) value |= 1 << bit
    })
  }
  return { mask: mask >>> 0, value: value >>> 0 }
}
