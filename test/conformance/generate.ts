/**
 * Random test cases: one instruction, a few in sequence, or an IT block, with operands chosen such
 * that addresses hit the scratch memory and branches hit undefined instructions, whose fault tells
 * where they went.
 */
import { matches, type Row } from '../../packages/mcu/src/cpu/table/row.ts'
import type { Harness } from './assemble.ts'
import { Chunk } from './chunk.ts'
import { Draft } from './draft.ts'
import { encodeBranch } from './encode.ts'
import type { Case } from './image.ts'
import {
  allRows,
  branches,
  decodeStep,
  isStore,
  kindOf,
  leavesBy,
  type Step,
  whyLeftOut,
  writesTransferred,
} from './kinds.ts'
import { CASES, SCRATCH_BYTES, TEMPLATE_BYTES } from './layout.ts'
import { prepare } from './prepare.ts'
import type { Random } from './random.ts'
import { unallocatedWord } from './unallocated.ts'
import { randomWord } from './words.ts'

const TRIES = 60
const UNALIGN_TRP = 0x08
const DIV_0_TRP = 0x10
const TRAPS = [UNALIGN_TRP, DIV_0_TRP, UNALIGN_TRP | DIV_0_TRP]

/** CPACR.CP10 and CP11. */
const FLOAT_ACCESS = { all: 0xf0_0000, privileged: 0x50_0000, none: 0 }
const FLOAT_REFUSALS = [FLOAT_ACCESS.privileged, FLOAT_ACCESS.none]

export interface Made {
  readonly testCase: Case
  readonly steps: readonly Step[]
}

/** Rows that fall through to the next instruction, for sequences and IT blocks. */
const simpleRows = allRows.filter((row) => {
  const kind = kindOf(row)
  const simple = ['plain', 'single', 'double', 'several', 'float-memory', 'float-several']
  return simple.includes(kind) && !row.name.startsWith('udf')
})

export class Generator {
  readonly #random: Random
  readonly #leave: Harness['leave']
  #cursor = CASES.start

  constructor(random: Random, harness: Pick<Harness, 'leave'>) {
    this.#random = random
    this.#leave = harness.leave
  }

