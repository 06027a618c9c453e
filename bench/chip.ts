/**
 * What peripherals cost: the same loop on the whole chip alone, and with four timers that
 * interrupt, a serial port and DMA that feeds it; reads of a peripheral's register; a chip that sleeps
 * but for a tick; an hour of the sensor node of test/scenarios; and what an idle chip costs in memory.
 *
 * Times are the process's processor time, in slices of which the middle one counts.
 */
import { join } from 'node:path'
import { runScenarioFile } from '@microvisor/device'
import { bareChip } from '../packages/mcu/src/testing/bare-chip.ts'
import { buildFirmware, startFirmware } from '../packages/mcu/src/testing/firmware.ts'
import type { Report } from './run.ts'

const SLICE = 1_600_000
const SLICES = 150
const BOARDS = 20
/** The sleeper runs from MSI. */
const SLEEPER_HZ = 4e6

type Chip = ReturnType<typeof bareChip>

export async function bench(report: Report): Promise<void> {
  const loaded = slice(startFirmware(buildFirmware('core', ['-O2', '-DWORK', '-DLOAD'])).chip)
  const alone = slice(startFirmware(buildFirmware('core', ['-O2', '-DWORK'])).chip)
  const reads = slice(reader())
  const asleep = slice(sleeper())
  report({ case: 'loop alone', value: Math.round(SLICE / alone), unit: 'MIPS' })
  report({
    ...{ case: 'with four timers, UART and DMA', value: Math.round(SLICE / loaded), unit: 'MIPS' },
    ...{ peer: 'loop alone', ratio: alone / loaded },
  })
  report({ case: 'read of a register', value: Math.round((reads * 2000) / SLICE), unit: 'ns' })
  const faster = (SLICE / SLEEPER_HZ) * 1e6
  report({
    case: 'asleep with a 25 Hz tick',
    value: Math.round(faster / asleep),
    unit: 'x real time',
  })
  report({ case: 'memory of an idle chip', value: Math.round(idleKib()), unit: 'KiB' })
  report({ case: 'an hour of the sensor node', value: await hourSeconds(), unit: 's' })
}

/** Microseconds of processor time that a slice takes. */
function slice(chip: Chip): number {
  const times: number[] = []
  for (let turn = 0; turn < SLICES; turn++) {
    const start = process.cpuUsage()
    chip.run(chip.cpu.cycles + SLICE)
    const { user, system } = process.cpuUsage(start)
    times.push(user + system)
  }
  return times.sort((a, b) => a - b)[SLICES >> 1]!
}

/** Processor time of its scenario: 61 readings over I2C, an accelerometer at 100 Hz throughout. */
async function hourSeconds(): Promise<number> {
  const path = join(import.meta.dirname, '../test/scenarios/sensor-node.yaml')
  const start = process.cpuUsage()
  const { failure } = await runScenarioFile(path, {
    ...{ seed: undefined, timeoutMs: 600_000, isRecording: false },
    onEvent() {},
  })
  if (failure !== undefined) throw new Error(failure)
  const { user, system } = process.cpuUsage(start)
  return Math.round((user + system) / 1e5) / 10
}

/** movw r0, #0x3800; movt r0, #0x4001; loop: ldr r1, [r0, #0x1c]; b loop: USART1's ISR. */
function reader(): Chip {
  const chip = bareChip(0xf643, 0x0000, 0xf2c4, 0x0001, 0x69c1, 0xe7fd)
  chip.writeNonSecure(0x4602_0ca4, 1 << 14)
  return chip
}

/** wfi; b: SysTick interrupts every 40 ms, its handler returns at once. */
function sleeper(): Chip {
  const chip = bareChip(0xbf30, 0xe7fd)
  const view = new DataView(chip.flashBytes.buffer, chip.flashBytes.byteOffset)
  view.setUint16(0x500, 0x4770, true)
  chip.cpu.invalidate(0x0800_0500, 2)
  const systick = [
    [0xe000_e014, 159_999],
    [0xe000_e010, 7],
  ] as const
  for (const [address, value] of systick) chip.cpu.writePrivate(address, value, false)
  return chip
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
