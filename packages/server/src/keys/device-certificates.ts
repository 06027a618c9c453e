/**
 * Certificates of devices that there are: renewed over the link or by a request that somebody brings,
 * listed, revoked. Whoever has the device's key keeps it: a renewed certificate is for the same one.
 * The one before goes on to count until it ends.
 */
import type { X509Certificate } from 'node:crypto'
import { Problem } from '@microvisor/api'
import { and, count, eq, gt, isNull } from 'drizzle-orm'
import { eventTime } from '../devices/event-text.ts'
import type { DeviceIdentity } from '../devices/reports.ts'
import type { AccountEvents, NewEvent } from '../events/account-events.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import type { Limits } from '../limits.ts'
import type { Database } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { deviceCertificates as certificates } from '../storage/schema.ts'
import type { Authority, DeviceCertificate } from './certificates.ts'

export type CertificateRow = typeof certificates.$inferSelect

const DAY_MS = 86_400_000

interface Parts {
  readonly db: Database
  readonly bus: Bus
  readonly events: AccountEvents
  readonly authority: Authority
  readonly limits: Pick<Limits, 'certificatesPerDay'>
}

export class DeviceCertificates {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  list(deviceSid: string, request: PageRequest): Promise<PageOf<CertificateRow>> {
    const columns = { seq: certificates.seq, accountSid: certificates.deviceSid }
    return readPage(request, columns, deviceSid, ({ where, orderBy, limit }) =>
      this.#parts.db.select().from(certificates).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(deviceSid: string, fingerprint: string): Promise<CertificateRow> {
    const [row] = await this.#parts.db
      .select()
      .from(certificates)
      .where(and(eq(certificates.deviceSid, deviceSid), eq(certificates.fingerprint, fingerprint)))
    if (row) return row
    throw new Problem(
      'CERTIFICATE_NOT_FOUND',
      `Device ${deviceSid} has no certificate ${fingerprint}.`,
    )
  }

  /** Issues one for a request that somebody brought: PEM, of any key. */
  issue(device: DeviceIdentity, csr: string): Promise<DeviceCertificate> {
    return this.#issue(device, csr, undefined)
  }

  /** Issues one for a request of the device itself (DER), which has to be for the key it has. */
  renew(
    device: DeviceIdentity,
    request: Uint8Array,
    shown: X509Certificate,
  ): Promise<DeviceCertificate> {
    return this.#issue(device, request, shown)
  }

  /** Ends a connection that was made with it, on whichever server. It stays in the list. */
  async revoke({ sid, accountSid }: DeviceIdentity, fingerprint: string): Promise<void> {
    await this.fetch(sid, fingerprint)
    const isMeant = and(
      eq(certificates.fingerprint, fingerprint),
      eq(certificates.deviceSid, sid),
      isNull(certificates.revokedAt),
    )
    await this.#parts.events.record(async (tx) => {
      const done = await tx
        .update(certificates)
        .set({ revokedAt: new Date() })
        .where(isMeant)
        .returning({ fingerprint: certificates.fingerprint })
      const text = `Certificate ${fingerprint.slice(0, 16)}… of device ${sid} was revoked`
      const facts = { text, data: { fingerprint } }
      const event = eventOf({ sid, accountSid }, 'certificate.revoked', facts)
      return { result: undefined, events: done.map(() => event) }
    })
    this.#parts.bus.publish(deviceNotices(sid), { kind: 'changed' })
  }

  async #issue(
    device: DeviceIdentity,
    request: string | Uint8Array,
    shown: X509Certificate | undefined,
  ): Promise<DeviceCertificate> {
    const { sid: deviceSid, accountSid } = device
    const { db, events, authority, limits } = this.#parts
    const isOfToday = gt(certificates.issuedAt, new Date(Date.now() - DAY_MS))
    const [held] = await db
      .select({ today: count() })
      .from(certificates)
      .where(and(eq(certificates.deviceSid, deviceSid), isOfToday))
    if ((held?.today ?? 0) >= limits.certificatesPerDay)
      throw new Problem(
        'CERTIFICATES_TOO_MANY',
        `Device ${deviceSid} got ${held?.today} certificates within a day.`,
      )
    const made = await authority.issueForDevice(request, deviceSid, shown)
    await events.record(async (tx) => {
      const { fingerprint, expiresAt } = made
      await tx.insert(certificates).values({ fingerprint, accountSid, deviceSid, expiresAt })
      const text = `Device ${deviceSid} got a new certificate`
      const data = { fingerprint, expires: expiresAt?.toISOString() ?? null }
      const event = eventOf(device, 'certificate.renewed', { text, data })
      return { result: undefined, events: [event] }
    })
    return made
  }
}

function eventOf(
  { sid, accountSid }: DeviceIdentity,
  type: NewEvent['type'],
  facts: Pick<NewEvent, 'text' | 'data'>,
): NewEvent {
  return { accountSid, deviceSid: sid, type, timestamp: eventTime(), ...facts }
}
