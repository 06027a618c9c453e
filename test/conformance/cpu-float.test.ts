/**
 * Floating-point instructions alone, on QEMU and on `mcu`: operands of every kind in every mode,
 * bits of all registers and FPSCR. `MICROVISOR_SEED=N` repeats a run.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { sampled } from '../../tools/sampling.ts'
import { isExpected } from './differences.ts'
import { Differential } from './differential.ts'
import { coveredRows } from './generate.ts'
import { isFloat } from './kinds.ts'

const SEED = Number(process.env.MICROVISOR_SEED ?? 1)
const INSTRUCTIONS = sampled(25_000, 1_000_000)
const rows = coveredRows.filter(isFloat)

test(`floating-point instructions on QEMU and on mcu (seed ${SEED})`, {
  skip: missing('qemu-system-arm', 'arm-none-eabi-gcc', 'arm-none-eabi-objdump'),
}, async (t) => {
  const outcome = await new Differential(rows).run(SEED, INSTRUCTIONS, isExpected)
  const { mismatches, instructions, coverage, reports } = outcome
  const least = Math.min(...rows.map((row) => coverage.get(row) ?? 0))
  t.diagnostic(`${instructions} instructions, at least ${least} of each of ${rows.length} rows`)
  assert.ok(least > INSTRUCTIONS / rows.length / 4)
  assert.equal(mismatches, 0, `${mismatches} cases differ; the first:\n\n${reports.join('\n\n')}`)
})
