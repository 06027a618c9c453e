/**
 * HTTP for devices: one request, carried out and answered as the system calls say. Redirects are
 * followed as browsers do, each step through the egress policy; what only concerns a connection is
 * not the application's to say. Nothing is decompressed or kept.
 */
import {
  type ChannelResponseInit,
  checkHttpRequest,
  decodeUtf8,
  encodeUtf8,
  HTTP_TIMEOUT_MS_MAX,
  type HttpHeaders,
  type HttpMethod,
  type HttpRequest,
  HttpResult,
} from '@microvisor/protocol'
import { type Agent, request as send } from 'undici'
import { agentOver } from './agent.ts'
import type { Egress } from './egress.ts'

const REDIRECTS_MAX = 5
const CONNECTIONS_PER_ORIGIN = 64

type Response = Extract<ChannelResponseInit, { case: 'http' }>['value']

interface Step {
  readonly url: URL
  readonly method: HttpMethod
  readonly headers: HttpHeaders
  readonly body: Uint8Array
}

/** Where one request has come to: its answer, or the next step. */
type Outcome = { readonly response: Response } | { readonly next: Step }

export class HttpClient {
  readonly #agent: Agent

  constructor(egress: Egress) {
    this.#agent = agentOver(egress, {
      connections: CONNECTIONS_PER_ORIGIN,
      connectMs: HTTP_TIMEOUT_MS_MAX,
    })
  }

  /** `bodyBytesMax`: a longer body is given up on. Never throws. */
  async perform(
    request: HttpRequest,
    bodyBytesMax: number,
    givenUp: AbortSignal,
  ): Promise<Response> {
    const first = firstStep(request)
    if (typeof first === 'number') return { result: first }
    const signal = AbortSignal.any([givenUp, AbortSignal.timeout(request.timeoutMs)])
    try {
      let step = first
      for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
        const outcome = await this.#take(step, bodyBytesMax, signal)
        if ('response' in outcome) return outcome.response
        step = outcome.next
      }
      return { result: HttpResult.REQUESTFAILED }
    } catch {
      return { result: HttpResult.REQUESTFAILED }
    }
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  async #take(step: Step, bodyBytesMax: number, signal: AbortSignal): Promise<Outcome> {
    const { url, method, headers, body } = step
    const answer = await send(url, {
      dispatcher: this.#agent,
      method,
      signal,
      headers: headers.flat(),
      body: body.length > 0 ? body : null,
      responseHeaders: 'raw',
    })
    const lines = pairs(answer.headers as unknown as readonly string[])
    const next = redirected(step, answer.statusCode, lines)
    if (next !== undefined) {
      await answer.body.dump()
      return { next }
    }
    const content = await read(answer.body, bodyBytesMax)
    if (content === undefined) return { response: { result: HttpResult.RESPONSETOOLARGE } }
    return {
      response: {
        result: HttpResult.OK,
        statusCode: answer.statusCode,
        headers: lines.map(([name, value]) => encodeUtf8(printable(`${name}: ${value}`))),
        body: content,
      },
    }
  }
}

/** What is wrong with the request, or what to do first. */
function firstStep(request: HttpRequest): Step | HttpResult {
  const url = URL.parse(decodeUtf8(request.url))
  if (url?.protocol !== 'https:') return HttpResult.UNSUPPORTEDURISCHEME
  const checked = checkHttpRequest(request)
  return typeof checked === 'number' ? checked : { ...checked, url, body: request.body }
}

/** What belongs to the origin that it was meant for (Fetch standard, "HTTP-redirect fetch"). */
const credentials: readonly string[] = ['authorization', 'cookie', 'host', 'proxy-authorization']

function redirected(step: Step, status: number, headers: HttpHeaders): Step | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  const location = headers.find(([name]) => name.toLowerCase() === 'location')?.[1]
  if (location === undefined) return undefined
  const url = URL.parse(location, step.url.href)
  if (url?.protocol !== 'https:') throw new Error('A redirect to what is not https.')
  const becomesGet =
    (status === 303 && step.method !== 'HEAD') ||
    ((status === 301 || status === 302) && step.method === 'POST')
  const isOtherOrigin = url.origin !== step.url.origin
  const isKept = (name: string) => {
    const key = name.toLowerCase()
    if (isOtherOrigin && credentials.includes(key)) return false
    return !(becomesGet && key.startsWith('content-'))
  }
  return {
    url,
    method: becomesGet ? 'GET' : step.method,
    headers: step.headers.filter(([name]) => isKept(name)),
    body: becomesGet ? new Uint8Array(0) : step.body,
  }
}

async function read(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    // Leaving the loop ends the body, and with it the connection.
    if (bytes > bytesMax) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function pairs(flat: readonly string[]): HttpHeaders {
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    String(flat[2 * i]),
    String(flat[2 * i + 1]),
  ])
}

/** Applications find the end of a line by what cannot be in it. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e]/g, '?')
}
