/**
 * Backups of all that a server keeps: database, blobs, keys, credentials.
 *
 *   DIR/data/         the data folder as it was, file by file; or, portable, rows and blobs
 *   DIR/backup.json   the SHA-256 of every file
 *
 *   (1) The data folder's lock is held while it is copied, so no server changes it meanwhile. What a
 *       killed server left is copied as it is; the database puts it right when it is opened.
 *   (2) Both folders appear under their names only when all is written: there are no half backups and
 *       no half restored servers.
 *   (3) Paths come from the folders that are walked, never out of backup.json.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { openDataFolder } from './data-folder.ts'
import { keysOf, readPortable, type StorePlaces, writePortable } from './portable-backup.ts'
import { makeFolder, writeDurably } from './storage/durable-file.ts'
import { UsageError } from './usage-error.ts'

export interface BackupFacts {
  readonly path: string
  readonly files: number
  readonly bytes: number
}

const FORMAT = 'microvisor backup 1'
const LIST = 'backup.json'
const DATA = 'data'
const LOCK = 'server.lock'

/**
 * Everything that a server keeps, in a new folder. One that keeps it in its data folder has to be
 * stopped. `isPortable`: as rows and blobs, which any kind of store can be made of, also where the
 * files could be copied. Throws UsageError.
 */
export async function backUp(
  places: StorePlaces,
  target: string,
  isPortable = isShared(places),
): Promise<BackupFacts> {
  const [source, path] = [resolve(places.dataFolder), resolve(target)]
  const missing = missingOf({ ...places, dataFolder: source })
  if (missing.length > 0) throw notWhole(source, missing)
  if (`${path}${sep}`.startsWith(`${source}${sep}`)) throw inside(path, source)
  await requireRoom(path)
  const folder = isAllShared(places) ? undefined : await openDataFolder(source)
  try {
    return await makeWhole(path, async (partial) => {
      const data = join(partial, DATA)
      await mkdir(data, { mode: 0o700 })
      if (isPortable || isShared(places))
        await writePortable({ ...places, dataFolder: source }, data)
      else await copyFolder(source, data, [LOCK])
      const { hashes, bytes } = await readFolder(data)
      const list = { format: FORMAT, made: new Date().toISOString(), files: hashes }
      await writeDurably(join(partial, LIST), `${JSON.stringify(list, null, 1)}\n`, { mode: 0o600 })
      return { path, files: Object.keys(hashes).length, bytes }
    })
  } finally {
    await folder?.release()
  }
}

/** Makes a server of a backup, where there is none. Throws UsageError. */
export async function restore(backup: string, places: StorePlaces): Promise<BackupFacts> {
  const [source, path] = [resolve(backup), resolve(places.dataFolder)]
  const data = join(source, DATA)
  const wanted = await readList(source)
  const isPortable = existsSync(join(data, 'rows'))
  if (!isPortable && isShared(places)) throw notPortable(source)
  await requireRoom(path)
  const { hashes, bytes } = await readFolder(data)
  compare(source, wanted, hashes)
  return makeWhole(path, async (partial) => {
    if (isPortable) await readPortable(data, { ...places, dataFolder: partial })
    else compare(source, wanted, (await copyFolder(data, partial, [])).hashes)
    return { path, files: Object.keys(hashes).length, bytes }
  })
}

/** Something of it is not in the data folder. */
function isShared({ databaseUrl, blobsUrl, keysFolder }: StorePlaces): boolean {
  return [databaseUrl, blobsUrl, keysFolder].some((place) => place !== undefined)
}

function isAllShared({ databaseUrl, blobsUrl, keysFolder }: StorePlaces): boolean {
  return [databaseUrl, blobsUrl, keysFolder].every((place) => place !== undefined)
}

function missingOf(places: StorePlaces): string[] {
  const { keys, credentials } = keysOf(places)
  const needed = [keys, credentials, ...(places.databaseUrl ? [] : [join(places.dataFolder, 'db')])]
  return needed.filter((path) => !existsSync(path))
}

