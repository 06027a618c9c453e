/**
 * A new database folder. Making one (initdb, three databases) takes half a gigabyte, most of it memory of
 * WebAssembly that is never given back; so it happens in a thread, and its memory goes with it. The folder
 * has its name only once it is whole.
 */
import { once } from 'node:events'
import { readdir, rename, rm } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'

const SCRIPT = new URL('./database-worker.ts', import.meta.url)

/** Does nothing where there is something. */
export async function makeDatabaseFolder(folder: string): Promise<void> {
  if ((await namesIn(folder)).length > 0) return
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  await once(new Worker(SCRIPT, { workerData: partial }), 'exit')
  await rename(partial, folder)
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}
