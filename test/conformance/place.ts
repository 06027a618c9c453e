/** Addresses of loads, stores and table branches: they hit the scratch memory. */
import type { DecodedImmediate, Operand, Operands } from '../../packages/mcu/src/cpu/table/row.ts'
import { listed, SP } from './draft.ts'
import { isLoad, loadsPc, type Step } from './kinds.ts'
import { NOTHING, SCRATCH, SCRATCH_BYTES } from './layout.ts'
import { type Context, codeAddress } from './targets.ts'

const MARGIN = 16
const PC_TABLE_BYTES = 16

export function placeSingle(step: Step, context: Context): boolean {
  const { operands } = step
  const width = operands.width as number
  const toPc = loadsPc(step.row, operands)
  if (isImmediate(operands.n)) return !toPc || literalTarget(operands.n.value >>> 0, context)
  const mustAlign = toPc || operands.aligned === true
  const access = { width, bytes: width, mustAlign, mayMiss: !toPc }
  const address = solve(operands, context, access)
  if (address === undefined) return false
  if (!toPc) return true
  return address % 4 === 0 && pokeTarget(address, context)
}

export function placeDouble({ operands }: Step, context: Context): boolean {
  if (isImmediate(operands.n)) return true
  return solve(operands, context, { width: 4, bytes: 8, mustAlign: true }) !== undefined
}

export function placeSeveral({ row, operands }: Step, context: Context): boolean {
  const { n, bytes, direction, withPc, writeBack } = operands
  if (!isRegister(n) || !isImmediate(bytes)) return false
  const registers = listed(operands)
  if (row.length === 4 && bytes.value < 8) return false
  // What is stored for a base that is not the lowest register and written back is UNKNOWN.
  if (!isLoad(row) && writeBack && registers.includes(n.number) && registers[0] !== n.number) {
    return false
  }
  const { random, draft } = context
  const isUnaligned = n.number !== SP && !withPc && random.chance(4)
  const start = randomAddress(context, bytes.value, 4) + (isUnaligned ? random.between(1, 3) : 0)
  const base = direction === 'up' ? start : start + bytes.value
  if (!draft.isOpen(n.number)) return false
  if (withPc && !pokeTarget(start + bytes.value - 4, context)) return false
  draft.fix(n.number, base)
  return true
}

/** Words of s registers, at an address that must be aligned to them. */
export function placeFloat({ operands }: Step, context: Context): boolean {
  const { n, bytes, direction, u } = operands
  if (isImmediate(n)) return true
  if (!isRegister(n)) return false
  if (!isImmediate(bytes)) {
    // QEMU reads double words at once: where one fails, BFAR is what it is aligned to.
    const isPair = u !== undefined
    const access = { width: 4, bytes: isPair ? 8 : 4, mustAlign: true, mayMiss: !isPair }
    return solve(operands, context, access) !== undefined
  }
  const { random, draft } = context
  const isUnaligned = n.number !== SP && random.chance(4)
  const start = randomAddress(context, bytes.value, 4) + (isUnaligned ? random.between(1, 3) : 0)
  if (!draft.isOpen(n.number)) return false
  draft.fix(n.number, direction === 'up' ? start : start + bytes.value)
  return true
}

/** Word exclusives may find the monitor open; see the list of differences for the others. */
export function placeExclusive({ row, operands }: Step, context: Context): boolean {
  const { random, draft } = context
  const width = operands.width as number
  const address = solve(operands, context, { width, bytes: width, mustAlign: true })
  if (address === undefined) return false
  // QEMU looks at the value, so that another store to it in between counts.
  const isOpenable =
    !draft.hasStored && width === 4 && address % 4 === 0 && address < NOTHING && !isLoad(row)
  if (isLoad(row) && !context.isAlone && isRegister(operands.n)) draft.reserved = operands.n.number
  if (isOpenable && draft.reserved === undefined && random.chance(60)) draft.monitor = address
  return true
}

export function placeTable({ operands }: Step, context: Context): boolean {
  const { random, draft, chunk, address } = context
  const { n, m, width } = operands
  if (!isRegister(m) || (width !== 1 && width !== 2)) return false
  chunk.reserve(address + 4 + 2 * 256)
  const entry = () => random.between(PC_TABLE_BYTES / 2, 255)
  const word = width === 1 ? entry() * 0x0100_0100 + entry() * 0x0001_0001 : entry() * 0x0001_0001
  if (isRegister(n)) {
    const access = { width, bytes: width, mustAlign: true, mayMiss: false }
    const at = solve(operands, context, access)
    if (at === undefined || at % width !== 0) return false
    return draft.poke(at & ~3, word >>> 0)
  }
  // Inside an IT block the table itself might be executed.
  if (context.isInIt || !draft.isOpen(m.number)) return false
  draft.fix(m.number, random.below(PC_TABLE_BYTES / width))
  for (let at = 0; at < PC_TABLE_BYTES; at += 2) {
    chunk.halfwords.set(address + 4 + at, width === 1 ? entry() | (entry() << 8) : entry())
  }
  return true
}

