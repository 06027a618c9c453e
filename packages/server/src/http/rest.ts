/**
 * The contract over HTTP: each route gets its handler here, its input and output are held against the
 * contract, and whatever goes wrong is answered in one place.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import multipart from '@fastify/multipart'
import {
  type ErrorCode,
  errors,
  generalErrors,
  mediaTypes,
  type Output,
  Problem,
  type Route,
  routes,
} from '@microvisor/api'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Audit } from '../accounts/audit.ts'
import type { Caller, Identities } from '../accounts/identities.ts'
import type { RateState } from '../accounts/rates.ts'
import type { Limits } from '../limits.ts'
import type { Metrics } from '../metrics.ts'
import type { Tracing } from '../tracing.ts'
import { credentialsOf } from './credentials.ts'
import { type EventSource, streamEvents } from './event-stream.ts'
import { readForm } from './form.ts'
import { fieldsOf, parseParameters } from './parameters.ts'
import { problemOf, routesAt } from './problems.ts'
import type { Proxies } from './proxies.ts'
import { AUTHENTICATE, problemOfParser, refuse } from './refusal.ts'
import type { TlsContent } from './tls-files.ts'
import { receiveUpload } from './upload.ts'

/** A request as rules see it: checked, and without HTTP. */
export interface Call<T extends Route> {
  readonly params: z.output<T['params']>
  readonly query: z.output<T['query']>
  readonly form: z.output<T['form']>
  /** Empty for routes that take none. */
  readonly file: Uint8Array
  /** Nobody in particular where the route is open to anyone. */
  readonly caller: Caller
  /** The address under which the caller knows this service. */
  readonly home: string
  readonly origin: { readonly address: string; readonly requestId: string }
  /** The event behind which a reader that comes back goes on; digits, if it is given. */
  readonly lastEventId: string | undefined
}

export interface RestSettings {
  readonly identities: Identities
  readonly audit: Audit
  readonly metrics: Metrics
  readonly tracing: Tracing
  readonly log: Logger
  /** Overrides what requests say in their Host header. */
  readonly publicUrl: string | undefined
  readonly proxies: Proxies
  /** Undefined: plain HTTP. */
  readonly tls: TlsContent | undefined
  readonly limits: RestLimits
}

type RestLimits = Pick<
  Limits,
  | 'uploadsAtOnce'
  | 'eventHeartbeatMs'
  | 'requestConnections'
  | 'requestSilenceMs'
  | 'headersMs'
  | 'bodyMs'
>

const FORM_BYTES = 65_536
const RETRY_SECONDS = 2
/** Nothing but the page's own style is loaded or run. */
const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'cache-control': 'no-store',
}
/** A bundle of the largest size over a slow line. */
const REQUEST_MS = 900_000
const CLOSING_POLL_MS = 10
const PARAMETER_CHARACTERS = 1024
const NOBODY: Caller = { accountSid: '', actor: '', scopes: [] }
const FORM_TYPE = 'application/x-www-form-urlencoded'

export class Rest {
  readonly http: FastifyInstance
  readonly #settings: RestSettings
  /** What `handle` was given, by method and path. */
  readonly #works = new Map<string, (call: Call<Route>) => Promise<unknown>>()
  #uploads = 0
  #running = 0
  #isStopping = false

  constructor(settings: RestSettings) {
    this.#settings = settings
    this.http = Fastify({
      // As fastify knows loggers; its own type would go through all that it declares.
      loggerInstance: settings.log.child({}, { level: 'warn' }) as FastifyBaseLogger,
      logController: new LogController({ disableRequestLogging: true }),
      exposeHeadRoutes: false,
      return503OnClosing: false,
      forceCloseConnections: 'idle',
      genReqId: () => randomUUID(),
      requestTimeout: REQUEST_MS,
      connectionTimeout: settings.limits.requestSilenceMs,
      ...serverOptions(settings),
      routerOptions: { maxParamLength: PARAMETER_CHARACTERS },
      frameworkErrors: (error, request, reply) => this.#fail(undefined, error, request, reply),
      clientErrorHandler: (error, socket) =>
        refuse(socket, problemOfParser(error), this.home({ headers: {} })),
    })
    this.#prepare()
  }

