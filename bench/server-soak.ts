/**
 * Hours in minutes: devices come and go, are deployed to, log and are read, and the server's memory is
 * printed over time. It is flat if the second half of the run needs hardly more than the first; otherwise
 * the bench fails.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './run.ts'
import { type Load, residentBytes } from './server-load.ts'

const ROUND_MS = 30_000
/** Of the fleet, losing their connection in each round. */
const LOST = 0.2
/** In percent; V8 and malloc give memory back when they like. */
const GROWTH_MAX = 10

export async function soak(load: Load, minutes: number, report: Report): Promise<void> {
  await load.begin()
  const memory: number[] = []
  const end = performance.now() + minutes * 60_000
  while (performance.now() < end) {
    const started = performance.now()
    for (const device of load.devices) if (Math.random() < LOST) device.drop()
    await load.deployments(200)
    await load.logs()
    await load.reads()
    await load.allConnected()
    await sleep(Math.max(0, ROUND_MS - (performance.now() - started)))
    const mib = residentBytes(load.server.pid) / 1_048_576
    memory.push(mib)
    report({ case: `server memory in round ${memory.length}`, value: Math.round(mib), unit: 'MiB' })
  }
  const half = Math.floor(memory.length / 2)
  const [first, second] = [most(memory.slice(0, half)), most(memory.slice(half))]
  report({ case: 'most in the first half', value: first, unit: 'MiB' })
  report({ case: 'most in the second half', value: second, unit: 'MiB' })
  const growth = Math.round((second / first - 1) * 1000) / 10
  report({ case: 'memory grew from half to half by', value: growth, unit: '%' })
  if (!(growth <= GROWTH_MAX))
    throw new Error(`The server's memory is not flat: it grew by ${growth} %.`)
  console.log(`The server's memory is flat: at most ${GROWTH_MAX} % of growth are allowed.`)
}

function most(values: readonly number[]): number {
  return Math.round(Math.max(0, ...values))
}
