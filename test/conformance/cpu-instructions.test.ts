/**
 * Every instruction does on `mcu` what it does on QEMU: registers, flags, masks, memory, and the
 * syndrome of faults. `MICROVISOR_SEED=N` repeats a run, `MICROVISOR_SLOW_TESTS=1` makes it long.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { missing } from '../../tools/programs.ts'
import { isComplete, sampled } from '../../tools/sampling.ts'
import { assembleHarness } from './assemble.ts'
import { mismatches } from './compare.ts'
import { coverageTable } from './coverage.ts'
import { isExpected } from './differences.ts'
import { Differential, type Outcome } from './differential.ts'
import { coveredRows, Generator } from './generate.ts'
import { buildImage } from './image.ts'
import { leavesSecureState } from './kinds.ts'
import { TEMPLATE_BYTES } from './layout.ts'
import { Machine } from './machine.ts'
import { runOnQemu } from './qemu.ts'
import { Random } from './random.ts'

const SEED = Number(process.env.MICROVISOR_SEED ?? 1)
const INSTRUCTIONS = isComplete ? 1_200_000 : 60_000
/** Each row gets its turn as often as the others. */
const LEAST_OF_EACH = Math.floor(INSTRUCTIONS / coveredRows.length / 4)

const skip = missing('qemu-system-arm', 'arm-none-eabi-gcc', 'arm-none-eabi-objdump')

describe(`random instructions on QEMU and on mcu (seed ${SEED})`, { skip }, () => {
  let outcome: Outcome

  before(async () => {
    outcome = await new Differential(coveredRows).run(SEED, INSTRUCTIONS, isExpected)
  })

  test('both machines agree about every case', (t) => {
    const { mismatches: count, instructions, reports } = outcome
    const summary = `${instructions} instructions of ${coveredRows.length} rows, seed ${SEED}`
    t.diagnostic(isComplete ? coverageTable(outcome) : summary)
    assert.ok(instructions >= INSTRUCTIONS)
    assert.equal(count, 0, `${count} cases differ; the first:\n\n${reports.join('\n\n')}`)
  })

  test('every row of the table has its instances', () => {
    const rare = coveredRows.filter((row) => (outcome.coverage.get(row) ?? 0) < LEAST_OF_EACH)
    assert.deepEqual(
      rare.map((row) => `${row.name} (${row.drawing})`),
      [],
    )
  })

  test('words that are no instruction are among the cases', () => {
    assert.ok(outcome.unallocated > INSTRUCTIONS / 200)
  })
})

for (const setting of [
  { isSecure: false, hasMpu: true },
  { isSecure: true, hasMpu: false },
  { isSecure: true, hasMpu: true },
]) {
  const state = setting.isSecure ? 'Secure' : 'Non-secure'
  const mpu = setting.hasMpu ? 'on' : 'off'
  test(`the same in the ${state} state, MPU ${mpu} (seed ${SEED})`, { skip }, async (t) => {
    const wanted = sampled(8_000, 300_000)
    const rows = setting.isSecure
      ? coveredRows.filter((row) => !leavesSecureState(row))
      : coveredRows
    const outcome = await new Differential(rows, setting).run(SEED, wanted, isExpected)
    const { mismatches: count, instructions, reports } = outcome
    t.diagnostic(`${instructions} instructions of ${rows.length} rows`)
    assert.equal(count, 0, `${count} cases differ; the first:\n\n${reports.join('\n\n')}`)
  })
}

test('a register or a byte of memory that differs is found', { skip }, async () => {
  const harness = assembleHarness()
  const random = new Random(SEED)
  const generator = new Generator(random, harness)
  const store = coveredRows.find((row) => row.drawing.startsWith('0110 0 iiiii'))!
  const add = coveredRows.find((row) => row.drawing.startsWith('000 1100'))!
  const made = [store, add, store, add].map((row) => generator.make(row)!)
  const templates = new Uint32Array(TEMPLATE_BYTES / 4).fill(0x0102_0304)
  const cases = made.map(({ testCase }) => testCase)
  const tampered = cases.map((one, at) => {
    if (at === 1) return { ...one, registers: one.registers.map((value) => value ^ 1) }
    return at === 2 ? { ...one, template: 0, pokes: [{ address: 0x2820_4000, value: 1 }] } : one
  })
  const machine = new Machine()
  const qemu = await runOnQemu(harness, buildImage(harness, templates, cases))
  const same = machine.run(buildImage(harness, templates, cases))
  assert.deepEqual(mismatches(made, qemu, same), [])
  const different = machine.run(buildImage(harness, templates, tampered))
  const found = mismatches(made, qemu, different).map(({ at }) => at)
  assert.deepEqual(found, [1, 2])
})
