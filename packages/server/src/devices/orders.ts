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

/** A row of a statement that reads orders: `ORDERS` of a device, and what `ORDERS_FROM` adds. */
export interface OrdersRow extends Record<string, unknown> {
  readonly sid: string
  readonly connection_id: string | null
  readonly targeted_at: string | null
  readonly logging_until: string | null
  readonly restart_requested_at: string | null
  readonly target_kernel_hash: string | null
  readonly manifest_hash: string | null
  readonly size_bytes: number | null
  readonly revoked_at: string | null
}

/** Columns of `devices`. */
export const ORDERS = sql.raw(`devices.sid, devices.connection_id, target_app_sid, targeted_at,
  logging_until, restart_requested_at, target_kernel_hash`)

/** Of `device`: ORDERS, and the fingerprint of the certificate that it has shown. */
export const ORDERS_FROM_DEVICE = sql`
  SELECT device.*, apps.manifest_hash, size_bytes, revoked_at FROM device
  LEFT JOIN ${apps} ON apps.sid = target_app_sid
  LEFT JOIN ${bundleContents} ON owner = target_app_sid AND position = 0
  LEFT JOIN ${deviceCertificates} ON device_certificates.fingerprint = device.fingerprint`

export function ordersOf(row: OrdersRow): Orders {
  const { manifest_hash: hash, size_bytes: sizeBytes } = row
  return {
    target: hash !== null && sizeBytes !== null ? { hash, sizeBytes } : undefined,
    targetedAt: dateOf(row.targeted_at)?.getTime() ?? 0,
    loggingUntil: dateOf(row.logging_until),
    restartRequestedAt: dateOf(row.restart_requested_at),
    kernelHash: row.target_kernel_hash ?? '',
    isRevoked: row.revoked_at !== null,
    connectionId: row.connection_id,
  }
}

function dateOf(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}

interface Shown {
  readonly sid: string
  readonly fingerprint: string
}

export class DeviceOrders {
  readonly #db: Database
  readonly #certificates = new Gatherer((all: readonly string[]) => this.#findCertificates(all), {
    pauses: true,
  })
  readonly #orders = new Gatherer((all: readonly Shown[]) => this.#readAll(all), { pauses: false })

  constructor(db: Database) {
    this.#db = db
  }

  /** Undefined if there is no such device any more. */
  read({ sid }: DeviceIdentity, fingerprint: string): Promise<Orders | undefined> {
    return this.#orders.ask({ sid, fingerprint })
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

  async #readAll(all: readonly Shown[]): Promise<(Orders | undefined)[]> {
    const asked = JSON.stringify(all)
    const { rows } = await this.#db.execute<OrdersRow & Shown>(sql`
      WITH device AS (
        SELECT ${ORDERS}, asked.fingerprint
        FROM json_to_recordset(${asked}::text::json) AS asked(sid text, fingerprint text)
        JOIN ${devices} ON devices.sid = asked.sid
      ) ${ORDERS_FROM_DEVICE}`)
    const found = new Map(rows.map((row) => [row.sid + row.fingerprint, ordersOf(row)]))
    return all.map(({ sid, fingerprint }) => found.get(sid + fingerprint))
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
