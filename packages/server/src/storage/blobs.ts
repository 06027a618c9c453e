/**
 * Contents of bundles, addressed by their SHA-256: manifests and layers. A blob never changes, so
 * storing it twice is storing it once. The interface is what an object store offers, too.
 *
 * In a folder: `ab/abcdef…`, 256 sub-folders by the hash's first byte.
 */
import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, removeTemporaries, writeDurably } from './durable-file.ts'

export interface Blobs {
  /** Stores `bytes`, whose SHA-256 is `hash`. Durable once it resolves. */
  put(hash: string, bytes: Uint8Array): Promise<void>
  /** Undefined if there is none. */
  get(hash: string): Promise<Uint8Array | undefined>
  /** For reading in parts. Undefined if there is none. */
  open(hash: string): Promise<BlobReader | undefined>
  remove(hash: string): Promise<void>
  list(): AsyncIterable<string>
}

export interface BlobReader {
  readonly sizeBytes: number
  /** Reads from `offset` into all of `into`, and says how much there was. */
  read(offset: number, into: Uint8Array): Promise<number>
  close(): Promise<void>
}

/** There is no room left for a blob; nothing of it was kept. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull'
}

/** `write` is a seam for tests of a disk that fills up. */
export class FolderBlobs implements Blobs {
  readonly #folder: string
  readonly #write: typeof writeDurably

  constructor(folder: string, write: typeof writeDurably = writeDurably) {
    this.#folder = folder
    this.#write = write
  }

  /** Clears away what an interrupted write left behind; says how many files that were. */
  async recover(): Promise<number> {
    await makeFolder(this.#folder, 0o700)
    let removed = 0
    for (const name of await readdir(this.#folder))
      removed += await removeTemporaries(join(this.#folder, name), 0)
    return removed
  }

  async put(hash: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(hash)
    if (await this.#isWhole(path, bytes.length)) return
    try {
      await makeFolder(join(this.#folder, hash.slice(0, 2)), 0o700)
      await this.#write(path, bytes, { mode: 0o600 })
    } catch (error) {
      if (!isFull(error)) throw error
      throw new StorageFull(`no room for ${bytes.length} bytes in ${this.#folder}`, {
        cause: error,
      })
    }
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return readFile(this.#path(hash)).catch(undefinedIfMissing)
  }

  async open(hash: string): Promise<BlobReader | undefined> {
    const file = await open(this.#path(hash), 'r').catch(undefinedIfMissing)
    return file && readerOf(file)
  }

  async remove(hash: string): Promise<void> {
    await rm(this.#path(hash), { force: true })
  }

  async *list(): AsyncIterable<string> {
    for (const name of await readdir(this.#folder)) {
      for (const hash of await readdir(join(this.#folder, name)))
        if (/^[0-9a-f]{64}$/.test(hash)) yield hash
    }
  }

  async #isWhole(path: string, sizeBytes: number): Promise<boolean> {
    const found = await stat(path).catch(undefinedIfMissing)
    return found?.size === sizeBytes
  }

  #path(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), hash)
  }
}

async function readerOf(file: FileHandle): Promise<BlobReader> {
  const { size } = await file.stat()
  return {
    sizeBytes: size,
    read: async (offset, into) => (await file.read(into, 0, into.length, offset)).bytesRead,
    close: () => file.close(),
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
