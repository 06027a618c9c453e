/**
 * GDB's `load` of a firmware over lines of several bandwidths, into flash and into SRAM: for the first
 * time, again without a change, and again after a small change of its source; held against the time
 * that the line takes for its bytes, and beside QEMU's gdbserver over the same lines.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DebugWorld } from '../test/debug/debug-world.ts'
import type { Gdb } from '../test/debug/gdb.ts'
import { type Line, lineName, withDevice, withQemu } from './debug-lines.ts'
import { buildFirmwarePair } from './firmware-pair.ts'
import type { Report } from './run.ts'

/** Where both machines have memory that the program under the debugger does not need. */
const PLACES = { flash: 0x0804_0000, SRAM: 0x2000_4000 } as const
const BANDWIDTHS = [100_000, 1_000_000, 10_000_000]
const ROUND_TRIPS_MS = [50, 300]
const PATIENCE_MS = 180_000

type Place = keyof typeof PLACES

interface Case {
  readonly name: string
  readonly place: Place
  readonly firmware: 'base' | 'fresh'
  readonly isFirst: boolean
}

const cases: readonly Case[] = (['flash', 'SRAM'] as const).flatMap((place) => [
  { name: `load into ${place}`, place, firmware: 'base', isFirst: true },
  { name: `load into ${place} again`, place, firmware: 'base', isFirst: false },
  { name: `load into ${place} after a small change`, place, firmware: 'fresh', isFirst: false },
])

export async function benchLoad(world: DebugWorld, report: Report): Promise<void> {
  const images = buildFirmwarePair(world.folder)
  for (const place of Object.keys(PLACES) as Place[]) {
    for (const name of ['base', 'fresh'] as const) makeElf(world, images[name], place, name)
    const other = join(world.folder, 'other.bin')
    writeFileSync(other, readFileSync(images.base).reverse())
    makeElf(world, other, place, 'other')
  }
  const lines = BANDWIDTHS.flatMap((bitsPerSecond) =>
    ROUND_TRIPS_MS.map((roundTripMs) => ({ roundTripMs, bitsPerSecond })),
  )
  const theirs = await Promise.all(lines.map((line) => overQemu(world, line)))
  for (const [at, line] of lines.entries()) {
    const ours = await overDevice(world, line)
    for (const [index, { name, firmware }] of cases.entries()) {
      const bytes = statSync(images[firmware]).size
      const lineSeconds = (bytes * 8) / line.bitsPerSecond
      const show = (title: string, seconds: number) =>
        report({
          ...{ case: `${title}, ${lineName(line)}`, value: Math.round(seconds * 100) / 100 },
          ...{
            unit: 's',
            peer: `the line's time for ${bytes} bytes`,
            ratio: seconds / lineSeconds,
          },
        })
      const { seconds, processorMs, up, down } = ours[index]!
      show(name, seconds)
      const title = `${name}, ${lineName(line)}, processor time`
      report({ case: title, value: Math.round(processorMs), unit: 'ms' })
      const peer = theirs[at]![index]
      if (peer !== undefined) show(`${name}, QEMU's gdbserver`, peer)
      if (at > 0) continue
      report({ case: `${name}, to the device`, value: up, unit: 'bytes' })
      report({ case: `${name}, from the device`, value: down, unit: 'bytes' })
    }
  }
}

interface Cost {
  readonly seconds: number
  /** Of cloud, device and GDB server together: they are one process here. */
  readonly processorMs: number
  readonly up: number
  readonly down: number
}

async function overDevice(world: DebugWorld, line: Line): Promise<Cost[]> {
  const near = { roundTripMs: 0 }
  await withDevice(world, near, PATIENCE_MS, async (gdb) => {
    for (const place of Object.keys(PLACES)) await load(gdb, `other-${place}.elf`)
  })
  const costs: Cost[] = []
  await withDevice(world, line, PATIENCE_MS, async (gdb, meter) => {
    for (const { firmware, place } of cases) {
      const [from, processor] = [meter(), process.cpuUsage()]
      const seconds = await load(gdb, `${firmware}-${place}.elf`)
      const { user, system } = process.cpuUsage(processor)
      const { up, down } = meter()
      const processorMs = (user + system) / 1000
      costs.push({ seconds, processorMs, up: up - from.up, down: down - from.down })
    }
  })
  return costs
}

/** Seconds of each case that is a first one: QEMU's takes the same each time. */
function overQemu(world: DebugWorld, line: Line): Promise<(number | undefined)[]> {
  return withQemu(world, line, PATIENCE_MS, async (gdb) => {
    const costs: (number | undefined)[] = []
    for (const { firmware, place, isFirst } of cases) {
      costs.push(isFirst ? await load(gdb, `${firmware}-${place}.elf`) : undefined)
    }
    return costs
  })
}

/** Seconds until it is there: what is kept back of it leaves with a step. */
async function load(gdb: Gdb, file: string): Promise<number> {
  const started = performance.now()
  await gdb.ask(`load ${file}`)
  await gdb.ask('set $pc = work')
  await gdb.run('stepi')
  return (performance.now() - started) / 1000
}

/** As NAME-PLACE.elf in the world's folder, where GDB runs. */
function makeElf({ folder }: DebugWorld, image: string, place: Place, name: string): void {
  const section = '.data=.text,alloc,load,readonly,code,contents'
  execFileSync('arm-none-eabi-objcopy', [
    ...['-I', 'binary', '-O', 'elf32-littlearm', '-B', 'arm', '--rename-section', section],
    ...['--change-addresses', `${PLACES[place]}`, image, join(folder, `${name}-${place}.elf`)],
  ])
}
