/**
 * What one server process counts and measures, in Prometheus' text form. The table below is all there
 * is; docs/reference/metrics.md is made from it.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export const metricFacts = {
  devices_connected: { kind: 'gauge', labels: [], help: 'Devices connected to this process' },
  device_connections_total: { kind: 'counter', labels: [], help: 'Devices that were welcomed' },
  device_refusals_total: {
    kind: 'counter',
    labels: [],
    help: 'Devices that were told to come back later, because there was no room',
  },
  handshakes_waiting: {
    kind: 'gauge',
    labels: [],
    help: 'Connections to the gateway that wait for their TLS handshake to begin',
  },
  handshake_failures_total: {
    kind: 'counter',
    labels: [],
    help: 'Connections to the gateway that got no further than TLS',
  },
  debug_sessions: { kind: 'gauge', labels: [], help: 'Debuggers connected to this process' },
  device_events_total: {
    kind: 'counter',
    labels: ['type'],
    help: 'Events of devices connected to this process: connection, ota_update, app_logging, crash',
  },
  update_bytes_total: {
    kind: 'counter',
    labels: [],
    help: 'Bytes of manifests and layers sent to devices',
  },
  events_lost_total: {
    kind: 'counter',
    labels: [],
    help: 'Events of accounts that could not be written to the database',
  },
  webhook_attempts_total: {
    kind: 'counter',
    labels: ['result'],
    help: 'Attempts to post an event to a webhook: delivered, failed, dead (given up)',
  },
  http_request_seconds: {
    kind: 'histogram',
    labels: ['route', 'status'],
    help: 'Time from a request to the end of its answer, by operation id and status',
  },
  bus_connected: { kind: 'gauge', labels: [], help: '1 while other server processes can be told' },
  event_loop_delay_seconds: {
    kind: 'gauge',
    labels: ['quantile'],
    help: 'How late this process got to its work since the last time it was asked: 0.5, 0.99, 1',
  },
  resident_bytes: { kind: 'gauge', labels: [], help: 'Memory of this process' },
  heap_bytes: { kind: 'gauge', labels: [], help: 'Memory in use on the JavaScript heap' },
} as const satisfies Record<
  string,
  { kind: 'gauge' | 'counter' | 'histogram'; labels: readonly string[]; help: string }
>

export const METRIC_PREFIX = 'microvisor_'
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/** Finer costs a busy process more than it tells. */
const DELAY_RESOLUTION_MS = 20

export interface MetricsNow {
  readonly devices: number
  readonly waiting: number
  readonly debuggers: number
  readonly isBusConnected: boolean
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #connections = new Counter(this.#facts('device_connections_total'))
  readonly #refusals = new Counter(this.#facts('device_refusals_total'))
  readonly #events = new Counter(this.#facts('device_events_total'))
  readonly #updateBytes = new Counter(this.#facts('update_bytes_total'))
  readonly #eventsLost = new Counter(this.#facts('events_lost_total'))
  readonly #webhookAttempts = new Counter(this.#facts('webhook_attempts_total'))
  readonly #requests = new Histogram({ ...this.#facts('http_request_seconds'), buckets: BUCKETS })
  readonly #handshakeFailures = new Counter(this.#facts('handshake_failures_total'))
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS })
  readonly #gauges = {
    handshakes_waiting: new Gauge(this.#facts('handshakes_waiting')),
    debug_sessions: new Gauge(this.#facts('debug_sessions')),
    event_loop_delay_seconds: new Gauge(this.#facts('event_loop_delay_seconds')),
    devices_connected: new Gauge(this.#facts('devices_connected')),
    bus_connected: new Gauge(this.#facts('bus_connected')),
    resident_bytes: new Gauge(this.#facts('resident_bytes')),
    heap_bytes: new Gauge(this.#facts('heap_bytes')),
  }

  welcomed(): void {
    this.#connections.inc()
  }

  overloaded(): void {
    this.#refusals.inc()
  }

  handshakeFailed(): void {
    this.#handshakeFailures.inc()
  }

  event(type: string): void {
    this.#events.inc({ type })
  }

  eventsLost(count: number): void {
    this.#eventsLost.inc(count)
  }

  webhookAttempt(result: 'delivered' | 'failed' | 'dead'): void {
    this.#webhookAttempts.inc({ result })
  }

  /** Begins to measure how late this process is. */
  begin(): () => void {
    this.#delay.enable()
    return () => this.#delay.disable()
  }

  updateBytes(bytes: number): void {
    this.#updateBytes.inc(bytes)
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds)
  }

  /** The page, with what is true at this moment. */
  async show(now: MetricsNow): Promise<string> {
    const { rss, heapUsed } = process.memoryUsage()
    this.#gauges.devices_connected.set(now.devices)
    this.#gauges.handshakes_waiting.set(now.waiting)
    this.#gauges.debug_sessions.set(now.debuggers)
    this.#showDelay()
    this.#gauges.bus_connected.set(now.isBusConnected ? 1 : 0)
    this.#gauges.resident_bytes.set(rss)
    this.#gauges.heap_bytes.set(heapUsed)
    return this.#registry.metrics()
  }

  #showDelay(): void {
    for (const quantile of ['0.5', '0.99', '1']) {
      const nanoseconds = this.#delay.percentile(Number(quantile) * 100)
      this.#gauges.event_loop_delay_seconds.set({ quantile }, nanoseconds / 1e9)
    }
    this.#delay.reset()
  }

  #facts(name: keyof typeof metricFacts) {
    const { help, labels } = metricFacts[name]
    return {
      name: METRIC_PREFIX + name,
      help,
      labelNames: [...labels] as string[],
      registers: [this.#registry],
    }
  }
}
