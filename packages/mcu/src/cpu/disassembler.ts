/**
 * Text for an instruction, in the dialect of GNU objdump, from the row's name and syntax.
 *
 * A syntax names operands in braces, `{d}`; a single letter that is no operand is a field of the
 * drawing. The other words in braces are composed below.
 */
import { decode, isWide } from './decoder.ts'
import { CONDITIONS } from './ir/builder.ts'
import { type Fields, fieldsIn, type Operands } from './table/row.ts'

export interface Text {
  readonly name: string
  readonly operands: string
  readonly length: 2 | 4
}

const REGISTERS = [
  ...['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'],
  ...['sl', 'fp', 'ip', 'sp', 'lr', 'pc'],
]

/** What a composed word is made from. */
interface Context {
  readonly operands: Operands
  readonly fields: Fields
  readonly address: number
  readonly length: 2 | 4
}

/** `itState` is ITSTATE of the instruction; 0 outside IT blocks. Undefined for no instruction. */
export function disassemble(
  halfwords: readonly [number, number],
  address: number,
  itState = 0,
): Text | undefined {
  const length = isWide(halfwords[0]) ? 4 : 2
  const word = length === 4 ? ((halfwords[0] << 16) | halfwords[1]) >>> 0 : halfwords[0]
  const place = { address, pc: address + 4, isInIt: itState !== 0 }
  const decoded = decode(word, length, place)
  if (decoded === undefined) return undefined
  const { row, operands } = decoded
  const context: Context = { operands, fields: fieldsIn(row, word), address, length }
  const fill = (text: string) =>
    text.replace(
      /(#?)\{([\w+]+|!)\}/g,
      (_, hash, word) => hash + expand(word, hash !== '', context),
    )
  const suffix = itState !== 0 ? CONDITIONS[itState >> 4]! : ''
  const name = fill(row.name)
  const dot = name.indexOf('.')
  const stem = dot < 0 ? name : name.slice(0, dot)
  return {
    name: `${stem}${suffix}${name.slice(stem.length)}`,
    operands: fill(row.syntax),
    length,
  }
}

function expand(word: string, isNumber: boolean, context: Context): string {
  const composed = COMPOSED[word]
  if (composed) return composed(context)
  const operand = context.operands[word]
  if (typeof operand === 'object') {
    if ('number' in operand) return registerText(operand)
    if ('address' in operand) return hex(operand.address)
    // Where a register is expected, a number is the PC's value.
    return isNumber ? String(operand.value >>> 0) : 'pc'
  }
  if (word in context.fields) return fieldText(word, isNumber, context)
  // An operand that the meaning has no need of: the PC.
  return 'pc'
}

function registerText({
  kind,
  number,
}: {
  readonly kind: string
  readonly number: number
}): string {
  return kind === 'single' ? `s${number}` : REGISTERS[number]!
}

/** Fields that are no operands: numbers, or registers of instructions that do nothing. */
function fieldText(word: string, isNumber: boolean, { fields }: Context): string {
  const value = fields[word]!
  return !isNumber && 'nmt'.includes(word) ? REGISTERS[value]! : String(value)
}

const hex = (value: number) => (value >>> 0).toString(16)
const immediateOf = ({ operands }: Context, name: string) => {
  const operand = operands[name]
  return typeof operand === 'object' && 'value' in operand ? operand.value : 0
}
const registerOf = ({ operands }: Context, name: string) => {
  const operand = operands[name]
  return typeof operand === 'object' && 'number' in operand ? operand.number : 15
}

const SPECIAL: Readonly<Record<number, string>> = {
  ...{ 0: 'CPSR', 1: 'IAPSR', 2: 'EAPSR', 3: 'PSR', 5: 'IPSR', 6: 'EPSR', 7: 'IEPSR' },
  ...{ 8: 'MSP', 9: 'PSP', 10: 'MSPLIM', 11: 'PSPLIM' },
  ...{ 16: 'PRIMASK', 17: 'BASEPRI', 18: 'BASEPRI_MAX', 19: 'FAULTMASK', 20: 'CONTROL' },
  ...{ 136: 'MSP_NS', 137: 'PSP_NS', 138: 'MSPLIM_NS', 139: 'PSPLIM_NS' },
  ...{ 144: 'PRIMASK_NS', 145: 'BASEPRI_NS', 147: 'FAULTMASK_NS', 148: 'CONTROL_NS' },
  152: 'SP_NS',
}

const BARRIERS: Readonly<Record<number, string>> = {
  ...{ 2: 'oshst', 3: 'osh', 6: 'unst', 7: 'un', 10: 'ishst', 11: 'ish', 14: 'st', 15: 'sy' },
}

const COMPOSED: Readonly<Record<string, (context: Context) => string>> = {
  s: ({ operands }) => (operands.setFlags === true ? 's' : ''),
  shift: (context) => shiftText(context),
  offset: (context) => offsetText(context),
  move: (context) => `#${immediateOf(context, 'offset')}`,
  scale: (context) => {
    const amount = immediateOf(context, 'amount') || (context.operands.n ? 0 : context.fields.i!)
    return amount === 0 ? '' : `, lsl #${amount}`
  },
  rotation: (context) => {
    const by = immediateOf(context, 'rotation')
    return by === 0 ? '' : `, ror #${by}`
  },
  list: (context) =>
    listText(immediateOf(context, 'list') | (context.operands.withPc ? 0x8000 : 0)),
  '!': ({ operands }) => (operands.writeBack === true ? '!' : ''),
  literal: (context) => literalText(context),
  pcOffset: (context) => `#${immediateOf(context, 'm') - (((context.address + 4) & ~3) >>> 0)}`,
  condition: ({ operands }) => CONDITIONS[Number(operands.condition)] ?? '',
  z: ({ operands }) => (operands.ifZero === true ? 'z' : 'nz'),
  'w+1': ({ fields }) => String(fields.w! + 1),
  bfWidth: ({ fields }) => String(fields.w! - fields.i! + 1),
  top: (context) => String(immediateOf(context, 'high') >>> 16),
  im: (context) => (immediateOf(context, 'a') === 1 ? 'id' : 'ie'),
  cpsFlags: (context) => {
    const flags = immediateOf(context, 'b')
    return `${flags & 2 ? 'i' : ''}${flags & 1 ? 'f' : ''}`
  },
  special: (context) => specialText(context),
  xy: ({ fields }) => 'bt'[fields.N!]! + 'bt'[fields.M!]!,
  y: ({ fields }) => 'bt'[fields.M!]!,
  x: ({ fields }) => (fields.X === 1 ? 'x' : ''),
  r: ({ fields }) => (fields.R === 1 ? 'r' : ''),
  pkh: ({ fields }) => (fields.T === 1 ? 'pkhtb' : 'pkhbt'),
  barrier: ({ fields }) => BARRIERS[fields.o!] ?? `#${fields.o}`,
  itMask: ({ fields }) => itSuffix(fields.c!, fields.m!),
  itCondition: ({ fields }) => CONDITIONS[fields.c!] ?? '',
  tt: ({ fields }) => ['', 't', 'a', 'at'][fields.a!]!,
  x4: (context) => `0x${immediateOf(context, 'a').toString(16).padStart(4, '0')}`,
  hint: ({ fields }) => String(fields.g! * 16 + fields.h!),
  svc: (context) => String(immediateOf(context, 'a')),
  su: ({ fields }) => (fields.S === 1 ? 's' : 'u'),
  us: ({ fields }) => (fields.U === 1 ? 'u' : 's'),
  bt: ({ fields }) => 'bt'[fields.T!]!,
  e: ({ fields }) => (fields.E === 1 ? 'e' : ''),
  rz: ({ fields }) => (fields.Z === 1 ? '' : 'r'),
  double: ({ operands }) => `d${lowestSingle(operands) >> 1}`,
  scalar: ({ operands, fields }) => `d${lowestSingle(operands) >> 1}[${fields.x}]`,
  singles: (context) => singlesText(context, 's', 1),
  doubles: (context) => singlesText(context, 'd', 2),
  floatPlace: (context) =>
    context.fields.n === 15
      ? literalFloatText(context)
      : `[${expand('n', false, context)}${offsetText(context)}]`,
}

function shiftText({ operands, ...rest }: Context): string {
  const { shift } = operands
  if (shift === 'none') return ''
  if (shift === 'rrx') return ', rrx'
  return `, ${shift} #${immediateOf({ operands, ...rest }, 'amount')}`
}

/** The first of the s registers among the operands. */
function lowestSingle(operands: Operands): number {
  const numbers = Object.values(operands).flatMap((operand) =>
    typeof operand === 'object' && operand.kind === 'single' ? [operand.number] : [],
  )
  return Math.min(...numbers)
}

/** A range of registers that take `words` each. */
function singlesText(context: Context, letter: 's' | 'd', words: 1 | 2): string {
  const list = immediateOf(context, 'singles')
  const last = (31 - Math.clz32(list)) / words
  const first = (31 - Math.clz32(list & -list)) / words
  const [from, to] = [first, last].map((number) => `${letter}${Math.floor(number)}`)
  return from === to ? `{${from}}` : `{${from}-${to}}`
}

function literalFloatText({ fields }: Context): string {
  const distance = (fields.u === 1 ? 4 : -4) * fields.i!
  return distance === 0 ? '[pc]' : `[pc, #${distance}]`
}

/** T16 forms show an offset of zero, T32 forms do not. */
function offsetText(context: Context): string {
  const value = immediateOf(context, 'offset')
  const isShown = value !== 0 || (context.length === 2 && context.operands.offset !== undefined)
  return isShown ? `, #${value}` : ''
}

function listText(registers: number): string {
  return `{${REGISTERS.filter((_, at) => (registers >> at) & 1).join(', ')}}`
}

function literalText(context: Context): string {
  const { operands, fields, address } = context
  const distance =
    operands.n === undefined
      ? (fields.u === 1 ? 1 : -1) * fields.i!
      : immediateOf(context, 'n') - (((address + 4) & ~3) >>> 0)
  return distance === 0 && operands.u !== undefined ? '[pc]' : `[pc, #${distance}]`
}

function specialText(context: Context): string {
  const sysm = immediateOf(context, 'a') & 0xff
  const name = SPECIAL[sysm] ?? String(sysm)
  if (registerOf(context, 'd') !== 15 || sysm > 3) return name
  const mask = immediateOf(context, 'a') >> 8
  return `${name}_${mask & 2 ? 'f' : ''}${mask & 1 ? 's' : ''}`
}

/** T or E for each further instruction of an IT block. */
function itSuffix(condition: number, mask: number): string {
  let text = ''
  for (let bit = 3; (mask & ((1 << bit) - 1)) !== 0; bit--) {
    text += ((mask >> bit) & 1) === (condition & 1) ? 't' : 'e'
  }
  return text
}
