/**
 * Devices as people know them: made with a certificate, named, given something to run, removed.
 * Changes are written first and told to the device's connection afterwards (`changed`), which reads
 * them from the database; so whoever misses the message has lost nothing.
 */
import { randomBytes } from 'node:crypto'
import { Problem } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, eq, getTableColumns } from 'drizzle-orm'
import type { Apps } from '../apps/apps.ts'
import type { AccountEvents, NewEvent } from '../events/account-events.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import type { Authority } from '../keys/certificates.ts'
import type { Limits } from '../limits.ts'
import { type Database, SqlState, sqlStateOf } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { byReference } from '../storage/references.ts'
import { apps, deviceCertificates, deviceCrashes, devices, servers } from '../storage/schema.ts'
import { type DeviceFilter, matchingDevices } from './device-filter.ts'
import { eventTime } from './event-text.ts'

/** A device, the hash of the App it should run, and when its server was last there. */
export type DeviceRow = typeof devices.$inferSelect & {
  readonly targetHash: string | null
  readonly serverSeenAt: Date | null
}

type CrashRow = typeof deviceCrashes.$inferSelect

export interface DeviceChange {
  readonly UniqueName?: string | undefined
  readonly TargetApp?: string | undefined
  readonly LoggingEnabled?: boolean | undefined
  readonly RestartApp?: boolean | undefined
  readonly Tags?: string[] | undefined
  readonly Attributes?: Record<string, string> | undefined
}

export interface DeviceParts {
  readonly db: Database
  readonly apps: Apps
  readonly authority: Authority
  readonly bus: Bus
  readonly events: AccountEvents
  readonly limits: Pick<Limits, 'loggingMs'>
}

export class Devices {
  readonly #db: Database
  readonly #apps: Apps
  readonly #authority: Authority
  readonly #bus: Bus
  readonly #events: AccountEvents
  readonly #loggingMs: number

  constructor(parts: DeviceParts) {
    this.#db = parts.db
    this.#apps = parts.apps
    this.#authority = parts.authority
    this.#bus = parts.bus
    this.#events = parts.events
    this.#loggingMs = parts.limits.loggingMs
  }

