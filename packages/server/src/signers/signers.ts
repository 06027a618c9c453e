/**
 * Signers: keys of the account's own that may sign its applications, beside the installation's. Every
 * device of the account is told of them, and a bundle signed by any other key is refused at the door.
 *
 * A device never trusts a key again that was taken from it, so one that was removed stays known here
 * and is not taken a second time.
 */
import { createPublicKey } from 'node:crypto'
import { Problem } from '@microvisor/api'
import {
  formatKeyId,
  type KeyChange,
  keyId,
  REVOKED_SIGNERS_MAX,
  SIGNERS_MAX,
} from '@microvisor/protocol'
import { and, count, eq, isNotNull, isNull } from 'drizzle-orm'
import { type Bus, deviceNotices } from '../events/bus.ts'
import { digest } from '../keys/engines.ts'
import type { MasterKeys } from '../keys/master-keys.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { devices, signers } from '../storage/schema.ts'
import { LayerKeys } from './layer-keys.ts'

export type SignerRow = typeof signers.$inferSelect

export class Signers {
  readonly #db: Database
  readonly #bus: Bus
  readonly layerKeys: LayerKeys

  constructor(db: Database, bus: Bus, masterKeys: MasterKeys) {
    this.#db = db
    this.#bus = bus
    const changed = (accountSid: string) => this.#tell(accountSid)
    this.layerKeys = new LayerKeys({ db, masterKeys, changed })
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<SignerRow>> {
    return readPage(request, signers, accountSid, ({ where, orderBy, limit }) =>
      this.#db
        .select()
        .from(signers)
        .where(and(where, isNull(signers.removedAt)))
        .orderBy(orderBy)
        .limit(limit),
    )
  }

  async fetch(accountSid: string, id: string): Promise<SignerRow> {
    const [signer] = await this.#db
      .select()
      .from(signers)
      .where(and(one(accountSid, id), isNull(signers.removedAt)))
    if (signer) return signer
    throw missing(id)
  }

  /** X9.62 uncompressed points. */
  async publicKeys(accountSid: string): Promise<Uint8Array[]> {
    const rows = await this.#db.select().from(signers).where(active(accountSid))
    return rows.map((row) => Buffer.from(row.publicKey, 'hex'))
  }

  async create(accountSid: string, pem: string, friendlyName: string): Promise<SignerRow> {
    const publicKey = pointOf(pem)
    const id = formatKeyId(keyId(publicKey, digest))
    await this.#checkRoom(active(accountSid), SIGNERS_MAX, 'signers')
    try {
      await this.#db.insert(signers).values({
        ...{ accountSid, keyId: id, friendlyName },
        publicKey: Buffer.from(publicKey).toString('hex'),
      })
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
      throw new Problem('SIGNER_KNOWN', `This account has, or once had, the signer ${id}.`)
    }
    await this.#tell(accountSid)
    return this.fetch(accountSid, id)
  }

  async remove(accountSid: string, id: string): Promise<void> {
    const removed = and(eq(signers.accountSid, accountSid), isNotNull(signers.removedAt))
    await this.#checkRoom(removed, REVOKED_SIGNERS_MAX, 'removed signers')
    const gone = await this.#db
      .update(signers)
      .set({ removedAt: new Date() })
      .where(and(one(accountSid, id), isNull(signers.removedAt)))
      .returning({ id: signers.keyId })
    if (gone.length === 0) throw missing(id)
    await this.#tell(accountSid)
  }

  /**
   * What a device that trusts these is to change next; undefined: nothing. Additions come first and by
   * themselves: a device may refuse for now to give a key up.
   */
  async changeFor(accountSid: string, trusted: readonly bigint[]): Promise<KeyChange | undefined> {
    const rows = await this.#db.select().from(signers).where(eq(signers.accountSid, accountSid))
    const known = new Set(trusted.map(formatKeyId))
    const addSigners = rows
      .filter((row) => row.removedAt === null && !known.has(row.keyId))
      .map((row) => Buffer.from(row.publicKey, 'hex'))
    const nothing = { addSigners: [], deleteSigners: [], addLayerKeys: [], deleteLayerKeys: [] }
    if (addSigners.length > 0) return { ...nothing, addSigners }
    const deleteSigners = rows
      .filter((row) => row.removedAt !== null && known.has(row.keyId))
      .map((row) => BigInt(`0x${row.keyId}`))
    return deleteSigners.length > 0 ? { ...nothing, deleteSigners } : undefined
  }

  async #checkRoom(which: ReturnType<typeof active>, limit: number, what: string): Promise<void> {
    const [row] = await this.#db.select({ number: count() }).from(signers).where(which)
    if ((row?.number ?? 0) < limit) return
    throw new Problem(
      'SIGNERS_TOO_MANY',
      `This account has ${limit} ${what}; a device keeps no more.`,
    )
  }

  /** Those that are connected; the others are told when they connect. */
  async #tell(accountSid: string): Promise<void> {
    const connected = await this.#db
      .select({ sid: devices.sid })
      .from(devices)
      .where(and(eq(devices.accountSid, accountSid), isNotNull(devices.connectionId)))
    for (const { sid } of connected) this.#bus.publish(deviceNotices(sid), { kind: 'changed' })
  }
}

function one(accountSid: string, id: string) {
  return and(eq(signers.accountSid, accountSid), eq(signers.keyId, id))
}

function active(accountSid: string) {
  return and(eq(signers.accountSid, accountSid), isNull(signers.removedAt))
}

function missing(id: string): Problem {
  return new Problem('SIGNER_NOT_FOUND', `This account has no signer ${id}.`)
}

function pointOf(pem: string): Uint8Array {
  if (pem.includes('PRIVATE KEY'))
    throw new Problem(
      'PUBLIC_KEY_INVALID',
      'PublicKey holds a private key, which nobody else should have.',
    )
  try {
    const key = createPublicKey(pem)
    const { crv, x, y } = key.export({ format: 'jwk' })
    if (crv !== 'P-256') throw new Error(`it is of type ${crv ?? key.asymmetricKeyType}`)
    return Buffer.concat([Buffer.of(4), Buffer.from(x!, 'base64url'), Buffer.from(y!, 'base64url')])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem(
      'PUBLIC_KEY_INVALID',
      `PublicKey is no P-256 public key in PEM form: ${reason}.`,
    )
  }
}
