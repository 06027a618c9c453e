/**
 * A server of today on what the first release left behind: `fixtures/release-0.1.0.sql`, a dump of a
 * database that a server of that release filled (pg_dump --inserts). It is never made anew: migrations
 * only go forward, from there on. After a release, its own dump comes beside it.
 */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PGlite } from '@electric-sql/pglite'
import * as api from '@microvisor/api'
import pg from 'pg'
import { testCloud, testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { isScaled, sharedStores } from '../testing/stores.ts'

const FIXTURES = new URL('./fixtures/', import.meta.url)
/** Under which the release had sealed the account's Secret; of no use elsewhere. */
const MASTER_KEY = 'f998b03c bffbe4a2a4d492bfee363554bdde67a9731c3d6d77fff733dcbc9908b7deb323\n'
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

for (const name of await readdir(FIXTURES))
  test(`what ${name} holds is there after all migrations`, async () => {
    const sql = await readFile(new URL(name, FIXTURES), 'utf8')
    const folder = await testFolder()
    await mkdir(join(folder, 'keys'), { recursive: true })
    await writeFile(join(folder, 'keys/master.key'), MASTER_KEY, { mode: 0o600 })
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
    await cloud.close()
  })
