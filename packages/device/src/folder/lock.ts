/**
 * One process runs a device at a time. The lock is a file that names the process; the lock of a
 * process that is gone is taken over. A process is recognised by its id and, where the system tells
 * (Linux), the time it started, because ids are used again.
 *
 *   (1) The file appears complete or not at all: it is written aside and linked into place.
 *   (2) A stale lock is first moved aside under a name of its own, and only removed if it is still
 *       the stale one. So of two processes that find it, neither removes the other's fresh lock.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { DeviceError } from '../errors.ts'
import { devicePath } from './device-folder.ts'

export interface LockOwner {
  readonly pid: number
  /** Clock ticks since the machine started; undefined where the system does not tell. */
  readonly started: string | undefined
}

/** Takes the lock and returns what gives it back. Throws DeviceError if a living process has it. */
export function lockDevice(folder: string): () => void {
  const path = devicePath(folder, 'lock')
  const own: LockOwner = { pid: process.pid, started: startOf(process.pid) }
  for (let attempt = 0; attempt < 10; attempt++) {
    if (place(path, own)) return () => rmSync(path, { force: true })
    const owner = readOwner(path)
    if (owner !== undefined && isAlive(owner)) throw inUse(folder, owner)
    if (owner !== undefined) removeStale(path, owner)
  }
  throw new DeviceError('DEVICE_IN_USE', `Others are taking the lock ${path} all the time.`)
}

/** Who runs the device now, or undefined. */
export function runningOwner(folder: string): LockOwner | undefined {
  const owner = readOwner(devicePath(folder, 'lock'))
  return owner !== undefined && isAlive(owner) ? owner : undefined
}

function inUse(folder: string, { pid }: LockOwner): DeviceError {
  const who = pid === process.pid ? 'this process' : `process ${pid}`
  return new DeviceError('DEVICE_IN_USE', `The device in ${folder} is being run by ${who}.`)
}

function place(path: string, owner: LockOwner): boolean {
  const aside = `${path}.${owner.pid}`
  writeFileSync(aside, JSON.stringify(owner))
  try {
    linkSync(aside, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function removeStale(path: string, stale: LockOwner): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return
    throw error
  }
  const moved = readOwner(aside)
  const isTheStaleOne = moved?.pid === stale.pid && moved.started === stale.started
  if (!isTheStaleOne) linkSync(aside, path)
  rmSync(aside, { force: true })
}

/** A file that cannot be read as a lock names nobody, and nobody is not alive. */
function readOwner(path: string): LockOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    const { pid, started } = value as Partial<LockOwner>
    return { pid: Number.isInteger(pid) ? pid! : 0, started }
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : { pid: 0, started: undefined }
  }
}

function isAlive({ pid, started }: LockOwner): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  const now = startOf(pid)
  return now === undefined || started === undefined || now === started
}

/** Field 22 of /proc/PID/stat (proc(5)); the command in field 2 may hold blanks and brackets. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}
