/**
 * What a device is to be told: its target, whether it logs, and a restart that somebody asked for.
 * Read from the database each time (also when it checks in), so any server can tell it.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import { apps, bundleContents, deviceCertificates, devices } from '../storage/schema.ts'
import type { DeviceIdentity } from './reports.ts'

export interface Orders {
  /** Undefined: leave things as they are. */
  readonly target: { readonly hash: string; readonly sizeBytes: number } | undefined
  /** Changes when somebody asks for the target again. */
  readonly targetedAt: number
  readonly loggingUntil: Date | null
  readonly restartRequestedAt: Date | null
  /** The kernel that it should run; empty: its own. */
  readonly kernelHash: string
  /** The certificate of the connection counts no more. */
  readonly isRevoked: boolean
  /** The connection that the device has, as far as the database knows. */
  readonly connectionId: string | null
}

export class DeviceOrders {
  readonly #db: Database
  readonly #certificates = new Gatherer((all: readonly string[]) => this.#findCertificates(all))

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined if there is no such device any more. */
  async read({ sid }: DeviceIdentity, fingerprint: string): Promise<Orders | undefined> {
    const [row] = await this.#db
      .select({
        targetedAt: devices.targetedAt,
        loggingUntil: devices.loggingUntil,
        restartRequestedAt: devices.restartRequestedAt,
        kernelHash: devices.targetKernelHash,
        connectionId: devices.connectionId,
        hash: apps.manifestHash,
        sizeBytes: bundleContents.sizeBytes,
        revokedAt: deviceCertificates.revokedAt,
      })
      .from(devices)
      .leftJoin(apps, eq(apps.sid, devices.targetAppSid))
      .leftJoin(
        bundleContents,
        and(eq(bundleContents.owner, apps.sid), eq(bundleContents.position, 0)),
      )
      .leftJoin(deviceCertificates, eq(deviceCertificates.fingerprint, fingerprint))
      .where(eq(devices.sid, sid))
    if (row === undefined) return undefined
    const { hash, sizeBytes, targetedAt, kernelHash, revokedAt, ...others } = row
    return {
      target: hash !== null && sizeBytes !== null ? { hash, sizeBytes } : undefined,
      targetedAt: targetedAt?.getTime() ?? 0,
      kernelHash: kernelHash ?? '',
      isRevoked: revokedAt !== null,
      ...others,
    }
  }

  /** The restart that was asked for at that time has been ordered. A later one stays. */
  async restartOrdered({ sid }: DeviceIdentity, requestedAt: Date): Promise<void> {
    await this.#db
      .update(devices)
      .set({ restartRequestedAt: null })
      .where(and(eq(devices.sid, sid), eq(devices.restartRequestedAt, requestedAt)))
  }

  /** Whose certificate this is; a sentence if it is nobody's, or no longer. */
  async identify(fingerprint: string): Promise<DeviceIdentity | string> {
    const row = await this.#certificates.ask(fingerprint)
    if (row === undefined) return 'This certificate was not issued to a device of this service.'
    if (row.revokedAt !== null)
      return `The certificate of device ${row.deviceSid} was revoked on ${row.revokedAt.toISOString()}.`
    return { sid: row.deviceSid, accountSid: row.accountSid }
  }

  async #findCertificates(fingerprints: readonly string[]) {
    const rows = await this.#db
      .select()
      .from(deviceCertificates)
      .where(sql`${deviceCertificates.fingerprint} = ANY(${sql.param(fingerprints)}::text[])`)
    const found = new Map(rows.map((row) => [row.fingerprint, row]))
    return fingerprints.map((fingerprint) => found.get(fingerprint))
  }
}
