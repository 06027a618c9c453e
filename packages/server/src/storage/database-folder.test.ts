/** A database folder is there whole or not at all. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { testFolder } from '../testing/cloud.ts'
import { makeDatabaseFolder } from './database-folder.ts'

let folder: string
before(async () => {
  folder = await testFolder()
})
after(() => rm(folder, { recursive: true }))

test('what an interrupted start has left is made anew', async () => {
  const db = join(folder, 'db')
  await mkdir(join(folder, 'db.partial/base'), { recursive: true })
  await writeFile(join(folder, 'db.partial/PG_VERSION'), '')
  await makeDatabaseFolder(db)
  assert.deepEqual(await readdir(folder), ['db'])
  assert.ok(existsSync(join(db, 'global/pg_control')))
})

test('where there is something, nothing is made', async () => {
  const other = join(folder, 'other')
  await mkdir(other)
  await writeFile(join(other, 'PG_VERSION'), '17')
  await makeDatabaseFolder(other)
  assert.deepEqual(await readdir(other), ['PG_VERSION'])
})
