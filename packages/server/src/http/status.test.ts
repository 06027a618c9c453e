/** The status page, as JSON and for browsers, and HTTPS of the server's own. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:tls'
import * as api from '@microvisor/api'
import { authorization, type TestCloud, testCloud, testFolder } from '../testing/cloud.ts'
import { TestAuthority } from '../testing/outside-world.ts'
import { until } from '../testing/until.ts'
import { StatusBoard, statusPage } from './status.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

test('anyone may see what works, as JSON or as a page without scripts', async () => {
  const answer = await fetch(`${cloud.server.url}/status`)
  const status = api.Status.parse(await answer.json())
  const state = (name: string) => status.parts.find((part) => part.name === name)?.state
  assert.deepEqual([state('database'), state('contents'), state('webhooks')], ['ok', 'ok', 'ok'])
  const headers = { accept: 'text/html,application/xhtml+xml' }
  const page = await fetch(`${cloud.server.url}/status`, { headers })
  assert.match(page.headers.get('content-type') ?? '', /^text\/html/)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const html = await page.text()
  assert.match(html, /<h1>Microvisor is /)
  assert.doesNotMatch(html, /<script/)
})

test('what does not answer is said so in time, and nothing of why', async () => {
  const board = new StatusBoard({
    version: '<1>',
    dataFolder: cloud.folder,
    askDatabase: () => new Promise(() => undefined),
    askBlobs: () => Promise.reject(new Error('s3://key:secret@host')),
    isBusConnected: () => false,
    gateway: () => ({ devices: 99, room: 100 }),
    overdueDeliveries: async () => 3,
  })
  const status = await board.look()
  board.close()
  const states = Object.fromEntries(status.parts.map(({ name, state }) => [name, state]))
  assert.equal(status.status, 'unavailable')
  assert.equal(states.database, 'unavailable')
  assert.equal(states.contents, 'unavailable')
  for (const name of ['messages between servers', 'device gateway', 'webhooks'])
    assert.equal(states[name], 'degraded', name)
  assert.doesNotMatch(JSON.stringify(status), /secret/)
  assert.match(statusPage(status), /Version &lt;1&gt;/)
})

test('the server speaks HTTPS itself where it has a certificate; half of one is refused, a renewed one taken', async () => {
  const folder = await testFolder()
  const authority = await TestAuthority.make()
  const { key, certificate } = await authority.issue()
  const files = { tlsCertificate: join(folder, 'api.crt'), tlsKey: join(folder, 'api.key') }
  await writeFile(files.tlsCertificate, certificate)
  await writeFile(files.tlsKey, key)
  const secure = await testCloud({ ...files, limits: { tlsLookMs: 20 } })
  assert.match(secure.server.url, /^https:/)
  const { port } = secure.server
  const path = '/v1/Apps'
  const options = { host: 'localhost', port, path, ca: authority.pem }
  const text = await new Promise<string>((resolve, reject) => {
    const sent = request({ ...options, headers: authorization(secure.server) }, (answer) => {
      let body = ''
      answer.on('data', (part) => {
        body += part
      })
      answer.on('end', () => resolve(body))
    })
    sent.on('error', reject).end()
  })
  assert.match(JSON.parse(text).meta.url, new RegExp(`^https://localhost:${port}/v1/Apps`))
  const renewed = await authority.issue()
  // A moment between the two in which they do not belong together.
  await writeFile(files.tlsCertificate, renewed.certificate)
  await sleep(50)
  await writeFile(files.tlsKey, renewed.key)
  const wanted = new X509Certificate(renewed.certificate).fingerprint256
  await until(
    async () => (await fingerprintAt({ port, ca: authority.pem })) === wanted,
    'the new certificate is shown, without a restart',
  )
  await secure.close()
  const half = { tlsCertificate: files.tlsCertificate }
  await assert.rejects(testCloud(half), { code: 'TLS_UNUSABLE' })
  await assert.rejects(testCloud({ ...files, tlsKey: files.tlsCertificate }), {
    code: 'TLS_UNUSABLE',
  })
  await rm(folder, { recursive: true })
})

function fingerprintAt(where: { port: number; ca: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', ...where }, () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
