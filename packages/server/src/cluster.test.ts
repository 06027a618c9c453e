/**
 * Several server processes on PostgreSQL, NATS and an object store: a device may be on one of them and
 * everybody else on another; any of them, and NATS and PostgreSQL, may die.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { startServer } from './server.ts'
import { appBundle } from './testing/bundles.ts'
import { TestCluster } from './testing/cluster.ts'
import { TestDebugger } from './testing/debugger.ts'
import { provision, TestDevice } from './testing/device.ts'
import { EventReader } from './testing/events.ts'
import { missingStores, type Stores, startStores } from './testing/stores.ts'

const skip = missingStores()
const PATIENCE_MS = 60_000
/** A dead server is noticed sooner than in service; a busy machine must not look like one. */
const PIPE_TIMES = { pipeBeatMs: 200, pipeSilenceMs: 5000 }

let stores: Stores
let cluster: TestCluster

before(async () => {
  if (skip) return
  stores = await startStores()
  cluster = await TestCluster.on(await stores.fresh(), { limits: PIPE_TIMES })
})
after(async () => {
  if (skip) return
  await cluster.close()
  await stores.stop()
})

async function until<T>(look: () => Promise<T | undefined | false>, what: string): Promise<T> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`)
    await sleep(50)
  }
}

async function uploadApp(client: api.Client): Promise<string> {
  const file = { fileName: 'a.zip', bytes: appBundle() }
  return (await client.upload(api.createApp, { form: {}, file })).sid
}

test('servers that start at once on empty stores share keys, account and database', {
  skip,
}, async () => {
  const servers = await Promise.all([cluster.add(), cluster.add()])
  const [a, b] = servers.map(({ server }) => server.account)
  assert.deepEqual(a, b)
  const made = await servers[0]!.client.call(api.accountSecrets.create, {
    form: { Key: 'k', Value: 'v' },
  })
  const { secrets } = await servers[1]!.client.call(api.accountSecrets.list)
  assert.equal(secrets.length, 1)
  assert.equal(secrets[0]?.date_rotated, made.date_rotated)
})

test('a device on one server is deployed to, watched, replaced and revoked through others', {
  skip,
}, async () => {
  const [a, b] = [await cluster.add(), await cluster.add()]
  const device = await provision(a.client)
  const params = { Sid: device.sid }
  const events = await EventReader.open(b.client, device.sid)
  const link = await TestDevice.connect(device, a.server.gateway)
  await link.hello()
  assert.equal((await events.next()).connection?.state, 'connected')
  const TargetApp = await uploadApp(b.client)
  const updated = await b.client.call(api.updateDevice, { params, form: { TargetApp } })
  assert.equal(updated.connection.connected, true)
  const { manifestHash } = await link.expect('target')
  const hash = Buffer.from(manifestHash).toString('hex')
  assert.ok((await link.fetch(hash)).length > 100)
  link.send({ case: 'updateProgress', value: { manifestHash, phase: UpdatePhase.COMPLETE } })
  assert.equal((await events.next()).update?.phase, 'COMPLETE')
  const again = await TestDevice.connect(device, b.server.gateway)
  await again.hello(hash)
  assert.equal(await link.farewell(), 'REPLACED')
  const seen = await until(async () => {
    const { connection, app } = await a.client.call(api.fetchDevice, { params })
    return connection.connected && app.update_status === 'up-to-date'
  }, 'the device runs its target, on the other server')
  assert.equal(seen, true)
  await a.client.call(api.deleteDevice, { params })
  assert.equal(await again.farewell(), 'REVOKED')
  await events.ended()
  await link.close()
  await again.close()
})

const ends = [
  { signal: 'SIGKILL', said: /^Nothing was heard of the other server/ },
  { signal: 'SIGTERM', said: /^The (connection to the device was lost|server is stopping)/ },
] as const

for (const { signal, said } of ends)
  test(`a server that gets ${signal} loses no acknowledged write and no update; devices and debuggers go on elsewhere`, {
    skip,
  }, async () => {
    const b = await cluster.add()
    const victim = await cluster.spawn()
    const device = await provision(victim.client)
    const params = { Sid: device.sid }
    const link = await TestDevice.connect(device, victim.gateway)
    await link.hello()
    const peer = new TestDebugger(b.server, device.sid)
    await debugThrough(link, peer)
    const written: string[] = []
    const writing = (async () => {
      for (let i = 0; ; i++) {
        const form = { Key: `${signal} ${i}`, Value: `${i}` }
        await victim.client.call(api.accountConfigs.create, { form })
        written.push(form.Key)
      }
    })().catch(() => undefined)
    await until(async () => written.length > 20, 'writes')
    const TargetApp = await uploadApp(b.client)
    await b.client.call(api.updateDevice, { params, form: { TargetApp } })
    const { manifestHash } = await link.expect('target')
    await victim.kill(signal)
    assert.match(await peer.over, said)
    await writing
    await link.closed()
    const keys = new Set<string>()
    for await (const { key } of b.client.each(api.accountConfigs.list)) keys.add(key)
    for (const key of written) assert.ok(keys.has(key), `${key} is lost`)
    const again = await TestDevice.connect(device, b.server.gateway)
    assert.deepEqual((await again.hello()).target?.manifestHash, manifestHash)
    await again.fetch(Buffer.from(manifestHash).toString('hex'))
    const { connection } = await b.client.call(api.fetchDevice, { params })
    assert.equal(connection.connected, true)
    await b.client.call(api.updateDevice, { params, form: { RestartApp: true } })
    await again.expect('restartApplication')
    await again.close()
  })

/** Bytes pass between a debugger on one server and a device on another, in both directions. */
async function debugThrough(link: TestDevice, peer: TestDebugger): Promise<void> {
  const { stream, kind } = await link.expect('streamOpen')
  assert.equal(kind.case, 'debug')
  await link.expect('streamCredit')
  link.send({ case: 'streamCredit', value: { stream, bytes: 65_536 } })
  const content = Buffer.alloc(40_000, 'x')
  peer.socket.send(content)
  for (let left = content.length; left > 0; ) left -= (await link.expect('streamData')).data.length
  const data = Buffer.from('answer')
  link.send({ case: 'streamData', value: { stream, data } })
  assert.deepEqual(await peer.next(), data)
}

test('wrong addresses are refused at the start, each with what to do', { skip }, async () => {
  const cases = [
    [{ databaseUrl: 'postgres://test@127.0.0.1:1/x' }, 'DATABASE_UNUSABLE'],
    [{ busUrl: 'nats://127.0.0.1:1' }, 'BUS_UNUSABLE'],
    [{ blobsUrl: 'https://example' }, 'BLOBS_UNUSABLE'],
    [{ blobsUrl: stores.s3.urlFor('TESTKEY', 'wrong') }, 'BLOBS_UNUSABLE'],
    [{ blobsUrl: stores.s3.url.replace('/blobs/', '/nothing/') }, 'BLOBS_UNUSABLE'],
  ] as const
  for (const [wrong, code] of cases)
    await assert.rejects(
      startServer({
        ...cluster.shared,
        ...wrong,
        dataFolder: cluster.dataFolder(),
        port: 0,
        gatewayPort: 0,
      }),
      { code },
    )
})
