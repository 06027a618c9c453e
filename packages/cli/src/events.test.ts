/** Following a device over a server that comes and goes: a real HTTP server that ends its streams. */
import assert from 'node:assert/strict'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { DeviceEvent } from '@microvisor/api'
import { type Cloud, connectCloud } from './cloud.ts'
import { followDevice } from './events.ts'

const DEVICE = `UV${'0'.repeat(32)}`

test('events go on after the stream broke, and the user learns of both', async () => {
  const ends = [
    (response: ServerResponse) => response.end(),
    (response: ServerResponse) => response.destroy(),
  ]
  const { cloud, server } = await serve((response, connection) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify(event(`line ${connection}`))}\n\n`, () =>
      ends[connection]?.(response),
    )
  })
  const ending = new AbortController()
  const heard: string[] = []
  const events = await followDevice(cloud, DEVICE, {
    signal: ending.signal,
    isLogging: false,
    onConnection: (state) => heard.push(state),
  })
  for await (const { text } of events) {
    heard.push(text)
    if (text === 'line 2') ending.abort()
  }
  assert.deepEqual(heard, ['line 0', 'lost', 'back', 'line 1', 'lost', 'back', 'line 2'])
  server.close()
})

test('a refusal is not tried again', async () => {
  const { cloud, server } = await serve((response) => {
    const details = { code: 'DEVICE_NOT_FOUND', fix: 'look' }
    const body = { code: 20404, message: 'No such device.', more_info: '', status: 404, details }
    response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const signal = new AbortController().signal
  await assert.rejects(followDevice(cloud, DEVICE, { signal, isLogging: false }), {
    code: 'DEVICE_NOT_FOUND',
  })
  server.close()
})

function event(text: string): DeviceEvent {
  return {
    timestamp: '2026-11-21T10:00:00.000000Z',
    device_sid: DEVICE,
    type: 'app_logging',
    text,
  }
}

/** Answers the n-th connection to the logs of the device. */
async function serve(
  answer: (response: ServerResponse, connection: number) => void,
): Promise<{ cloud: Cloud; server: Server }> {
  let connections = 0
  const server = createServer((_, response) => answer(response, connections++))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const url = `http://127.0.0.1:${port}`
  return { server, cloud: connectCloud({ url, accountSid: 'AC', authToken: 'token' }) }
}
