/**
 * Layer keys of an account: kept sealed, opened only to be wrapped for a device that lacks one. A
 * device keeps exactly those that its account has.
 */
import { Problem } from '@microvisor/api'
import {
  formatKeyId,
  keyIdOf,
  LAYER_KEY_BYTES,
  LAYER_KEYS_MAX,
  type WrappedKey,
  wrapLayerKey,
} from '@microvisor/protocol'
import { and, count, eq } from 'drizzle-orm'
import { agreeOnce, digest, gcm } from '../keys/engines.ts'
import type { MasterKeys } from '../keys/master-keys.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { layerKeys } from '../storage/schema.ts'

export type LayerKeyRow = Omit<typeof layerKeys.$inferSelect, 'secret'>

export interface LayerKeysParts {
  readonly db: Database
  readonly masterKeys: MasterKeys
  /** The account's devices are to be told. */
  readonly changed: (accountSid: string) => Promise<void>
}

export class LayerKeys {
  readonly #parts: LayerKeysParts

  constructor(parts: LayerKeysParts) {
    this.#parts = parts
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<LayerKeyRow>> {
    return readPage(request, layerKeys, accountSid, ({ where, orderBy, limit }) =>
      this.#parts.db.select().from(layerKeys).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, id: string): Promise<LayerKeyRow> {
    const [row] = await this.#parts.db.select().from(layerKeys).where(one(accountSid, id))
    if (row) return row
    throw missing(id)
  }

  async create(accountSid: string, hex: string, friendlyName: string): Promise<LayerKeyRow> {
    const key = parseKey(hex)
    const keyId = formatKeyId(keyIdOf('layer', key, digest))
    const { db, masterKeys, changed } = this.#parts
    const own = eq(layerKeys.accountSid, accountSid)
    const [row] = await db.select({ number: count() }).from(layerKeys).where(own)
    if ((row?.number ?? 0) >= LAYER_KEYS_MAX)
      throw new Problem(
        'LAYER_KEYS_TOO_MANY',
        `This account has ${LAYER_KEYS_MAX} layer keys; a device keeps no more.`,
      )
    const secret = masterKeys.seal(key.toString('hex'), purposeOf(accountSid, keyId))
    try {
      await db.insert(layerKeys).values({ accountSid, keyId, friendlyName, secret })
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
      throw new Problem('LAYER_KEY_KNOWN', `This account has the layer key ${keyId}.`)
    }
    await changed(accountSid)
    return this.fetch(accountSid, keyId)
  }

  async remove(accountSid: string, id: string): Promise<void> {
    const { db, changed } = this.#parts
    const gone = await db
      .delete(layerKeys)
      .where(one(accountSid, id))
      .returning({ id: layerKeys.keyId })
    if (gone.length === 0) throw missing(id)
    await changed(accountSid)
  }

  /** Ids of what a device that has `present` lacks, and of what it has too many. */
  async differences(accountSid: string, present: readonly bigint[]) {
    const rows = await this.#parts.db
      .select({ keyId: layerKeys.keyId })
      .from(layerKeys)
      .where(eq(layerKeys.accountSid, accountSid))
    const wanted = rows.map(({ keyId }) => BigInt(`0x${keyId}`))
    return {
      missing: wanted.filter((id) => !present.includes(id)),
      unknown: present.filter((id) => !wanted.includes(id)),
    }
  }

  /** Refuses what no device of the account could decrypt; 0n is a plain layer. */
  async expectKnown(accountSid: string, ids: readonly bigint[]): Promise<void> {
    const encrypted = ids.filter((id) => id !== 0n)
    if (encrypted.length === 0) return
    const { unknown } = await this.differences(accountSid, encrypted)
    if (unknown[0] === undefined) return
    throw new Problem(
      'LAYER_KEY_UNKNOWN',
      `A layer is encrypted with key ${formatKeyId(unknown[0])}, which this account does not have.`,
    )
  }

  /** For the device with this key alone. Left out: a key that has gone meanwhile, and all where
   * `receiver` is no public key. */
  async wrapped(
    accountSid: string,
    ids: readonly bigint[],
    receiver: Uint8Array,
  ): Promise<WrappedKey[]> {
    const wrapped: WrappedKey[] = []
    for (const id of ids.map(formatKeyId)) {
      const [row] = await this.#parts.db.select().from(layerKeys).where(one(accountSid, id))
      if (row === undefined) continue
      const hex = await this.#parts.masterKeys.open(row.secret, purposeOf(accountSid, id))
      const agreement = agreeOnce(receiver)
      if (agreement !== undefined)
        wrapped.push(wrapLayerKey(gcm, agreement, Buffer.from(hex, 'hex')))
    }
    return wrapped
  }

  /** Seals what is under an older master key anew. */
  async resealAll(): Promise<number> {
    const { db, masterKeys } = this.#parts
    let resealed = 0
    for (const { accountSid, keyId, secret: old } of await db.select().from(layerKeys)) {
      if (masterKeys.isCurrent(old)) continue
      const purpose = purposeOf(accountSid, keyId)
      const secret = masterKeys.seal(await masterKeys.open(old, purpose), purpose)
      await db.update(layerKeys).set({ secret }).where(one(accountSid, keyId))
      resealed++
    }
    return resealed
  }
}

function one(accountSid: string, id: string) {
  return and(eq(layerKeys.accountSid, accountSid), eq(layerKeys.keyId, id))
}

function purposeOf(accountSid: string, id: string): string {
  return `layer key ${accountSid} ${id}`
}

function missing(id: string): Problem {
  return new Problem('LAYER_KEY_NOT_FOUND', `This account has no layer key ${id}.`)
}

function parseKey(hex: string): Buffer {
  if (/^[0-9a-f]+$/i.test(hex) && hex.length === 2 * LAYER_KEY_BYTES) return Buffer.from(hex, 'hex')
  throw new Problem(
    'LAYER_KEY_INVALID',
    `Key has ${hex.length} characters; a layer key has ${2 * LAYER_KEY_BYTES} hexadecimal digits.`,
  )
}
