/**
 * What the kernel costs: a system call on the host, a log line through the kernel, and log lines
 * through a server to whoever streams them, from one device and from several.
 */

import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { SystemCallName } from '@microvisor/protocol'
import { runningBench } from '../packages/microvisor/src/testing/running.ts'
import { World } from '../test/e2e/world.ts'
import { buildProject } from '../tools/samples.ts'
import type { Report } from './run.ts'

const CALLS = 100_000
const LINES = 20_000
const DEVICES = 4
const STREAM_MS = 8_000

export async function bench(report: Report): Promise<void> {
  systemCalls(report)
  logLines(report)
  await streams(report)
}

function systemCalls(report: Report): void {
  const bench = runningBench()
  const out = bench.place(8)
  const center = bench.center(45).handle
  const cases: readonly (readonly [SystemCallName, number[]])[] = [
    ['mvNoOp', []],
    ['mvGetMicroseconds', [out]],
    ['mvGetNetworkReasons', [out, out + 4]],
    ['mvTempTriggerNotification', [center, 1, 2]],
  ]
  for (const [name, args] of cases) {
    const time = () => {
      const started = performance.now()
      for (let i = 0; i < CALLS; i++) bench.call(name, ...args)
      bench.hardware.application.pended.length = 0
      return ((performance.now() - started) * 1e6) / CALLS
    }
    time()
    report({ case: `${name}, on the host`, value: Math.round(time()), unit: 'ns' })
  }
}

/** Rate and credit aside: storing, reading back, encoding, sending. */
function logLines(report: Report): void {
  const bench = runningBench()
  bench.call('mvServerLoggingInit', bench.place(4096, 512), 4096)
  const text = bench.text('a line of the length that a line of a log usually has, or so')
  const started = performance.now()
  for (let i = 0; i < LINES; i++) {
    bench.call('mvServerLog', text, 60)
    bench.run(4)
    bench.cloud.history.length = 0
  }
  const seconds = (performance.now() - started) / 1000
  report({ case: 'log lines through the kernel', value: Math.round(LINES / seconds), unit: '/s' })
}

async function streams(report: Report): Promise<void> {
  const world = new World()
  try {
    const built = join(world.folder, 'calls')
    buildProject(join(import.meta.dirname, '../test/calls'), built)
    await world.startServer()
    const names = Array.from({ length: DEVICES }, (_, i) => `device-${i}`)
    for (const name of names) {
      await world.startDevice(name)
      await world.succeed('deploy', join(built, 'chatter.elf'), '--device', name)
    }
    const one = await linesPerSecond(world, names.slice(0, 1))
    report({ case: 'log lines to a stream, one device', value: one, unit: '/s' })
    const all = await linesPerSecond(world, names)
    report({ case: `log lines to streams, ${DEVICES} devices`, value: all, unit: '/s' })
  } finally {
    await world.end()
  }
}

async function linesPerSecond(world: World, names: readonly string[]): Promise<number> {
  const streams = names.map((name) => world.start(['logs', 'stream', name]))
  await Promise.all(streams.map((stream) => stream.says(/a line of the length/)))
  const count = () =>
    streams.reduce((sum, stream) => sum + stream.output.split('a line of the length').length, 0)
  const [before, started] = [count(), performance.now()]
  await new Promise((resolve) => setTimeout(resolve, STREAM_MS))
  const perSecond = (count() - before) / ((performance.now() - started) / 1000)
  await Promise.all(streams.map((stream) => stream.interrupt()))
  return Math.round(perSecond)
}
