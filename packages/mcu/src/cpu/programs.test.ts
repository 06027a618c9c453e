/** Whole C programs over newlib at every optimisation level: the CPU prints what QEMU prints. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { missing } from '../../../../tools/programs.ts'
import { build, HARD_FLOAT, load, loadSecure, runOnQemu } from './testing/program.ts'

const LIMIT = 20_000_000

for (const program of ['numbers', 'library']) {
  for (const level of ['-O0', '-O1', '-O2', '-O3', '-Os']) {
    test(`${program}.c at ${level} prints what it prints on QEMU`, {
      skip: missing('arm-none-eabi-gcc', 'qemu-system-arm'),
    }, () => {
      const source = join(import.meta.dirname, `testing/programs/${program}.c`)
      const machine = load(build(source, [level]))
      assert.equal(machine.run(LIMIT), 'halt')
      const { output } = runOnQemu(source, [level])
      assert.ok(output.length > 200)
      assert.equal(machine.output, output)
    })
  }
}

for (const flags of [['-O0'], ['-O1'], ['-O2'], ['-O3'], ['-Os'], ['-O3', '-ffast-math']]) {
  test(`floats.c at ${flags.join(' ')} computes what it computes on QEMU`, {
    skip: missing('arm-none-eabi-gcc', 'qemu-system-arm'),
  }, () => {
    const source = join(import.meta.dirname, 'testing/programs/floats.c')
    const all = [...flags, ...HARD_FLOAT, '-mfp16-format=ieee']
    const machine = load(build(source, all))
    assert.equal(machine.run(LIMIT), 'halt')
    const { output } = runOnQemu(source, all)
    assert.ok(output.length > 3000)
    assert.equal(machine.output, output)
  })
}

for (const program of ['numbers', 'library', 'float-context', 'float-faults']) {
  test(`${program}.c with floating-point registers prints what it prints on QEMU`, {
    skip: missing('arm-none-eabi-gcc', 'qemu-system-arm'),
  }, () => {
    const source = join(import.meta.dirname, `testing/programs/${program}.c`)
    const machine = load(build(source, ['-O2', ...HARD_FLOAT]))
    assert.equal(machine.run(LIMIT), 'halt')
    assert.equal(machine.output, runOnQemu(source, ['-O2', ...HARD_FLOAT]).output)
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
