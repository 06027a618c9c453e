/**
 * Devices that say hello: what each says of itself and where it is are written down, the month's usage
 * is counted, and what it should be told is read. All that come in the same moment are one statement;
 * when a fleet returns, each device costs the database a row rather than a handful of statements.
 *
 * A device has one connection, the one that said hello last: its id stands in the device's row, and a
 * connection that finds another one there has been replaced.
 */
import type { DeviceState } from '@microvisor/protocol'
import { sql } from 'drizzle-orm'
import type { Bus } from '../events/bus.ts'
import { type Database, despiteDeadlock } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import {
  apps,
  bundleContents,
  deviceCertificates,
  devices,
  deviceUsage,
} from '../storage/schema.ts'
import { plainText } from './event-text.ts'
import type { Orders } from './orders.ts'
import { type DeviceIdentity, reportedColumns } from './reports.ts'
import { monthOf } from './usage.ts'

export interface Arrival {
  readonly device: DeviceIdentity
  readonly connectionId: string
  /** Of the certificate that it has shown. */
  readonly fingerprint: string
  readonly address: string
  readonly kernelVersion: number
  readonly kernelVersionText: string
  /** Undefined: it has not said. */
  readonly state: DeviceState | undefined
}

interface Row extends Record<string, unknown> {
  readonly sid: string
  readonly connection_id: string
  readonly targeted_at: string | null
  readonly logging_until: string | null
  readonly restart_requested_at: string | null
  readonly target_kernel_hash: string | null
  readonly manifest_hash: string | null
  readonly size_bytes: number | null
  readonly revoked_at: string | null
}

export class CheckIn {
  readonly #db: Database
  readonly #bus: Pick<Bus, 'settle'>
  readonly #serverId: string
  readonly #arrivals = new Gatherer((all: readonly Arrival[]) => this.#arrive(all))

  constructor(db: Database, bus: Pick<Bus, 'settle'>, serverId: string) {
    this.#db = db
    this.#bus = bus
    this.#serverId = serverId
  }

  /**
   * The device is here. What changes for it after these orders were read is a message to whoever has
   * subscribed before; undefined if there is no such device any more.
   */
  arrive(arrival: Arrival): Promise<Orders | undefined> {
    return this.#arrivals.ask(arrival)
  }

  async #arrive(all: readonly Arrival[]): Promise<(Orders | undefined)[]> {
    await this.#bus.settle()
    // Of two connections of one device the later counts; a statement changes a row only once.
    const newest = new Map(all.map((arrival) => [arrival.device.sid, arrival]))
    const said = JSON.stringify([...newest.values()].map(recordOf))
    const rows = await despiteDeadlock(() => this.#write(said))
    const orders = new Map(rows.map((row) => [row.sid, ordersOf(row)]))
    return all.map(({ device }) => orders.get(device.sid))
  }

  async #write(said: string): Promise<readonly Row[]> {
    const now = new Date()
    const at = now.toISOString()
    const { rows } = await this.#db.execute<Row>(sql`
      WITH said AS (
        SELECT * FROM json_to_recordset(${said}::text::json) AS said(sid text, connection text,
          fingerprint text, address text, kernel bigint, kernel_text text, has_state boolean,
          hash text, running boolean, wake bigint, layers jsonb)
      ), device AS (
        UPDATE ${devices} SET connection_id = said.connection, server_id = ${this.#serverId},
          connected_at = ${at}::timestamptz, seen_at = ${at}::timestamptz, address = said.address,
          kernel_version = said.kernel, kernel_version_text = said.kernel_text,
          reported_hash = CASE WHEN has_state THEN said.hash ELSE reported_hash END,
          reported_app_sid = CASE WHEN has_state THEN (
            SELECT sid FROM ${apps}
            WHERE apps.account_sid = devices.account_sid AND manifest_hash = said.hash
            ORDER BY seq DESC LIMIT 1) ELSE reported_app_sid END,
          reported_at = CASE WHEN has_state THEN ${at}::timestamptz ELSE reported_at END,
          reported_layers = CASE WHEN has_state THEN said.layers ELSE reported_layers END,
          app_running = CASE WHEN has_state THEN said.running ELSE app_running END,
          wake_reason = CASE WHEN has_state THEN said.wake ELSE wake_reason END
        FROM said WHERE devices.sid = said.sid
        RETURNING devices.sid, devices.account_sid, devices.connection_id, target_app_sid,
          targeted_at, logging_until, restart_requested_at, target_kernel_hash, said.fingerprint
      ), counted AS (
        INSERT INTO ${deviceUsage} (account_sid, month, device_sid, first_at, last_at)
        SELECT account_sid, ${monthOf(now)}, sid, ${at}::timestamptz, ${at}::timestamptz FROM device
        ON CONFLICT (account_sid, month, device_sid) DO UPDATE
        SET last_at = excluded.last_at, connections = device_usage.connections + 1
      )
      SELECT device.*, apps.manifest_hash, size_bytes, revoked_at FROM device
      LEFT JOIN ${apps} ON apps.sid = target_app_sid
      LEFT JOIN ${bundleContents} ON owner = target_app_sid AND position = 0
      LEFT JOIN ${deviceCertificates} ON device_certificates.fingerprint = device.fingerprint`)
    return rows
  }
}

function recordOf(arrival: Arrival) {
  const { device, connectionId, fingerprint, address, kernelVersion, kernelVersionText } = arrival
  const state = arrival.state && reportedColumns(arrival.state)
  return {
    ...{ sid: device.sid, connection: connectionId, fingerprint, address, kernel: kernelVersion },
    kernel_text: plainText(kernelVersionText),
    has_state: state !== undefined,
    hash: state?.reportedHash,
    running: state?.appRunning,
    wake: state?.wakeReason,
    layers: state?.reportedLayers,
  }
}

function ordersOf(row: Row): Orders {
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
