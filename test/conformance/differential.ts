/** Images full of random cases, each run on both machines, until enough instructions have run. */
import type { Row } from '../../packages/mcu/src/cpu/table/row.ts'
import { assembleHarness, type Harness } from './assemble.ts'
import { describeCase, describeMismatch, type Mismatch, mismatches } from './compare.ts'
import { Generator, type Made } from './generate.ts'
import { buildImage, HarnessFailure, type Image, PLAIN, type Setting } from './image.ts'
import { MAX_CASES, TEMPLATE_BYTES } from './layout.ts'
import { Machine } from './machine.ts'
import { runOnQemu } from './qemu.ts'
import { Random } from './random.ts'

export interface Outcome {
  readonly cases: number
  readonly instructions: number
  /** Words that are no instruction. */
  readonly unallocated: number
  /** Instances of each row. */
  readonly coverage: ReadonlyMap<Row, number>
  /** One text for each mismatch, at most `MAX_REPORTS`. */
  readonly reports: readonly string[]
  readonly mismatches: number
}

const MAX_REPORTS = 10
const UNALLOCATED_EVERY = 11

interface Batch {
  readonly made: readonly Made[]
  readonly image: Image
  only(at: number): Image
}

export class Differential {
  readonly #rows: readonly Row[]
  readonly #harness: Harness = assembleHarness()
  readonly #setting: Setting
  readonly #machine: Machine
  readonly #coverage = new Map<Row, number>()
  readonly #reports: string[] = []
  #cases = 0
  #instructions = 0
  #unallocated = 0
  #mismatches = 0

  /** `rows`: those that cases are made for; others stand around them. */
  constructor(rows: readonly Row[], setting = PLAIN) {
    this.#rows = rows
    this.#setting = setting
    this.#machine = new Machine(setting.isSecure ? 'secure' : 'non-secure')
  }

  /** `isExpected`: documented differences, which are no mismatches. */
  async run(
    seed: number,
    instructions: number,
    isExpected: (mismatch: Mismatch) => boolean,
  ): Promise<Outcome> {
    for (let batchSeed = seed; this.#instructions < instructions; batchSeed++) {
      const batch = this.#makeBatch(batchSeed, Math.min(MAX_CASES, instructions))
      const found = await this.#compare(batch).catch((error: unknown) => {
        throw explainFailure(error, batchSeed, batch)
      })
      for (const mismatch of found.filter((one) => !isExpected(one))) {
        this.#mismatches++
        if (this.#reports.length < MAX_REPORTS) {
          this.#reports.push(
            `seed ${batchSeed}, case ${mismatch.at}\n${await this.#explain(batch, mismatch)}`,
          )
        }
      }
    }
    return {
      cases: this.#cases,
      instructions: this.#instructions,
      unallocated: this.#unallocated,
      coverage: this.#coverage,
      reports: this.#reports,
      mismatches: this.#mismatches,
    }
  }

  async #compare({ made, image }: Batch): Promise<Mismatch[]> {
    const qemu = await runOnQemu(this.#harness, image)
    return mismatches(made, qemu, this.#machine.run(image))
  }

  #makeBatch(seed: number, most: number): Batch {
    const random = new Random(seed)
    const generator = new Generator(random, this.#harness)
    const made: Made[] = []
    // Rows in a different order each time: those at the end may find no room.
    let next = random.below(this.#rows.length)
    while (made.length < Math.min(most, MAX_CASES)) {
      const one =
        made.length % UNALLOCATED_EVERY === 0
          ? generator.makeUnallocated()
          : generator.make(this.#rows[next++ % this.#rows.length])
      if (one === undefined) break
      made.push(one)
      this.#count(one)
    }
    const templates = new Uint32Array(TEMPLATE_BYTES / 4).map(() => random.operand())
    const cases = made.map(({ testCase }) => testCase)
    const setting = this.#setting
    return {
      made,
      image: buildImage(this.#harness, templates, cases, { setting }),
      only: (at) => buildImage(this.#harness, templates, cases, { setting, only: at }),
    }
  }

  #count({ steps }: Made): void {
    this.#cases++
    this.#instructions += Math.max(1, steps.length)
    if (steps.length === 0) this.#unallocated++
    for (const { row } of steps) this.#coverage.set(row, (this.#coverage.get(row) ?? 0) + 1)
  }

  /** Runs the case alone, to see the memory that it leaves. */
  async #explain(batch: Batch, mismatch: Mismatch): Promise<string> {
    const image = batch.only(mismatch.at)
    const qemu = (await runOnQemu(this.#harness, image)).scratch
    const mcu = this.#machine.run(image).scratch
    return describeMismatch(mismatch, { qemu, mcu })
  }
}

function explainFailure(error: unknown, seed: number, { made }: Batch): unknown {
  if (!(error instanceof HarnessFailure)) return error
  return new Error(`seed ${seed}, ${error.message}\n${describeCase(made[error.at])}`)
}
