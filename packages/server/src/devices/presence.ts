/**
 * Where devices are connected. A connection's row says on which server it is; each server renews its
 * own row every few seconds, so that the devices of one that died count as gone without anyone having
 * to clear up after it.
 *
 * A device has one connection, the one that said hello last: its id stands in the device's row, and a
 * connection that finds another one there has been replaced.
 */
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Database } from '../storage/database.ts'
import { devices, deviceUsage, servers } from '../storage/schema.ts'
import type { DeviceIdentity } from './reports.ts'

export const BEAT_MS = 5000
/** A server that has been silent this long is gone. */
const GONE_MS = 4 * BEAT_MS
const FORGOTTEN_MS = 24 * 3_600_000

export class Presence {
  readonly #db: Database
  readonly #serverId: string

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

  async connected(device: DeviceIdentity, connectionId: string, address: string): Promise<void> {
    const now = new Date()
    await this.#db
      .update(devices)
      .set({ connectionId, serverId: this.#serverId, connectedAt: now, seenAt: now, address })
      .where(eq(devices.sid, device.sid))
    const { accountSid, sid: deviceSid } = device
    await this.#db
      .insert(deviceUsage)
      .values({ accountSid, deviceSid, month: monthOf(now) })
      .onConflictDoUpdate({
        target: [deviceUsage.accountSid, deviceUsage.month, deviceUsage.deviceSid],
        set: { lastAt: now, connections: sql`${deviceUsage.connections} + 1` },
      })
  }

  async disconnected({ sid }: DeviceIdentity, connectionId: string): Promise<void> {
    await this.#db
      .update(devices)
      .set({ connectionId: null, serverId: null, seenAt: new Date() })
      .where(and(eq(devices.sid, sid), eq(devices.connectionId, connectionId)))
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
