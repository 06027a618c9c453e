/**
 * What devices say about themselves, written down and passed on to listeners. A device repeats its
 * state on each connection, so what is lost with the server that heard it is said again.
 */
import type { DeviceEvent } from '@microvisor/api'
import {
  type CrashReport,
  type DeviceState,
  LayerPlace,
  toHex,
  UpdatePhase,
  type UpdateProgress,
} from '@microvisor/protocol'
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import { type Bus, deviceEvents } from '../events/bus.ts'
import type { Metrics } from '../metrics.ts'
import type { Database } from '../storage/database.ts'
import { apps, deviceCrashes, devices } from '../storage/schema.ts'
import { asNumber, crashEvent, describeCrash, plainText, updateEvent } from './event-text.ts'

/** A device as its certificate says. */
export interface DeviceIdentity {
  readonly sid: string
  readonly accountSid: string
}

export class DeviceReports {
  readonly #db: Database
  readonly #bus: Bus
  readonly #metrics: Metrics
  readonly #crashesPerDevice: number

  constructor(db: Database, bus: Bus, metrics: Metrics, crashesPerDevice: number) {
    this.#db = db
    this.#bus = bus
    this.#metrics = metrics
    this.#crashesPerDevice = crashesPerDevice
  }

  tell(event: DeviceEvent): void {
    this.#metrics.event(event.type)
    this.#bus.publish(deviceEvents(event.device_sid), event)
  }

  async kernel(device: DeviceIdentity, version: number, text: string): Promise<void> {
    await this.#db
      .update(devices)
      .set({ kernelVersion: version, kernelVersionText: plainText(text) })
      .where(eq(devices.sid, device.sid))
  }

  async state(device: DeviceIdentity, state: DeviceState): Promise<void> {
    const hash = toHex(state.manifestHash)
    await this.#db
      .update(devices)
      .set({
        reportedHash: hash || null,
        reportedAppSid: await this.#appOf(device, hash),
        reportedAt: new Date(),
        appRunning: state.running,
        wakeReason: state.wakeReason,
        reportedLayers: state.layers.map((layer) => ({
          place: LayerPlace[layer.place] ?? String(layer.place),
          start: layer.start,
          size: layer.size,
          measurement_hash: toHex(layer.measurementHash),
        })),
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
    this.#metrics.updateBytes(sentBytes)
    const [row] = await this.#db
      .update(devices)
      .set({
        updateBytesHash: hash,
        updateBytesSent: sql`CASE WHEN ${isSameUpdate(hash, progress.phase)}
          THEN ${devices.updateBytesSent} ELSE 0 END + ${sentBytes}::bigint`,
        updateBytesReceived: received,
        updateBytesSentEver: sql`${devices.updateBytesSentEver} + ${sentBytes}::bigint`,
        updateErrorCode: isFailed ? progress.error : 0,
        updateErrorHash: isFailed ? hash : null,
        updateErrorDetail: isFailed ? plainText(progress.detail) : null,
        updatePhase: UpdatePhase[progress.phase] ?? `PHASE_${progress.phase}`,
        updateBytesDone: asNumber(progress.bytesDone),
        updateBytesTotal: asNumber(progress.bytesTotal),
      })
      .where(eq(devices.sid, device.sid))
      .returning({ sent: devices.updateBytesSent })
    const bytes = { sent: row?.sent ?? sentBytes, received }
    this.tell(updateEvent(device.sid, await this.#appOf(device, hash), progress, bytes))
  }

  /** A connection has ended after these bytes, about which the device has said nothing. */
  async sent({ sid }: DeviceIdentity, bytes: number): Promise<void> {
    if (bytes === 0) return
    this.#metrics.updateBytes(bytes)
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
    const added = await this.#db
      .insert(deviceCrashes)
      .values(row)
      .onConflictDoNothing()
      .returning({ seq: deviceCrashes.seq })
    if (added.length === 0) return
    await this.#dropOldCrashes(device)
    this.tell(crashEvent(device.sid, crash))
  }

  async #dropOldCrashes({ sid }: DeviceIdentity): Promise<void> {
    const own = eq(deviceCrashes.deviceSid, sid)
    const [oldest] = await this.#db
      .select({ seq: deviceCrashes.seq })
      .from(deviceCrashes)
      .where(own)
      .orderBy(desc(deviceCrashes.seq))
      .offset(this.#crashesPerDevice - 1)
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

/** Not another target's, and not one that was complete before and begins anew. */
function isSameUpdate(hash: string, phase: UpdatePhase) {
  const isSame = sql`${devices.updateBytesHash} IS NOT DISTINCT FROM ${hash}`
  if (phase !== UpdatePhase.FETCHING_MANIFEST) return isSame
  return sql`${isSame} AND ${devices.updatePhase} IS DISTINCT FROM 'COMPLETE'`
}