/** Fixes the base such that the access hits the scratch memory; the address that it will have. */
function solve(
  operands: Operands,
  context: Context,
  access: { width: number; bytes: number; mustAlign: boolean; mayMiss?: boolean },
): number | undefined {
  const { random, draft, isAlone } = context
  const { n, m } = operands
  if (!isRegister(n)) return undefined
  const mayMiss = isAlone && n.number !== SP && access.mayMiss !== false
  const isAligned = access.mustAlign ? random.chance(92) : random.chance(65)
  let address = randomAddress(context, access.bytes, isAligned ? access.width : 1)
  if (mayMiss && random.chance(2)) address = beyondMemory(random.below(64))
  const offset = offsetOf(operands, context)
  if (offset === undefined) return undefined
  if (n.number === SP) address -= (address - offset) & 3
  if (isRegister(m) && m.number === n.number) {
    return solveSame(n.number, 1 + 2 ** shiftOf(operands), address, context)
  }
  if (!draft.isOpen(n.number)) {
    const base = draft.valueOf(n.number)
    if (base === undefined) return undefined
    const actual = (base + offset) >>> 0
    return isInScratch(actual, access.bytes) ? actual : undefined
  }
  draft.fix(n.number, address - offset)
  return address
}

/** What is added to the base for the access. */
function offsetOf(operands: Operands, { draft, random }: Context): number | undefined {
  const { offset, m, n, index } = operands
  if (index === 'post') return 0
  if (isImmediate(offset)) return offset.value
  if (!isRegister(m)) return 0
  if (isRegister(n) && m.number === n.number) return 0
  // The stack pointer must stay near the scratch memory.
  const isFromStack = isRegister(n) && n.number === SP
  if (isFromStack && !draft.isOpen(m.number)) return undefined
  if (isFromStack) draft.fix(m.number, random.below(64))
  const value = draft.valueOf(m.number)
  return value === undefined ? undefined : (value << shiftOf(operands)) | 0
}

function shiftOf(operands: Operands): number {
  if (isImmediate(operands.amount)) return operands.amount.value
  return operands.width === 2 && operands.pc !== undefined ? 1 : 0
}

/** Base and offset are one register: its value times `factor` is the address, modulo 2^32. */
function solveSame(
  register: number,
  factor: number,
  address: number,
  { draft }: Context,
): number | undefined {
  if (!draft.isOpen(register)) return undefined
  if (factor === 2) {
    const even = (address & ~7) >>> 0
    draft.fix(register, even / 2)
    return even
  }
  let inverse = factor
  for (let round = 0; round < 5; round++) {
    inverse = Math.imul(inverse, 2 - Math.imul(factor, inverse))
  }
  draft.fix(register, Math.imul(address, inverse))
  return address
}

/** The word that LDR loads into the PC, behind the case's code. */
function literalTarget(at: number, context: Context): boolean {
  const { chunk, address } = context
  if (at < address + 4 || at > address + 120 || at % 4 !== 0) return false
  const to = codeAddress(context)
  if (to >= at - 1 && to < at + 4) return false
  chunk.halfwords.set(at, to & 0xffff)
  chunk.halfwords.set(at + 2, to >>> 16)
  chunk.reserve(at + 4)
  return true
}

function pokeTarget(address: number, context: Context): boolean {
  return context.draft.poke(address, codeAddress(context))
}

function randomAddress({ random }: Context, bytes: number, alignment: number): number {
  const room = SCRATCH_BYTES - 2 * MARGIN - bytes
  return SCRATCH + MARGIN + alignment * random.below(Math.floor(room / alignment) + 1)
}

function isInScratch(address: number, bytes: number): boolean {
  return address >= SCRATCH && address + bytes <= SCRATCH + SCRATCH_BYTES
}

const beyondMemory = (offset: number) => NOTHING + 4 * offset

function isRegister(operand: Operand): operand is Operand & { readonly number: number } {
  return typeof operand === 'object' && 'number' in operand
}

function isImmediate(operand: Operand): operand is DecodedImmediate {
  return typeof operand === 'object' && operand.kind === 'immediate'
}
