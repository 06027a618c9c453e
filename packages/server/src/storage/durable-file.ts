/**
 * Files that are there whole or not at all, whenever the process or the machine stops.
 *
 * Order: write a temporary file beside the final one, flush it, rename it, flush the folder. What a
 * stop leaves behind is a temporary file, which `removeTemporaries` clears away at the next start.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const TEMPORARY = '.part-'

export interface FileFacts {
  /** 0o600 for secrets. */
  readonly mode: number
}

export async function writeDurably(
  path: string,
  content: Uint8Array | string,
  { mode }: FileFacts,
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
    await rename(temporary, path)
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

/** Removes what interrupted writes left in a folder. */
export async function removeTemporaries(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(TEMPORARY))
  for (const name of names) await rm(join(folder, name), { force: true })
  return names.length
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
