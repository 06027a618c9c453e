/** Bytes that are no request, or one that leaves HTTP: each is answered as any error is, and the connection ends. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { ErrorBody, listApps } from '@microvisor/api'
import { authorization, type TestCloud, testCloud } from '../testing/cloud.ts'

let cloud: TestCloud
let known: string
before(async () => {
  cloud = await testCloud()
  known = `Host: x\r\nAuthorization: ${authorization(cloud.server).authorization}\r\n`
})
after(() => cloud.close())

async function exchange(text: string): Promise<string> {
  const socket = connect(cloud.server.port, '127.0.0.1').on('error', () => undefined)
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes
  })
  socket.write(Buffer.from(text, 'latin1'))
  await once(socket, 'close')
  return answer
}

/** All of them have to end the connection by themselves. */
async function refusal(text: string): Promise<string> {
  const answer = await exchange(text)
  const body = ErrorBody.parse(JSON.parse(answer.slice(answer.indexOf('{'))))
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${body.status} `))
  assert.match(answer, /^connection: close\r$/im)
  return body.details.code
}

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'

const cases: readonly (readonly [what: string, code: string, request: () => string])[] = [
  ['a TLS ClientHello', 'REQUEST_MALFORMED', () => '\x16\x03\x01\x00\xa5hello\r\n\r\n'],
  ['HTTP/2', 'REQUEST_MALFORMED', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  [
    'two lengths',
    'REQUEST_MALFORMED',
    () => `GET /v1/Apps HTTP/1.1\r\n${known}Content-Length: 5\r\nContent-Length: 7\r\n\r\n`,
  ],
  [
    'a length and chunks',
    'REQUEST_MALFORMED',
    () =>
      `POST /v1/Configs HTTP/1.1\r\n${known}${FORM}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a chunk of no size',
    'REQUEST_MALFORMED',
    () => `POST /v1/Configs HTTP/1.1\r\n${known}${FORM}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
  ],
  [
    'a header that goes on in the next line',
    'REQUEST_MALFORMED',
    () => `GET /v1/Apps HTTP/1.1\r\n${known}X: a\r\n b: c\r\n\r\n`,
  ],
  [
    'headers beyond the limit',
    'HEADERS_TOO_LARGE',
    () => `GET /v1/Apps HTTP/1.1\r\n${known}X: ${'x'.repeat(20_000)}\r\n\r\n`,
  ],
  [
    'an address beyond the limit',
    'HEADERS_TOO_LARGE',
    () => `GET /v1/Apps?PageToken=${'x'.repeat(20_000)} HTTP/1.1\r\n${known}\r\n`,
  ],
  [
    'a WebSocket where there is none',
    'ROUTE_NOT_FOUND',
    () => `GET // HTTP/1.1\r\n${known}${UPGRADE}\r\n`,
  ],
  [
    'a debugger without credentials',
    'CREDENTIALS_MISSING',
    () => `GET /v1/Devices/x/Debug HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\n`,
  ],
  ...(
    [
      ['nothing', 'DEVICE_NOT_FOUND'],
      [`UV${'0'.repeat(32)}`, 'DEVICE_NOT_FOUND'],
      ["'%20OR%201=1%20--", 'DEVICE_NOT_FOUND'],
      ['%zz', 'BODY_MALFORMED'],
      ['%00', 'PARAMETER_INVALID'],
      ['a%0d%0aX-Injected:%201', 'PARAMETER_INVALID'],
      ['..%2f..%2fetc%2fpasswd', 'PARAMETER_INVALID'],
      ['x'.repeat(5000), 'PARAMETER_INVALID'],
    ] as const
  ).map(
    ([device, code]) =>
      [
        `a debugger of ${device.slice(0, 40)}`,
        code,
        () => `GET /v1/Devices/${device}/Debug HTTP/1.1\r\n${known}${UPGRADE}\r\n`,
      ] as const,
  ),
]

for (const [what, code, request] of cases)
  test(`${what} is answered with ${code}`, async () => {
    assert.equal(await refusal(request()), code)
  })

test('what was sent behind a request that is refused is not another request', async () => {
  const smuggled = `GET /v1/Keys HTTP/1.1\r\n${known}\r\n`
  const length = `Content-Length: ${smuggled.length}\r\n`
  const answer = await exchange(
    `POST /v1/Configs HTTP/1.1\r\n${known}${FORM}${length}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  )
  assert.equal(answer.match(/^HTTP\/1\.1/gm)?.length, 1)
  await cloud.client.call(listApps)
})

test('text that is not UTF-8 is refused, not changed', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const post = async (body: string | Buffer<ArrayBuffer>) =>
    cloud.request('/v1/Configs', { method: 'POST', headers, body })
  for (const body of [
    'Key=%ff%fe&Value=',
    'Key=k&Value=a%c3',
    Buffer.from('Key=k&Value=\xff', 'latin1'),
  ]) {
    const answer = await post(body)
    assert.equal(ErrorBody.parse(await answer.json()).details.code, 'PARAMETER_INVALID')
  }
  const meant = await post('Key=k&Value=%EF%BF%BD')
  assert.equal(((await meant.json()) as { value: string }).value, '\ufffd')
})
