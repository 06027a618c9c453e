/**
 * One server process (PGlite, its own process) with light devices: certificates, real mutual TLS and
 * the frames of the link, without a chip behind them, all in this process. MICROVISOR_BENCH_DEVICES
 * says how many; 300 unless set. The connections made per second include this process's half of TLS.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as api from '@microvisor/api'
import { appBundle } from '../packages/server/src/testing/bundles.ts'
import { type NewDevice, provision, TestDevice } from '../packages/server/src/testing/device.ts'
import { type ServerProcess, spawnServer } from '../packages/server/src/testing/server-process.ts'
import type { Report } from './run.ts'

const DEVICES = Number(process.env.MICROVISOR_BENCH_DEVICES ?? 300)
const AT_ONCE = 16
const READS = 500

export async function bench(report: Report): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'microvisor-bench-'))
  let server = await spawnServer(folder)
  try {
    const devices = await inParallel(DEVICES, () => provision(server.client))
    const before = residentBytes(server.pid)
    const [links, joinMs] = await timed(() => joinAll(devices))
    report({ case: 'devices held, over TLS', value: DEVICES, unit: 'devices' })
    report({ case: 'connections made', value: perSecond(DEVICES, joinMs), unit: '/s' })
    const held = (residentBytes(server.pid) - before) / DEVICES
    report({ case: 'server memory for each device', value: Math.round(held / 1024), unit: 'KiB' })
    await measureReads(server, devices, report)
    await measureDeployments(server, devices, links, report)
    const { port } = server.gateway
    await server.kill()
    await Promise.all(links.map((link) => link.closed()))
    const [again, returnMs] = await timed(async () => {
      server = await spawnServer(folder, { gatewayPort: port })
      return joinAll(devices)
    })
    report({
      case: 'all back after the server was killed',
      value: Math.round(returnMs),
      unit: 'ms',
    })
    await Promise.all(again.map((link) => link.close()))
  } finally {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

function joinAll(devices: readonly NewDevice[]): Promise<TestDevice[]> {
  return inParallel(devices.length, (i) => TestDevice.join(devices[i]!))
}

async function measureReads(
  { client }: ServerProcess,
  devices: readonly NewDevice[],
  report: Report,
): Promise<void> {
  const times: number[] = []
  for (let i = 0; i < READS; i++) {
    const params = { Sid: devices[i % devices.length]!.sid }
    const [, ms] = await timed(() => client.call(api.fetchDevice, { params }))
    times.push(ms)
  }
  times.sort((a, b) => a - b)
  for (const percent of [50, 99]) {
    const ms = times[Math.floor((READS * percent) / 100)]!
    report({ case: `reading a device, p${percent}`, value: Number(ms.toFixed(1)), unit: 'ms' })
  }
}

async function measureDeployments(
  { client }: ServerProcess,
  devices: readonly NewDevice[],
  links: readonly TestDevice[],
  report: Report,
): Promise<void> {
  const file = { fileName: 'app.zip', bytes: appBundle() }
  const { sid: TargetApp } = await client.upload(api.createApp, { form: {}, file })
  const [, ms] = await timed(() =>
    inParallel(devices.length, async (i) => {
      const params = { Sid: devices[i]!.sid }
      await client.call(api.updateDevice, { params, form: { TargetApp } })
      await links[i]!.expect('target')
    }),
  )
  report({ case: 'deployments started', value: perSecond(devices.length, ms), unit: '/s' })
}

/** `count` pieces of work, some of them at the same time. */
async function inParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  return [await work(), performance.now() - start]
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1000) / ms)
}

function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}
