/**
 * Makes a random word of a row into a step of a case: changes fields where only some make sense,
 * and fixes the registers and memory that it depends on. Undefined if it does not fit.
 */
import type { Operands } from '../../packages/mcu/src/cpu/table/row.ts'
import { SP } from './draft.ts'
import { encodeBranch, encodeConditionalBranch } from './encode.ts'
import {
  decodeStep,
  isFloat,
  kindOf,
  READABLE_SPECIALS,
  type Step,
  WRITABLE_SPECIALS,
} from './kinds.ts'
import { CODE, RAM, RAM_BYTES } from './layout.ts'
import {
  placeDouble,
  placeExclusive,
  placeFloat,
  placeSeveral,
  placeSingle,
  placeTable,
} from './place.ts'
import { type Context, chooseTarget, codeAddress, isInSea } from './targets.ts'
import { withFields } from './words.ts'

export function prepare(word: number, context: Context): Step | undefined {
  const { row, address, isInIt, draft } = context
  const chosen = chooseFields(word, context)
  const step = chosen === undefined ? undefined : decodeStep(row, chosen, address, isInIt)
  if (step === undefined) return undefined
  const mayFault = kindOf(row) !== 'plain' || isFloat(row) || /div|udf/.test(row.name)
  if (draft.isStackLost && mayFault) return undefined
  return fits(step, context) ? step : undefined
}

function fits(step: Step, context: Context): boolean {
  switch (kindOf(step.row)) {
    case 'single':
      return placeSingle(step, context)
    case 'double':
      return placeDouble(step, context)
    case 'several':
      return placeSeveral(step, context)
    case 'float-memory':
    case 'float-several':
      return placeFloat(step, context)
    case 'load-exclusive':
    case 'store-exclusive':
      return placeExclusive(step, context)
    case 'table-branch':
      return placeTable(step, context)
    case 'direct-branch':
      return directTargetFits(step, context)
    case 'register-branch':
      return aimRegister(step.operands, context)
    case 'effect':
      return effectFits(step.operands, context)
    default:
      return true
  }
}

function chooseFields(word: number, context: Context): number | undefined {
  const { row, random, draft } = context
  const kind = kindOf(row)
  if (kind === 'direct-branch' && row.length === 4) return longBranch(word, context)
  if (kind === 'effect') {
    if (row.name === 'mrs') return withFields(row, word, { s: random.pick(READABLE_SPECIALS) })
    if (row.name === 'msr') return withFields(row, word, { s: random.pick(WRITABLE_SPECIALS) })
  }
  if (kind === 'load-exclusive' && !context.isAlone) return withFields(row, word, { i: 0 })
  if (kind === 'store-exclusive' && draft.reserved !== undefined) {
    return withFields(row, word, { n: draft.reserved, i: 0 })
  }
  const isLiteral = kind === 'single' && row.syntax.includes('literal')
  if (isLiteral && row.name.startsWith('ldr.w') && random.chance(50)) {
    return withFields(row, word, { i: 4 * random.between(4, 20), t: 15, u: 1 })
  }
  return word
}

/** Long branches have targets chosen first: anywhere in the case, or far away. */
function longBranch(word: number, context: Context): number | undefined {
  const { row, address } = context
  const target = chooseTarget(context)
  if (row.name.startsWith('b{')) {
    const isNear = Math.abs(target - address) < 0xf_ff00
    const condition = (word >>> 22) & 15
    return isNear ? encodeConditionalBranch(address, target, condition) : undefined
  }
  return encodeBranch(address, target, row.name === 'bl')
}

/** The target must be filler: not a step, and inside the case or far away. */
function directTargetFits({ row, operands }: Step, { chunk, address }: Context): boolean {
  const { target } = operands
  if (typeof target !== 'object' || !('address' in target)) return false
  const to = target.address
  if (isInSea(to)) return true
  if (to < chunk.start || to > address + 700) return false
  if (to >= chunk.entry && to < address + row.length) return false
  chunk.reserve(to + 2)
  return true
}

/** BX, BLX, MOV PC, ADD PC: SP cannot be a target and a stack at once. */
function aimRegister(operands: Operands, context: Context): boolean {
  const { m, n } = operands
  if (typeof m !== 'object') return false
  if ('value' in m) return m.value % 4 === 0
  if (!('number' in m)) return false
  if (m.number === SP || !context.draft.isOpen(m.number)) return false
  const base = typeof n === 'object' && 'value' in n ? n.value : 0
  context.draft.fix(m.number, codeAddress(context) - base)
  return true
}

function effectFits(operands: Operands, { random, draft }: Context): boolean {
  const { effect, a, b } = operands
  if (effect === 'breakpoint') {
    // 0xab is a semihosting call.
    return typeof a === 'object' && 'value' in a && a.value !== 0xab
  }
  if (effect !== 'testTarget') return true
  if (typeof b !== 'object' || !('number' in b) || !draft.isOpen(b.number)) return false
  const region = random.pick([
    { start: CODE, bytes: 0x20_0000 },
    { start: RAM, bytes: RAM_BYTES },
  ])
  draft.fix(b.number, region.start + random.below(region.bytes))
  return true
}
