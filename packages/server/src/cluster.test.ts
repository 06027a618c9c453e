/**
 * Several server processes on PostgreSQL, NATS and an object store: a device may be on one of them and
 * everybody else on another; any of them, and NATS and PostgreSQL, may die.
 */
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { missing } from '../../../tools/programs.ts'
import { type RunningServer, startServer } from './server.ts'
import { appBundle } from './testing/bundles.ts'
import { testFolder } from './testing/cloud.ts'
import { provision, TestDevice } from './testing/device.ts'
import { EventReader } from './testing/events.ts'
import { startNats, type TestNats } from './testing/nats.ts'
import { postgresFolder, startPostgres, type TestPostgres } from './testing/postgres.ts'
import { startS3, type TestS3 } from './testing/s3-server.ts'
import { spawnServer } from './testing/server-process.ts'

const skip =
  missing('nats-server') || (postgresFolder() === undefined && 'PostgreSQL not installed')
const PATIENCE_MS = 60_000

let folder: string
let postgres: TestPostgres
let nats: TestNats
let s3: TestS3
let shared: { databaseUrl: string; busUrl: string; blobsUrl: string; keysFolder: string }
let started = 0
const running: RunningServer[] = []

before(async () => {
  if (skip) return
  folder = await testFolder()
  ;[postgres, nats, s3] = await Promise.all([startPostgres(), startNats(), startS3()])
  const databaseUrl = await postgres.createDatabase()
  shared = {
    databaseUrl,
    busUrl: nats.url,
    blobsUrl: s3.url,
    keysFolder: join(folder, 'keys'),
  }
})
after(async () => {
  if (skip) return
  for (const server of running) await server.close()
  await Promise.all([postgres.stop(), nats.kill(), s3.close()])
  await rm(folder, { recursive: true, force: true })
})

const dataFolder = () => join(folder, `server-${++started}`)

async function another(): Promise<{ server: RunningServer; client: api.Client }> {
  const server = await startServer({
    ...shared,
    dataFolder: dataFolder(),
    port: 0,
    gatewayPort: 0,
  })
  running.push(server)
  return { server, client: api.createClient({ url: server.url, ...server.account }) }
}

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
  const servers = await Promise.all([another(), another()])
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
  const [a, b] = [await another(), await another()]
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

test('a server that is killed loses no acknowledged write; its devices go on elsewhere', {
  skip,
}, async () => {
  const b = await another()
  const victim = await spawnServer(dataFolder(), shared)
  const device = await provision(victim.client)
  const link = await TestDevice.connect(device, victim.gateway)
  await link.hello()
  const written: string[] = []
  const writing = (async () => {
    for (let i = 0; ; i++) {
      const form = { Key: `kill ${i}`, Value: `${i}` }
      await victim.client.call(api.accountConfigs.create, { form })
      written.push(form.Key)
    }
  })().catch(() => undefined)
  await until(async () => written.length > 20, 'writes')
  await victim.kill()
  await writing
  await link.closed()
  const keys = new Set<string>()
  for await (const { key } of b.client.each(api.accountConfigs.list)) keys.add(key)
  for (const key of written) assert.ok(keys.has(key), `${key} is lost`)
  const again = await TestDevice.connect(device, b.server.gateway)
  await again.hello()
  const params = { Sid: device.sid }
  const { connection } = await b.client.call(api.fetchDevice, { params })
  assert.equal(connection.connected, true)
  await b.client.call(api.updateDevice, { params, form: { RestartApp: true } })
  await again.expect('restartApplication')
  await again.close()
})

test('the bus goes away and comes back: what was missed is caught up', { skip }, async () => {
  const [a, b] = [await another(), await another()]
  const device = await provision(a.client)
  const link = await TestDevice.connect(device, b.server.gateway)
  await link.hello()
  await nats.kill()
  const params = { Sid: device.sid }
  const TargetApp = await uploadApp(a.client)
  await a.client.call(api.updateDevice, { params, form: { TargetApp } })
  await link.settle()
  await nats.start()
  const { manifestHash } = await link.expect('target')
  assert.equal(manifestHash.length, 32)
  await link.close()
})

test('the database goes away and comes back: a clear error meanwhile, then all is as before', {
  skip,
}, async () => {
  const a = await another()
  const device = await provision(a.client)
  await postgres.kill()
  await assert.rejects(a.client.call(api.listDevices), {
    code: 'DATABASE_UNAVAILABLE',
    status: 503,
  })
  const refused = await TestDevice.connect(device, a.server.gateway)
  assert.equal(await refused.farewell(), 'GOING_AWAY')
  await postgres.start()
  const params = { Sid: device.sid }
  const shown = await until(
    () => a.client.call(api.fetchDevice, { params }).catch(() => undefined),
    'the database is back',
  )
  assert.equal(shown.sid, device.sid)
  const link = await TestDevice.connect(device, a.server.gateway)
  await link.hello()
  await link.close()
  await refused.close()
})

test('wrong addresses are refused at the start, each with what to do', { skip }, async () => {
  const cases = [
    [{ databaseUrl: 'postgres://test@127.0.0.1:1/x' }, 'DATABASE_UNUSABLE'],
    [{ busUrl: 'nats://127.0.0.1:1' }, 'BUS_UNUSABLE'],
    [{ blobsUrl: 'https://example' }, 'BLOBS_UNUSABLE'],
    [{ blobsUrl: s3.urlFor('TESTKEY', 'wrong') }, 'BLOBS_UNUSABLE'],
    [{ blobsUrl: s3.url.replace('/blobs/', '/nothing/') }, 'BLOBS_UNUSABLE'],
  ] as const
  for (const [wrong, code] of cases)
    await assert.rejects(
      startServer({ ...shared, ...wrong, dataFolder: dataFolder(), port: 0, gatewayPort: 0 }),
      { code },
    )
})
