/**
 * The cloud under load: one server process and, in this process, light devices with the kernel's link
 * code behind real TLS 1.3 with certificates on both sides, all over loopback.
 *
 * `--devices N`: how many (15,000); `--postgres`: the server on PostgreSQL instead of PGlite; `--width N`: devices
 * that make their connection at a time (200; a fleet whose power comes back has no width); `--places N`:
 * handshakes that the server has under way;
 * `--soak MINUTES`: instead of all else, memory over time while devices come, go, log and are deployed
 * to. What this process does (its half of each handshake) takes a core of its own, and is reported.
 *
 * `--in-process N`: no TLS and no sockets; the devices are in the server's own process, on streams that
 * the gateway takes like its sockets, certificates and all. `--processes P`: so many such servers on one
 * PostgreSQL and NATS, the devices divided among them.
 *
 * It ends by itself, within ten minutes (and the soak's).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../packages/server/src/testing/postgres.ts'
import { spawnServer } from '../packages/server/src/testing/server-process.ts'
import { makeFleet, tlsDialler } from './light-fleet.ts'
import type { Report } from './run.ts'
import { benchInProcess } from './server-in-process.ts'
import { Load, WITHOUT_RATES } from './server-load.ts'
import { soak } from './server-soak.ts'

const DEVICES = 15_000
const SOAK_DEVICES = 2_000
const LONGEST_MS = 10 * 60_000

export async function bench(report: Report, args: readonly string[]): Promise<void> {
  const minutes = numberAfter(args, '--soak')
  const inProcess = numberAfter(args, '--in-process')
  const late = setTimeout(
    () => {
      console.error(`error: not done within ${LONGEST_MS / 60_000} minutes`)
      process.exit(1)
    },
    LONGEST_MS + (minutes ?? 0) * 60_000,
  )
  const folder = await mkdtemp(join(tmpdir(), 'microvisor-bench-'))
  try {
    if (inProcess === undefined) await benchOverTls(report, args, folder)
    else await benchInProcess(report, inProcess, numberAfter(args, '--processes') ?? 1, folder)
  } finally {
    clearTimeout(late)
    await rm(folder, { recursive: true, force: true })
  }
}

async function benchOverTls(report: Report, args: readonly string[], folder: string) {
  const minutes = numberAfter(args, '--soak')
  const count = numberAfter(args, '--devices') ?? (minutes === undefined ? DEVICES : SOAK_DEVICES)
  const postgres = args.includes('--postgres') ? await startPostgres() : undefined
  const databaseUrl = await postgres?.createDatabase()
  const fleet = await makeFleet(folder, count, databaseUrl)
  const places = numberAfter(args, '--places')
  const limits = { ...WITHOUT_RATES, ...(places && { handshakesAtOnce: places }) }
  const dial = tlsDialler(fleet)
  const load = new Load({
    sids: fleet.identities.map(({ sid }) => sid),
    dial: ({ gateway }, sid, session) => dial(gateway, sid, session),
    start: (gatewayPort = 0) => {
      const more = { gatewayPort, limits, databaseUrl }
      return spawnServer(folder, more)
    },
    ...{ report, transport: 'over TLS', width: numberAfter(args, '--width') },
  })
  process.once('exit', () => load.kill())
  try {
    if (minutes === undefined) await load.measure()
    else await soak(load, minutes, report)
  } finally {
    await load.end()
    await postgres?.stop()
  }
}

function numberAfter(args: readonly string[], flag: string): number | undefined {
  const at = args.indexOf(flag)
  if (at < 0) return undefined
  const value = Number(args[at + 1])
  if (value > 0) return value
  throw new Error(`${flag} takes a number above 0.`)
}
