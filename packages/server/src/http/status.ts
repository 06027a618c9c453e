/**
 * What works and what does not, part by part. Every question has a time by which it has to be answered,
 * so that the page comes however badly things stand; it is asked at most once every two seconds.
 */
import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Status } from '@microvisor/api'
import type { Bus } from '../events/bus.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Limits } from '../limits.ts'
import type { Blobs } from '../storage/blobs.ts'
import type { Database } from '../storage/database.ts'
import type { Deliveries } from '../webhooks/deliveries.ts'
import { formatDate } from './dates.ts'

type Part = Status['parts'][number]

export interface StatusQuestions {
  readonly version: string
  readonly dataFolder: string
  /** Throws if the database does not answer. */
  readonly askDatabase: () => Promise<unknown>
  /** Throws if contents cannot be read. */
  readonly askBlobs: () => Promise<unknown>
  readonly isBusConnected: () => boolean
  readonly gateway: () => { readonly devices: number; readonly room: number }
  /** Deliveries that should have been posted a while ago. */
  readonly overdueDeliveries: () => Promise<number>
}

const ANSWER_MS = 2000
const KEPT_MS = 2000
/** Milliseconds of the event loop's delay (99 of 100), and the share of a disk, that are a warning. */
const SLOW_MS = 250
const DISK_FREE_MIN = 0.05
const GATEWAY_FULL = 0.95

export class StatusBoard {
  readonly #questions: StatusQuestions
  readonly #delay = monitorEventLoopDelay({ resolution: 20 })
  #kept: { readonly at: number; readonly status: Promise<Status> } | undefined

  constructor(questions: StatusQuestions) {
    this.#questions = questions
    this.#delay.enable()
  }

  look(): Promise<Status> {
    const now = Date.now()
    if (this.#kept === undefined || now - this.#kept.at > KEPT_MS)
      this.#kept = { at: now, status: this.#ask() }
    return this.#kept.status
  }

  close(): void {
    this.#delay.disable()
  }

  async #ask(): Promise<Status> {
    const { version, askDatabase, askBlobs, overdueDeliveries, dataFolder } = this.#questions
    const parts = await Promise.all([
      part('database', async () => ok(await timed(askDatabase))),
      part('contents', async () => ok(await timed(askBlobs))),
      part('messages between servers', () => this.#bus()),
      part('device gateway', () => this.#gateway()),
      part('webhooks', async () => webhooks(await overdueDeliveries())),
      part('disk', () => disk(dataFolder)),
      part('load', () => this.#load()),
    ])
    const worst = (state: Part['state']) => parts.some((one) => one.state === state)
    return {
      status: worst('unavailable') ? 'unavailable' : worst('degraded') ? 'degraded' : 'ok',
      version,
      date: formatDate(new Date()),
      parts,
    }
  }

  #bus(): Answer {
    if (this.#questions.isBusConnected()) return ok('')
    return { state: 'degraded', text: 'What happens on other servers arrives late.' }
  }

  #gateway(): Answer {
    const { devices, room } = this.#questions.gateway()
    const text = `${devices} of ${room} devices`
    return { state: devices > room * GATEWAY_FULL ? 'degraded' : 'ok', text }
  }

  #load(): Answer {
    const ms = Math.round(this.#delay.percentile(99) / 1e6)
    this.#delay.reset()
    return { state: ms > SLOW_MS ? 'degraded' : 'ok', text: `answers wait up to ${ms} ms` }
  }
}

type Answer = Omit<Part, 'name'>

const ok = (text: string): Answer => ({ state: 'ok', text })

async function part(name: string, ask: () => Promise<Answer> | Answer): Promise<Part> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(
      () => resolve({ state: 'unavailable', text: `no answer within ${ANSWER_MS} ms` }),
      ANSWER_MS,
    )
  })
  // What exactly is wrong is for the log and those who may see it, not for anyone.
  const answer = Promise.resolve()
    .then(ask)
    .catch((): Answer => ({ state: 'unavailable', text: 'does not answer' }))
  try {
    return { name, ...(await Promise.race([answer, late])) }
  } finally {
    clearTimeout(timer)
  }
}

async function timed(ask: () => Promise<unknown>): Promise<string> {
  const from = performance.now()
  await ask()
  return `${Math.round(performance.now() - from)} ms`
}

function webhooks(overdue: number): Answer {
  if (overdue === 0) return ok('')
  return { state: 'degraded', text: `${overdue} deliveries are late` }
}

async function disk(folder: string): Promise<Answer> {
  const { bavail, blocks } = await statfs(folder)
  const free = blocks === 0 ? 1 : bavail / blocks
  const text = `${Math.round(free * 100)} % free`
  return { state: free < DISK_FREE_MIN ? 'degraded' : 'ok', text }
}

/** The hash of nothing that is kept. */
const NO_CONTENT = '0'.repeat(64)

interface Surroundings {
  readonly version: string
  readonly db: Pick<Database, 'execute'>
  readonly folder: { readonly path: string }
  readonly limits: Pick<Limits, 'connections'>
  readonly blobs: Pick<Blobs, 'get'>
  readonly bus: Pick<Bus, 'isConnected'>
  readonly hooks: { readonly deliveries: Pick<Deliveries, 'overdue'> }
  readonly gateway: Pick<Gateway, 'devices'>
}

export function openBoard(surroundings: Surroundings): StatusBoard {
  const { version, db, folder, limits, blobs, bus, hooks, gateway } = surroundings
  return new StatusBoard({
    version,
    dataFolder: folder.path,
    askDatabase: () => db.execute('SELECT 1'),
    askBlobs: () => blobs.get(NO_CONTENT),
    isBusConnected: () => bus.isConnected,
    gateway: () => ({ devices: gateway.devices, room: limits.connections }),
    overdueDeliveries: () => hooks.deliveries.overdue(),
  })
}

/** The same for people: no scripts, nothing from elsewhere. */
export function statusPage({ status, version, date, parts }: Status): string {
  const rows = parts.map(
    ({ name, state, text }) =>
      `<tr class="${state}"><td>${escapeHtml(name)}</td><td>${state}</td><td>${escapeHtml(text)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="30">
<title>Microvisor: ${status}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #ccc; padding: .4rem; text-align: left }
.ok td:nth-child(2) { color: #176f2c }
.degraded td:nth-child(2) { color: #8a5a00 }
.unavailable td:nth-child(2) { color: #b00020 }
</style>
<h1>Microvisor is ${status === 'ok' ? 'working' : status}</h1>
<table>
<thead><tr><th>part<th>state<th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
<p>Version ${escapeHtml(version)}, ${date}. The same as JSON: ask with <code>Accept: application/json</code>.</p>
</html>
`
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
}
