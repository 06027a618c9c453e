/**
 * The typed client that is made from the routes. It needs nothing but `fetch`, so it runs in Node
 * and in a browser.
 *
 * Whatever goes wrong becomes an ApiError whose `fix` says what to do, also when no answer came at
 * all. A reader that no longer wants an answer aborts by `signal`; that throws the signal's reason.
 */
import { ApiError, explainFailure } from './client-errors.ts'
import { ErrorBody } from './errors.ts'
import { readEvents } from './event-stream.ts'
import { encodeMultipart, type Upload } from './multipart.ts'
import type { ItemOf } from './pagination.ts'
import { fillPath, type Input, type Output, type Route } from './route.ts'

export interface ClientSettings {
  /** Where the server is: `http://localhost:8700`. */
  readonly url: string
  readonly accountSid: string
  readonly authToken: string
  /** The longest wait for an answer's beginning. Default 30 s; uploads take as long as they take. */
  readonly timeoutMs?: number
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface Client {
  readonly url: string
  /** Calls a route whose answer is JSON, text, bytes, or nothing. */
  call<T extends Route>(route: T, input?: Input<T>, options?: CallOptions): Promise<Output<T>>
  /** Calls a route that takes a file. */
  upload<T extends Route>(
    route: T,
    input: Input<T> & { readonly file: Upload },
    options?: CallOptions,
  ): Promise<Output<T>>
  /** All items of a list, page after page. */
  each<T extends Route>(
    route: T,
    input?: Input<T>,
    options?: CallOptions,
  ): AsyncGenerator<ItemOf<Output<T>>>
  /** Events as they happen. Resolves once the server listens; the generator ends with the stream. */
  listen<T extends Route>(
    route: T,
    input: Input<T>,
    options?: CallOptions,
  ): Promise<AsyncGenerator<Output<T>>>
}

const DEFAULT_TIMEOUT_MS = 30_000

export function createClient(settings: ClientSettings): Client {
  const connection = new Connection(settings)
  return {
    url: connection.url,
    call: async (route, input, options) => {
      const response = await connection.send(route, input, options)
      return connection.read(route, response)
    },
    upload: async (route, input, options) => {
      const response = await connection.send(route, input, options, input.file)
      return connection.read(route, response)
    },
    each: (route, input, options) => connection.each(route, input, options),
    listen: async (route, input, options) => {
      const response = await connection.send(route, input, options)
      return connection.events(route, response, options?.signal)
    },
  }
}

type Parts = Partial<Record<'params' | 'query' | 'form', Record<string, unknown>>>

class Connection {
  readonly url: string
  readonly #authorization: string
  readonly #timeoutMs: number

  constructor({ url, accountSid, authToken, timeoutMs }: ClientSettings) {
    this.url = url.replace(/\/+$/, '')
    this.#authorization = `Basic ${btoa(`${accountSid}:${authToken}`)}`
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS
  }

  async send(
    route: Route,
    input: Parts = {},
    options: CallOptions = {},
    file?: Upload,
  ): Promise<Response> {
    const query = new URLSearchParams(texts(input.query)).toString()
    const path = fillPath(route.path, input.params ?? {}) + (query === '' ? '' : `?${query}`)
    const init: RequestInit & { duplex?: 'half' } = { method: route.method }
    if (file !== undefined) {
      const { contentType, body } = encodeMultipart(texts(input.form), file)
      Object.assign(init, { body, duplex: 'half', headers: { 'content-type': contentType } })
    } else if (Object.keys(route.form.shape).length > 0) {
      init.body = new URLSearchParams(texts(input.form))
    }
    return this.#fetch(`${this.url}${path}`, init, options)
  }

  async read<T extends Route>(route: T, response: Response): Promise<Output<T>> {
    return this.#parse(route, await this.#content(route, response))
  }

