/**
 * Where devices are connected. A device's row says on which server it is since it checked in
 * (`check-in.ts`); each server renews its own row every few seconds, so that the devices of one that
 * died count as gone without anyone having to clear up after it.
 */
import { eq, lt, sql } from 'drizzle-orm'
import { type Database, despiteDeadlock } from '../storage/database.ts'
import { Gatherer } from '../storage/gather.ts'
import { devices, servers } from '../storage/schema.ts'
import type { DeviceIdentity } from './reports.ts'

export const BEAT_MS = 5000
/** A server that has been silent this long is gone. */
export const GONE_MS = 4 * BEAT_MS
const FORGOTTEN_MS = 24 * 3_600_000

interface Departure {
  readonly sid: string
  readonly connectionId: string
}

export class Presence {
  readonly #db: Database
  readonly serverId: string
  readonly #departures = new Gatherer((all: readonly Departure[]) => this.#noteDepartures(all), {
    pauses: true,
  })

  constructor(db: Database, serverId: string) {
    this.#db = db
    this.serverId = serverId
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
      .values({ id: this.serverId, seenAt })
      .onConflictDoUpdate({ target: servers.id, set: { seenAt } })
    await this.#db.delete(servers).where(lt(servers.seenAt, new Date(Date.now() - FORGOTTEN_MS)))
  }

  /** This server is no longer there. */
  async end(): Promise<void> {
    await this.#db.delete(servers).where(eq(servers.id, this.serverId))
  }

  disconnected({ sid }: DeviceIdentity, connectionId: string): Promise<void> {
    return this.#departures.ask({ sid, connectionId })
  }

  async #noteDepartures(all: readonly Departure[]): Promise<undefined[]> {
    const sids = all.map(({ sid }) => sid)
    const ids = all.map(({ connectionId }) => connectionId)
    const seenAt = new Date().toISOString()
    await despiteDeadlock(() =>
      this.#db.execute(sql`
        UPDATE ${devices} SET connection_id = NULL, server_id = NULL, seen_at = ${seenAt}
        FROM unnest(${sql.param(sids)}::text[], ${sql.param(ids)}::text[]) AS v(sid, id)
        WHERE devices.sid = v.sid AND devices.connection_id = v.id`),
    )
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
