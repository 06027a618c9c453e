/**
 * What devices say about themselves, written down and passed on to listeners. A device repeats its
 * state on each connection, so what is lost with the server that heard it is said again.
 */
import type { DeviceEvent, EventType } from '@microvisor/api'
import {
  type CrashReport,
  type DeviceState,
  LayerPlace,
  toHex,
  UpdatePhase,
  type UpdateProgress,
} from '@microvisor/protocol'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { AppSymbols } from '../apps/app-symbols.ts'
import type { AccountEvents, NewEvent } from '../events/account-events.ts'
import { type Bus, deviceEvents } from '../events/bus.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../storage/database.ts'
import { apps, deviceCrashes, devices } from '../storage/schema.ts'
import {
  asNumber,
  connectedEvent,
  crashEvent,
  describeCrash,
  disconnectedEvent,
  plainText,
  updateEvent,
} from './event-text.ts'
import type { LogTail } from './log-tail.ts'

/** A device as its certificate says. */
export interface DeviceIdentity {
  readonly sid: string
  readonly accountSid: string
}

interface Parts {
  readonly db: Database
  readonly bus: Bus
  readonly metrics: Metrics
  readonly events: AccountEvents
  readonly logTail: Pick<LogTail, 'add'>
  readonly crashesPerDevice: number
  /** The calls that led to a crash, where they can be told. */
  readonly framesOf: AppSymbols['framesOf']
}

export class DeviceReports {
  readonly #db: Database
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#db = parts.db
    this.#parts = parts
  }

  /** To those who listen to the device; log lines also to the tail that is kept. */
  tell(event: DeviceEvent): void {
    this.#parts.metrics.event(event.type)
    this.#parts.logTail.add(event)
    this.#parts.bus.publish(deviceEvents(event.device_sid), event)
  }

  connected(device: DeviceIdentity, address: string): void {
    const event = connectedEvent(device.sid)
    this.tell(event)
    this.#parts.events.append(accountEvent(device, event, 'device.connected', { address }))
  }

  disconnected(device: DeviceIdentity, reason: string): void {
    const event = disconnectedEvent(device.sid, reason)
    this.tell(event)
    this.#parts.events.append(accountEvent(device, event, 'device.disconnected', { reason }))
  }

  async state(device: DeviceIdentity, state: DeviceState): Promise<void> {
    const hash = toHex(state.manifestHash)
    await this.#db
      .update(devices)
      .set({
        ...reportedColumns(state),
        reportedAppSid: await this.#appOf(device, hash),
        reportedAt: new Date(),
      })
      .where(eq(devices.sid, device.sid))
  }

  /** `sentBytes`: of manifests and layers, since the last report. */
  async progress(
    device: DeviceIdentity,
    progress: UpdateProgress,
    sentBytes: number,
  ): Promise<void> {
    const hash = toHex(progress.manifestHash)
    const isFailed = progress.phase === UpdatePhase.FAILED
    const received = asNumber(progress.bytesReceived)
    this.#parts.metrics.updateBytes(sentBytes)
    const app = await this.#appOf(device, hash)
    const phase = UpdatePhase[progress.phase] ?? `PHASE_${progress.phase}`
    const set = {
      updateBytesHash: hash,
      updateBytesSent: sql`CASE WHEN ${isSameUpdate(hash, progress.phase)}
        THEN ${devices.updateBytesSent} ELSE 0 END + ${sentBytes}::bigint`,
      updateBytesReceived: received,
      updateBytesSentEver: sql`${devices.updateBytesSentEver} + ${sentBytes}::bigint`,
      updateErrorCode: isFailed ? progress.error : 0,
      updateErrorHash: isFailed ? hash : null,
      updateErrorDetail: isFailed ? plainText(progress.detail) : null,
      updatePhase: phase,
      updateBytesDone: asNumber(progress.bytesDone),
      updateBytesTotal: asNumber(progress.bytesTotal),
    }
    const own = eq(devices.sid, device.sid)
    const type = eventOfPhase[progress.phase]
    const eventAfter = ([row]: { sent: number }[]) =>
      updateEvent(device.sid, app, progress, { sent: row?.sent ?? sentBytes, received })
    const returning = { sent: devices.updateBytesSent }
    // A device may say the same again: no news.
    const isRepeated =
      type === undefined
        ? undefined
        : and(
            eq(devices.updateBytesHash, hash),
            eq(devices.updatePhase, phase),
            eq(devices.updateErrorCode, set.updateErrorCode),
          )
    const repeated = await this.#db
      .update(devices)
      .set(set)
      .where(and(own, isRepeated))
      .returning(returning)
    if (repeated.length > 0 || type === undefined) return this.tell(eventAfter(repeated))
    const event = await this.#parts.events.record(async (tx) => {
      const result = eventAfter(await tx.update(devices).set(set).where(own).returning(returning))
      return { result, events: [accountEvent(device, result, type, result.update)] }
    })
    this.tell(event)
  }

  /** A connection has ended after these bytes, about which the device has said nothing. */
  async sent({ sid }: DeviceIdentity, bytes: number): Promise<void> {
    if (bytes === 0) return
    this.#parts.metrics.updateBytes(bytes)
    await this.#db
      .update(devices)
      .set({
        updateBytesSent: sql`${devices.updateBytesSent} + ${bytes}::bigint`,
        updateBytesSentEver: sql`${devices.updateBytesSentEver} + ${bytes}::bigint`,
      })
      .where(eq(devices.sid, sid))
  }

  /** Durable once it resolves. The same report again is only confirmed again. */
  async crash(device: DeviceIdentity, report: CrashReport): Promise<void> {
    const manifestHash = toHex(report.manifestHash)
    const crash = describeCrash(report, await this.#appOf(device, manifestHash))
    const row = { deviceSid: device.sid, crashId: String(report.id), manifestHash, report: crash }
    const frames = await this.#parts.framesOf(device.accountSid, crash)
    const event = crashEvent(device.sid, { ...crash, ...(frames && { frames }) })
    const isNew = await this.#parts.events.record(async (tx) => {
      const added = await tx
        .insert(deviceCrashes)
        .values(row)
        .onConflictDoNothing()
        .returning({ seq: deviceCrashes.seq })
      const events = added.map(() => accountEvent(device, event, 'app.crashed', event.crash))
      return { result: added.length > 0, events }
    })
    if (!isNew) return
    await this.#dropOldCrashes(device)
    this.tell(event)
  }

  async #dropOldCrashes({ sid }: DeviceIdentity): Promise<void> {
    const own = eq(deviceCrashes.deviceSid, sid)
    const [oldest] = await this.#db
      .select({ seq: deviceCrashes.seq })
      .from(deviceCrashes)
      .where(own)
      .orderBy(desc(deviceCrashes.seq))
      .offset(this.#parts.crashesPerDevice - 1)
      .limit(1)
    if (oldest)
      await this.#db.delete(deviceCrashes).where(and(own, lt(deviceCrashes.seq, oldest.seq)))
  }

  /** The App with this manifest; of several, the newest. */
  async #appOf({ accountSid }: DeviceIdentity, hash: string): Promise<string | null> {
    if (hash === '') return null
    const [app] = await this.#db
      .select({ sid: apps.sid })
      .from(apps)
      .where(and(eq(apps.accountSid, accountSid), eq(apps.manifestHash, hash)))
      .orderBy(desc(apps.seq))
      .limit(1)
    return app?.sid ?? null
  }
}