  async *each<T extends Route>(
    route: T,
    input?: Input<T>,
    options: CallOptions = {},
  ): AsyncGenerator<ItemOf<Output<T>>> {
    let response = await this.send(route, input, options)
    for (;;) {
      const page = (await this.read(route, response)) as {
        meta: { key: string; next_page_url: string | null }
      } & Record<string, ItemOf<Output<T>>[]>
      yield* page[page.meta.key] ?? []
      const next = page.meta.next_page_url
      if (next === null) return
      // Only path and query: the server may be reached under another name than it gives itself.
      const { pathname, search } = new URL(next)
      response = await this.#fetch(`${this.url}${pathname}${search}`, { method: 'GET' }, options)
    }
  }

  async *events<T extends Route>(
    route: T,
    response: Response,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Output<T>> {
    if (response.body === null) return
    try {
      for await (const data of readEvents(response.body)) yield this.#parse(route, parseJson(data))
    } catch (error) {
      throw explainFailure(this.url, error, signal)
    }
  }

  async #fetch(url: string, init: RequestInit, options: CallOptions): Promise<Response> {
    const patience = new AbortController()
    const isUpload = init.body instanceof ReadableStream
    const timer = isUpload ? undefined : setTimeout(() => patience.abort(), this.#timeoutMs)
    const signals = [patience.signal, ...(options.signal ? [options.signal] : [])]
    const headers = {
      ...init.headers,
      accept: 'application/json',
      authorization: this.#authorization,
    }
    let response: Response
    try {
      response = await fetch(url, { ...init, headers, signal: AbortSignal.any(signals) })
    } catch (error) {
      if (patience.signal.aborted) throw this.#silent()
      throw explainFailure(this.url, error, options.signal)
    } finally {
      clearTimeout(timer)
    }
    if (!response.ok) throw await this.#refusal(response)
    return response
  }

  async #content(route: Route, response: Response): Promise<unknown> {
    try {
      if (route.answer === 'json') return parseJson(await response.text())
      if (route.answer === 'text' || route.answer === 'csv') return await response.text()
      if (route.answer === 'bytes') return new Uint8Array(await response.arrayBuffer())
      await response.body?.cancel()
      return undefined
    } catch (error) {
      throw explainFailure(this.url, error, undefined)
    }
  }

  #parse<T extends Route>(route: T, content: unknown): Output<T> {
    const parsed = route.returns.safeParse(content)
    if (parsed.success) return parsed.data as Output<T>
    throw this.#unexpected(route.status, parsed.error)
  }

  async #refusal(response: Response): Promise<ApiError> {
    const text = await response.text().catch(() => '')
    const body = ErrorBody.safeParse(parseJson(text))
    if (!body.success) return this.#unexplained(response.status, body.error)
    const { code, fix, ...details } = body.data.details
    return new ApiError(code, body.data.message, fix, { details, status: response.status })
  }

  /** A refusal that no server of ours has written. */
  #unexplained(status: number, cause: unknown): ApiError {
    if (!GATEWAY_STATUSES.includes(status)) return this.#unexpected(status, cause)
    return new ApiError(
      'NO_SERVER_BEHIND_PROXY',
      `${this.url} answered with status ${status}: a proxy is there, and has no server that answers.`,
      'Try again in some seconds; if it stays so, ask each server for /ready, and look at the log of the proxy.',
      { status, cause },
    )
  }

  #unexpected(status: number, cause: unknown): ApiError {
    return new ApiError(
      'ANSWER_UNEXPECTED',
      `${this.url} answered with status ${status} and something that this API does not answer.`,
      'Check that MICROVISOR_URL names a microvisor server, of a version that fits this one.',
      { status, cause },
    )
  }

  #silent(): ApiError {
    return new ApiError(
      'SERVER_SILENT',
      `${this.url} did not answer within ${this.#timeoutMs} ms.`,
      'Look at the server: it is overloaded, stopped, or behind a network that drops packets.',
    )
  }
}

/** What a proxy says of the servers behind it. RFC 9110, 15.6.3 to 15.6.5. */
const GATEWAY_STATUSES: readonly number[] = [502, 503, 504]

/** Values as a form or query has them; what is undefined is left out. */
function texts(values: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, asText(value)]),
  )
}

/** Lists have commas between their items, objects are JSON. */
function asText(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? JSON.stringify(value) : String(value)
}

/** Undefined for what is no JSON: no schema accepts that. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
