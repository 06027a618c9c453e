/** Traces: one request is one trace, through the API and to the device; a collector that fails costs nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { testCloud } from './testing/cloud.ts'
import { TestCluster } from './testing/cluster.ts'
import { provision, TestDevice } from './testing/device.ts'
import { missingStores, startStores } from './testing/stores.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: { key: string; value: { stringValue: string } }[]
}

async function collector(status = 200) {
  const spans: Span[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = JSON.parse(Buffer.concat(parts).toString())
    assert.equal(request.url, '/v1/traces')
    for (const { scopeSpans } of body.resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans)
    response.writeHead(status).end('{}')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { spans, url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}

test('a request and what it makes a device hear are one trace, the caller’s if it has one', async () => {
  const { spans, url, close } = await collector()
  const cloud = await testCloud({ traceEndpoint: url })
  const { sid, ...device } = await provision(cloud.client)
  const link = await TestDevice.connect(device, device.gateway)
  await link.hello()
  const traceId = 'ab'.repeat(16)
  const send = (traceparent: string) =>
    cloud.request(`/v1/Devices/${sid}`, {
      method: 'POST',
      headers: { traceparent, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'RestartApp=true',
    })
  assert.equal((await send(`00-${traceId}-${'cd'.repeat(8)}-01`)).status, 200)
  await link.expect('restartApplication')
  assert.equal((await send(`00-${'ef'.repeat(16)}-${'cd'.repeat(8)}-00`)).status, 200)
  await link.expect('restartApplication')
  await link.close()
  await cloud.close()
  close()
  const own = spans.filter((span) => span.traceId === traceId)
  const request = own.find(({ name }) => name === 'updateDevice')
  const told = own.find(({ name }) => name === 'tell device')
  assert.equal(request?.parentSpanId, 'cd'.repeat(8))
  assert.equal(told?.parentSpanId, request?.spanId)
  assert.deepEqual(
    told?.attributes.map(({ key, value }) => [key, value.stringValue]),
    [['device', sid]],
  )
  assert.ok(!spans.some((span) => span.traceId === 'ef'.repeat(16)), 'not sampled')
})

test('it is the same trace when the device is on another server', {
  skip: missingStores(),
}, async () => {
  const { spans, url, close } = await collector()
  const stores = await startStores()
  const cluster = await TestCluster.on(await stores.fresh(), { traceEndpoint: url })
  const [a, b] = [await cluster.add(), await cluster.add()]
  const { sid, ...device } = await provision(a.client)
  const link = await TestDevice.connect(device, b.server.gateway)
  await link.hello()
  const traceId = '12'.repeat(16)
  const { accountSid, authToken } = a.server.account
  const response = await fetch(`${a.server.url}/v1/Devices/${sid}`, {
    method: 'POST',
    headers: {
      traceparent: `00-${traceId}-${'cd'.repeat(8)}-01`,
      authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
    },
    body: new URLSearchParams({ RestartApp: 'true' }),
  })
  assert.equal(response.status, 200)
  await link.expect('restartApplication')
  await link.close()
  await cluster.close()
  await stores.stop()
  close()
  const own = spans.filter((span) => span.traceId === traceId)
  const request = own.find(({ name }) => name === 'updateDevice')
  const told = own.find(({ name }) => name === 'tell device')
  assert.ok(request && told, JSON.stringify(own))
  assert.equal(told.parentSpanId, request.spanId)
})

test('without a collector that answers, requests go on', async () => {
  const { url, close } = await collector(500)
  const cloud = await testCloud({ traceEndpoint: url })
  await provision(cloud.client)
  await cloud.close()
  assert.ok(cloud.log.some(({ event }) => event === 'spans not delivered'))
  close()
})
