/**
 * All servers of a cluster are replaced one after another while devices are being updated, somebody
 * writes, and a webhook is told of it: nothing of it is lost, and no device waits for the last.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { UpdatePhase } from '@microvisor/protocol'
import { appBundle } from './testing/bundles.ts'
import { type Member, TestCluster } from './testing/cluster.ts'
import { type NewDevice, provision, TestDevice } from './testing/device.ts'
import { httpsServer, TestAuthority, type TestServer } from './testing/outside-world.ts'
import { missingStores, type Stores, startStores } from './testing/stores.ts'
import { until } from './testing/until.ts'

const skip = missingStores()
const SERVERS = 3
const DEVICES = 6
/** What a write may hear of the server that it came to; it is not acknowledged then. */
const ALLOWED = new Set(['STOPPING', 'no answer'])

let stores: Stores
let cluster: TestCluster
let target: TestServer
/** Bodies by id: a delivery may come twice. */
const posts = new Map<string, { type: string; device_sid: string }>()

before(async () => {
  if (skip) return
  const authority = await TestAuthority.make()
  target = await httpsServer(await authority.issue(), (request, response) => {
    let body = ''
    request.on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      posts.set(String(request.headers['webhook-id']), JSON.parse(body))
      response.end()
    })
  })
  stores = await startStores()
  cluster = await TestCluster.on(await stores.fresh(), {
    egress: { open: [`localhost:${target.port}`], authorities: [authority.pem] },
  })
})
after(async () => {
  if (skip) return
  await cluster.close()
  await stores.stop()
  await target.close()
})

interface Connected {
  readonly device: NewDevice
  link: TestDevice
  member: Member
}

test('a rolling restart of three servers loses no write, no update and no event', {
  skip,
}, async () => {
  const members: Member[] = []
  for (let i = 0; i < SERVERS; i++) members.push(await cluster.add())
  const at = (i: number) => members[i % members.length]!
  const form = { TargetUrl: `https://localhost:${target.port}/`, Events: ['update.completed'] }
  await at(0).client.call(api.createWebhook, { form: { ...form, FriendlyName: 'told' } })
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const { sid: TargetApp } = await at(1).client.upload(api.createApp, { form: {}, file })
  const fleet: Connected[] = []
  for (let i = 0; i < DEVICES; i++) fleet.push(await connect(await provision(at(i).client), at(i)))
  let hash = ''
  for (const [i, { device, link }] of fleet.entries()) {
    const params = { Sid: device.sid }
    await at(i + 1).client.call(api.updateDevice, { params, form: { TargetApp } })
    const { manifestHash } = await link.expect('target')
    hash = Buffer.from(manifestHash).toString('hex')
    link.send({ case: 'updateProgress', value: { manifestHash, phase: UpdatePhase.DOWNLOADED } })
  }
  const written: string[] = []
  let isOver = false
  const refused = new Set<string>()
  const writing = (async () => {
    for (let i = 0; !isOver; i++) {
      const form = { Key: `key ${i}`, Value: `${i}` }
      // As behind a balancer: nobody is sent to a server that leaves, but it may leave meanwhile.
      await at(i)
        .client.call(api.accountConfigs.create, { form })
        .then(
          () => written.push(form.Key),
          ({ status, code }: api.ApiError) => refused.add(status === 0 ? 'no answer' : code),
        )
    }
  })()
  for (let i = 0; i < SERVERS; i++) {
    const leaving = members.shift()!
    const closing = leaving.server.close()
    for (const one of fleet.filter(({ member }) => member === leaving)) {
      assert.equal(await one.link.farewell(), 'GOING_AWAY')
      Object.assign(one, await connect(one.device, at(0), hash))
    }
    await closing
    members.push(await cluster.add())
  }
  isOver = true
  await writing
  const { client } = at(0)
  for (const { device, link } of fleet) {
    const manifestHash = Buffer.from(hash, 'hex')
    link.send({ case: 'updateProgress', value: { manifestHash, phase: UpdatePhase.COMPLETE } })
    await link.settle()
    await link.close()
    const back = await TestDevice.connect(device, at(1).server.gateway)
    await back.hello(hash)
    const shown = await client.call(api.fetchDevice, { params: { Sid: device.sid } })
    assert.equal(shown.app.update_status, 'up-to-date')
    assert.equal(shown.connection.connected, true)
    await back.close()
  }
  const keys = new Set<string>()
  for await (const { key } of client.each(api.accountConfigs.list)) keys.add(key)
  assert.ok(written.length > 0)
  assert.deepEqual(
    [...refused].filter((code) => !ALLOWED.has(code)),
    [],
  )
  assert.deepEqual(
    written.filter((key) => !keys.has(key)),
    [],
  )
  const told = () => new Set([...posts.values()].map((post) => post.device_sid))
  await until(() => told().size === DEVICES, 'the webhook has heard of each update')
  assert.equal(posts.size, DEVICES)
  const ids: number[] = []
  for await (const { id } of client.each(api.listEvents)) ids.push(Number(id))
  assert.deepEqual(
    ids,
    Array.from(ids, (_, i) => ids.length - i),
    'no event is missing',
  )
})

/** Whoever has a target finds it in the Welcome of any server, and what it consists of. */
async function connect(device: NewDevice, member: Member, hash = ''): Promise<Connected> {
  const link = await TestDevice.connect(device, member.server.gateway)
  const { target: found } = await link.hello()
  if (hash !== '') {
    assert.equal(Buffer.from(found?.manifestHash ?? []).toString('hex'), hash)
    assert.ok((await link.fetch(hash)).length > 100)
  }
  return { device, link, member }
}