  list(accountSid: string, request: PageRequest & DeviceFilter): Promise<PageOf<DeviceRow>> {
    const isMeant = matchingDevices(request)
    return readPage(request, devices, accountSid, ({ where, orderBy, limit }) =>
      this.#select().where(and(where, isMeant)).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, reference: string): Promise<DeviceRow> {
    const isMeant = byReference('UV', devices, accountSid, reference)
    const [device] = await this.#select().where(isMeant).limit(1)
    if (device) return device
    throw new Problem('DEVICE_NOT_FOUND', `This account has no Device "${reference}".`)
  }

  async sidOf(accountSid: string, reference: string): Promise<string> {
    return (await this.fetch(accountSid, reference)).sid
  }

  crashes(deviceSid: string, request: PageRequest): Promise<PageOf<CrashRow>> {
    const columns = { seq: deviceCrashes.seq, accountSid: deviceCrashes.deviceSid }
    return readPage(request, columns, deviceSid, ({ where, orderBy, limit }) =>
      this.#db.select().from(deviceCrashes).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async create(
    accountSid: string,
    csr: string,
    name: string | undefined,
  ): Promise<{ device: DeviceRow; certificate: string }> {
    const sid = makeSid('UV', randomBytes(16))
    const { pem, fingerprint, expiresAt } = await this.#authority.issueForDevice(csr, sid)
    await this.#unlessNameTaken(name, () =>
      this.#events.record(async (tx) => {
        await tx.insert(devices).values({ sid, accountSid, uniqueName: name || null })
        const certificate = { fingerprint, accountSid, deviceSid: sid, expiresAt }
        await tx.insert(deviceCertificates).values(certificate)
        const text = `Device ${sid} was provisioned`
        const data = { unique_name: name || null }
        const type = 'device.provisioned'
        return { result: undefined, events: [eventOf(accountSid, sid, { type, text, data })] }
      }),
    )
    return { device: await this.fetch(accountSid, sid), certificate: pem }
  }

  async update(accountSid: string, reference: string, change: DeviceChange): Promise<DeviceRow> {
    const { sid } = await this.fetch(accountSid, reference)
    const set = {
      updatedAt: new Date(),
      ...(change.UniqueName !== undefined && { uniqueName: change.UniqueName || null }),
      ...(change.TargetApp !== undefined && (await this.#target(accountSid, change.TargetApp))),
      ...(change.LoggingEnabled !== undefined && {
        loggingUntil: change.LoggingEnabled ? new Date(Date.now() + this.#loggingMs) : null,
      }),
      ...(change.Tags !== undefined && { tags: change.Tags }),
      ...(change.Attributes !== undefined && { attributes: change.Attributes }),
      ...(change.RestartApp && { restartRequestedAt: new Date() }),
    }
    await this.#unlessNameTaken(change.UniqueName, () =>
      this.#unlessTargetGone(change.TargetApp, () =>
        this.#db.update(devices).set(set).where(eq(devices.sid, sid)),
      ),
    )
    this.#bus.publish(deviceNotices(sid), { kind: 'changed' })
    return this.fetch(accountSid, sid)
  }

  /** The device is forgotten; its certificate stays known as revoked. */
  async remove(accountSid: string, reference: string): Promise<void> {
    const { sid, uniqueName } = await this.fetch(accountSid, reference)
    await this.#events.record(async (tx) => {
      await tx
        .update(deviceCertificates)
        .set({ revokedAt: new Date() })
        .where(eq(deviceCertificates.deviceSid, sid))
      await tx.delete(devices).where(eq(devices.sid, sid))
      const text = `Device ${sid} was removed`
      const data = { unique_name: uniqueName }
      const type = 'device.removed'
      return { result: undefined, events: [eventOf(accountSid, sid, { type, text, data })] }
    })
    this.#bus.publish(deviceNotices(sid), { kind: 'removed' })
  }

  async #target(accountSid: string, reference: string) {
    const cleared = { updateErrorCode: 0, updateErrorHash: null, updateErrorDetail: null }
    if (reference === '') return { ...cleared, targetAppSid: null, targetedAt: null }
    const app = await this.#apps.find(accountSid, reference)
    if (app === undefined) throw targetMissing(reference)
    return { ...cleared, targetAppSid: app.sid, targetedAt: new Date() }
  }

  #select() {
    return this.#db
      .select({
        ...getTableColumns(devices),
        targetHash: apps.manifestHash,
        serverSeenAt: servers.seenAt,
      })
      .from(devices)
      .leftJoin(apps, eq(apps.sid, devices.targetAppSid))
      .leftJoin(servers, eq(servers.id, devices.serverId))
      .$dynamic()
  }

  async #unlessNameTaken(name: string | undefined, write: () => Promise<unknown>): Promise<void> {
    try {
      await write()
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.uniqueViolation) throw error
      throw new Problem('NAME_TAKEN', `This account has a Device called "${name}" already.`)
    }
  }

  /** The App may be deleted between looking it up and pointing at it. */
  async #unlessTargetGone(target: string | undefined, write: () => Promise<unknown>) {
    try {
      await write()
    } catch (error) {
      if (sqlStateOf(error) !== SqlState.foreignKeyViolation) throw error
      throw targetMissing(target ?? '')
    }
  }
}

function eventOf(
  accountSid: string,
  deviceSid: string,
  facts: Pick<NewEvent, 'type' | 'text' | 'data'>,
): NewEvent {
  return { accountSid, deviceSid, timestamp: eventTime(), ...facts }
}

function targetMissing(reference: string): Problem {
  return new Problem('TARGET_APP_NOT_FOUND', `TargetApp: this account has no App "${reference}".`)
}
