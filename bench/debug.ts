/**
 * Debugging at a distance: what GDB's commands cost over a line with a delay, in seconds, round trips
 * and bytes, with the command line's GDB server and a device behind a relay that holds every message
 * up, and with QEMU's gdbserver behind a proxy that does the same. One program, one GDB script.
 *
 * Round trips of ours are requests to the device; QEMU's are packets of GDB. 100 conditional hits are
 * measured with 5 hits there, and multiplied. `load` at a bandwidth: debug-load.ts.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DebugWorld } from '../test/debug/debug-world.ts'
import type { Gdb } from '../test/debug/gdb.ts'
import { type Line, lineName, type Meter, withDevice, withQemu } from './debug-lines.ts'
import { benchLoad } from './debug-load.ts'
import type { Report } from './run.ts'

const SOURCE = join(import.meta.dirname, 'debuggee')
const LINES: readonly Line[] = [
  { roundTripMs: 50 },
  { roundTripMs: 150 },
  { roundTripMs: 300 },
  { roundTripMs: 300, bitsPerSecond: 100_000 },
]
/** For one command of GDB's: QEMU's backtrace takes 150 round trips. */
const PATIENCE_MS = 180_000

interface Case {
  readonly name: string
  /** Not measured. */
  readonly before: readonly string[]
  readonly commands: readonly string[]
  /** What QEMU does instead, and how many times less. */
  readonly less?: { readonly commands: readonly string[]; readonly times: number }
}

const cases: readonly Case[] = [
  { name: 'step', before: ['tbreak work', 'continue'], commands: ['step'] },
  { name: 'next over a call', before: [], commands: ['next'] },
  { name: 'finish', before: ['tbreak add', 'continue'], commands: ['finish'] },
  {
    name: 'continue to a breakpoint, backtrace of 8 frames, locals',
    before: [`tbreak ${lineOf('return local + 1;')}`],
    commands: ['continue', 'backtrace', 'info locals'],
  },
  {
    name: '100 conditional hits',
    before: ['delete', 'break tick if count == 100'],
    commands: ['continue'],
    less: { commands: ['delete', 'tbreak tick if count == 5', 'continue'], times: 20 },
  },
  {
    name: 'read 4 KiB',
    before: ['delete'],
    commands: ['dump binary memory out.bin buffer buffer+4096'],
  },
]

/** `--load`: only that. */
export async function bench(report: Report, args: readonly string[]): Promise<void> {
  const world = new DebugWorld()
  await world.begin(build(world.folder))
  try {
    if (!args.includes('--load')) await benchCommands(world, report)
    await benchLoad(world, report)
  } finally {
    await world.end()
  }
}

async function benchCommands(world: DebugWorld, report: Report): Promise<void> {
  const ours: Cost[][] = []
  for (const line of LINES) ours.push(await overDevice(world, line))
  // All that QEMU does is wait: the lines side by side.
  const theirs = await Promise.all(
    LINES.map((line) =>
      withQemu(world, line, PATIENCE_MS, (gdb, meter) => measure(gdb, meter, true)),
    ),
  )
  for (const [at, line] of LINES.entries()) {
    for (const [index, { name }] of cases.entries()) {
      const [mine, other] = [ours[at]![index]!, theirs[at]![index]!]
      row(report, `${name}, ${lineName(line)}`, 's', mine.seconds, other.seconds)
      if (at > 0) continue
      row(report, `${name}, round trips`, '', mine.trips, other.trips)
      row(report, `${name}, to the device`, 'bytes', mine.up, other.up)
      row(report, `${name}, from the device`, 'bytes', mine.down, other.down)
    }
  }
}

interface Cost {
  readonly seconds: number
  readonly trips: number
  readonly up: number
  readonly down: number
}

function row(report: Report, name: string, unit: string, ours: number, theirs: number): void {
  const value = Math.round(ours * 100) / 100
  // The peer's figure is to be had from it.
  const ratio = Math.round((ours / Math.max(theirs, 0.001)) * 10_000) / 10_000
  report({ case: name, value, unit, peer: "QEMU's gdbserver", ratio })
}

async function overDevice(world: DebugWorld, line: Line): Promise<Cost[]> {
  let costs: Cost[] = []
  await withDevice(world, line, PATIENCE_MS, async (gdb, meter) => {
    costs = await measure(gdb, meter, false)
  })
  return costs
}

async function measure(gdb: Gdb, meter: Meter, isPeer: boolean): Promise<Cost[]> {
  const costs: Cost[] = []
  for (const { before, commands, less } of cases) {
    const { commands: shorter = commands, times = 1 } = (isPeer ? less : undefined) ?? {}
    for (const command of before) await run(gdb, command)
    const [from, started] = [meter(), performance.now()]
    for (const command of shorter) await run(gdb, command)
    const seconds = ((performance.now() - started) / 1000) * times
    const { trips, up, down } = meter()
    costs.push({
      seconds,
      trips: (trips - from.trips) * times,
      up: (up - from.up) * times,
      down: (down - from.down) * times,
    })
  }
  return costs
}

async function run(gdb: Gdb, command: string): Promise<void> {
  const isRun = /^(?:continue|stepi?|next|finish)$/.test(command)
  if (isRun) await gdb.run(command)
  else await gdb.ask(command)
}

/** Gives the path of the ELF file. */
function build(into: string): string {
  const elf = join(into, 'debuggee.elf')
  execFileSync('arm-none-eabi-gcc', [
    ...['-mcpu=cortex-m4', '-mthumb', '-O0', '-g3', '-ffreestanding', '-nostdlib'],
    ...['-Wl,--build-id=none', '-T', join(SOURCE, 'link.ld'), join(SOURCE, 'main.c')],
    ...['-o', elf],
  ])
  return elf
}

function lineOf(text: string): number {
  return (
    readFileSync(join(SOURCE, 'main.c'), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1
  )
}
