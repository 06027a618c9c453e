/**
 * Kernels: images of the secure side, signed with the installation's kernel key for new devices. The
 * same kernel uploaded again is the one that is there already, found by the hash of its manifest's
 * body, which a signature does not change.
 */
import { Problem } from '@microvisor/api'
import { encodeManifest, signBody, verifySignature } from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import { digest, sha256Hex, verify } from '../keys/engines.ts'
import type { SigningKey } from '../keys/keyring.ts'
import type { BundleReader } from '../storage/bundle-reader.ts'
import type { BundleStore } from '../storage/bundles.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { kernels } from '../storage/schema.ts'

export type KernelRow = typeof kernels.$inferSelect

export interface KernelsParts {
  readonly db: Database
  readonly bundles: BundleStore
  readonly files: BundleReader
  readonly signer: SigningKey
}

export class Kernels {
  readonly #db: Database
  readonly #bundles: BundleStore
  readonly #files: BundleReader
  readonly #signer: SigningKey

  constructor({ db, bundles, files, signer }: KernelsParts) {
    this.#db = db
    this.#bundles = bundles
    this.#files = files
    this.#signer = signer
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<KernelRow>> {
    return readPage(request, kernels, accountSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(kernels).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async create(accountSid: string, file: Uint8Array): Promise<KernelRow> {
    const bundle = await this.#files.readKernel(file)
    const { body, signature, meta } = bundle.manifest
    if (signature.length > 0)
      verifySignature(bundle.manifest, [this.#signer.publicKey], { digest, verify })
    const bodyHash = sha256Hex(body)
    const known = await this.#find(accountSid, bodyHash)
    if (known) return known
    const manifestBytes = encodeManifest(signBody(body, this.#signer, digest))
    const manifestHash = sha256Hex(manifestBytes)
    const row = {
      accountSid,
      manifestHash,
      bodyHash,
      versionNumber: meta.versionNumber,
      versionString: meta.versionText,
      versionSecurityRatchet: meta.securityRatchet,
    }
    const contents = { manifestBytes, layers: bundle.layers }
    try {
      await this.#bundles.store(accountSid, manifestHash, contents, (tx) =>
        tx.insert(kernels).values(row),
      )
    } catch (error) {
      // Somebody else was faster with the same kernel.
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
    }
    const made = await this.#find(accountSid, bodyHash)
    if (made === undefined) throw new Error(`kernel ${bodyHash} is not there after storing it`)
    return made
  }

  /** `hash` as in the API: `sha256:…`. */
  async bundle(accountSid: string, hash: string): Promise<Uint8Array> {
    const { manifestHash } = await this.fetch(accountSid, hash)
    return this.#files.pack(await this.#bundles.contents(accountSid, manifestHash))
  }

  /** `hash` as in the API: `sha256:…`. */
  async fetch(accountSid: string, hash: string): Promise<KernelRow> {
    const manifestHash = hash.replace('sha256:', '')
    const [kernel] = await this.#db
      .select()
      .from(kernels)
      .where(and(eq(kernels.accountSid, accountSid), eq(kernels.manifestHash, manifestHash)))
    if (kernel) return kernel
    throw new Problem('KERNEL_NOT_FOUND', `This account has no kernel with the hash ${hash}.`)
  }

  async #find(accountSid: string, bodyHash: string): Promise<KernelRow | undefined> {
    const [kernel] = await this.#db
      .select()
      .from(kernels)
      .where(and(eq(kernels.accountSid, accountSid), eq(kernels.bodyHash, bodyHash)))
    return kernel
  }
}
