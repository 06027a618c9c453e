/**
 * What a portable backup holds, whatever the server keeps its things in: rows as files, blobs by hash,
 * keys and credentials. It can be made while servers on PostgreSQL run, and be restored to a folder, to
 * PostgreSQL and an object store, or any mixture.
 *
 *   rows/       one file a table (storage/rows.ts)
 *   blobs/      as FolderBlobs has them
 *   keys/       the keys folder
 *   credentials.json, migration.json
 */
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Blobs, FolderBlobs } from './storage/blobs.ts'
import { BundleStore } from './storage/bundles.ts'
import { openDatabase } from './storage/database.ts'
import { makeFolder } from './storage/durable-file.ts'
import { dumpRows, isEmpty, loadRows } from './storage/rows.ts'
import { UsageError } from './usage-error.ts'

/** Where a server keeps its things; what is not named is in the data folder. */
export interface StorePlaces {
  readonly dataFolder: string
  readonly databaseUrl?: string | undefined
  readonly blobsUrl?: string | undefined
  readonly keysFolder?: string | undefined
}

const MIGRATION = 'migration.json'

export function keysOf({ dataFolder, keysFolder }: StorePlaces) {
  return {
    keys: keysFolder === undefined ? join(dataFolder, 'keys') : resolve(keysFolder),
    credentials: join(keysFolder ?? dataFolder, 'credentials.json'),
  }
}

/** Writes everything to `folder`, which is there. No upload ends meanwhile. */
export async function writePortable(places: StorePlaces, folder: string): Promise<void> {
  const { keys, credentials } = keysOf(places)
  await cp(keys, join(folder, 'keys'), { recursive: true })
  // A shared keys folder has the credentials in it.
  await cp(credentials, join(folder, 'credentials.json'))
  const database = await openDatabase(
    places.databaseUrl ?? join(places.dataFolder, 'db'),
    'as it is',
  )
  const { blobs, close } = await blobsOf(places)
  const kept = new FolderBlobs(join(folder, 'blobs'))
  try {
    // Nobody removes a blob meanwhile that a row read here names.
    await database.inTurn(async () => {
      const migration = await dumpRows(database.db, join(folder, 'rows'))
      await writeFile(join(folder, MIGRATION), JSON.stringify({ migration }), { mode: 0o600 })
      for (const hash of await new BundleStore(database, blobs).hashes()) {
        const bytes = await blobs.get(hash)
        if (bytes === undefined) throw new Error(`blob ${hash} is missing`)
        await kept.put(hash, bytes)
      }
    })
  } finally {
    close()
    await database.close()
  }
}

/** Reads `folder` into stores where no server has been. Throws UsageError. */
export async function readPortable(folder: string, places: StorePlaces): Promise<void> {
  const { keys, credentials } = keysOf(places)
  if (existsSync(keys)) throw notEmpty(`The keys folder ${keys} is there already.`)
  const { migration } = JSON.parse(await readFile(join(folder, MIGRATION), 'utf8')) as {
    migration: number
  }
  await makeFolder(places.dataFolder, 0o700)
  const database = await openDatabase(
    places.databaseUrl ?? join(places.dataFolder, 'db'),
    migration,
  )
  const { blobs, close } = await blobsOf(places)
  try {
    if (!(await isEmpty(database.db))) throw notEmpty('The database has been used by a server.')
    await copyBlobs(join(folder, 'blobs'), blobs)
    await loadRows(database.db, join(folder, 'rows'))
  } finally {
    close()
    await database.close()
  }
  await cp(join(folder, 'keys'), keys, { recursive: true })
  await cp(join(folder, 'credentials.json'), credentials)
}

/** A server that has had no App has no folder of them. */
async function copyBlobs(folder: string, blobs: Blobs): Promise<void> {
  if (!existsSync(folder)) return
  const kept = new FolderBlobs(folder)
  for await (const hash of kept.list()) {
    const bytes = await kept.get(hash)
    if (bytes !== undefined) await blobs.put(hash, bytes)
  }
}

async function blobsOf(places: StorePlaces): Promise<{ blobs: Blobs; close: () => void }> {
  if (places.blobsUrl === undefined) {
    const blobs = new FolderBlobs(join(places.dataFolder, 'blobs'))
    await blobs.recover()
    return { blobs, close: () => undefined }
  }
  const { S3Blobs } = await import('./storage/s3-blobs.ts')
  const blobs = await S3Blobs.open(places.blobsUrl)
  return { blobs, close: () => blobs.close() }
}

function notEmpty(what: string): UsageError {
  return new UsageError(
    'FOLDER_NOT_EMPTY',
    `${what} Nothing is written over.`,
    'Name an empty database, an empty bucket or folder in it, and a keys folder that is not there.',
  )
}