  /** A case with the row in it; undefined when there is no room left. */
  make(row: Row): Made | undefined {
    for (let tries = 0; tries < TRIES; tries++) {
      if (this.#cursor + 0x2000 > CASES.end) return undefined
      const made = this.#attempt(row)
      if (made) {
        this.#cursor += made.testCase.halfwords.length * 2 + (this.#random.chance(50) ? 2 : 0)
        return made
      }
    }
    throw new Error(`No case for ${row.name} (${row.drawing}) in ${TRIES} tries`)
  }

  /** A word that is no instruction, alone. */
  makeUnallocated(): Made | undefined {
    if (this.#cursor + 0x100 > CASES.end) return undefined
    const chunk = new Chunk(this.#cursor, 0)
    const { word, length } = unallocatedWord(this.#random)
    chunk.append(word, length)
    const made = this.#finish(new Draft(this.#random), chunk, [])!
    this.#cursor += made.testCase.halfwords.length * 2
    return made
  }

  #attempt(row: Row): Made | undefined {
    const draft = new Draft(this.#random)
    const chunk = new Chunk(this.#cursor, this.#roomBefore(row))
    const steps: Step[] = []
    const add = (wanted: Row, isInIt: boolean, isAlone: boolean) => {
      const step = this.#step(wanted, { draft, chunk, isInIt, isAlone })
      if (step) steps.push(step)
      return step !== undefined
    }
    const shape = this.#random.below(100)
    if (kindOf(row) === 'if-then' || (shape < 25 && this.#mayStandInIt(row))) {
      if (!this.#itBlock(row, chunk, steps, add)) return undefined
    } else {
      if (shape < 40 || (kindOf(row) === 'store-exclusive' && shape < 75)) {
        const first = this.#rowsBefore(row)
        if (!first.every((one) => add(one, false, false)) || steps.some(leavesBy)) return undefined
      }
      if (!add(row, false, steps.length === 0)) return undefined
    }
    return this.#finish(draft, chunk, steps)
  }

  #mayStandInIt(row: Row): boolean {
    return kindOf(row) !== 'effect' && kindOf(row) !== 'store-exclusive'
  }

  #rowsBefore(row: Row): Row[] {
    if (kindOf(row) === 'effect') return []
    if (kindOf(row) === 'store-exclusive' && this.#random.chance(80)) {
      const load = this.#random.pick(partnersOf(row, 'load-exclusive'))
      const between = [[], [], [clearExclusive], partnersOf(row, 'store-exclusive').slice(0, 1)]
      return [load, ...this.#random.pick(between)]
    }
    return Array.from({ length: this.#random.between(1, 4) }, () => this.#random.pick(simpleRows))
  }

  #itBlock(
    row: Row,
    chunk: Chunk,
    steps: Step[],
    add: (row: Row, isInIt: boolean, isAlone: boolean) => boolean,
  ): boolean {
    const random = this.#random
    const condition = random.below(15)
    const length = random.between(1, 4)
    const bits = Array.from({ length: length - 1 }, () => (condition === 14 ? 0 : random.below(2)))
    const mask = bits.reduce((sum, bit, at) => sum | (bit << (3 - at)), 1 << (4 - length))
    const word = 0xbf00 | (condition << 4) | mask
    const it = allRows.find((one) => one.length === 2 && matches(one, word))!
    const step = decodeStep(it, word, chunk.end, false)
    if (!step) return false
    steps.push(step)
    chunk.append(word, 2)
    const inner = Array.from({ length }, () => random.pick(simpleRows))
    if (kindOf(row) !== 'if-then') {
      inner[branches(kindOf(row)) ? length - 1 : random.below(length)] = row
    }
    return inner.every((one, at) => {
      const isLast = at === length - 1
      return add(one, true, false) && (isLast || !leavesBy(steps.at(-1)!))
    })
  }

  #step(
    row: Row,
    around: { draft: Draft; chunk: Chunk; isInIt: boolean; isAlone: boolean },
  ): Step | undefined {
    const { draft, chunk, isInIt, isAlone } = around
    for (let tries = 0; tries < TRIES; tries++) {
      const random = this.#random
      const found = randomWord(row, random)
      if (found === undefined) continue
      const context = { row, random, draft, chunk, address: chunk.end, isInIt, isAlone }
      const step = prepare(found, context)
      if (step === undefined) continue
      chunk.append(step.word, row.length)
      draft.note(step.operands, writesTransferred(row))
      draft.hasStored ||= isStore(row)
      return step
    }
    return undefined
  }

  #roomBefore(row: Row): number {
    const kind = kindOf(row)
    if (kind === 'direct-branch') return this.#random.pick([0, 32, 264])
    return this.#random.chance(10) ? 2 * this.#random.below(20) : 0
  }

  #finish(draft: Draft, chunk: Chunk, steps: Step[]): Made | undefined {
    const random = this.#random
    const spare = draft.spare()
    const isLeft = steps.some(leavesBy)
    if (spare === undefined || (isLeft && draft.isStackLost)) return undefined
    if (isLeft) chunk.reserve(chunk.end + 8)
    else chunk.append(encodeBranch(chunk.end, this.#leave[spare]), 4)
    const registers = draft.registers()
    const stackPointer = registers.at(-1)!
    const hasLimit = random.chance(8)
    const testCase: Case = {
      start: chunk.start,
      entry: chunk.entry,
      halfwords: chunk.finish(),
      registers,
      apsr: (random.word() & 0xf80f_0000) >>> 0,
      singles: Array.from({ length: 32 }, () => random.float()),
      fpscr: random.fpscr(),
      cpacr: random.chance(94) ? FLOAT_ACCESS.all : random.pick(FLOAT_REFUSALS),
      spare,
      ccr: random.chance(85) ? 0 : random.pick(mayTrapDivision(steps) ? TRAPS : [UNALIGN_TRP]),
      isUnprivileged: random.chance(12),
      limit: hasLimit ? (stackPointer - 8 * random.between(5, 20)) & ~7 : 0,
      monitor: draft.monitor,
      template: 4 * random.below((TEMPLATE_BYTES - SCRATCH_BYTES) / 4),
      pokes: draft.pokes,
    }
    return { testCase, steps }
  }
}

export const coveredRows: readonly Row[] = allRows.filter((row) => whyLeftOut(row) === undefined)

/** Exclusives of the same width. */
function partnersOf(store: Row, kind: 'load-exclusive' | 'store-exclusive'): Row[] {
  const width = ({ name }: Row) => /[bh]$/.exec(name)?.[0]
  return allRows.filter((row) => kindOf(row) === kind && width(row) === width(store))
}

const clearExclusive = allRows.find(({ name }) => name === 'clrex')!

/** QEMU loses what earlier instructions did when a division traps; the first may. */
function mayTrapDivision(steps: readonly Step[]): boolean {
  const before = steps.filter(({ row }) => kindOf(row) !== 'if-then').slice(1)
  return before.every(({ row }) => !row.name.includes('div'))
}
