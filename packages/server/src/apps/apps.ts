/**
 * Apps: bundles that were uploaded to be run by devices. An unsigned one is signed with the
 * installation's application key; a signed one must bear a signature that devices accept (that key's,
 * or one of the account's own signers), because a
 * bundle that every device would refuse is better refused here.
 */
import { randomBytes } from 'node:crypto'
import { Problem } from '@microvisor/api'
import { encodeManifest, makeSid, signBody, verifySignature } from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import { digest, sha256Hex, verify } from '../keys/engines.ts'
import type { SigningKey } from '../keys/keyring.ts'
import type { Signers } from '../signers/signers.ts'
import type { BundleReader } from '../storage/bundle-reader.ts'
import type { BundleStore } from '../storage/bundles.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { byReference } from '../storage/references.ts'
import { apps } from '../storage/schema.ts'

export type AppRow = typeof apps.$inferSelect

export interface AppsParts {
  readonly db: Database
  readonly bundles: BundleStore
  readonly files: BundleReader
  readonly signer: SigningKey
  readonly signers: Signers
}

export class Apps {
  readonly #db: Database
  readonly #bundles: BundleStore
  readonly #files: BundleReader
  readonly #signer: SigningKey
  readonly #signers: Signers

  constructor({ db, bundles, files, signer, signers }: AppsParts) {
    this.#db = db
    this.#bundles = bundles
    this.#files = files
    this.#signer = signer
    this.#signers = signers
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<AppRow>> {
    return readPage(request, apps, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(apps).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, reference: string): Promise<AppRow> {
    const app = await this.find(accountSid, reference)
    if (app) return app
    throw new Problem('APP_NOT_FOUND', `This account has no App "${reference}".`)
  }

  /** By SID or unique name. */
  async find(accountSid: string, reference: string): Promise<AppRow | undefined> {
    const isMeant = byReference('KA', apps, accountSid, reference)
    const [app] = await this.#db.select().from(apps).where(isMeant).limit(1)
    return app
  }

  async create(accountSid: string, file: Uint8Array, name: string | undefined): Promise<AppRow> {
    const { manifestBytes, layers } = await this.#signed(accountSid, file)
    const sid = makeSid('KA', randomBytes(16))
    const uniqueName = name || null
    const manifestHash = sha256Hex(manifestBytes)
    try {
      await this.#bundles.store(accountSid, sid, { manifestBytes, layers }, (tx) =>
        tx.insert(apps).values({ sid, accountSid, uniqueName, manifestHash }),
      )
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
      throw new Problem('NAME_TAKEN', `This account has an App called "${uniqueName}" already.`)
    }
    return this.fetch(accountSid, sid)
  }

  async remove(accountSid: string, reference: string): Promise<void> {
    const { sid } = await this.fetch(accountSid, reference)
    try {
      await this.#db.transaction(async (tx) => {
        await tx.delete(apps).where(and(eq(apps.sid, sid), eq(apps.accountSid, accountSid)))
        await this.#bundles.forget(tx, accountSid, sid)
      })
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.foreignKeyViolation) throw error
      throw new Problem('APP_IN_USE', `App ${sid} is the target of at least one Device.`)
    }
  }

  manifest(app: AppRow): Promise<Uint8Array> {
    return this.#bundles.manifest(app.manifestHash)
  }

  async bundle(app: AppRow): Promise<Uint8Array> {
    return this.#files.pack(await this.#bundles.contents(app.accountSid, app.sid))
  }

  async #signed(accountSid: string, file: Uint8Array) {
    const { manifest, manifestBytes, layers } = await this.#files.read(file)
    await this.#signers.layerKeys.expectKnown(
      accountSid,
      manifest.layers.map(({ encryptedWithKeyId }) => encryptedWithKeyId),
    )
    if (manifest.signature.length === 0)
      return {
        manifestBytes: encodeManifest(signBody(manifest.body, this.#signer, digest)),
        layers,
      }
    const trusted = [this.#signer.publicKey, ...(await this.#signers.publicKeys(accountSid))]
    verifySignature(manifest, trusted, { digest, verify })
    return { manifestBytes, layers }
  }
}