/** A device's row, as the device says. */
export function reportedColumns({ manifestHash, layers, running, wakeReason }: DeviceState) {
  return {
    reportedHash: toHex(manifestHash) || null,
    appRunning: running,
    wakeReason,
    reportedLayers: layers.map((layer) => ({
      place: LayerPlace[layer.place] ?? String(layer.place),
      start: layer.start,
      size: layer.size,
      measurement_hash: toHex(layer.measurementHash),
    })),
  }
}

/** Not another target's, and not one that was complete before and begins anew. */
function isSameUpdate(hash: string, phase: UpdatePhase) {
  const isSame = sql`${devices.updateBytesHash} IS NOT DISTINCT FROM ${hash}`
  if (phase !== UpdatePhase.FETCHING_MANIFEST) return isSame
  return sql`${isSame} AND ${devices.updatePhase} IS DISTINCT FROM 'COMPLETE'`
}

/** Of the phases of an update, those that the account hears of; bytes on their way are too many. */
const eventOfPhase: Readonly<Partial<Record<UpdatePhase, EventType>>> = {
  [UpdatePhase.FETCHING_MANIFEST]: 'update.started',
  [UpdatePhase.DOWNLOADED]: 'update.downloaded',
  [UpdatePhase.INSTALLING_APP]: 'update.installing',
  [UpdatePhase.COMPLETE]: 'update.completed',
  [UpdatePhase.FAILED]: 'update.failed',
}

function accountEvent(
  { sid, accountSid }: DeviceIdentity,
  { timestamp, text }: DeviceEvent,
  type: EventType,
  data: Readonly<Record<string, unknown>> | undefined,
): NewEvent {
  return { accountSid, deviceSid: sid, type, timestamp, text, ...(data && { data }) }
}
