/** Which rows need what around them, and which are left out and why. */
import { decode } from '../../packages/mcu/src/cpu/decoder.ts'
import * as branch from '../../packages/mcu/src/cpu/operations/branch.ts'
import * as float from '../../packages/mcu/src/cpu/operations/float.ts'
import * as floatMemory from '../../packages/mcu/src/cpu/operations/float-memory.ts'
import * as memory from '../../packages/mcu/src/cpu/operations/memory.ts'
import * as system from '../../packages/mcu/src/cpu/operations/system.ts'
import type { Operands, Row } from '../../packages/mcu/src/cpu/table/row.ts'
import { rows16, rows32 } from '../../packages/mcu/src/cpu/table/rows.ts'

export type Kind =
  /** Registers, flags and immediates only. */
  | 'plain'
  | 'single'
  | 'double'
  | 'several'
  | 'float-memory'
  | 'float-several'
  | 'load-exclusive'
  | 'store-exclusive'
  | 'direct-branch'
  | 'register-branch'
  | 'table-branch'
  | 'if-then'
  | 'effect'

const KINDS = new Map<unknown, Kind>([
  [memory.load, 'single'],
  [memory.store, 'single'],
  [memory.loadDouble, 'double'],
  [memory.storeDouble, 'double'],
  [memory.loadSeveral, 'several'],
  [memory.storeSeveral, 'several'],
  [floatMemory.loadSingle, 'float-memory'],
  [floatMemory.storeSingle, 'float-memory'],
  [floatMemory.loadPair, 'float-memory'],
  [floatMemory.storePair, 'float-memory'],
  [floatMemory.transferSeveral, 'float-several'],
  [memory.loadExclusive, 'load-exclusive'],
  [memory.storeExclusive, 'store-exclusive'],
  [branch.branch, 'direct-branch'],
  [branch.branchIf, 'direct-branch'],
  [branch.compareAndBranch, 'direct-branch'],
  [branch.branchWithLink, 'direct-branch'],
  [branch.branchExchange, 'register-branch'],
  [branch.branchLinkExchange, 'register-branch'],
  [branch.branchPlain, 'register-branch'],
  [branch.tableBranch, 'table-branch'],
  [branch.ifThen, 'if-then'],
  [system.call, 'effect'],
  [system.query, 'effect'],
  [float.callFloat, 'effect'],
])

const LOADS: ReadonlySet<unknown> = new Set([
  ...[memory.load, memory.loadDouble, memory.loadSeveral, memory.loadExclusive],
])

const STORES: ReadonlySet<unknown> = new Set([
  ...[memory.store, memory.storeDouble, memory.storeSeveral, memory.storeExclusive],
  ...[floatMemory.storeSingle, floatMemory.storePair, floatMemory.transferSeveral],
])

export const kindOf = (row: Row): Kind => KINDS.get(row.meaning) ?? 'plain'
export const isLoad = (row: Row): boolean => LOADS.has(row.meaning)
/** Operands called t and u are written. */
export const writesTransferred = (row: Row): boolean =>
  isLoad(row) || row.meaning === float.movePair || row.meaning === float.readStatus
/** Leads to the other state: see `worlds` for what happens there. */
export const leavesSecureState = (row: Row): boolean => /^bl?xns/.test(row.name)
/** May find floating point disabled. */
export const isFloat = (row: Row): boolean => /^[vf]/.test(row.name)
export const isStore = (row: Row): boolean => STORES.has(row.meaning)

/** Numbers of the s registers among operands. */
export function singlesIn(operands: Operands): number[] {
  const list = operands.singles
  const listed = typeof list === 'object' && 'value' in list ? list.value : 0
  return [
    ...[...Array(32).keys()].filter((number) => (listed >>> number) & 1),
    ...Object.values(operands).flatMap((operand) =>
      typeof operand === 'object' && operand.kind === 'single' ? [operand.number] : [],
    ),
  ]
}

/** Effects that a case cannot show, with the reason that the coverage table gives. */
const EFFECTS_LEFT_OUT: Readonly<Record<string, string>> = {
  waitForInterrupt: 'would wait for an interrupt that never comes',
  waitForEvent: 'QEMU does not wait, which is allowed; mcu does',
}

/** SYSm values: APSR, IAPSR, EAPSR, XPSR, IPSR, EPSR, IEPSR, masks; for reads limits and CONTROL. */
export const WRITABLE_SPECIALS = [0, 1, 2, 3, 5, 6, 7, 16, 17, 18, 19] as const
export const READABLE_SPECIALS = [...WRITABLE_SPECIALS, 8, 9, 10, 11, 20] as const

export const allRows: readonly Row[] = [...rows16, ...rows32]

/** Undefined when the row has its place among the cases. */
export function whyLeftOut(row: Row): string | undefined {
  const effect = effectOf(row)
  return effect === undefined ? undefined : EFFECTS_LEFT_OUT[effect]
}

/** The effect is the same for all words of a row. */
function effectOf(row: Row): string | undefined {
  if (kindOf(row) !== 'effect') return undefined
  const place = { address: 0, pc: 4, isInIt: false }
  const fields = Object.fromEntries(row.fields.map(({ letter }) => [letter, 1]))
  const { effect } = row.operands(fields, place) ?? {}
  return typeof effect === 'string' ? effect : undefined
}

export interface Step {
  readonly row: Row
  readonly word: number
  readonly operands: Operands
}

export function decodeStep(row: Row, word: number, address: number, isInIt: boolean) {
  const decoded = decode(word, row.length, { address, pc: address + 4, isInIt })
  return decoded?.row === row ? { row, word, operands: decoded.operands } : undefined
}

/** Kinds that go somewhere: only the last step of a case may. */
export function branches(kind: Kind): boolean {
  return kind === 'direct-branch' || kind === 'register-branch' || kind === 'table-branch'
}

/** True if the step may go elsewhere: what follows it is undefined instructions. */
export function leavesBy({ row, operands }: Step): boolean {
  return branches(kindOf(row)) || loadsPc(row, operands)
}

export function loadsPc(row: Row, operands: Operands): boolean {
  if (!isLoad(row)) return false
  if (kindOf(row) === 'several') return operands.withPc === true
  return kindOf(row) === 'single' && operands.t === undefined
}
