/**
 * What is at the other end of a slow line: a debug session with the device, behind the relay, or QEMU's
 * gdbserver, behind a proxy that holds up what passes; each with a GDB.
 */
import { spawn } from 'node:child_process'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { DebugSession } from '../packages/cli/src/debug/session.ts'
import type { DebugWorld } from '../test/debug/debug-world.ts'
import { Gdb } from '../test/debug/gdb.ts'
import { SlowLine } from '../test/debug/slow-line.ts'
import { until } from '../test/debug/waiting.ts'

export interface Line {
  readonly roundTripMs: number
  /** Each way; without, there is no limit. */
  readonly bitsPerSecond?: number
}

export function lineName({ roundTripMs, bitsPerSecond }: Line): string {
  if (bitsPerSecond === undefined) return `${roundTripMs} ms`
  const isMega = bitsPerSecond >= 1_000_000
  const rate = isMega ? `${bitsPerSecond / 1_000_000} Mbit/s` : `${bitsPerSecond / 1000} kbit/s`
  return `${roundTripMs} ms at ${rate}`
}

/** What has been spent so far; round trips are requests to the device, or packets of GDB. */
export type Meter = () => { trips: number; up: number; down: number }

const QEMU_START_MS = 10_000
const DEVICE_FREE_MS = 10_000

export async function withDevice(
  world: DebugWorld,
  line: Line,
  patienceMs: number,
  use: (gdb: Gdb, meter: Meter) => Promise<void>,
): Promise<void> {
  const { relay } = world
  relay.slow(line)
  const session = await sessionOf(world)
  const gdb = new Gdb(world.elf, world.folder, patienceMs)
  await gdb.connect(session.port)
  await use(gdb, () => {
    return { trips: session.target.requests, up: relay.up.bytes, down: relay.down.bytes }
  })
  await gdb.end()
  await session.close()
  relay.slow({})
}

/** What ended the session before is on its way still: until it is there, the device has a debugger. */
async function sessionOf(world: DebugWorld): Promise<DebugSession> {
  let session: DebugSession | undefined
  await until(
    'the device takes a debugger',
    async () => {
      session = await world.session().catch(() => undefined)
      return session !== undefined
    },
    DEVICE_FREE_MS,
  )
  return session!
}

export async function withQemu<T>(
  { elf, folder }: Pick<DebugWorld, 'elf' | 'folder'>,
  line: Line,
  patienceMs: number,
  use: (gdb: Gdb, meter: Meter) => Promise<T>,
): Promise<T> {
  const far = await freePort()
  const machine = ['-M', 'netduinoplus2', '-nographic', '-monitor', 'none', '-serial', 'none']
  const start = ['-kernel', elf, '-S', '-gdb', `tcp:127.0.0.1:${far}`]
  const qemu = spawn('qemu-system-arm', [...machine, ...start], { stdio: 'ignore' })
  const proxy = new SlowProxy(far, line)
  const gdb = new Gdb(elf, folder, patienceMs)
  try {
    await listening(far)
    await gdb.connect(await proxy.listen())
    return await use(gdb, () => {
      return { trips: proxy.packets, up: proxy.up.bytes, down: proxy.down.bytes }
    })
  } finally {
    await gdb.end()
    proxy.close()
    qemu.kill()
  }
}

/** Holds up what passes between GDB and QEMU. */
class SlowProxy {
  readonly #server = createServer({ noDelay: true }, (near) => this.#join(near))
  readonly #port: number
  readonly #sockets: Socket[] = []
  readonly up = new SlowLine()
  readonly down = new SlowLine()
  /** Packets from GDB. */
  packets = 0

  constructor(port: number, { roundTripMs, bitsPerSecond = Number.POSITIVE_INFINITY }: Line) {
    this.#port = port
    for (const line of [this.up, this.down]) {
      line.delayMs = roundTripMs / 2
      line.bitsPerSecond = bitsPerSecond
    }
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
      this.up.carry(data.length, () => far.write(data))
    })
    far.on('data', (data) => this.down.carry(data.length, () => near.write(data)))
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
