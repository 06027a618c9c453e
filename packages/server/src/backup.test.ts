/** Backups as files; that a server lives on in one is tested end to end. */
import assert from 'node:assert/strict'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as api from '@microvisor/api'
import { sampled } from '../../../tools/sampling.ts'
import { backUp, restore } from './backup.ts'
import { openDataFolder } from './data-folder.ts'
import type { StorePlaces } from './portable-backup.ts'
import { appBundle } from './testing/bundles.ts'
import { type TestCloud, testCloud } from './testing/cloud.ts'
import { provision } from './testing/device.ts'
import { missingStores, sharedStores } from './testing/stores.ts'

const place = mkdtempSync(join(tmpdir(), 'microvisor-backup-'))
after(() => rmSync(place, { recursive: true }))

const data = join(place, 'data')
for (const folder of ['db/empty', 'keys', 'blobs/ab'])
  mkdirSync(join(data, folder), { recursive: true })
const files = {
  'db/base': 'rows',
  'keys/master.key': 'secret',
  'credentials.json': '{}',
  'blobs/ab/cd': 'x'.repeat(200_000),
}
for (const [name, content] of Object.entries(files))
  writeFileSync(join(data, name), content, { mode: 0o600 })
const made = join(place, 'made')

test('what comes back is what was there, to the last byte and empty folder', async () => {
  const facts = await backUp({ dataFolder: data }, made)
  assert.deepEqual(facts, { path: made, files: 4, bytes: 200_000 + 4 + 6 + 2 })
  const back = join(place, 'deep/er/back')
  await restore(made, { dataFolder: back })
  assert.deepEqual(
    readdirSync(back, { recursive: true }).sort(),
    readdirSync(data, { recursive: true }).sort(),
  )
  for (const [name, content] of Object.entries(files))
    assert.equal(readFileSync(join(back, name), 'utf8'), content)
})

test('a folder that a server uses is not backed up', async () => {
  const folder = await openDataFolder(data)
  await assert.rejects(backUp({ dataFolder: data }, join(place, 'no')), {
    code: 'DATA_FOLDER_IN_USE',
  })
  await folder.release()
  assert.ok(!readdirSync(place).some((name) => name.startsWith('no')))
})

test('nothing is written over, nothing half, nothing into itself', async () => {
  await assert.rejects(backUp({ dataFolder: data }, made), { code: 'FOLDER_NOT_EMPTY' })
  await assert.rejects(restore(made, { dataFolder: data }), { code: 'FOLDER_NOT_EMPTY' })
  await assert.rejects(backUp({ dataFolder: data }, join(data, 'inner')), {
    code: 'BACKUP_INCOMPLETE',
  })
  await assert.rejects(backUp({ dataFolder: join(place, 'nowhere') }, join(place, 'no')), {
    code: 'BACKUP_INCOMPLETE',
  })
  await assert.rejects(restore(join(place, 'nowhere'), { dataFolder: join(place, 'no') }), {
    code: 'BACKUP_DAMAGED',
  })
})

const damages: Record<string, (backup: string) => void> = {
  'a changed byte': (backup) => writeFileSync(join(backup, 'data/db/base'), 'rowz'),
  'a lost file': (backup) => rmSync(join(backup, 'data/keys/master.key')),
  'a foreign file': (backup) => writeFileSync(join(backup, 'data/blobs/more'), ''),
  'a list cut short': (backup) => writeFileSync(join(backup, 'backup.json'), '{"format":'),
  'a list of nothing': (backup) => writeFileSync(join(backup, 'backup.json'), 'null'),
  'another format': (backup) => writeFileSync(join(backup, 'backup.json'), '{"format":"2"}'),
}
for (const [what, damage] of Object.entries(damages)) {
  test(`a backup with ${what} is refused, and leaves nothing`, async () => {
    const backup = join(place, 'damaged')
    cpSync(made, backup, { recursive: true })
    damage(backup)
    await assert.rejects(restore(backup, { dataFolder: join(place, 'target') }), {
      code: 'BACKUP_DAMAGED',
    })
    assert.ok(!readdirSync(place).some((name) => name.startsWith('target')))
    rmSync(backup, { recursive: true })
  })
}

async function fill({ client }: TestCloud, name: string): Promise<void> {
  const file = { fileName: 'a.zip', bytes: appBundle() }
  const app = await client.upload(api.createApp, { form: { UniqueName: name }, file })
  const { sid: Sid } = await provision(client, name)
  await client.call(api.updateDevice, {
    params: { Sid },
    form: { TargetApp: app.sid, Tags: ['a', 'b'] },
  })
  await client.call(api.accountConfigs.create, { form: { Key: name, Value: 'æ 1' } })
  await client.call(api.accountSecrets.create, { form: { Key: name, Value: 'sesame' } })
}

async function contentOf({ client }: TestCloud) {
  const { apps } = await client.call(api.listApps)
  const bundles = apps.map(({ sid: Sid }) => client.call(api.fetchAppBundle, { params: { Sid } }))
  const { devices } = await client.call(api.listDevices)
  const { configs } = await client.call(api.accountConfigs.list)
  const { secrets } = await client.call(api.accountSecrets.list)
  assert.equal((await client.call(api.verifyAudit)).intact, true)
  return {
    bundles: await Promise.all(bundles),
    apps: apps.map(({ sid, hash }) => [sid, hash]),
    devices: devices.map(({ sid, app, tags }) => [sid, app.target_sid, tags]),
    configs: configs.map(({ key, value, date_updated }) => [key, value, date_updated]),
    secrets: secrets.map(({ key, date_rotated }) => [key, date_rotated]),
  }
}

test('a server that has had no App yet can be moved, too', async () => {
  const first = await testCloud()
  await first.client.call(api.accountConfigs.create, { form: { Key: 'only', Value: 'this' } })
  await first.server.close()
  const backup = join(place, 'without-apps')
  await backUp({ dataFolder: first.folder }, backup, true)
  const dataFolder = join(place, 'moved-without-apps')
  await restore(backup, { dataFolder })
  const moved = await testCloud({ dataFolder })
  const { configs } = await moved.client.call(api.accountConfigs.list)
  assert.deepEqual(
    configs.map(({ key }) => key),
    ['only'],
  )
  await moved.close()
  rmSync(first.folder, { recursive: true })
})

test('a server moves from its folder to PostgreSQL and S3, and back, with all that it has', {
  skip: missingStores(),
}, async () => {
  const first = await testCloud()
  await fill(first, 'first')
  let before = await contentOf(first)
  await first.server.close()
  let from: StorePlaces = { dataFolder: first.folder }
  const keysFolder = join(place, 'shared-keys')
  const out = { ...(await (await sharedStores()).fresh()), keysFolder }
  const moves = [['out', out] as const, ['home', {}] as const]
  for (const [name, stores] of moves.slice(0, sampled(1, 2))) {
    const backup = join(place, `backup-${name}`)
    const to = { ...stores, dataFolder: join(place, name) }
    await backUp(from, backup, true)
    await restore(backup, to)
    const anew = restore(backup, { ...to, dataFolder: join(place, 'again') })
    if (name === 'out') await assert.rejects(anew, { code: 'FOLDER_NOT_EMPTY' })
    else await anew
    const moved = await testCloud(to)
    assert.deepEqual(await contentOf(moved), before)
    await fill(moved, `made ${name}`)
    before = await contentOf(moved)
    await moved.server.close()
    from = to
  }
  rmSync(first.folder, { recursive: true })
})
