/**
 * Connections that break off after each frame of the link, in each direction, with the device as a
 * whole: kernel image, machine code, update transfer, log, HTTP, config fetch, MQTT and an opaque
 * channel. The application (test/calls/worker.c) does each thing until it has succeeded, and checks
 * what the channels that were cut short say. Sampled by seed; the whole in `npm run test:slow`.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { encodeUtf8 } from '@microvisor/protocol'
import { developmentBoard } from '../../packages/device/src/board/board-file.ts'
import type { InterfaceConditions } from '../../packages/device/src/network/conditions.ts'
import { type Firmware, readFirmware } from '../../packages/device/src/scenario/firmware.ts'
import {
  type KernelParts,
  openKernelParts,
} from '../../packages/device/src/scenario/kernel-parts.ts'
import { KernelWorld } from '../../packages/device/src/scenario/kernel-world.ts'
import { type Cut, CuttingDialer } from '../../packages/device/src/testing/cutting-dialer.ts'
import { seededRandom } from '../../packages/mcu/src/index.ts'
import { missing } from '../../tools/programs.ts'
import { buildProject } from '../../tools/samples.ts'
import { isComplete, sampled, seed } from '../../tools/sampling.ts'

const skip = missing('cmake', 'make', 'arm-none-eabi-gcc')
const SECONDS_MAX = 900
/** Of virtual time not asleep: fifty times what the work takes; a busy loop ends in seconds. */
const AWAKE_SECONDS_MAX = 0.05
const outside = {
  web: new Map([
    ['GET https://web.test/', { status: 200, headers: [], body: encodeUtf8('x'), afterSeconds: 0 }],
  ]),
  values: new Map([['device config size', '5']]),
  brokers: ['broker.test:8883'],
}

/** The life in which the application is fetched and installed, then the one in which it works. */
type Life = 'installing' | 'working'

interface Done {
  readonly frames: Readonly<Record<Life, { up: number; down: number }>>
  readonly cuts: number
  readonly published: number
  readonly log: string
}

describe('a device whose connection breaks off', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'microvisor-cuts-'))
  let parts: KernelParts
  let firmware: Firmware

  before(async () => {
    const build = join(folder, 'calls')
    buildProject(join(import.meta.dirname, '../calls'), build, 'worker')
    const path = join(build, 'worker.elf')
    firmware = readFirmware({ path, symbolsPath: undefined, isBare: false })
    parts = await openKernelParts()
  })
  after(() => rmSync(folder, { recursive: true }))

  /** Runs until the application says that it is done. */
  function work(cut?: { life: Life } & Cut, way: Partial<InterfaceConditions> = {}): Done {
    const dialers: CuttingDialer[] = []
    const lines: string[] = []
    const world = new KernelWorld(
      {
        ...{ firmware, outside, plan: developmentBoard, seed, worldStartSeconds: 1e9 },
        ...{ isOnBench: false, policies: (policies) => policies },
        between(cloud) {
          const life: Life = dialers.length === 0 ? 'installing' : 'working'
          const dialer = new CuttingDialer(cloud, cut?.life === life ? cut : undefined)
          dialers.push(dialer)
          return dialer
        },
        events: {
          line: (source, text) => lines.push(`${source}: ${text}`),
          fault: ({ exception }) => lines.push(`app: FAILED with a ${exception}`),
          ...{ started() {}, reset() {}, hint() {} },
        },
      },
      parts,
    )
    world.network.set('ethernet', way)
    world.powerUp()
    const isDone = () => lines.some((line) => /worker: \d+ checks/.test(line))
    while (!isDone() && world.assembly.seconds < SECONDS_MAX && awake(world) < AWAKE_SECONDS_MAX) {
      const { cycles } = world.board.chip.cpu
      world.advance(
        Math.max(cycles + 200_000, Number.isFinite(world.nextCycle) ? world.nextCycle : 0),
      )
    }
    world.close()
    const [installing, working] = dialers
    return {
      frames: { installing: installing!.frames, working: working!.frames },
      cuts: installing!.cuts + working!.cuts,
      published: lines.filter((line) => line.startsWith('mqtt: work done')).length,
      log: lines.join('\n'),
    }
  }

  function awake({ assembly, board }: KernelWorld): number {
    return assembly.seconds - board.chip.lowPower.times.sleep / 1e6
  }

  function succeeds({ log, published }: Done, what: string): void {
    assert.match(log, /worker: \d+ checks, 0 failed/, `${what}, seed ${seed}:\n${log}`)
    assert.doesNotMatch(log, /FAILED/, what)
    const [, acknowledged] = /(\d+) acknowledged/.exec(log) ?? []
    assert.ok(published >= Number(acknowledged ?? 1), `${what}: more acknowledged than published`)
  }

  test('recovers wherever that is, and loses nothing that was acknowledged', (t) => {
    t.diagnostic(`seed ${seed}`)
    const { frames, ...undisturbed } = work()
    succeeds({ frames, ...undisturbed }, 'undisturbed')
    assert.match(undisturbed.log, /1 acknowledged, 0 cut short/)
    const all = (['installing', 'working'] as const).flatMap((life) =>
      (['up', 'down'] as const).flatMap((direction) =>
        Array.from({ length: frames[life][direction] }, (_, i) => {
          return { life, direction, afterFrame: i + 1 }
        }),
      ),
    )
    assert.ok(all.length > 50, `${all.length} places to cut`)
    const random = seededRandom(seed)
    const some = Array.from({ length: 4 }, () => all[random() % all.length]!)
    for (const cut of isComplete ? all : some) {
      const what = `cut after frame ${cut.afterFrame} ${cut.direction} while ${cut.life}`
      const done = work(cut)
      assert.equal(done.cuts, 1, what)
      succeeds(done, what)
    }
  })

  test('does all of it over a slow network that loses segments, too', () => {
    const ways = [
      { latencyMs: 300, jitterMs: 100, lossPercent: 20, bytesPerSecond: 2_000 },
      { latencyMs: 1_000, lossPercent: 5, bytesPerSecond: 300 },
    ]
    for (const way of ways.slice(0, sampled(1, ways.length))) {
      succeeds(work(undefined, way), JSON.stringify(way))
      succeeds(work({ life: 'working', direction: 'up', afterFrame: 9 }, way), 'and a cut')
    }
  })
})
