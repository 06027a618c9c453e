/** The client against servers that answer well, badly, or not at all. */
import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createApp, fetchApp, listApps } from './apps.ts'
import { type ClientSettings, createClient } from './client.ts'
import { streamDeviceLogs, updateDevice } from './devices.ts'
import { errors, Problem } from './errors.ts'

const app = {
  sid: `KA${'1'.repeat(32)}`,
  account_sid: `AC${'1'.repeat(32)}`,
  hash: `sha256:${'a'.repeat(64)}`,
  unique_name: null,
  date_created: '2026-01-01T00:00:00Z',
  date_updated: '2026-01-01T00:00:00Z',
  url: 'http://x/',
  links: { app_manifests: 'http://x/' },
}

/** Runs `use` with a client of a server that answers with `listener`. */
async function served(
  listener: RequestListener,
  use: (client: ReturnType<typeof createClient>, url: string) => Promise<void>,
  settings: Partial<ClientSettings> = {},
): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await use(createClient({ url: `${url}/`, accountSid: 'AC1', authToken: 't', ...settings }), url)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('nobody there: the error says what to do', async () => {
  let gone = ''
  await served(
    () => undefined,
    async (_, url) => {
      gone = url
    },
  )
  const client = createClient({ url: gone, accountSid: 'AC1', authToken: 't' })
  await assert.rejects(client.call(listApps), {
    name: 'ApiError',
    code: 'SERVER_UNREACHABLE',
    message: `No server answers at ${gone}: connection refused.`,
    fix: /microvisor up/,
    status: 0,
  })
  const nowhere = createClient({ url: 'http://no.invalid', accountSid: 'AC1', authToken: 't' })
  await assert.rejects(nowhere.call(listApps), {
    code: 'SERVER_UNREACHABLE',
    message: /no\.invalid/,
  })
})

test('a refusal keeps its code, message, fix, status and details', async () => {
  await served(
    (_, response) => {
      const body = new Problem('APP_NOT_FOUND', 'No App x.', { Sid: 'x' }).toBody('http://x')
      response.writeHead(404).end(JSON.stringify(body))
    },
    async (client) => {
      await assert.rejects(client.call(fetchApp, { params: { Sid: 'x' } }), {
        code: 'APP_NOT_FOUND',
        message: 'No App x.',
        fix: errors.APP_NOT_FOUND.fix,
        status: 404,
        details: { Sid: 'x' },
      })
    },
  )
})

test('answers that are not ours are told apart from refusals', async () => {
  const answers: [number, string][] = [
    [200, '<html>'],
    [200, '{"apps": 3}'],
    [200, ''],
    [404, 'not found'],
    [500, '{"error": "some other service"}'],
  ]
  for (const [status, body] of answers)
    await served(
      (_, response) => response.writeHead(status).end(body),
      async (client) => {
        await assert.rejects(client.call(listApps), { code: 'ANSWER_UNEXPECTED', status })
      },
    )
})

test('a proxy that has no server says so', async () => {
  for (const status of [502, 503, 504])
    await served(
      (_, response) => response.writeHead(status).end('<html>'),
      async (client) => {
        await assert.rejects(client.call(listApps), { code: 'NO_SERVER_BEHIND_PROXY', status })
      },
    )
})

test('a connection that breaks, and one on which nothing comes, are told apart', async () => {
  await served(
    (request) => request.socket.destroy(),
    (client) => assert.rejects(client.call(listApps), { code: 'CONNECTION_LOST' }),
  )
  await served(
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      setTimeout(() => response.destroy(), 20)
    },
    (client) => assert.rejects(client.call(listApps), { code: 'CONNECTION_LOST' }),
  )
  await served(
    () => undefined,
    (client) => assert.rejects(client.call(listApps), { code: 'SERVER_SILENT', message: /50 ms/ }),
    { timeoutMs: 50 },
  )
})

test('a request carries credentials, parameters as text, and nothing that was left out', async () => {
  let seen = ''
  await served(
    async (request, response) => {
      let body = ''
      for await (const part of request) body += part
      seen = `${request.method} ${request.url} ${request.headers.authorization} ${body}`
      response.writeHead(500).end()
    },
    async (client) => {
      const form = { LoggingEnabled: false, UniqueName: 'ä & b', TargetApp: undefined }
      await assert.rejects(client.call(updateDevice, { params: { Sid: 'a/b?' }, form }))
      assert.equal(
        seen,
        `POST /v1/Devices/a%2Fb%3F Basic ${btoa('AC1:t')} LoggingEnabled=false&UniqueName=%C3%A4+%26+b`,
      )
      await assert.rejects(client.call(listApps, { query: { PageSize: 7 } }))
      assert.match(seen, /^GET \/v1\/Apps\?PageSize=7 Basic \S+ $/)
    },
  )
})

