/** What bench/server.ts measures, one case after another, on one fleet. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { appBundle } from '../packages/server/src/testing/bundles.ts'
import type { ServerProcess } from '../packages/server/src/testing/server-process.ts'
import { watchHealth } from './health-watch.ts'
import { LightDevice, type Line, Turnstile } from './light-device.ts'
import type { Report } from './run.ts'

/** No rate stands in the way of one caller who measures. */
export const WITHOUT_RATES = { requestsPerSecond: 1e6, requestBurst: 1e6 }
/** Connections that devices are making at a time; requests of deployments under way, clients that read. */
const WIDTH = 200
const DEPLOYMENTS = 32
const READERS = 4
const READ_MS = 10_000
const DEPLOYED = 2_000
const LOGGING = 20
const LOG_MS = 5_000
/** A device that has not heard of its target by then has lost its connection. */
const TOLD_MS = 10_000
/** Until what a start or a crowd has left behind is given back. */
const SETTLING_MS = 5000
/** For all devices to be there; what is missing then is reported. */
const PATIENCE_MS = 150_000

/** A server of its own process, or of this one. */
export type LoadedServer = Pick<ServerProcess, 'pid' | 'client' | 'gateway' | 'url' | 'kill'>

export interface LoadParts {
  readonly sids: readonly string[]
  /** Begins a device's connection. */
  readonly dial: (server: LoadedServer, sid: string, session: Buffer | undefined) => Line
  readonly start: (gatewayPort?: number) => Promise<LoadedServer>
  readonly report: Report
  /** `over TLS` or `in process`. */
  readonly transport: string
  /** How many devices may be making their connection at a time. */
  readonly width?: number | undefined
}

export class Load {
  readonly devices: readonly LightDevice[]
  server!: LoadedServer
  readonly #parts: LoadParts
  readonly #waitingForTarget = new Map<string, () => void>()
  #isResuming = false

