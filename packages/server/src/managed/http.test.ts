/** HTTP, config and opaque channels through a real server, over a real link. */
import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { accountSecrets, deviceConfigs } from '@microvisor/api'
import {
  ChannelType,
  encodeUtf8,
  HttpResult,
  ConfigKeyFetchScope as Scope,
  ConfigKeyFetchStore as Store,
} from '@microvisor/protocol'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'
import { DeviceChannel } from '../testing/device-channel.ts'
import { httpsServer, TestAuthority, type TestServer } from '../testing/outside-world.ts'

const { HTTP, CONFIGFETCH, OPAQUEBYTES, MQTT } = ChannelType
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

describe('channels through the cloud', () => {
  let cloud: TestCloud
  let device: NewDevice
  let link: TestDevice
  let world: TestServer
  let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
  const gaveUp: string[] = []

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const part of request) body += part
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers, body })
    const [, place = '', rest = ''] = /^\/(\w+)\/?(.*)$/.exec(url) ?? []
    if (place === 'bytes') return void response.end('x'.repeat(Number(rest)))
    if (place === 'to') {
      const location = decodeURIComponent(rest).replace('PORT', `${world.port}`)
      return void response.writeHead(Number(headers['x-status'] ?? 302), { location }).end('moved')
    }
    if (place === 'never') return void response.once('close', () => gaveUp.push(url))
    if (place === 'cut') return void response.socket?.destroy()
    response.writeHead(Number(rest) || 200, { 'X-Echo': 'one two', 'x-bad': 'caf\u00e9' })
    response.end(method === 'HEAD' ? undefined : `${method} ${body}`)
  }

  before(async () => {
    const authority = await TestAuthority.make()
    world = await httpsServer(await authority.issue(), serve)
    const open = [`localhost:${world.port}`]
    cloud = await testCloud({
      egress: { open, authorities: [authority.pem] },
      limits: { channelBurst: 1000 },
    })
    device = await provision(cloud.client)
    link = await TestDevice.join(device)
  })
  after(async () => {
    await link.close()
    await cloud.close()
    await world.close()
  })

  interface Request {
    readonly method?: string
    readonly url?: string
    readonly headers?: readonly string[]
    readonly body?: string
    readonly timeoutMs?: number
    readonly receiveBytes?: number
  }

  async function ask({ method = 'GET', url = '/', headers = [], body = '', ...rest }: Request) {
    seen = []
    const { timeoutMs = 5000, receiveBytes = 4096 } = rest
    const channel = DeviceChannel.open(link, HTTP, { receiveBytes })
    channel.request({
      case: 'http',
      value: {
        method: encodeUtf8(method),
        url: encodeUtf8(url.startsWith('/') ? `https://localhost:${world.port}${url}` : url),
        headers: headers.map(encodeUtf8),
        body: encodeUtf8(body),
        timeoutMs,
      },
    })
    const response = await channel.expect('http')
    channel.close()
    return response
  }

  test('every method arrives with headers and body, and its response comes back', async () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const headers = ['X-One: 1', 'x-two:2', 'Content-Length: 4', 'Connection: close']
      const {
        result,
        statusCode,
        body,
        headers: lines,
      } = await ask({
        ...{ method, headers, body: 'body', url: '/status/201' },
      })
      assert.equal(result, HttpResult.OK)
      assert.equal(statusCode, 201)
      assert.equal(text(body), method === 'HEAD' ? '' : `${method} body`)
      assert.ok(lines.map(text).includes('X-Echo: one two'))
      assert.ok(lines.map(text).every((line) => /^[\x20-\x7e]+$/.test(line)))
      assert.equal(seen[0]?.method, method)
      assert.equal(seen[0]?.headers['x-one'], '1')
      assert.equal(seen[0]?.headers['x-two'], '2')
    }
  })

  const wrong: readonly (readonly [keyof typeof HttpResult, Request])[] = [
    ['UNSUPPORTEDURISCHEME', { url: 'http://localhost/' }],
    ['UNSUPPORTEDURISCHEME', { url: 'ftp://localhost/' }],
    ['UNSUPPORTEDURISCHEME', { url: 'nonsense' }],
    ['UNSUPPORTEDMETHOD', { method: 'TRACE' }],
    ['UNSUPPORTEDMETHOD', { method: 'get' }],
    ['UNSUPPORTEDMETHOD', { method: 'CONNECT' }],
    ['INVALIDTIMEOUT', { timeoutMs: 4999 }],
    ['INVALIDTIMEOUT', { timeoutMs: 10_001 }],
    ['INVALIDHEADERS', { headers: ['no colon'] }],
    ['INVALIDHEADERS', { headers: ['bad name: x'] }],
    ['INVALIDHEADERS', { headers: ['a: b\r\nc: d'] }],
    ['INVALIDHEADERS', { headers: ['Transfer-Encoding: chunked'] }],
    ['INVALIDHEADERS', { headers: ['Content-Length: 3'], body: 'four' }],
    ['REQUESTFAILED', { url: '/cut' }],
    ['REQUESTFAILED', { url: 'https://127.0.0.1/' }],
    ['REQUESTFAILED', { url: 'https://[::1]/' }],
    ['REQUESTFAILED', { url: 'https://2130706433/' }],
    ['REQUESTFAILED', { url: 'https://0x7f.1/' }],
    ['REQUESTFAILED', { url: 'https://[::ffff:127.0.0.1]/' }],
    ['REQUESTFAILED', { url: 'https://169.254.169.254/latest/meta-data' }],
    ['REQUESTFAILED', { url: 'https://localhost:1/' }],
    ['RESPONSETOOLARGE', { url: '/bytes/4096' }],
    ['RESPONSETOOLARGE', { url: '/bytes/1000000' }],
    ['RESPONSETOOLARGE', { url: '/bytes/400', receiveBytes: 512 }],
  ]
  for (const [result, request] of wrong) {
    test(`${JSON.stringify(request)} is answered with ${result}`, async () => {
      const response = await ask(request)
      assert.equal(response.result, HttpResult[result])
      assert.equal(response.body.length, 0)
    })
  }

  const redirects: readonly (readonly [string, number, string, string])[] = [
    ['PUT', 307, '/final', 'PUT body'],
    ['POST', 302, '/final', 'GET '],
    ['POST', 303, '../final', 'GET '],
    ['DELETE', 301, '/final', 'DELETE body'],
    ['GET', 308, 'https://localhost:PORT/final', 'GET body'],
  ]
  for (const [method, status, location, expected] of redirects) {
    test(`${method} is redirected by ${status} to ${location}`, async () => {
      const url = `/to/${encodeURIComponent(location)}`
      const headers = [`X-Status: ${status}`]
      const { result, body } = await ask({ method, url, headers, body: 'body' })
      assert.equal(result, HttpResult.OK)
      assert.equal(text(body), expected)
    })
  }

  const traps = [
    'https://127.0.0.1:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://169.254.169.254/',
    'https://2130706433:PORT/',
    'http://localhost:PORT/',
    'file:///etc/passwd',
  ]
  for (const trap of traps) {
    test(`a redirect to ${trap} leads nowhere`, async () => {
      const url = `/to/${encodeURIComponent(trap)}`
      const { result, statusCode } = await ask({ url })
      assert.deepEqual([result, statusCode], [HttpResult.REQUESTFAILED, 0])
    })
  }

  test('redirects that go round come to an end', async () => {
    const { result } = await ask({ url: '/to/round' })
    assert.equal(result, HttpResult.REQUESTFAILED)
    assert.equal(seen.length, 6)
  })

  test('a request without an answer fails at its timeout', async () => {
    const began = performance.now()
    assert.equal((await ask({ url: '/never' })).result, HttpResult.REQUESTFAILED)
    assert.ok(performance.now() - began >= 4900)
  })

  test('a device that closes its channel, or goes, gives its request up', async () => {
    const other = await TestDevice.join(await provision(cloud.client))
    const channels = ['/never/closed', '/never/gone'].map((path) => {
      const channel = DeviceChannel.open(other, HTTP)
      const url = encodeUtf8(`https://localhost:${world.port}${path}`)
      const value = { method: encodeUtf8('GET'), url, timeoutMs: 10_000 }
      channel.request({ case: 'http', value })
      return channel
    })
    await until(() => seen.filter(({ url }) => url.startsWith('/never/')).length === 2)
    channels[0]!.close()
    await until(() => gaveUp.includes('/never/closed'))
    assert.ok(!gaveUp.includes('/never/gone'))
    await other.close()
    await until(() => gaveUp.includes('/never/gone'))
  })

  test('configs and secrets reach the device that may have them, and no other', async () => {
    const { client } = cloud
    const stranger = await TestDevice.join(await provision(client))
    const form = { Key: 'colour', Value: 'blue' }
    await client.call(deviceConfigs.create, { params: { DeviceSid: device.sid }, form })
    await client.call(accountSecrets.create, { form: { Key: 'token', Value: 'sesame' } })
    const keys = [
      { scope: Scope.DEVICE, store: Store.CONFIG, key: encodeUtf8('colour') },
      { scope: Scope.DEVICE, store: Store.SECRET, key: encodeUtf8('colour') },
      { scope: Scope.ACCOUNT, store: Store.SECRET, key: encodeUtf8('token') },
      { scope: Scope.ACCOUNT, store: Store.CONFIG, key: encodeUtf8('token') },
    ]
    const fetch = async (from: TestDevice, receiveBytes = 4096) => {
      const channel = DeviceChannel.open(from, CONFIGFETCH, { receiveBytes })
      channel.request({ case: 'configFetch', value: { keys } })
      const { result, values } = await channel.expect('configValues')
      channel.close()
      return [result, ...values.map((one) => `${one.result} ${text(one.value)}`)]
    }
    assert.deepEqual(await fetch(link), [0, '0 blue', '1 ', '0 sesame', '1 '])
    assert.deepEqual(await fetch(stranger), [0, '1 ', '1 ', '0 sesame', '1 '])
    assert.deepEqual(await fetch(link, 16), [1])
    await stranger.close()
  })

  test('an echo comes back as the device has room for it', async () => {
    const channel = DeviceChannel.open(link, OPAQUEBYTES, { endpoint: 'echo', credit: 10 })
    channel.gives = false
    const sent = encodeUtf8('abcdefghijklmnopqrstuvwxyz')
    channel.sendBytes(sent)
    assert.equal(text(await channel.bytes()), 'abcdefghij')
    channel.allow(3)
    assert.equal(text(await channel.bytes()), 'klm')
    channel.allow(100)
    assert.equal(text(await channel.bytes()), 'nopqrstuvwxyz')
    channel.close()
  })

  test('what breaks the rules of a channel ends that channel, with a reason', async () => {
    const malformed = DeviceChannel.open(link, HTTP)
    malformed.sendBytes(Uint8Array.of(3, 0xff, 0xff, 0xff))
    assert.match((await malformed.closed()).detail, /no ChannelRequest/)
    const wrongKind = DeviceChannel.open(link, HTTP)
    wrongKind.request({ case: 'configFetch', value: { keys: [] } })
    assert.match((await wrongKind.closed()).detail, /not for configFetch/)
    const twice = DeviceChannel.open(link, CONFIGFETCH)
    twice.request({ case: 'configFetch', value: { keys: [] } })
    await twice.expect('configValues')
    twice.request({ case: 'configFetch', value: { keys: [] } })
    assert.match((await twice.closed()).detail, /its one request/)
    const huge = DeviceChannel.open(link, MQTT)
    huge.sendBytes(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
    assert.match((await huge.closed()).detail, /longer than the 524288/)
    const nowhere = DeviceChannel.open(link, OPAQUEBYTES, { endpoint: 'nowhere' })
    assert.equal((await nowhere.closed()).reason, 'NOT_FOUND')
    const unknown = DeviceChannel.open(link, 99 as ChannelType)
    assert.equal((await unknown.closed()).reason, 'NOT_FOUND')
    const four = [HTTP, HTTP, HTTP, HTTP].map((type) => DeviceChannel.open(link, type))
    assert.equal((await DeviceChannel.open(link, HTTP).closed()).reason, 'REFUSED')
    for (const channel of four) channel.close()
    await link.settle()
  })
})

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000
  while (!condition()) {
    if (performance.now() > end) throw new Error('It did not come about within 20 s.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