  /** Gives a route what it does. */
  handle<T extends Route>(
    route: T,
    work: (call: Call<T>) => Promise<Output<T>> | Output<T>,
    /** The same as a page, for those who prefer one. */
    page?: (output: Output<T>) => string,
  ): void {
    this.#works.set(`${route.method} ${route.path}`, async (call) => work(call as Call<T>))
    this.#add(route, (request, reply) =>
      this.#traced(route, request, async () => {
        const call = await this.#call(route, request, reply)
        const answer = async () => route.returns.parse(await work(call))
        const body = isChange(route)
          ? await this.#change(route, request, call, answer)
          : await answer()
        reply.code(route.status)
        if (page !== undefined && prefersHtml(request))
          return reply.headers(PAGE_HEADERS).send(page(body as Output<T>))
        if (route.answer === 'bytes')
          return reply.type('application/zip').send(Buffer.from(body as Uint8Array))
        if (route.answer === 'text' || route.answer === 'csv')
          return reply.type(`${mediaTypes[route.answer]}; charset=utf-8`).send(body)
        return reply.send(body)
      }),
    )
  }

  /** As part of the caller's trace, if it has one. */
  #traced<T>(route: Route, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const { tracing } = this.#settings
    const attributes = {
      'http.request.method': route.method,
      'http.route': route.path,
      request: request.id,
    }
    return tracing.within(request.headers.traceparent?.toString(), () =>
      tracing.span({ name: route.name, kind: 'server', attributes }, work),
    )
  }

  /** As `handle`, for a route that answers with events. */
  listen<T extends Route, Event extends Output<T> & { dropped?: number | undefined }>(
    route: T,
    work: (call: Call<T>) => Promise<EventSource<Event>>,
  ): void {
    this.#add(route, async (request, reply) => {
      const feed = await work(await this.#call(route, request, reply))
      // Otherwise they are lost with the reply.
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value)
      reply.hijack()
      await streamEvents(reply.raw, feed, this.#settings.limits.eventHeartbeatMs)
      return reply
    })
  }

  /** From now on new requests are told to come back. */
  stop(): void {
    this.#isStopping = true
  }

  /**
   * Ends when all requests have, and after `patienceMs` without those that have not. A connection that
   * has asked nothing yet is not waited for. (To Node it is not idle; fetch opens such in reserve.)
   */
  async close(patienceMs: number): Promise<void> {
    const { server } = this.http
    const closed = this.http.close()
    const end = Date.now() + patienceMs
    while (this.#running > 0 && Date.now() < end) await sleep(CLOSING_POLL_MS)
    server.closeAllConnections()
    await closed
  }

  /** What a change is about, as it is at the moment. */
  async #show(route: Route, call: Call<Route>): Promise<unknown> {
    if (route.status === 201) return undefined
    return this.#works.get(`GET ${(route.subject ?? route).path}`)?.(call)
  }

  /** What is changed is in the audit log before it is acknowledged. */
  async #change<T>(
    route: Route,
    request: FastifyRequest,
    call: Call<Route>,
    work: () => Promise<T>,
  ): Promise<T> {
    const { caller, form, origin } = call
    const before = await this.#show(route, call)
    const meant = {
      ...{ accountSid: caller.accountSid, actor: caller.actor, ...origin },
      action: [route.name, ...Object.keys(form)].join(' '),
      object: pathOf(before) ?? request.url,
      before: logged(before, route.unlogged),
    }
    const done = async (body: T) => {
      const after = route.subject ? await this.#show(route, call) : body
      const object = pathOf(after) ?? meant.object
      return { ...meant, object, after: logged(after, route.unlogged) }
    }
    return this.#settings.audit.record(meant, work, done, isRefusal)
  }

  #add(
    route: Route,
    answer: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  ): void {
    this.http.route({
      method: route.method,
      url: route.path,
      handler: answer,
      errorHandler: (error, request, reply) => this.#fail(route, error, request, reply),
    })
  }

  async #call<T extends Route>(
    route: T,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Call<T>> {
    if (this.#isStopping) throw new Problem('STOPPING', 'This server is stopping.')
    const address = this.#settings.proxies.addressOf(request.raw)
    const caller = await this.#authenticate(route, request, reply, address)
    const home = this.home(request)
    const query = fieldsOf(new URL(request.url, home).search)
    const given = {
      params: parseParameters(route, route.params, request.params as Record<string, string>),
      query: parseParameters(route, route.query, query),
      caller,
      home,
      origin: { address, requestId: request.id },
      lastEventId: lastEventIdOf(request),
    }
    const { fields, file } = await this.#body(route, request)
    const form = parseParameters(route, route.form, fields)
    // Each part was parsed by the schema that its type comes from.
    return { ...given, form, file } as Call<T>
  }

  /** draft-ietf-httpapi-ratelimit-headers, in the form that most clients know. */
  #showRate(reply: FastifyReply, { limit, remaining, resetSeconds }: RateState): void {
    reply.header('ratelimit-limit', limit)
    reply.header('ratelimit-remaining', remaining)
    reply.header('ratelimit-reset', resetSeconds)
  }

  async #authenticate(
    route: Route,
    request: FastifyRequest,
    reply: FastifyReply,
    address: string,
  ): Promise<Caller> {
    if (route.access === 'anyone') return NOBODY
    const { identities } = this.#settings
    const credentials = credentialsOf(request.headers.authorization)
    const caller = await identities.authenticate(credentials, address)
    try {
      identities.admit(caller, route)
    } finally {
      this.#showRate(reply, identities.rateOf(caller))
    }
    return caller
  }

  async #body(route: Route, request: FastifyRequest) {
    const none = new Uint8Array(0)
    const isMultipart = request.isMultipart()
    if (isMultipart !== (route.file !== undefined) && (isMultipart || route.method === 'POST'))
      throw new Problem(
        'CONTENT_TYPE_UNSUPPORTED',
        `${route.method} ${route.path} takes ${route.file ? 'multipart/form-data' : FORM_TYPE}.`,
      )
    if (!isMultipart) return { fields: (request.body ?? {}) as Record<string, string>, file: none }
    const { uploadsAtOnce } = this.#settings.limits
    if (this.#uploads >= uploadsAtOnce)
      throw new Problem('TOO_MANY_REQUESTS', `${uploadsAtOnce} uploads are under way already.`)
    this.#uploads++
    try {
      return await receiveUpload(request, route)
    } finally {
      this.#uploads--
    }
  }

  #prepare(): void {
    const { http } = this
    http.server.maxConnections = this.#settings.limits.requestConnections
    http.server.on('request', (_request, response) => {
      this.#running++
      response.once('close', () => this.#running--)
    })
    http.removeAllContentTypeParsers()
    http.register(multipart)
    const limits = { bytes: FORM_BYTES, ms: this.#settings.limits.bodyMs }
    http.addContentTypeParser(FORM_TYPE, (_: unknown, body: IncomingMessage) =>
      readForm(body, limits),
    )
    http.addHook('onRequest', async (request, reply) => {
      reply.headers(headersOf(request))
    })
    http.addHook('onResponse', async (request, reply) => {
      const { method, url, id } = request
      const ms = Math.round(reply.elapsedTime)
      const status = reply.statusCode
      const name = nameOf(request.routeOptions.url, method)
      this.#settings.metrics.request(name, status, reply.elapsedTime / 1000)
      const address = this.#settings.proxies.addressOf(request.raw)
      this.#settings.log.info({ event: 'request', method, url, status, ms, address, request: id })
    })
    http.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?', 1)[0] ?? ''
      const allowed = routesAt(path, routes).map((route) => route.method)
      if (allowed.length > 0) reply.header('allow', allowed.join(', '))
      const error =
        allowed.length > 0
          ? new Problem('METHOD_NOT_ALLOWED', `${path} does not take ${request.method}.`)
          : new Problem('ROUTE_NOT_FOUND', `There is nothing at ${path}.`)
      return this.#fail(undefined, error, request, reply)
    })
  }

  #fail(
    route: Route | undefined,
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { log } = this.#settings
    const known = problemOf(error)
    if (known === undefined) log.error({ event: 'request failed', err: error, request: request.id })
    const problem =
      known ?? new Problem('INTERNAL_ERROR', `Request ${request.id} failed inside the server.`)
    if (route && !route.errors.includes(problem.code) && !isGeneral(problem))
      log.error({ event: 'undeclared error', code: problem.code, route: route.name })
    const { status } = errors[problem.code]
    if (status === 401) reply.header('www-authenticate', AUTHENTICATE)
    // What is still to come of the body is not waited for.
    if (status === 408 || status === 413) reply.header('connection', 'close')
    if (status === 429 || status === 503) reply.header('retry-after', String(retryAfterOf(problem)))
    reply
      .headers(headersOf(request))
      .code(status)
      .send(problem.toBody(this.home(request)))
  }

  /** The address under which a caller knows this service. */
  home(request: Pick<IncomingMessage, 'headers'>): string {
    const { publicUrl } = this.#settings
    if (publicUrl !== undefined) return publicUrl
    const { host } = request.headers
    const isPlain = host !== undefined && /^[\w.-]+(:\d+)?$|^\[[\da-fA-F:]+\](:\d+)?$/.test(host)
    const scheme = this.#settings.tls ? 'https' : 'http'
    return `${scheme}://${isPlain ? host : 'localhost'}`
  }
}

