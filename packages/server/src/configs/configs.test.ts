/** Configs and Secrets: four name spaces, over HTTP and as devices read them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as api from '@microvisor/api'
import { MasterKeys, rotateMasterKey } from '../keys/master-keys.ts'
import { configs as table } from '../storage/schema.ts'
import { type TestCloud, testCloud } from '../testing/cloud.ts'
import { type NewDevice, provision } from '../testing/device.ts'
import { Configs, type Wanted } from './configs.ts'

let cloud: TestCloud
let device: NewDevice
let other: NewDevice
before(async () => {
  cloud = await testCloud({ limits: { configsPerPlace: 5 } })
  device = await provision(cloud.client, 'first')
  other = await provision(cloud.client)
})
after(() => cloud.close())

const families = [
  ['account config', api.accountConfigs],
  ['account secret', api.accountSecrets],
  ['device config', api.deviceConfigs],
  ['device secret', api.deviceSecrets],
] as const

/** The four families have the same five calls; their types differ in what names the owner. */
type Family = typeof api.deviceConfigs
const each = families.map(([name, family]) => ({
  name,
  family: family as unknown as Family,
  owner: (name.startsWith('device') ? { DeviceSid: 'first' } : {}) as { DeviceSid: string },
}))

test('one key lives four times, each with a value of its own, and only Configs show theirs', async () => {
  const { client } = cloud
  for (const { name, family, owner } of each) {
    const created = await client.call(family.create, {
      params: owner,
      form: { Key: 'kéy 1', Value: name },
    })
    const params = { ...owner, Key: 'kéy 1' }
    assert.deepEqual(await client.call(family.fetch, { params }), created)
    assert.equal(created.value, name.endsWith('config') ? name : undefined)
    assert.ok(new URL(created.url).pathname.endsWith('/k%C3%A9y%201'))
    const { status } = await cloud.request(new URL(created.url).pathname)
    assert.equal(status, 200)
    await assert.rejects(
      client.call(family.create, { params: owner, form: { Key: 'kéy 1', Value: '' } }),
      { code: 'KEY_TAKEN', status: 409 },
    )
    const updated = await client.call(family.update, { params, form: { Value: `${name} again` } })
    assert.equal(updated.value, created.value && `${name} again`)
  }
})

test('keys and values are text within limits; a scope holds a limited number', async () => {
  const { client } = cloud
  for (const { name, family, owner } of each) {
    const create = (Key: string, Value: string) =>
      client.call(family.create, { params: owner, form: { Key, Value } })
    const longest = '😀'.repeat(4096)
    await create('k'.repeat(100), longest)
    for (const key of ['', 'k'.repeat(101), 'a/b', 'a?b', 'a\u0000b'])
      await assert.rejects(create(key, ''), { code: 'PARAMETER_INVALID' }, `${name} "${key}"`)
    for (const value of [`${longest}x`, 'a\u0000b'])
      await assert.rejects(create('k', value), { code: 'PARAMETER_INVALID' })
    for (let i = 2; i < 5; i++) await create(`key ${i}`, '')
    await assert.rejects(create('one more', ''), { code: 'KEYS_TOO_MANY' })
    const keys: string[] = []
    for await (const { key } of client.each(family.list, { params: owner, query: { PageSize: 2 } }))
      keys.push(key)
    assert.equal(keys.length, 5)
    assert.equal(keys.at(-1), 'kéy 1')
    for (const Key of keys.slice(0, 4))
      await client.call(family.remove, { params: { ...owner, Key } })
    const gone = { params: { ...owner, Key: keys[0]! } }
    const code = name.endsWith('config') ? 'CONFIG_NOT_FOUND' : 'SECRET_NOT_FOUND'
    for (const route of [family.fetch, family.remove])
      await assert.rejects(client.call(route, gone), { code })
  }
})

test('a device reads its own and its account’s; rotation of the master key changes nothing', async () => {
  const { server, folder } = cloud
  const { accountSid } = server.account
  await server.close()
  const read = async () => {
    const { db, close } = await cloud.openDatabase()
    const masterKeys = await MasterKeys.open(join(folder, 'keys'))
    const configs = new Configs({ db, masterKeys, keysPerPlace: 5 })
    const wanted: Wanted[] = each.map(({ name }) => {
      const [scope, store] = name.split(' ') as [Wanted['scope'], Wanted['store']]
      return { scope, store, key: 'kéy 1' }
    })
    const found = await configs.lookUp({ sid: device.sid, accountSid }, [
      ...wanted,
      { ...wanted[0]!, key: 'nothing' },
    ])
    const ofOther = await configs.lookUp({ sid: other.sid, accountSid }, wanted)
    const ofStranger = await configs.lookUp({ sid: device.sid, accountSid: 'AC' }, wanted)
    const kept = await db.select().from(table)
    await close()
    return { found, ofOther, ofStranger, kept }
  }
  const before = await read()
  assert.deepEqual(before.found, [...each.map(({ name }) => `${name} again`), undefined])
  assert.deepEqual(before.ofOther, [...before.found.slice(0, 2), undefined, undefined])
  assert.deepEqual(before.ofStranger, Array(4).fill(undefined))
  const secrets = (rows: typeof before.kept) => rows.filter(({ store }) => store === 'secret')
  for (const { value } of secrets(before.kept)) assert.doesNotMatch(value, /again/)
  const id = await rotateMasterKey(join(folder, 'keys'))
  cloud = await cloud.restart()
  await cloud.server.close()
  const later = await read()
  assert.deepEqual(later.found, before.found)
  for (const { value } of secrets(later.kept)) assert.ok(value.startsWith(`${id}.`))
  cloud = await cloud.restart()
})

test('a device takes its values with it', async () => {
  await cloud.client.call(api.deleteDevice, { params: { Sid: 'first' } })
  const params = { DeviceSid: 'first' }
  await assert.rejects(cloud.client.call(api.deviceConfigs.list, { params }), {
    code: 'DEVICE_NOT_FOUND',
  })
})
