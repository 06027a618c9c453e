/**
 * Traces for OpenTelemetry: what a request causes, on this server, on others and towards devices, as
 * spans sent to a collector (OTLP 1.x over HTTP, in JSON). Contexts travel as W3C Trace Context
 * `traceparent`: in from whoever calls the API, on with messages of the bus.
 *
 * Written here because the SDK for it is three dozen packages, and what we need of it are these lines.
 * Not there: metrics and logs over OTLP, sampling other than the caller's (`traceparent` ends in 00:
 * not wanted), baggage.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'

type SpanKind = 'server' | 'internal' | 'client'

export interface SpanFacts {
  readonly name: string
  readonly kind: SpanKind
  readonly attributes: Readonly<Record<string, string>>
}

export interface Tracing {
  /** Does the work within a span, which is part of whatever is under way. A throw marks it as failed. */
  span<T>(facts: SpanFacts, work: () => Promise<T>): Promise<T>
  /** Does the work as part of what another process or a caller has begun. */
  within<T>(traceparent: string | undefined, work: () => T): T
  /** What is under way, for others; undefined if nothing is. */
  traceparent(): string | undefined
  close(): Promise<void>
}

/** For a server that was given no collector. */
export const noTracing: Tracing = {
  span: (_facts, work) => work(),
  within: (_traceparent, work) => work(),
  traceparent: () => undefined,
  close: async () => undefined,
}

interface Context {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

const KINDS = { internal: 1, server: 2, client: 3 } as const
const ERROR_STATUS = 2
/** Spans that wait for the collector; while it is away the newest are dropped. */
const WAITING_SPANS = 2048
const SEND_MS = 2000
const TIMEOUT_MS = 10_000

export class OtlpTracing implements Tracing {
  readonly #url: string
  readonly #log: Logger
  readonly #current = new AsyncLocalStorage<Context>()
  readonly #timer: NodeJS.Timeout
  #waiting: object[] = []
  #dropped = 0

  /** `endpoint`: as OTEL_EXPORTER_OTLP_ENDPOINT, `http://collector:4318`. */
  constructor(endpoint: string, log: Logger) {
    this.#url = `${endpoint.replace(/\/+$/, '')}/v1/traces`
    this.#log = log
    this.#timer = setInterval(() => void this.#send(), SEND_MS).unref()
  }

  async span<T>(facts: SpanFacts, work: () => Promise<T>): Promise<T> {
    const parent = this.#current.getStore()
    if (parent?.isSampled === false) return work()
    const context = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      isSampled: true,
    }
    const started = nanoseconds()
    const end = (error?: unknown) => this.#keep(spanOf(facts, context, parent, started, error))
    try {
      const result = await this.#current.run(context, work)
      end()
      return result
    } catch (error) {
      end(error)
      throw error
    }
  }

  within<T>(traceparent: string | undefined, work: () => T): T {
    const context = parse(traceparent)
    return context === undefined ? work() : this.#current.run(context, work)
  }

  traceparent(): string | undefined {
    const context = this.#current.getStore()
    if (context === undefined) return undefined
    return `00-${context.traceId}-${context.spanId}-${context.isSampled ? '01' : '00'}`
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#send()
  }

  #keep(span: object): void {
    if (this.#waiting.length < WAITING_SPANS) this.#waiting.push(span)
    else this.#dropped++
  }

  async #send(): Promise<void> {
    const spans = this.#waiting
    const dropped = this.#dropped
    if (spans.length === 0) return
    this.#waiting = []
    this.#dropped = 0
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(exportOf(spans)),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`the collector answers ${response.status}`)
      if (dropped > 0) this.#log.warn({ event: 'spans dropped', dropped })
    } catch (error) {
      this.#log.warn({ event: 'spans not delivered', spans: spans.length, dropped, err: error })
    }
  }
}

function spanOf(
  { name, kind, attributes }: SpanFacts,
  { traceId, spanId }: Context,
  parent: Context | undefined,
  startTimeUnixNano: string,
  error: unknown,
): object {
  return {
    ...{ traceId, spanId, name, kind: KINDS[kind], startTimeUnixNano },
    endTimeUnixNano: nanoseconds(),
    ...(parent && { parentSpanId: parent.spanId }),
    attributes: attributesOf(attributes),
    status: error === undefined ? {} : { code: ERROR_STATUS, message: String(error).slice(0, 200) },
  }
}

function exportOf(spans: readonly object[]): object {
  const resource = { attributes: attributesOf({ 'service.name': 'microvisor' }) }
  const scopeSpans = [{ scope: { name: 'microvisor' }, spans }]
  return { resourceSpans: [{ resource, scopeSpans }] }
}

function attributesOf(attributes: Readonly<Record<string, string>>): object[] {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

function nanoseconds(): string {
  const ms = performance.timeOrigin + performance.now()
  return `${Math.floor(ms)}${String(Math.floor((ms % 1) * 1e6)).padStart(6, '0')}`
}

/** W3C Trace Context, 3.2: version, trace, parent, flags. What is malformed begins a trace of its own. */
function parse(traceparent: string | undefined): Context | undefined {
  const [, traceId, spanId, flags] =
    /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 }
}