async function readList(backup: string): Promise<ReadonlyMap<string, string>> {
  let list: unknown
  try {
    list = JSON.parse(await readFile(join(backup, LIST), 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw damaged(backup, `${LIST} cannot be read: ${reason}`)
  }
  const { format, files } = (list ?? {}) as { format?: unknown; files?: unknown }
  if (format !== FORMAT) throw damaged(backup, `${LIST} does not say "${FORMAT}"`)
  if (typeof files !== 'object' || files === null) throw damaged(backup, `${LIST} lists no files`)
  return new Map(Object.entries(files))
}

function compare(
  backup: string,
  wanted: ReadonlyMap<string, string>,
  found: Readonly<Record<string, string>>,
): void {
  for (const [name, hash] of Object.entries(found)) {
    if (!wanted.has(name)) throw damaged(backup, `${name} does not belong to it`)
    if (wanted.get(name) !== hash) throw damaged(backup, `${name} is not what was backed up`)
  }
  const lost = [...wanted.keys()].find((name) => !Object.hasOwn(found, name))
  if (lost !== undefined) throw damaged(backup, `${lost} is missing`)
}

interface Copied {
  readonly hashes: Record<string, string>
  readonly bytes: number
}

/** The hashes of everything below a folder. */
async function readFolder(folder: string): Promise<Copied> {
  const hashes: Record<string, string> = Object.create(null)
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
    hashes[relative(folder, path)] = hash.digest('hex')
  }
  return { hashes, bytes }
}

/** Everything below a folder, but for some names at its top; each file flushed. */
async function copyFolder(from: string, to: string, without: readonly string[]): Promise<Copied> {
  const hashes: Record<string, string> = Object.create(null)
  let bytes = 0
  // Folders come before what is in them.
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(from, path)
    if (without.includes(name)) continue
    const { mode, size } = await stat(path)
    if (entry.isDirectory()) await mkdir(join(to, name), { recursive: true, mode: mode & 0o777 })
    else if (entry.isFile()) {
      await mkdir(dirname(join(to, name)), { recursive: true, mode: 0o700 })
      hashes[name] = await copyFile(path, join(to, name), mode & 0o777)
      bytes += size
    } else throw unfit(path)
  }
  return { hashes, bytes }
}

/** The SHA-256 of what was copied. */
async function copyFile(from: string, to: string, mode: number): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(to, 'wx', mode)
  try {
    for await (const chunk of createReadStream(from) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

/** Fills a folder beside the one that is wanted, which then takes its name. */
async function makeWhole<T>(path: string, fill: (partial: string) => Promise<T>): Promise<T> {
  const partial = `${path}.partial`
  await makeFolder(dirname(path), 0o700)
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { mode: 0o700 })
  try {
    const facts = await fill(partial)
    await rename(partial, path)
    return facts
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function requireRoom(path: string): Promise<void> {
  const names = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (names.length === 0) return
  throw new UsageError(
    'FOLDER_NOT_EMPTY',
    `The folder ${path} is there already, with ${names.length} entries.`,
    'Name a folder that is not there, or move this one away.',
  )
}

function notWhole(folder: string, missing: readonly string[]): UsageError {
  return new UsageError(
    'BACKUP_INCOMPLETE',
    `The server in ${folder} is not all there: ${missing.join(', ')} not found.`,
    'Name the folder with --data, and set the variables that its server has (docs/reference/settings.md).',
  )
}

function notPortable(backup: string): UsageError {
  return new UsageError(
    'BACKUP_INCOMPLETE',
    `The backup ${backup} holds the files of a server with PGlite, which other stores cannot be made of.`,
    'Restore it to a folder, without variables that name stores, and back that up with --portable.',
  )
}

function inside(path: string, folder: string): UsageError {
  return new UsageError(
    'BACKUP_INCOMPLETE',
    `The backup ${path} would be part of the folder ${folder} that it is of.`,
    'Name a folder outside of it.',
  )
}

function unfit(path: string): UsageError {
  return new UsageError(
    'BACKUP_INCOMPLETE',
    `${path} is neither a file nor a folder.`,
    'Remove it if it does not belong there; links are not followed.',
  )
}

function damaged(backup: string, why: string): UsageError {
  return new UsageError(
    'BACKUP_DAMAGED',
    `The backup ${backup} cannot be used: ${why}.`,
    'Use another backup; nothing was restored.',
  )
}
