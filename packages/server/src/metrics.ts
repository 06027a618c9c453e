/**
 * What one server process counts and measures, in Prometheus' text form. The table below is all there
 * is; docs/reference/metrics.md is made from it.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export const metricFacts = {
  devices_connected: { kind: 'gauge', labels: [], help: 'Devices connected to this process' },
  device_connections_total: { kind: 'counter', labels: [], help: 'Devices that were welcomed' },
  device_refusals_total: {
    kind: 'counter',
    labels: [],
    help: 'Devices that were told to come back later, because there was no room',
  },
  device_events_total: {
    kind: 'counter',
    labels: ['type'],
    help: 'Events of devices connected to this process: connection, ota_update, app_logging, crash',
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
  resident_bytes: { kind: 'gauge', labels: [], help: 'Memory of this process' },
  heap_bytes: { kind: 'gauge', labels: [], help: 'Memory in use on the JavaScript heap' },
} as const satisfies Record<
  string,
  { kind: 'gauge' | 'counter' | 'histogram'; labels: readonly string[]; help: string }
>

export const METRIC_PREFIX = 'microvisor_'
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export class Metrics {
  readonly #registry = new Registry()
  readonly #connections = new Counter(this.#facts('device_connections_total'))
  readonly #refusals = new Counter(this.#facts('device_refusals_total'))
  readonly #events = new Counter(this.#facts('device_events_total'))
  readonly #eventsLost = new Counter(this.#facts('events_lost_total'))
  readonly #webhookAttempts = new Counter(this.#facts('webhook_attempts_total'))
  readonly #requests = new Histogram({ ...this.#facts('http_request_seconds'), buckets: BUCKETS })
  readonly #gauges = {
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

  event(type: string): void {
    this.#events.inc({ type })
  }

  eventsLost(count: number): void {
    this.#eventsLost.inc(count)
  }

  webhookAttempt(result: 'delivered' | 'failed' | 'dead'): void {
    this.#webhookAttempts.inc({ result })
  }

  request(route: string, status: number, seconds: number): void {
    this.#requests.observe({ route, status: String(status) }, seconds)
  }

  /** The page, with what is true at this moment. */
  async show(now: { devices: number; isBusConnected: boolean }): Promise<string> {
    const { rss, heapUsed } = process.memoryUsage()
    this.#gauges.devices_connected.set(now.devices)
    this.#gauges.bus_connected.set(now.isBusConnected ? 1 : 0)
    this.#gauges.resident_bytes.set(rss)
    this.#gauges.heap_bytes.set(heapUsed)
    return this.#registry.metrics()
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
