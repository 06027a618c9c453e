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
import { backUp, restore } from './backup.ts'
import { openDataFolder } from './data-folder.ts'

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
  const facts = await backUp(data, made)
  assert.deepEqual(facts, { path: made, files: 4, bytes: 200_000 + 4 + 6 + 2 })
  const back = join(place, 'deep/er/back')
  await restore(made, back)
  assert.deepEqual(
    readdirSync(back, { recursive: true }).sort(),
    readdirSync(data, { recursive: true }).sort(),
  )
  for (const [name, content] of Object.entries(files))
    assert.equal(readFileSync(join(back, name), 'utf8'), content)
})

test('a folder that a server uses is not backed up', async () => {
  const folder = await openDataFolder(data)
  await assert.rejects(backUp(data, join(place, 'no')), { code: 'DATA_FOLDER_IN_USE' })
  await folder.release()
  assert.ok(!readdirSync(place).some((name) => name.startsWith('no')))
})

test('nothing is written over, nothing half, nothing into itself', async () => {
  await assert.rejects(backUp(data, made), { code: 'FOLDER_NOT_EMPTY' })
  await assert.rejects(restore(made, data), { code: 'FOLDER_NOT_EMPTY' })
  await assert.rejects(backUp(data, join(data, 'inner')), { code: 'BACKUP_INCOMPLETE' })
  await assert.rejects(backUp(join(place, 'nowhere'), join(place, 'no')), {
    code: 'BACKUP_INCOMPLETE',
  })
  await assert.rejects(restore(join(place, 'nowhere'), join(place, 'no')), {
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
    await assert.rejects(restore(backup, join(place, 'target')), { code: 'BACKUP_DAMAGED' })
    assert.ok(!readdirSync(place).some((name) => name.startsWith('target')))
    rmSync(backup, { recursive: true })
  })
}