  constructor(parts: LoadParts) {
    this.#parts = parts
    const turnstile = new Turnstile(parts.width ?? WIDTH)
    this.devices = parts.sids.map(
      (sid) =>
        new LightDevice({
          ...{ sid, turnstile },
          dial: (session) => parts.dial(this.server, sid, this.#isResuming ? session : undefined),
          // Whoever was away meanwhile has its target from the Welcome.
          opened: () => this.#waitingForTarget.get(sid)?.(),
          message: (_device, { case: kind }) => {
            if (kind === 'target') this.#waitingForTarget.get(sid)?.()
          },
        }),
    )
  }

  get connected(): number {
    return this.devices.filter(({ link }) => link.isOpen).length
  }

  async measure(): Promise<void> {
    await this.hold()
    await this.reads()
    await this.deployments()
    await this.logs()
    this.#isResuming = true
    await this.#arrive('resumed handshakes', () => {
      for (const device of this.devices) device.drop()
    })
    await this.#killed()
  }

  /** Starts the server, and connects the fleet for the first time. */
  async hold(): Promise<void> {
    this.server = await this.#parts.start()
    await sleep(SETTLING_MS)
    const before = residentBytes(this.server.pid)
    await this.#arrive('full handshakes', () => {
      for (const device of this.devices) device.connect()
    })
    await sleep(SETTLING_MS)
    const held = residentBytes(this.server.pid)
    this.#say(`devices held, ${this.#parts.transport}`, this.connected, 'devices')
    const perDevice = (bytes: number) => bytes / this.connected / 1024
    this.#say(`memory for each device, ${this.#whose}`, perDevice(held - before), 'KiB')
    this.#say('the same, all that the process has', perDevice(held), 'KiB')
  }

  get #whose(): string {
    return this.server.pid === process.pid ? 'both ends' : 'of the server'
  }

  /** At once. */
  kill(): void {
    void this.server?.kill()
  }

  /** Ends everything. */
  async end(): Promise<void> {
    for (const device of this.devices) device.end()
    await this.server?.kill()
  }

  async begin(): Promise<void> {
    this.server = await this.#parts.start()
    for (const device of this.devices) device.connect()
    await this.allConnected()
  }

  async allConnected(): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (this.connected < this.devices.length && performance.now() < end) await sleep(50)
  }

  /** `GET` of one device, by several clients at once, while the fleet is connected. */
  async reads(): Promise<number[]> {
    const times: number[] = []
    const end = performance.now() + READ_MS
    const reader = async (first: number) => {
      for (let i = first; performance.now() < end; i += READERS) {
        const params = { Sid: this.devices[i % this.devices.length]!.sid }
        const started = performance.now()
        await this.server.client.call(api.fetchDevice, { params })
        times.push(performance.now() - started)
      }
    }
    await Promise.all(Array.from({ length: READERS }, (_, i) => reader(i)))
    times.sort((a, b) => a - b)
    for (const percent of [50, 99])
      this.#say(
        `REST: reading a device meanwhile, p${percent}`,
        times[Math.floor((times.length * percent) / 100)]!,
        'ms',
      )
    this.#say('REST: reads', (times.length * 1000) / READ_MS, '/s')
    return times
  }

  /** From the request to the device having its target. */
  async deployments(count = DEPLOYED): Promise<void> {
    const file = { fileName: 'app.zip', bytes: appBundle() }
    const { sid: TargetApp } = await this.server.client.upload(api.createApp, { form: {}, file })
    const some = this.devices.filter(({ link }) => link.isOpen).slice(0, count)
    const started = performance.now()
    let next = 0
    let failures = 0
    const worker = async () => {
      for (let device = some[next++]; device !== undefined; device = some[next++]) {
        const { sid } = device
        const told = new Promise<void>((resolve) => this.#waitingForTarget.set(sid, resolve))
        const params = { Sid: sid }
        const form = { TargetApp }
        const failed = await this.server.client.call(api.updateDevice, { params, form }).then(
          () => 0,
          () => 1,
        )
        failures += failed
        if (failed) continue
        await Promise.race([told, sleep(TOLD_MS)])
        this.#waitingForTarget.delete(sid)
      }
    }
    await Promise.all(Array.from({ length: DEPLOYMENTS }, worker))
    const done = some.length - failures
    this.#say('deployments started', perSecond(done, performance.now() - started), '/s')
    if (failures > 0) this.#say('deployments that got no answer', failures, 'devices')
  }

  /** Lines of some devices, as they reach those who stream them. */
  async logs(): Promise<void> {
    const some = this.devices.filter(({ link }) => link.isOpen).slice(0, LOGGING)
    const stop = new AbortController()
    let lines = 0
    for (const { sid: Sid } of some) {
      await this.server.client.call(api.updateDevice, {
        ...{ params: { Sid }, form: { LoggingEnabled: true } },
      })
      const options = { signal: stop.signal }
      const events = await this.server.client.listen(
        api.streamDeviceLogs,
        { params: { Sid } },
        options,
      )
      void (async () => {
        for await (const { type } of events) if (type === 'app_logging') lines++
      })().catch(() => undefined)
    }
    await sleep(500)
    const text = Buffer.from('a line of a log, as long as such lines are on the average')
    const stops = some.map((device) => device.log(text))
    await sleep(LOG_MS)
    this.#say('log lines from devices to readers', perSecond(lines, LOG_MS), '/s')
    for (const end of stops) end()
    stop.abort()
  }

  async #arrive(what: string, begin: () => void): Promise<void> {
    const { pid } = this.server
    const started = performance.now()
    const [server, own] = [processorMs(pid), processorMs(process.pid)]
    const watch = watchHealth(this.server.url)
    begin()
    await sleep(100)
    await this.allConnected()
    const ms = performance.now() - started
    const perDevice = (used: number) => used / Math.max(1, this.connected)
    this.#say(`connections made, ${what}`, perSecond(this.connected, ms), '/s')
    this.#say(`of that, processor, ${this.#whose}`, perDevice(processorMs(pid) - server), 'ms each')
    if (pid !== process.pid)
      this.#say(
        'of that, processor, of this bench',
        perDevice(processorMs(process.pid) - own),
        'ms each',
      )
    this.#say('the slowest answer of /health meanwhile', await watch(), 'ms')
    const resumed = this.devices.filter(({ wasResumed }) => wasResumed).length
    if (resumed > 0) this.#say('of them resumed', resumed, 'devices')
  }

  /** The devices come back by the kernel's own back-off. */
  async #killed(): Promise<void> {
    const { port } = this.server.gateway
    await this.server.kill()
    const started = performance.now()
    this.server = await this.#parts.start(port)
    const startedMs = performance.now() - started
    const watch = watchHealth(this.server.url)
    await this.allConnected()
    this.#say('after SIGKILL: a new server listens', startedMs, 'ms')
    this.#say('after SIGKILL: all are back', performance.now() - started, 'ms')
    this.#say('after SIGKILL: devices back', this.connected, 'devices')
    this.#say('the slowest answer of /health meanwhile', await watch(), 'ms')
    await this.reads()
  }

  #say(what: string, value: number, unit: string): void {
    this.#parts.report({ case: what, value: Number(value.toFixed(1)), unit })
  }
}

/** Processor time that a process has used (proc(5): in hundredths of a second on Linux). */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1000) / ms)
}

export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}
