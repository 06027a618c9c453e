/** A refusal on a bare socket: where there was no request, or one that is HTTP no longer. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { errors, Problem } from '@microvisor/api'

export const AUTHENTICATE = 'Basic realm="microvisor", charset="UTF-8"'

/** Says it, and ends the connection. */
export function refuse(socket: Duplex, problem: Problem, home: string): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const { status } = errors[problem.code]
  const body = JSON.stringify(problem.toBody(home))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...(status === 401 ? [`WWW-Authenticate: ${AUTHENTICATE}`] : []),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** What Node's parser says of bytes that are no request. */
export function problemOfParser({ code, reason }: { code?: string; reason?: string }): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('HEADERS_TOO_LARGE', 'The headers have more bytes than any request needs.')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem('REQUEST_TOO_SLOW', 'The request was not here in its time.')
  return new Problem('REQUEST_MALFORMED', `This is no request of HTTP/1.1: ${reason ?? code}.`)
}
