/**
 * Files that are there whole or not at all, whenever the process or the machine stops.
 *
 * Order: write a temporary file beside the final one, flush it, rename it, flush the folder. What a
 * stop leaves behind is a temporary file, which `removeTemporaries` clears away at the next start.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const TEMPORARY = '.part-'

export interface FileFacts {
  /** 0o600 for secrets. */
  readonly mode: number
}

export function writeDurably(
  path: string,
  content: Uint8Array | string,
  facts: FileFacts,
): Promise<void> {
  return place(path, content, facts, rename)
}

/** As `writeDurably`, for a file that several processes may want to make: the first one's stays. */
export async function createDurably(
  path: string,
  content: Uint8Array | string,
  facts: FileFacts,
): Promise<void> {
  await place(path, content, facts, async (temporary, final) => {
    await link(temporary, final).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    await rm(temporary)
  })
}

async function place(
  path: string,
  content: Uint8Array | string,
  { mode }: FileFacts,
  move: (temporary: string, final: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `${TEMPORARY}${randomUUID()}-${basename(path)}`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await move(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(folder)
}

/** Makes folders and keeps them through a power cut. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first !== undefined) await syncFolder(dirname(path))
}

/**
 * Removes what interrupted writes left in a folder; in one that others write to, only what is older
 * than any write takes.
 */
export async function removeTemporaries(folder: string, olderThanMs: number): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(TEMPORARY))
  let removed = 0
  for (const name of names) {
    const path = join(folder, name)
    const made = olderThanMs === 0 ? 0 : (await stat(path).catch(() => undefined))?.mtimeMs
    if (made === undefined || Date.now() - made < olderThanMs) continue
    await rm(path, { force: true })
    removed++
  }
  return removed
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
