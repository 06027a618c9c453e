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
import { apps, devices, deviceUsage } from '../storage/schema.ts'
import { plainText } from './event-text.ts'
import { ORDERS, ORDERS_FROM_DEVICE, type Orders, type OrdersRow, ordersOf } from './orders.ts'
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

export class CheckIn {
  readonly #db: Database
  readonly #bus: Pick<Bus, 'settle'>
  readonly #serverId: string
  readonly #arrivals = new Gatherer((all: readonly Arrival[]) => this.#arrive(all), {
    pauses: true,
  })

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

  async #write(said: string): Promise<readonly OrdersRow[]> {
    const now = new Date()
    const at = now.toISOString()
    const { rows } = await this.#db.execute<OrdersRow>(sql`
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
        RETURNING ${ORDERS}, devices.account_sid, said.fingerprint
      ), counted AS (
        INSERT INTO ${deviceUsage} (account_sid, month, device_sid, first_at, last_at)
        SELECT account_sid, ${monthOf(now)}, sid, ${at}::timestamptz, ${at}::timestamptz FROM device
        ON CONFLICT (account_sid, month, device_sid) DO UPDATE
        SET last_at = excluded.last_at, connections = device_usage.connections + 1
      )
      ${ORDERS_FROM_DEVICE}`)
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
