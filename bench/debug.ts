/**
 * Debugging at a distance: what GDB's commands cost over a way with a delay, in seconds and round trips,
 * with the command line's GDB server and a device behind a relay that holds every message up, and
 * with QEMU's gdbserver behind a proxy that does the same. One program, one GDB script.
 *
 * Round trips of ours are requests to the device; QEMU's are packets of GDB. 100 conditional hits are
 * measured with 5 hits there, and multiplied.
 */
import { execFileSync, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DebugWorld } from '../test/debug/debug-world.ts'
import { Gdb } from '../test/debug/gdb.ts'
import { until } from '../test/debug/waiting.ts'
import type { Report } from './run.ts'

const SOURCE = join(import.meta.dirname, 'debuggee')
const ROUND_TRIPS_MS = [50, 150, 300]
const ROOM_BYTES = 102_400
/** For one command of GDB's: QEMU's backtrace takes 150 round trips. */
const PATIENCE_MS = 180_000
const QEMU_START_MS = 10_000

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
  { name: 'load 100 KiB', before: [], commands: ['restore room.bin binary &room', 'stepi'] },
]

/** `--delay 150` measures at that round trip alone. */
export async function bench(report: Report, args: readonly string[]): Promise<void> {
  const world = new DebugWorld()
  await world.begin(build(world.folder))
  writeFileSync(join(world.folder, 'room.bin'), randomFillSync(new Uint8Array(ROOM_BYTES)))
  try {
    const delays = delaysOf(args)
    const ours: Cost[][] = []
    for (const delayMs of delays) ours.push(await overDevice(world, delayMs))
    // All that QEMU does is wait: the delays side by side.
    const theirs = await Promise.all(delays.map((delayMs) => overQemu(world, delayMs)))
    for (const [at, delayMs] of delays.entries()) {
      for (const [index, { name }] of cases.entries()) {
        show(report, `${name}, ${delayMs} ms`, ours[at]![index]!, theirs[at]![index]!)
      }
    }
  } finally {
    await world.end()
  }
}

function delaysOf(args: readonly string[]): readonly number[] {
  const at = args.indexOf('--delay')
  return at < 0 ? ROUND_TRIPS_MS : [Number(args[at + 1])]
}

interface Cost {
  readonly seconds: number
  readonly trips: number
}

function show(report: Report, name: string, ours: Cost, theirs: Cost): void {
  const peer = "QEMU's gdbserver"
  const rounded = (value: number) => Math.round(value * 100) / 100
  // The peer's figure is to be had from it.
  const ratio = (a: number, b: number) => Math.round((a / Math.max(b, 0.001)) * 10_000) / 10_000
  report({
    ...{ case: name, value: rounded(ours.seconds), unit: 's' },
    ...{ peer, ratio: ratio(ours.seconds, theirs.seconds) },
  })
  report({
    ...{ case: `${name}, round trips`, value: ours.trips, unit: '' },
    ...{ peer, ratio: ratio(ours.trips, theirs.trips) },
  })
}

async function overDevice(world: DebugWorld, delayMs: number): Promise<Cost[]> {
  world.relay.delayMs = delayMs / 2
  const session = await world.session()
  const gdb = new Gdb(world.elf, world.folder, PATIENCE_MS)
  await gdb.connect(session.port)
  const costs = await measure(gdb, () => session.target.requests, false)
  await gdb.end()
  await session.close()
  // What ends the session is on its way still: until it is there, the device has a debugger.
  await sleep(2 * delayMs)
  world.relay.delayMs = 0
  return costs
}

async function overQemu(world: DebugWorld, delayMs: number): Promise<Cost[]> {
  const far = await freePort()
  const machine = ['-M', 'netduinoplus2', '-nographic', '-monitor', 'none', '-serial', 'none']
  const start = ['-kernel', world.elf, '-S', '-gdb', `tcp:127.0.0.1:${far}`]
  const qemu = spawn('qemu-system-arm', [...machine, ...start], { stdio: 'ignore' })
  const proxy = new DelayProxy(far, delayMs / 2)
  const gdb = new Gdb(world.elf, world.folder, PATIENCE_MS)
  try {
    await listening(far)
    await gdb.connect(await proxy.listen())
    return await measure(gdb, () => proxy.packets, true)
  } finally {
    await gdb.end()
    proxy.close()
    qemu.kill()
  }
}

async function measure(gdb: Gdb, trips: () => number, isPeer: boolean): Promise<Cost[]> {
  const costs: Cost[] = []
  for (const { before, commands, less } of cases) {
    const { commands: shorter = commands, times = 1 } = (isPeer ? less : undefined) ?? {}
    for (const command of before) await run(gdb, command)
    const [from, started] = [trips(), performance.now()]
    for (const command of shorter) await run(gdb, command)
    const seconds = ((performance.now() - started) / 1000) * times
    costs.push({ seconds, trips: (trips() - from) * times })
  }
  return costs
}

async function run(gdb: Gdb, command: string): Promise<void> {
  const isRun = /^(?:continue|stepi?|next|finish)$/.test(command)
  if (isRun) await gdb.run(command)
  else await gdb.ask(command)
}

/** Holds up what passes between GDB and QEMU. */
class DelayProxy {
  readonly #server = createServer({ noDelay: true }, (near) => this.#join(near))
  readonly #port: number
  readonly #delayMs: number
  readonly #sockets: Socket[] = []
  /** Packets from GDB. */
  packets = 0

  constructor(port: number, delayMs: number) {
    this.#port = port
    this.#delayMs = delayMs
  }

  listen(): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () =>
        resolve((this.#server.address() as AddressInfo).port),
      )
    })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #join(near: Socket): void {
    const far = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    this.#sockets.push(near, far)
    near.on('data', (data) => {
      this.packets += [...data.toString('latin1').matchAll(/#[\da-f]{2}/g)].length
      setTimeout(() => far.write(data), this.#delayMs)
    })
    far.on('data', (data) => setTimeout(() => near.write(data), this.#delayMs))
    for (const socket of [near, far]) {
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        near.destroy()
        far.destroy()
      })
    }
  }
}

/** Resolves once somebody listens at the port; that who connects is let go again is nothing to QEMU. */
async function listening(port: number): Promise<void> {
  const isOpen = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
  await until('QEMU listens for GDB', isOpen, QEMU_START_MS)
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
