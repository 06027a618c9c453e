/**
 * Where devices are connected. A connection's row says on which server it is; each server renews its
 * own row every few seconds, so that the devices of one that died count as gone without anyone having
 * to clear up after it.
 *
 * A device has one connection, the one that said hello last: its id stands in the device's row, and a
 * connection that finds another one there has been replaced.
 */
import { eq, lt, sql } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import { devices, deviceUsage, servers } from '../storage/schema.ts'
import type { DeviceIdentity } from './reports.ts'

export const BEAT_MS = 5000
/** A server that has been silent this long is gone. */
export const GONE_MS = 4 * BEAT_MS
const FORGOTTEN_MS = 24 * 3_600_000

interface Arrival {
  readonly device: DeviceIdentity
  readonly connectionId: string
  readonly address: string
}

interface Departure {
  readonly sid: string
  readonly connectionId: string
}

export class Presence {
  readonly #db: Database
  readonly #serverId: string
  readonly #arrivals = new Gatherer((all: readonly Arrival[]) => this.#noteArrivals(all))
  readonly #departures = new Gatherer((all: readonly Departure[]) => this.#noteDepartures(all))

  constructor(db: Database, serverId: string) {
    this.#db = db
    this.#serverId = serverId
  }

  /** Begins; `isAlone`: whatever the database says of connections is left from earlier runs. */
  async begin(isAlone: boolean): Promise<void> {
    if (isAlone) {
      await this.#db.delete(servers)
      await this.#db.update(devices).set({ connectionId: null, serverId: null })
    }
    await this.beat()
  }

  /** Says that this server is there. */
  async beat(): Promise<void> {
    const seenAt = new Date()
    await this.#db
      .insert(servers)
      .values({ id: this.#serverId, seenAt })
      .onConflictDoUpdate({ target: servers.id, set: { seenAt } })
    await this.#db.delete(servers).where(lt(servers.seenAt, new Date(Date.now() - FORGOTTEN_MS)))
  }

  /** This server is no longer there. */
  async end(): Promise<void> {
    await this.#db.delete(servers).where(eq(servers.id, this.#serverId))
  }

  connected(device: DeviceIdentity, connectionId: string, address: string): Promise<void> {
    return this.#arrivals.ask({ device, connectionId, address })
  }

  disconnected({ sid }: DeviceIdentity, connectionId: string): Promise<void> {
    return this.#departures.ask({ sid, connectionId })
  }

  async #noteArrivals(all: readonly Arrival[]): Promise<undefined[]> {
    // Of two connections of one device the later counts; a statement changes a row only once.
    const newest = [...new Map(all.map((arrival) => [arrival.device.sid, arrival])).values()]
    const sids = newest.map(({ device }) => device.sid)
    const ids = newest.map(({ connectionId }) => connectionId)
    const addresses = newest.map(({ address }) => address)
    const now = new Date()
    await this.#db.execute(sql`
      UPDATE ${devices} SET connection_id = v.id, server_id = ${this.#serverId},
        connected_at = ${now.toISOString()}, seen_at = ${now.toISOString()}, address = v.address
      FROM unnest(${sql.param(sids)}::text[], ${sql.param(ids)}::text[],
        ${sql.param(addresses)}::text[]) AS v(sid, id, address)
      WHERE devices.sid = v.sid`)
    const month = monthOf(now)
    await this.#db
      .insert(deviceUsage)
      .values(
        newest.map(({ device: { accountSid, sid } }) => ({ accountSid, deviceSid: sid, month })),
      )
      .onConflictDoUpdate({
        target: [deviceUsage.accountSid, deviceUsage.month, deviceUsage.deviceSid],
        set: { lastAt: now, connections: sql`${deviceUsage.connections} + 1` },
      })
    return all.map(() => undefined)
  }

  async #noteDepartures(all: readonly Departure[]): Promise<undefined[]> {
    const sids = all.map(({ sid }) => sid)
    const ids = all.map(({ connectionId }) => connectionId)
    await this.#db.execute(sql`
      UPDATE ${devices} SET connection_id = NULL, server_id = NULL,
        seen_at = ${new Date().toISOString()}
      FROM unnest(${sql.param(sids)}::text[], ${sql.param(ids)}::text[]) AS v(sid, id)
      WHERE devices.sid = v.sid AND devices.connection_id = v.id`)
    return all.map(() => undefined)
  }
}

/** Whether a device's connection is alive, from its row and its server's. */
export function isConnected(row: {
  connectionId: string | null
  serverSeenAt: Date | null
}): boolean {
  const { connectionId, serverSeenAt } = row
  return (
    connectionId !== null && serverSeenAt !== null && Date.now() - serverSeenAt.getTime() < GONE_MS
  )
}

/** As usage is counted: `2021-01`, in UTC. */
export function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7)
}
