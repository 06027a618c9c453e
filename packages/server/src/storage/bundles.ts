/**
 * Bundles as the server keeps them: a manifest and layers as blobs, and rows that say what belongs to
 * what. Layers that several bundles share are kept once.
 *
 *   (1) A row is written only after every blob that it names is durable.
 *   (2) A blob is removed only while no row names it and none can come to name it.
 *
 * So a stop at any moment leaves at most blobs that nobody needs, and `collectGarbage` takes those.
 */
import { and, asc, eq } from 'drizzle-orm'
import { sha256Hex } from '../keys/engines.ts'
import type { Blobs } from './blobs.ts'
import type { Database, OpenDatabase, Transaction } from './database.ts'
import { bundleContents } from './schema.ts'

export interface Contents {
  readonly manifestBytes: Uint8Array
  /** By the hexadecimal SHA-256 of the content. */
  readonly layers: ReadonlyMap<string, Uint8Array>
}

export class BundleStore {
  readonly #db: Database
  readonly #blobs: Blobs
  /** Keeps (2): storing and collecting take turns, also between server processes. */
  readonly #inTurn: OpenDatabase['inTurn']

  constructor({ db, inTurn }: Pick<OpenDatabase, 'db' | 'inTurn'>, blobs: Blobs) {
    this.#db = db
    this.#inTurn = inTurn
    this.#blobs = blobs
  }

  /** Stores contents under `owner`, together with what `insertOwner` writes. */
  async store(
    accountSid: string,
    owner: string,
    contents: Contents,
    insertOwner: (tx: Transaction) => Promise<unknown>,
  ): Promise<void> {
    const { manifestBytes, layers } = contents
    const all = [[sha256Hex(manifestBytes), manifestBytes] as const, ...layers]
    await this.#inTurn(async () => {
      for (const [hash, bytes] of all) await this.#blobs.put(hash, bytes)
      await this.#db.transaction(async (tx) => {
        await insertOwner(tx)
        await tx.insert(bundleContents).values(
          all.map(([hash, bytes], position) => ({
            accountSid,
            owner,
            position,
            hash,
            sizeBytes: bytes.length,
          })),
        )
      })
    })
  }

  /** What the bundle's file is made of. */
  async contents(accountSid: string, owner: string): Promise<Contents> {
    const [manifest, ...layers] = await this.#read(accountSid, owner)
    if (manifest === undefined) throw new Error(`there are no contents of ${owner}`)
    return { manifestBytes: manifest[1], layers: new Map(layers) }
  }

  /** Of everything that some bundle consists of. */
  async hashes(): Promise<string[]> {
    const rows = await this.#db.selectDistinct({ hash: bundleContents.hash }).from(bundleContents)
    return rows.map(({ hash }) => hash)
  }

  async manifest(hash: string): Promise<Uint8Array> {
    return this.#blob(hash)
  }

  /** The size of a content that some bundle of the account has. */
  async find(accountSid: string, hash: string): Promise<number | undefined> {
    const [row] = await this.#db
      .select({ sizeBytes: bundleContents.sizeBytes })
      .from(bundleContents)
      .where(and(eq(bundleContents.hash, hash), eq(bundleContents.accountSid, accountSid)))
      .limit(1)
    return row?.sizeBytes
  }

  async forget(tx: Transaction, accountSid: string, owner: string): Promise<void> {
    await tx
      .delete(bundleContents)
      .where(and(eq(bundleContents.owner, owner), eq(bundleContents.accountSid, accountSid)))
  }

  /** Removes blobs that no bundle has; says how many. */
  async collectGarbage(): Promise<number> {
    let removed = 0
    for await (const hash of this.#blobs.list()) {
      removed += await this.#inTurn(async () => {
        const used = await this.#db
          .select({ hash: bundleContents.hash })
          .from(bundleContents)
          .where(eq(bundleContents.hash, hash))
          .limit(1)
        if (used.length > 0) return 0
        await this.#blobs.remove(hash)
        return 1
      })
    }
    return removed
  }

  async #read(accountSid: string, owner: string): Promise<(readonly [string, Uint8Array])[]> {
    const rows = await this.#db
      .select({ hash: bundleContents.hash })
      .from(bundleContents)
      .where(and(eq(bundleContents.owner, owner), eq(bundleContents.accountSid, accountSid)))
      .orderBy(asc(bundleContents.position))
    return Promise.all(rows.map(async ({ hash }) => [hash, await this.#blob(hash)] as const))
  }

  async #blob(hash: string): Promise<Uint8Array> {
    const bytes = await this.#blobs.get(hash)
    if (bytes === undefined) throw new Error(`blob ${hash} is missing`)
    return bytes
  }
}