test('each follows the pages to the last, by path, whatever the server calls itself', async () => {
  await served(
    (request, response) => {
      const page = Number(/Page=(\d)/.exec(request.url ?? '')?.[1] ?? 0)
      const url = `http://elsewhere.invalid/v1/Apps?Page=${page + 1}`
      const meta = {
        page,
        page_size: 1,
        first_page_url: url,
        previous_page_url: null,
        url,
        next_page_url: page < 2 ? url : null,
        key: 'apps',
      }
      const item = { ...app, unique_name: String(page) }
      response.end(JSON.stringify({ apps: page === 1 ? [] : [item], meta }))
    },
    async (client) => {
      const names: (string | null)[] = []
      for await (const { unique_name } of client.each(listApps)) names.push(unique_name)
      assert.deepEqual(names, ['0', '2'])
    },
  )
})

test('an upload says how far it is, and stops when told', async () => {
  await served(
    async (request, response) => {
      let bytes = 0
      for await (const part of request) bytes += (part as Buffer).length
      response.writeHead(201).end(JSON.stringify({ ...app, unique_name: String(bytes > 300_000) }))
    },
    async (client) => {
      const steps: number[] = []
      const onProgress = (sent: number, total: number) => steps.push(sent / total)
      const file = { bytes: new Uint8Array(300_000), fileName: 'a "b".zip', onProgress }
      assert.equal((await client.upload(createApp, { file })).unique_name, 'true')
      assert.ok(steps.length > 3 && steps.at(-1) === 1)
      assert.deepEqual(
        steps,
        steps.toSorted((a, b) => a - b),
      )
      const stop = new AbortController()
      const stopping = { ...file, onProgress: () => stop.abort(new Error('enough')) }
      await assert.rejects(
        client.upload(createApp, { file: stopping }, { signal: stop.signal }),
        /enough/,
      )
    },
  )
})

const events = ['first', 'zweites – mit Umlauten ä', 'x'.repeat(300)].map((text) => ({
  timestamp: '2026-01-01T00:00:00.000001Z',
  device_sid: `UV${'2'.repeat(32)}`,
  type: 'app_logging',
  text,
}))
const stream = Buffer.from(
  `: listening\n\n${events.map((e) => `id: 1\nevent: e\ndata: ${JSON.stringify(e)}\n\n`).join(': x\n\n')}`,
)

test('events come out the same however the bytes are cut', async () => {
  for (let at = 1; at < stream.length; at += 7)
    await served(
      (_, response) => {
        response.write(stream.subarray(0, at))
        setTimeout(() => response.end(stream.subarray(at)), 1)
      },
      async (client) => {
        const seen: unknown[] = []
        const input = { params: { Sid: 'x' } }
        for await (const event of await client.listen(streamDeviceLogs, input)) seen.push(event)
        assert.deepEqual(seen, events, `cut at ${at}`)
      },
    )
})

test('listening ends by signal, by a broken line, and by an event that is none', async () => {
  const input = { params: { Sid: 'x' } }
  await served(
    (_, response) => void response.write(stream),
    async (client) => {
      const stop = new AbortController()
      const listened = await client.listen(streamDeviceLogs, input, { signal: stop.signal })
      await listened.next()
      stop.abort(new Error('enough'))
      await assert.rejects(async () => {
        for await (const _ of listened);
      }, /enough/)
    },
  )
  await served(
    (_, response) => {
      response.write(stream)
      setTimeout(() => response.destroy(), 20)
    },
    async (client) => {
      const listened = await client.listen(streamDeviceLogs, input)
      await assert.rejects(
        async () => {
          for await (const _ of listened);
        },
        { code: 'CONNECTION_LOST' },
      )
    },
  )
  await served(
    (_, response) => response.end('data: {"type": 1}\n\n'),
    async (client) => {
      const listened = await client.listen(streamDeviceLogs, input)
      await assert.rejects(listened.next(), { code: 'ANSWER_UNEXPECTED' })
    },
  )
})
