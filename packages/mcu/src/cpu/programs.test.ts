/** Whole C and C++ programs over newlib, in every build: the CPU prints what QEMU prints. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { isComplete } from '../../../../tools/sampling.ts'
import {
  build,
  HARD_FLOAT,
  load,
  loadSecure,
  missingLibrary,
  runOnQemu,
} from './testing/program.ts'

const LIMIT = 20_000_000

const PROGRAMS = ['numbers.c', 'library.c', 'floats.c', 'classes.cpp'] as const
const LEVELS = ['-O0', '-O1', '-O2', '-O3', '-Os'] as const
const FLOATS = [
  { name: 'without FPU', flags: [] },
  { name: 'with FPU', flags: HARD_FLOAT },
] as const

/** Each program at each level, `npm test` with one kind of floats and the whole with both. */
const matrix = PROGRAMS.flatMap((program, row) =>
  LEVELS.flatMap((level, column) =>
    FLOATS.filter((_, at) => isComplete || (row + column) % 2 === at).map(({ name, flags }) => ({
      program,
      name: `${program} at ${level} ${name}`,
      flags: [level, ...flags, ...(program === 'floats.c' ? ['-mfp16-format=ieee'] : [])],
    })),
  ),
)

const others = [
  { program: 'floats.c', flags: ['-O3', '-ffast-math', ...HARD_FLOAT, '-mfp16-format=ieee'] },
  { program: 'float-context.c', flags: ['-O2', ...HARD_FLOAT] },
  { program: 'float-faults.c', flags: ['-O2', ...HARD_FLOAT] },
].map((one) => ({ ...one, name: `${one.program} at ${one.flags.join(' ')}` }))

for (const { program, name, flags } of [...matrix, ...others]) {
  const skip = missing('arm-none-eabi-gcc', 'qemu-system-arm')
  test(`${name} prints what it prints on QEMU`, {
    skip: skip || (program.endsWith('.cpp') && missingLibrary()),
  }, () => {
    const source = join(import.meta.dirname, 'testing/programs', program)
    const machine = load(build(source, flags))
    assert.equal(machine.run(LIMIT), 'halt')
    const { output } = runOnQemu(source, flags)
    assert.ok(output.length > 200)
    assert.equal(machine.output, output)
  })
}

for (const program of ['float-context', 'float-faults', 'float-secure']) {
  test(`${program}.c in the Secure state prints what it prints on QEMU`, {
    skip: missing('arm-none-eabi-gcc', 'qemu-system-arm'),
  }, () => {
    const source = join(import.meta.dirname, `testing/programs/${program}.c`)
    const flags = ['-O1', '-DSECURE', ...HARD_FLOAT]
    const machine = loadSecure(build(source, flags))
    assert.equal(machine.run(LIMIT), 'halt')
    assert.equal(machine.output, runOnQemu(source, flags).output)
  })
}

const SLICED = [
  { program: 'library.c', flags: ['-O2'] },
  { program: 'float-context.c', flags: ['-O2', ...HARD_FLOAT] },
] as const

for (const { program, flags } of SLICED) {
  test(
    `${program} takes the same number of instructions, however the run is sliced`,
    {
      skip: missing('arm-none-eabi-gcc'),
    },
    () => compareSlices(build(join(import.meta.dirname, 'testing/programs', program), flags)),
  )
}

function compareSlices(image: Uint8Array): void {
  const whole = load(image)
  assert.equal(whole.run(LIMIT), 'halt')
  for (const slice of [1, 7, 1000]) {
    const machine = load(image)
    const limit = slice === 1 ? 30_000 : LIMIT
    while (machine.cpu.cycles < limit && machine.run(slice) === 'cycle');
    if (slice === 1) {
      const reference = load(image)
      reference.run(limit)
      assert.equal(machine.cpu.get('pc'), reference.cpu.get('pc'))
      assert.equal(machine.cpu.get('xpsr'), reference.cpu.get('xpsr'))
    } else {
      assert.equal(machine.cpu.cycles, whole.cpu.cycles)
      assert.equal(machine.output, whole.output)
    }
  }
}
