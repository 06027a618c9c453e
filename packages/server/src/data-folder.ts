/**
 * The data folder belongs to one server at a time. `server.lock` says to which: its process id and
 * when that process started, so that a number which the system has given to another process since
 * does not count.
 *
 * A lock left behind by a process that is gone is taken over. Of several servers that try at once
 * one wins: each writes its own mark and looks again whether it is the one that stayed.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder, removeTemporaries } from './storage/durable-file.ts'
import { UsageError } from './usage-error.ts'

export interface DataFolder {
  readonly path: string
  readonly keys: string
  readonly blobs: string
  readonly database: string
  readonly credentials: string
  /** Gives it free for another server. */
  release(): Promise<void>
}

/** Long enough for a rival that saw the same stale lock to have written its own. */
const TAKEOVER_WAIT_MS = 50
const ATTEMPTS = 5

export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder)
  const lock = join(path, 'server.lock')
  try {
    await makeFolder(path, 0o700)
    await takeLock(path, lock)
    await removeTemporaries(path, 0)
  } catch (error) {
    if (error instanceof UsageError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UsageError(
      'DATA_FOLDER_UNUSABLE',
      `The data folder ${path} cannot be used: ${reason}.`,
      'Name a folder that this user may write to with --data, or correct its permissions.',
      error,
    )
  }
  return {
    path,
    keys: join(path, 'keys'),
    blobs: join(path, 'blobs'),
    database: join(path, 'db'),
    credentials: join(path, 'credentials.json'),
    release: () => rm(lock, { force: true }),
  }
}

interface Mark {
  readonly pid: number
  readonly started: string
  readonly id: string
}

async function takeLock(folder: string, lock: string): Promise<void> {
  const mark: Mark = { pid: process.pid, started: startOf(process.pid), id: randomUUID() }
  const text = JSON.stringify(mark)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const isMade = await writeFile(lock, text, { flag: 'wx', mode: 0o600 }).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false
        throw error
      },
    )
    if (isMade && attempt === 0) return
    if (isMade) await sleep(TAKEOVER_WAIT_MS)
    const holder = await readMark(lock)
    if (holder?.id === mark.id) return
    if (holder && isAlive(holder)) throw inUse(folder, holder)
    await rm(lock, { force: true })
  }
  throw inUse(folder, undefined)
}

/** Undefined for a lock that was not written to its end, or is gone again. */
async function readMark(lock: string): Promise<Mark | undefined> {
  try {
    const mark: unknown = JSON.parse(await readFile(lock, 'utf8'))
    const { pid, started, id } = mark as Partial<Mark>
    if (typeof pid === 'number' && typeof started === 'string' && typeof id === 'string')
      return { pid, started, id }
  } catch {
    // Treated as stale.
  }
  return undefined
}

function isAlive({ pid, started }: Mark): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const now = startOf(pid)
  return now === '' || started === '' || now === started
}

/** When a process started, by its system's own clock; empty where the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc(5): field 22, counted behind the name, which is in brackets and may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function inUse(folder: string, holder: Mark | undefined): UsageError {
  const who = holder ? `the server with process id ${holder.pid}` : 'another server'
  return new UsageError(
    'DATA_FOLDER_IN_USE',
    `The data folder ${folder} is in use by ${who}.`,
    'Use that server, stop it, or name another folder with --data.',
  )
}
