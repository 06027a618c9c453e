/**
 * A server of today on what older ones left behind: dumps of databases that they filled. The first
 * release's is `release-0.1.0.sql`; later ones are made by tools/database-dump.ts and called by the
 * newest migration that they have had. None is ever made anew: migrations only go forward, from there on.
 */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { cp, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import type { Client } from '@microvisor/api'
import * as api from '@microvisor/api'
import pg from 'pg'
import { testCloud, testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { isScaled, sharedStores } from '../testing/stores.ts'

const FIXTURES = new URL('./fixtures/', import.meta.url)
/** The dump knows the keys of its own installation; the files are not part of it. */
const FORGET_KEYS = 'DELETE FROM public.installation;'

/** Runs the dump where a server will find it, and says where that is. */
async function lay(folder: string, sql: string) {
  if (isScaled) {
    const stores = await (await sharedStores()).fresh()
    const client = new pg.Client(stores.databaseUrl)
    await client.connect()
    await client.query(sql)
    await client.end()
    return stores
  }
  cpSync(await databaseTemplate(), join(folder, 'db'), { recursive: true })
  const client = await PGlite.create(join(folder, 'db'))
  await client.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public;')
  await client.exec(sql)
  await client.close()
  return {}
}

/** What older dumps do not have. */
const more: Readonly<Record<string, (client: Client) => Promise<void>>> = {
  'migration-0080.sql': async (client) => {
    const [key] = (await client.call(api.listApiKeys)).keys
    assert.deepEqual([key?.friendly_name, key?.scopes], ['ci', ['read']])
    const [user] = (await client.call(api.listUsers)).users
    assert.deepEqual([user?.name, user?.role], ['ada', 'owner'])
    assert.equal((await client.call(api.listSigners)).signers[0]?.friendly_name, 'ci')
    assert.equal((await client.call(api.listLayerKeys)).layer_keys[0]?.friendly_name, 'layers')
    assert.equal((await client.call(api.listWebhooks)).webhooks[0]?.enabled, true)
    assert.equal((await client.call(api.listRollouts)).rollouts[0]?.state, 'running')
    const { events } = await client.call(api.listEvents)
    assert.ok(events.some(({ type }) => type === 'app.crashed'))
    const params = { Sid: 'first' }
    const [kept] = (await client.call(api.listDeviceCrashes, { params })).crashes
    assert.equal(kept?.crash.exception, 'HardFault')
    const App = { params: { Sid: 'blinker' } }
    assert.ok((await client.call(api.fetchAppSymbols, App)).functions > 10)
  },
}

for (const name of (await readdir(FIXTURES)).filter((one) => one.endsWith('.sql')))
  test(`what ${name} holds is there after all migrations`, async () => {
    const sql = await readFile(new URL(name, FIXTURES), 'utf8')
    const folder = await testFolder()
    await mkdir(join(folder, 'keys'), { recursive: true })
    await cp(new URL('master.key', FIXTURES), join(folder, 'keys/master.key'))
    const stores = await lay(folder, `${sql}\n${FORGET_KEYS}`)
    const cloud = await testCloud({ ...stores, dataFolder: folder })
    const { client } = cloud
    const { apps } = await client.call(api.listApps)
    assert.deepEqual(
      apps.map(({ unique_name }) => unique_name),
      ['blinker'],
    )
    const { devices } = await client.call(api.listDevices)
    assert.equal(devices.length, 2)
    const device = await client.call(api.fetchDevice, { params: { Sid: 'first' } })
    assert.equal(device.app.target_sid, apps[0]?.sid)
    assert.equal(device.app.update_status, 'up-to-date')
    assert.deepEqual(device.tags, ['lab', 'green'])
    assert.equal(device.connection.connected, false)
    const { configs } = await client.call(api.accountConfigs.list)
    assert.deepEqual(
      configs.map(({ key, value }) => [key, value]),
      [['interval', '60']],
    )
    assert.equal((await client.call(api.accountSecrets.list)).secrets.length, 1)
    assert.equal((await client.call(api.verifyAudit)).intact, true)
    await more[name]?.(client)
    await cloud.close()
  })
