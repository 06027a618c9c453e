/**
 * A database folder as the first start of a server leaves it. PGlite needs seconds of processor time
 * to make one and none to have it copied, so it is made once for a set of migrations and a version of
 * PGlite, and kept beside other caches of this checkout.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import { openDatabase, readMigrations } from '../storage/database.ts'

const CACHE = join(import.meta.dirname, '../../../../node_modules/.cache/test-database')

let template: Promise<string> | undefined

/** The folder to copy. */
export function databaseTemplate(): Promise<string> {
  template ??= find()
  return template
}

async function find(): Promise<string> {
  const hash = createHash('sha256').update(packageFile.dependencies['@electric-sql/pglite'])
  for (const { sql } of await readMigrations()) hash.update(sql)
  const folder = join(CACHE, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) await make(folder)
  return folder
}

/** Somebody else may be making the same at this moment; whoever is first is right. */
async function make(folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const partial = await mkdtemp(join(CACHE, 'partial-'))
  const database = await openDatabase(join(partial, 'db'))
  await database.close()
  await rename(join(partial, 'db'), folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error
  })
  await rm(partial, { recursive: true, force: true })
}
