/**
 * Attestations: asks a device, wherever it is connected, and believes its answer once the token's
 * signature is by the key of the device's own certificate, and the nonce is the one that was sent.
 */
import { randomBytes, X509Certificate } from 'node:crypto'
import { Problem } from '@microvisor/api'
import {
  AttestationError,
  type Evidence,
  fromHex,
  toHex,
  verifyToken,
  withCertificate,
} from '@microvisor/protocol'
import { and, desc, eq, lt } from 'drizzle-orm'
import type { DeviceRow } from '../devices/devices.ts'
import { isConnected } from '../devices/presence.ts'
import {
  type AttestationAnswer,
  type Bus,
  deviceAttestations,
  deviceNotices,
} from '../events/bus.ts'
import { fingerprintOf } from '../keys/certificates.ts'
import { publicKeyOf, verify } from '../keys/engines.ts'
import type { Limits } from '../limits.ts'
import type { BundleStore } from '../storage/bundles.ts'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { apps, deviceAttestations as attestations, deviceCertificates } from '../storage/schema.ts'
import { appraise } from './appraisal.ts'

export type AttestationRow = typeof attestations.$inferSelect

export interface AttestationParts {
  readonly db: Database
  readonly bus: Bus
  readonly bundles: BundleStore
  readonly limits: Pick<Limits, 'attestationsPerDevice' | 'attestationMs'>
}

const NONCE_BYTES = 32

export class Attestations {
  readonly #parts: AttestationParts

  constructor(parts: AttestationParts) {
    this.#parts = parts
  }

  async create(device: DeviceRow, given: string | undefined): Promise<AttestationRow> {
    const nonce = fromHex(given ?? '') ?? new Uint8Array(0)
    const asked = nonce.length > 0 ? nonce : new Uint8Array(randomBytes(NONCE_BYTES))
    if (!isConnected(device))
      throw new Problem('DEVICE_NOT_CONNECTED', `Device ${device.sid} is not connected.`)
    const answer = await this.#ask(device.sid, asked)
    const { evidence, token } = await this.#believe(device, answer, asked)
    return this.#keep(device, evidence, token)
  }

  list(deviceSid: string, request: PageRequest): Promise<PageOf<AttestationRow>> {
    const columns = { seq: attestations.seq, accountSid: attestations.deviceSid }
    return readPage(request, columns, deviceSid, ({ where, orderBy, limit }) =>
      this.#parts.db.select().from(attestations).where(where).orderBy(orderBy).limit(limit),
    )
  }

  /** What comes in time and answers this nonce; other answers are for other questions. */
  async #ask(deviceSid: string, nonce: Uint8Array): Promise<AttestationAnswer> {
    const { bus, limits } = this.#parts
    const { promise, resolve, reject } = Promise.withResolvers<AttestationAnswer>()
    const stop = bus.subscribe(deviceAttestations(deviceSid), (answer) => {
      if (Buffer.from(answer.token, 'base64url').includes(Buffer.from(nonce))) resolve(answer)
    })
    const overdue = new Problem(
      'ATTESTATION_OVERDUE',
      `Device ${deviceSid} has not attested within ${limits.attestationMs / 1000} s.`,
    )
    const timer = setTimeout(() => reject(overdue), limits.attestationMs)
    try {
      await bus.settle()
      bus.publish(deviceNotices(deviceSid), { kind: 'attest', nonce: toHex(nonce) })
      return await promise
    } finally {
      clearTimeout(timer)
      stop()
    }
  }

  async #believe(device: DeviceRow, answer: AttestationAnswer, nonce: Uint8Array) {
    const certificate = new X509Certificate(Buffer.from(answer.certificate, 'base64url'))
    const token = Buffer.from(answer.token, 'base64url')
    if (!(await this.#isOfDevice(device.sid, certificate)))
      throw invalid(device.sid, 'The certificate that came with it is not its own.')
    try {
      const publicKey = publicKeyOf(certificate)
      const evidence = verifyToken(token, { publicKey, verify, nonce, deviceSid: device.sid })
      return { evidence, token: withCertificate(token, certificate.raw) }
    } catch (error) {
      if (error instanceof AttestationError) throw invalid(device.sid, error.message)
      throw error
    }
  }

  async #isOfDevice(sid: string, certificate: X509Certificate): Promise<boolean> {
    const [row] = await this.#parts.db
      .select()
      .from(deviceCertificates)
      .where(eq(deviceCertificates.fingerprint, fingerprintOf(certificate)))
    return row?.deviceSid === sid && row.revokedAt === null
  }

  async #keep(
    { sid, accountSid }: DeviceRow,
    evidence: Evidence,
    token: Uint8Array,
  ): Promise<AttestationRow> {
    const { db, bundles } = this.#parts
    const findings = await appraise(evidence, {
      manifest: async (hash) =>
        (await bundles.find(accountSid, hash)) === undefined ? undefined : bundles.manifest(hash),
    })
    const [row] = await db
      .insert(attestations)
      .values({
        deviceSid: sid,
        token: Buffer.from(token).toString('base64url'),
        findings,
        appSid: await this.#appOf(accountSid, evidence),
      })
      .returning()
    await this.#dropOld(sid)
    return row!
  }

  async #appOf(accountSid: string, { application }: Evidence): Promise<string | null> {
    if (application === undefined) return null
    const hash = toHex(application.manifestHash)
    const [app] = await this.#parts.db
      .select({ sid: apps.sid })
      .from(apps)
      .where(and(eq(apps.accountSid, accountSid), eq(apps.manifestHash, hash)))
      .orderBy(desc(apps.seq))
      .limit(1)
    return app?.sid ?? null
  }

  async #dropOld(sid: string): Promise<void> {
    const { db, limits } = this.#parts
    const own = eq(attestations.deviceSid, sid)
    const [oldest] = await db
      .select({ seq: attestations.seq })
      .from(attestations)
      .where(own)
      .orderBy(desc(attestations.seq))
      .offset(limits.attestationsPerDevice - 1)
      .limit(1)
    if (oldest) await db.delete(attestations).where(and(own, lt(attestations.seq, oldest.seq)))
  }
}

function invalid(sid: string, why: string): Problem {
  return new Problem('ATTESTATION_INVALID', `What device ${sid} has sent proves nothing: ${why}`)
}
