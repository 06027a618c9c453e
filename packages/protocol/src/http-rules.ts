/**
 * What a request that an application makes over HTTP may say. The same rules hold wherever it is
 * carried out: in the cloud, and in the world of a scenario. RFC 9110, 5.1 and 5.5, 9.3.
 */

import type { HttpRequest } from './generated/channels_pb.js'
import { HTTP_TIMEOUT_MS_MAX, HTTP_TIMEOUT_MS_MIN } from './limits.ts'
import { HttpResult } from './syscall-enums.ts'
import { decodeUtf8 } from './text.ts'

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const
export type HttpMethod = (typeof httpMethods)[number]

export type HttpHeaders = readonly (readonly [name: string, value: string])[]

/** A token, a colon, a value of printable characters. */
const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e]*)$/

/** What the cloud says itself; the application's word for it is passed over. */
const ours: readonly string[] = ['connection', 'keep-alive', 'proxy-connection']
/** What would make the message another than it is. */
const forbidden: readonly string[] = ['transfer-encoding', 'upgrade', 'te', 'trailer', 'expect']

/** Method and headers, or what is wrong with the request; the URL is not looked at. */
export function checkHttpRequest(
  request: HttpRequest,
): HttpResult | { readonly method: HttpMethod; readonly headers: HttpHeaders } {
  const method = httpMethods.find((one) => one === decodeUtf8(request.method))
  if (method === undefined) return HttpResult.UNSUPPORTEDMETHOD
  const { timeoutMs, body } = request
  if (timeoutMs < HTTP_TIMEOUT_MS_MIN || timeoutMs > HTTP_TIMEOUT_MS_MAX) {
    return HttpResult.INVALIDTIMEOUT
  }
  const headers = readHeaders(request.headers, body.length)
  return headers === undefined ? HttpResult.INVALIDHEADERS : { method, headers }
}

function readHeaders(lines: readonly Uint8Array[], bodyBytes: number): HttpHeaders | undefined {
  const headers: [string, string][] = []
  for (const line of lines) {
    const [, name, value = ''] = LINE.exec(decodeUtf8(line)) ?? []
    if (name === undefined) return undefined
    const key = name.toLowerCase()
    if (forbidden.includes(key)) return undefined
    if (key === 'content-length' && Number(value) !== bodyBytes) return undefined
    if (key !== 'content-length' && !ours.includes(key)) headers.push([name, value.trimEnd()])
  }
  return headers
}
