/**
 * What peripherals cost: the same loop on the whole chip alone, and with four timers that
 * interrupt, a serial port and DMA that feeds it. And what an idle chip costs in memory.
 */
import { buildFirmware, startFirmware } from '../packages/mcu/src/testing/firmware.ts'
import type { Report } from './run.ts'

const MS = 1500
const SLICE = 1_600_000
const BOARDS = 20

export async function bench(report: Report): Promise<void> {
  const alone = mips(['-O2', '-DWORK'])
  const loaded = mips(['-O2', '-DWORK', '-DLOAD'])
  report({ case: 'loop alone', value: Math.round(alone), unit: 'MIPS' })
  report({
    ...{ case: 'with four timers, UART and DMA', value: Math.round(loaded), unit: 'MIPS' },
    ...{ peer: 'loop alone', ratio: loaded / alone },
  })
  report({ case: 'memory of an idle chip', value: Math.round(idleKib()), unit: 'KiB' })
}

function mips(flags: readonly string[]): number {
  const { chip } = startFirmware(buildFirmware('core', flags))
  chip.run(SLICE)
  const [start, from] = [performance.now(), chip.cpu.cycles]
  while (performance.now() - start < MS) chip.run(chip.cpu.cycles + SLICE)
  return (chip.cpu.cycles - from) / (performance.now() - start) / 1000
}

/** Resident memory that each of some chips adds, once it has run and sleeps. */
function idleKib(): number {
  const image = buildFirmware('core', ['-O2'])
  const make = () => {
    const started = startFirmware(image)
    started.chip.run(SLICE)
    return started
  }
  const kept = [make()]
  const before = process.memoryUsage().rss
  for (let n = 0; n < BOARDS; n++) kept.push(make())
  const each = (process.memoryUsage().rss - before) / BOARDS / 1024
  return kept.length > BOARDS ? each : Number.NaN
}
