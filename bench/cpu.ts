/**
 * Millions of instructions per second of the CPU on loops of our own, beside QEMU's mps2-an505 in
 * the same run. The instructions of a loop are counted by our CPU, which is exact; QEMU is timed
 * over the same number of rounds, its start taken off by a second, shorter run.
 */
import { join } from 'node:path'
import { build, HARD_FLOAT, load, runOnQemu } from '../packages/mcu/src/cpu/testing/program.ts'
import type { Report } from './run.ts'

const SOURCE = join(import.meta.dirname, '../packages/mcu/src/cpu/testing/programs/loops.c')
const LOOPS = [
  { name: 'integer', loop: 1, rounds: 40_000, options: [] },
  { name: 'memory', loop: 2, rounds: 20_000, options: [] },
  { name: 'branches', loop: 3, rounds: 60_000, options: [] },
  { name: 'float', loop: 4, rounds: 60_000, options: HARD_FLOAT },
] as const
const SHORT_ROUNDS = 100
const WARM_MS = 50
const FOREVER = 2 ** 40

export async function bench(report: Report): Promise<void> {
  for (const { name, loop, rounds, options } of LOOPS) {
    const flags = (count: number) => [...['-O2', `-DLOOP=${loop}`, `-DROUNDS=${count}`], ...options]
    const image = build(SOURCE, flags(rounds))
    const mips = measure(image)
    const qemuMs = runOnQemu(SOURCE, flags(rounds)).ms - runOnQemu(SOURCE, flags(SHORT_ROUNDS)).ms
    const shortCycles = finish(build(SOURCE, flags(SHORT_ROUNDS)))
    const qemuMips = (mips.cycles - shortCycles) / qemuMs / 1000
    report({
      case: `interpreter ${name} loop`,
      value: Math.round(mips.steady),
      unit: 'MIPS',
      peer: 'qemu-system-arm',
      ratio: mips.steady / qemuMips,
    })
    report({
      case: `interpreter ${name} loop, first 50 ms`,
      value: Math.round(mips.first),
      unit: 'MIPS',
    })
  }
}

function finish(image: Uint8Array): number {
  const machine = load(image)
  machine.run(FOREVER)
  return machine.cpu.cycles
}

/** The first 50 ms after reset, and everything after. */
function measure(image: Uint8Array): { cycles: number; first: number; steady: number } {
  const machine = load(image)
  const slice = 1_000_000
  const start = performance.now()
  let warm = start
  while (warm - start < WARM_MS && machine.run(slice) === 'cycle') warm = performance.now()
  const warmCycles = machine.cpu.cycles
  while (machine.run(10 * slice) === 'cycle');
  const { cycles } = machine.cpu
  const end = performance.now()
  const perMs = (count: number, ms: number) => count / ms / 1000
  return {
    cycles,
    first: perMs(warmCycles, warm - start),
    steady: perMs(cycles - warmCycles, end - warm),
  }
}
