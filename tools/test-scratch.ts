/**
 * Where tests write: in memory, where the system offers some of it as a folder. What they write nobody
 * keeps, and a server's data folder begins with 1,100 files: 0.04 s of processor time there, 0.8 s on
 * an ext4 disk, several hundred times in a run.
 */
import { chmodSync, existsSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'
/** Several servers and devices at once, each with some ten MB. */
const ROOM_BYTES = 6 * 2 ** 30

/** A folder of its own, which other users may enter: PostgreSQL does not run as root. */
export function makeScratch(): string {
  const folder = mkdtempSync(join(isRoomy() ? MEMORY : tmpdir(), 'microvisor-test-'))
  chmodSync(folder, 0o1777)
  return folder
}

/** Of containers' it often is not, and programs that tests build could not be started in some. */
function isRoomy(): boolean {
  if (!existsSync(MEMORY) || !existsSync(MOUNTS)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  const isExecutable = readFileSync(MOUNTS, 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === MEMORY && !/\bnoexec\b/.test(line))
  return isExecutable && bavail * bsize >= ROOM_BYTES
}

const MOUNTS = '/proc/mounts'
