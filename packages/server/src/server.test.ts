/** Starting and stopping: what is kept, what is refused, and in which words. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { openDataFolder } from './data-folder.ts'
import { FolderBlobs } from './storage/blobs.ts'
import { appBundle } from './testing/bundles.ts'
import { type TestCloud, testCloud, testFolder } from './testing/cloud.ts'
import { provision, TestDevice } from './testing/device.ts'
import { EventReader } from './testing/events.ts'

let cloud: TestCloud
before(async () => {
  cloud = await testCloud()
})
after(() => cloud.close())

test('secrets are for the owner alone', async () => {
  for (const name of ['credentials.json', 'keys/device-ca.pem', 'keys/kernel-signer.pem'])
    assert.equal((await stat(join(cloud.folder, name))).mode & 0o777, 0o600, name)
  const credentials = JSON.parse(await readFile(join(cloud.folder, 'credentials.json'), 'utf8'))
  const { accountSid: account_sid, authToken: auth_token } = cloud.server.account
  assert.deepEqual(credentials, { account_sid, auth_token })
})

test('everything is there again after a restart, and devices return', async () => {
  const file = { bytes: appBundle(), fileName: 'a' }
  const app = await cloud.client.upload(api.createApp, { file, form: { UniqueName: 'kept' } })
  const device = await provision(cloud.client, 'kept')
  const form = { TargetApp: 'kept', LoggingEnabled: true }
  const was = await cloud.client.call(api.updateDevice, { params: { Sid: 'kept' }, form })
  const link = await TestDevice.join(device)
  const events = await EventReader.open(cloud.client, device.sid)
  const { account, url } = cloud.server
  const again = cloud.restart()
  assert.equal(await link.farewell(), 'GOING_AWAY')
  assert.match((await events.next()).text, /The server is stopping/)
  await events.ended()
  cloud = await again
  assert.deepEqual(cloud.server.account, account)
  assert.notEqual(cloud.server.url, url)
  const now = await cloud.client.call(api.fetchDevice, { params: { Sid: 'kept' } })
  assert.deepEqual(
    { ...now.app, date_reported: '', reported_sid: '' },
    { ...was.app, date_reported: '', reported_sid: '' },
  )
  assert.deepEqual(now.logging, was.logging)
  const back = await TestDevice.connect(device, cloud.server.gateway)
  const { target } = await back.hello()
  assert.equal(`sha256:${Buffer.from(target!.manifestHash).toString('hex')}`, app.hash)
  await back.close()
})

test('two servers on one data folder: the second is told who has it', async () => {
  await assert.rejects(openDataFolder(cloud.folder), {
    code: 'DATA_FOLDER_IN_USE',
    message: new RegExp(`in use by the server with process id ${process.pid}`),
  })
})

test('a lock that a process left behind is taken over, by one of many', async () => {
  const folder = await testFolder()
  const stale = [
    JSON.stringify({ pid: 2 ** 22 + 1, started: '1', id: 'x' }),
    JSON.stringify({ pid: process.pid, started: 'another time', id: 'x' }),
    '{"pid":',
    '',
  ]
  for (const content of stale) {
    await writeFile(join(folder, 'server.lock'), content)
    const tries = await Promise.allSettled([1, 2, 3].map(() => openDataFolder(folder)))
    const winners = tries.filter((one) => one.status === 'fulfilled')
    assert.equal(winners.length, 1, content)
    await winners[0]?.value.release()
  }
  await rm(folder, { recursive: true })
})

test('a port in use is named, for REST and for the gateway, before any work is done', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const dataFolder = await testFolder()
  const message = new RegExp(`Port ${port} on 127.0.0.1, for the .* is in use`)
  const rest = { code: 'PORT_IN_USE', message, fix: /--port/ }
  await assert.rejects(testCloud({ dataFolder, port }), rest)
  const gateway = { code: 'PORT_IN_USE', message, fix: /--gateway-port/ }
  await assert.rejects(testCloud({ dataFolder, gatewayPort: port }), gateway)
  const host = '203.0.113.1'
  await assert.rejects(testCloud({ dataFolder, host }), { code: 'HOST_UNKNOWN' })
  assert.deepEqual(await readdir(dataFolder), [], 'the lock is gone, too')
  await rm(dataFolder, { recursive: true })
  await new Promise((resolve) => other.close(resolve))
})

test('a data folder that cannot be one is refused', async () => {
  const folder = await testFolder()
  await writeFile(join(folder, 'file'), '')
  const dataFolder = join(folder, 'file')
  await assert.rejects(testCloud({ dataFolder }), { code: 'DATA_FOLDER_UNUSABLE' })
  await rm(folder, { recursive: true })
})

test('keys that devices do not know are refused, and a lost token is replaced', async () => {
  const one = await testCloud()
  await one.server.close()
  const key = join(one.folder, 'keys/application-signer.pem')
  const pem = await readFile(key)
  const start = () => one.restart()
  await writeFile(key, 'nonsense')
  await assert.rejects(start(), { code: 'KEYS_UNREADABLE', message: /application-signer\.pem/ })
  await rm(key)
  await assert.rejects(start(), { code: 'KEYS_MISSING', message: /devices of this database/ })
  await writeFile(key, pem)
  await rm(join(one.folder, 'credentials.json'))
  const two = await start()
  assert.equal(two.server.account.accountSid, one.server.account.accountSid)
  assert.notEqual(two.server.account.authToken, one.server.account.authToken)
  await two.client.call(api.listApps)
  await assert.rejects(
    api.createClient({ ...one.server.account, url: two.server.url }).call(api.listApps),
    { code: 'CREDENTIALS_WRONG' },
  )
  await two.close()
})

test('a full disk refuses the bundle, keeps nothing of it, and takes it once there is room', async () => {
  const folder = await testFolder()
  let room = 1
  const blobs = new FolderBlobs(join(folder, 'blobs'), async (path, content) => {
    if (room-- <= 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    await writeFile(path, content)
  })
  await blobs.recover()
  const small = await testCloud({ blobs })
  const file = { bytes: appBundle(randomBytes(5000)), fileName: 'a' }
  const upload = () => small.client.upload(api.createApp, { file })
  await assert.rejects(upload(), { code: 'STORAGE_FULL', status: 507, fix: /Free space/ })
  assert.deepEqual((await small.client.call(api.listApps)).apps, [])
  room = 10
  await upload()
  await small.close()
  await rm(folder, { recursive: true })
})

test('what no App needs any more is removed, what one needs stays', async () => {
  const shared = randomBytes(3000)
  const put = (content: Uint8Array) =>
    cloud.client.upload(api.createApp, { file: { bytes: appBundle(content), fileName: 'a' } })
  const kept = await put(shared)
  const twin = await put(shared)
  const lone = await put(randomBytes(3000))
  for (const { sid: Sid } of [twin, lone])
    await cloud.client.call(api.deleteApp, { params: { Sid } })
  cloud = await cloud.restart()
  while (!cloud.log.some(({ event }) => event === 'unused blobs removed'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  const removed = cloud.log.find(({ event }) => event === 'unused blobs removed')
  assert.equal(removed?.blobs, 3, "two manifests and the lone App's layer")
  await cloud.client.call(api.fetchAppBundle, { params: { Sid: kept.sid } })
})
