/**
 * The cloud under load: one server process and, in this process, light devices with the kernel's link
 * code behind real TLS 1.3 with certificates on both sides, all over loopback.
 *
 * `--devices N`: how many (15,000); `--postgres`: the server on PostgreSQL instead of PGlite;
 * `--soak MINUTES`: instead of all else, memory over time while devices come, go, log and are deployed
 * to. What this process does (its half of each handshake) takes a core of its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../packages/server/src/testing/postgres.ts'
import { spawnServer } from '../packages/server/src/testing/server-process.ts'
import { makeFleet } from './light-fleet.ts'
import type { Report } from './run.ts'
import { Load } from './server-load.ts'
import { soak } from './server-soak.ts'

const DEVICES = 15_000
const SOAK_DEVICES = 2_000

export async function bench(report: Report, args: readonly string[]): Promise<void> {
  const minutes = numberAfter(args, '--soak')
  const count = numberAfter(args, '--devices') ?? (minutes === undefined ? DEVICES : SOAK_DEVICES)
  const folder = await mkdtemp(join(tmpdir(), 'microvisor-bench-'))
  const postgres = args.includes('--postgres') ? await startPostgres() : undefined
  const databaseUrl = await postgres?.createDatabase()
  const limits = { requestsPerSecond: 1e6, requestBurst: 1e6 }
  const start = (gatewayPort = 0) => spawnServer(folder, { gatewayPort, limits, databaseUrl })
  const load = new Load(await makeFleet(folder, count, databaseUrl), start, report)
  try {
    if (minutes === undefined) await load.measure()
    else await soak(load, minutes, report)
  } finally {
    await load.end()
    await postgres?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function numberAfter(args: readonly string[], flag: string): number | undefined {
  const at = args.indexOf(flag)
  if (at < 0) return undefined
  const value = Number(args[at + 1])
  if (value > 0) return value
  throw new Error(`${flag} takes a number above 0.`)
}
