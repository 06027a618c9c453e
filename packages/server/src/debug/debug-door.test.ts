/** Who may debug, for how long, and what is kept of it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { WebSocket } from 'ws'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { TestDebugger } from '../testing/debugger.ts'
import { type NewDevice, provision, TestDevice } from '../testing/device.ts'

/** Long enough for a session that is ended before. */
const SESSION_MS = 3000

let cloud: TestCloud
let device: NewDevice
let link: TestDevice

before(async () => {
  cloud = await testCloud({ limits: { debugSessionMs: SESSION_MS } })
  device = await provision(cloud.client)
  link = await TestDevice.connect(device, cloud.server.gateway)
  await link.hello()
})
after(async () => {
  await link.close()
  await cloud.close()
})

test('whoever may debug can end a session; the audit log says who opened it and who ended it', async () => {
  const peer = await openSession()
  await cloud.client.call(api.endDeviceDebug, { params: { Sid: device.sid } })
  assert.equal(await peer.over, `The session was ended by ${cloud.server.account.accountSid}.`)
  await link.expect('streamClose')
  const { entries } = await cloud.client.call(api.listAudit, { query: {} })
  const actions = entries.slice(0, 2).map(({ action }) => action)
  assert.deepEqual(actions, ['endDeviceDebug', 'debugDevice'])
})

test('a key without the scope debug is refused', async () => {
  const form = { FriendlyName: 'ci', Scopes: ['read' as const, 'deploy' as const] }
  const key = await cloud.client.call(api.createApiKey, { form })
  const url = `${cloud.server.url.replace(/^http/, 'ws')}/v1/Devices/${device.sid}/Debug`
  const authorization = `Basic ${btoa(`${key.sid}:${key.secret}`)}`
  const socket = new WebSocket(url, { headers: { authorization } })
  socket.on('error', () => undefined)
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
  assert.equal(answer.statusCode, 403)
  const body = JSON.parse(Buffer.concat(await answer.toArray()).toString())
  assert.match(body.message, /takes the scope debug/)
  socket.terminate()
})

test('a session that has had its time ends, for the debugger and for the device', async () => {
  const peer = await openSession()
  assert.match(await peer.over, /^The session has lasted for its /)
  await link.expect('streamClose')
})

/** One that the device has taken. */
async function openSession(): Promise<TestDebugger> {
  const peer = new TestDebugger(cloud.server, device.sid)
  await link.expect('streamOpen')
  await link.expect('streamCredit')
  return peer
}
