/**
 * What a firmware used and the chip model lacks: per register and function, how often, and what it
 * was told. In results, reports and the expectation `unmodelled`.
 */
import type { UnmodelledAccess } from '@microvisor/mcu'
import type { ElfSymbol } from '@microvisor/protocol'
import type { Located } from '../board/yaml-reader.ts'
import { readComparison } from './comparison.ts'
import type { Condition } from './expectations.ts'
import { functionAt } from './firmware.ts'
import type { Run } from './scenario.ts'

/** Accesses of one kind, from one function, to one register. */
export interface UnmodelledUse {
  /** `SAI1`; `none` where nothing is. */
  readonly peripheral: string
  /** `ACR1.MODE`, `+0x40` where it has no name. */
  readonly register: string
  readonly address: number
  readonly direction: 'read' | 'write'
  readonly count: number
  /** ELF symbol; undefined where there is none. */
  readonly function: string | undefined
  /** Of the first of them; 0 where no instruction did it. */
  readonly pc: number
  /** What the last read got, or the last write tried to set. */
  readonly value: number
  readonly answer: string
}

/** The ledger of a chip, summed up by function. */
export function unmodelledUses(
  accesses: readonly Readonly<UnmodelledAccess>[],
  symbols: readonly ElfSymbol[],
): readonly UnmodelledUse[] {
  const uses = new Map<string, UnmodelledUse>()
  for (const access of accesses) {
    const { peripheral, register, address, direction, pc, answer, value } = access
    const place = functionAt(symbols, pc)
    const key = `${address} ${register} ${direction} ${place ?? pc} ${answer}`
    const known = uses.get(key)
    const count = (known?.count ?? 0) + access.count
    uses.set(key, {
      ...{ peripheral, register, address, direction, count, function: place },
      ...{ pc: known?.pc ?? pc, value, answer },
    })
  }
  return [...uses.values()]
}

const word = (value: number) => {
  const digits = (value >>> 0).toString(16).padStart(8, '0')
  return `0x${digits.slice(0, 4)}_${digits.slice(4)}`
}

function nameOf({ peripheral, register, address }: UnmodelledUse): string {
  return peripheral === 'none' ? word(address) : `${peripheral}.${register}`
}

/** `3 × read of DCMI.CR in camera_start (0x0800_0120): not modelled, reads as zero` */
export function formatUse(use: UnmodelledUse): string {
  const { count, direction, pc, answer, value } = use
  const where = use.function === undefined ? word(pc) : `${use.function} (${word(pc)})`
  const from = pc === 0 ? '' : ` in ${where}`
  const what = direction === 'read' ? `read of ${nameOf(use)}` : `write to ${nameOf(use)}`
  const last = direction === 'read' ? 'answered' : 'last value'
  return `${count} × ${what}${from}, ${last} ${word(value)}: ${answer}`
}

/** `unmodelled: 0` counts everything; `unmodelled: { SAI1: 0, OPAMP.OR: "<= 1" }` what it names. */
export function readUnmodelled(value: Located): readonly Condition[] {
  if (!value.isMap) return [condition(value, 'everything', () => true)]
  return value.entries('`unmodelled`').map(({ key, value: wanted }) => {
    const isNamed = (use: UnmodelledUse) => [use.peripheral, nameOf(use)].includes(key)
    return condition(wanted, key, isNamed)
  })
}

function condition(
  wanted: Located,
  name: string,
  isCounted: (use: UnmodelledUse) => boolean,
): Condition {
  const comparison = readComparison(wanted, '`unmodelled`', '')
  const check = ({ world, firmware }: Run) => {
    const { notModelled } = world.board.chip
    const uses = unmodelledUses(notModelled.accesses, firmware.symbols).filter(isCounted)
    const counted = uses.reduce((sum, { count }) => sum + count, 0)
    const total = name === 'everything' ? notModelled.total : counted
    const saw = [`${total}`, ...uses.slice(0, 1).map((use) => `the first ${formatUse(use)}`)]
    return { isMet: comparison?.accepts(total) ?? false, saw: saw.join(', ') }
  }
  const title = name === 'everything' ? 'unmodelled' : `unmodelled ${name}`
  return { title: `${title} ${wanted.text}`, topics: [], check }
}