/** Of every answer. */
function headersOf({ id }: FastifyRequest): Record<string, string> {
  return { 'request-id': id, 'x-content-type-options': 'nosniff' }
}

/** Of the HTML standard; what is none of our ids says nothing. */
function lastEventIdOf({ headers }: FastifyRequest): string | undefined {
  const given = headers['last-event-id']
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? given : undefined
}

/** Seconds until it may work. */
function retryAfterOf({ details }: Problem): number {
  const { retry_after_seconds: seconds } = details
  return typeof seconds === 'number' ? seconds : RETRY_SECONDS
}

/** Of Node's server, with or without TLS. */
function serverOptions({ tls, limits }: RestSettings) {
  const patience = {
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: limits.headersMs / 4,
  }
  return tls
    ? { https: { ...tls, minVersion: 'TLSv1.2', ...patience } as const }
    : { http: patience }
}

function prefersHtml({ headers }: FastifyRequest): boolean {
  const { accept = '' } = headers
  return accept.includes('text/html') && !accept.startsWith('application/json')
}

function isGeneral({ code }: Problem): boolean {
  return (generalErrors as readonly string[]).includes(code)
}

function isChange({ method, access }: Route): boolean {
  return method !== 'GET' && access === 'account'
}

/** Problems that come in the middle of a change; with all others nothing was done. */
const UNSURE: readonly ErrorCode[] = ['DATABASE_UNAVAILABLE', 'INTERNAL_ERROR']

function isRefusal(error: unknown): boolean {
  const problem = problemOf(error)
  return problem !== undefined && !UNSURE.includes(problem.code)
}

/** The path of a resource that says its own address. */
function pathOf(resource: unknown): string | undefined {
  const url = (resource as { url?: unknown } | undefined)?.url
  return typeof url === 'string' ? new URL(url).pathname : undefined
}

function logged(resource: unknown, unlogged: readonly string[]): unknown {
  if (typeof resource !== 'object' || resource === null) return undefined
  return Object.fromEntries(Object.entries(resource).filter(([name]) => !unlogged.includes(name)))
}

/** The operation id, so that a metric's labels stay few whatever is asked for. */
function nameOf(path: string | undefined, method: string): string {
  return routes.find((route) => route.path === path && route.method === method)?.name ?? 'none'
}
