/** Roll-outs as people know them: made, looked at, and told what to do. What they do by themselves stands in `engine.ts`. */
import { randomBytes } from 'node:crypto'
import { Problem, type RolloutState } from '@microvisor/api'
import { makeSid } from '@microvisor/protocol'
import { and, count, eq, inArray, sql } from 'drizzle-orm'
import type { Apps } from '../apps/apps.ts'
import { eventTime } from '../devices/event-text.ts'
import type { AccountEvents, NewEvent } from '../events/account-events.ts'
import type { Database, Transaction } from '../storage/database.ts'
import { type PageOf, type PageRequest, readPage } from '../storage/pages.ts'
import { devices, rolloutDevices, rollouts } from '../storage/schema.ts'

export type RolloutRow = typeof rollouts.$inferSelect
export type RolloutDeviceRow = typeof rolloutDevices.$inferSelect
export type Counts = Record<RolloutDeviceRow['state'], number>
export type RolloutAction = 'approve' | 'pause' | 'resume' | 'stop' | 'roll-back'

export interface RolloutFacts {
  readonly App: string
  readonly FriendlyName: string
  readonly Stages: string[]
  readonly Tag?: string | undefined
  readonly Approval: RolloutRow['approval']
  readonly FailurePercent: number
  readonly CrashesPerDevice: number
  readonly TimeoutMinutes: number
  readonly SoakMinutes: number
  readonly CatchNew: boolean
}

interface Parts {
  readonly db: Database
  readonly apps: Apps
  readonly events: AccountEvents
  /** These devices have another target now. */
  readonly tell: (deviceSids: readonly string[]) => void
}

export class Rollouts {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  list(accountSid: string, request: PageRequest): Promise<PageOf<RolloutRow>> {
    return readPage(request, rollouts, accountSid, ({ where, orderBy, limit }) =>
      this.#parts.db.select().from(rollouts).where(where).orderBy(orderBy).limit(limit),
    )
  }

  async fetch(accountSid: string, sid: string): Promise<RolloutRow> {
    const isMeant = and(eq(rollouts.accountSid, accountSid), eq(rollouts.sid, sid))
    const [row] = await this.#parts.db.select().from(rollouts).where(isMeant)
    if (row) return row
    throw new Problem('ROLLOUT_NOT_FOUND', `This account has no roll-out ${sid}.`)
  }

  devices(
    rolloutSid: string,
    request: PageRequest & { readonly State?: RolloutDeviceRow['state'] | undefined },
  ): Promise<PageOf<RolloutDeviceRow>> {
    const { State } = request
    const columns = { seq: rolloutDevices.seq, accountSid: rolloutDevices.rolloutSid }
    const isAsked = State === undefined ? undefined : eq(rolloutDevices.state, State)
    return readPage(request, columns, rolloutSid, ({ where, orderBy, limit }) =>
      this.#parts.db
        .select()
        .from(rolloutDevices)
        .where(and(where, isAsked))
        .orderBy(orderBy)
        .limit(limit),
    )
  }

  countsOf(rolloutSid: string): Promise<Counts> {
    return countDevices(this.#parts.db, rolloutSid)
  }

  async create(accountSid: string, facts: RolloutFacts): Promise<RolloutRow> {
    const app = await this.#parts.apps.find(accountSid, facts.App)
    if (app === undefined)
      throw new Problem('TARGET_APP_NOT_FOUND', `This account has no App "${facts.App}".`)
    const sid = makeSid('RO', randomBytes(16))
    await this.#parts.events.record(async (tx) => {
      const [row] = await tx
        .insert(rollouts)
        .values({
          ...{ sid, accountSid, appSid: app.sid, appHash: app.manifestHash },
          ...{ friendlyName: facts.FriendlyName, stages: facts.Stages, tag: facts.Tag ?? null },
          ...{ approval: facts.Approval, failurePercent: facts.FailurePercent },
          ...{ crashesPerDevice: facts.CrashesPerDevice, catchesNew: facts.CatchNew },
          ...{ timeoutMinutes: facts.TimeoutMinutes, soakMinutes: facts.SoakMinutes },
        })
        .returning()
      return { result: undefined, events: [rolloutEvent(row!, 'rollout.started')] }
    })
    return this.fetch(accountSid, sid)
  }

  async act(accountSid: string, sid: string, action: RolloutAction): Promise<RolloutRow> {
    await this.fetch(accountSid, sid)
    const told = await this.#parts.events.record(async (tx) => {
      const [row] = await tx.select().from(rollouts).where(eq(rollouts.sid, sid)).for('update')
      if (row === undefined || !from[action].includes(row.state))
        throw new Problem(
          'ROLLOUT_STATE_WRONG',
          `Roll-out ${sid} is ${row?.state}; to ${action} it, it has to be ${from[action].join(' or ')}.`,
        )
      const restored = await restore(tx, row, action)
      const next = await setState(tx, row, changeOf(row, action))
      return { result: restored, events: [rolloutEvent(next, 'rollout.changed')] }
    })
    this.#parts.tell(told)
    return this.fetch(accountSid, sid)
  }
}

/** In which states an action has a meaning. */
const from: Readonly<Record<RolloutAction, readonly RolloutState[]>> = {
  approve: ['waiting'],
  pause: ['running', 'waiting'],
  resume: ['paused', 'stopped'],
  stop: ['running', 'waiting', 'paused'],
  'roll-back': ['running', 'waiting', 'paused', 'stopped', 'completed'],
}

type StateChange = Partial<Pick<RolloutRow, 'state' | 'reason' | 'stage' | 'stageAt'>>

function changeOf({ stage }: RolloutRow, action: RolloutAction): StateChange {
  switch (action) {
    case 'approve':
      return { state: 'running', reason: null, stage: stage + 1, stageAt: new Date() }
    case 'pause':
      return { state: 'paused', reason: 'Somebody paused it.' }
    case 'resume':
      return { state: 'running', reason: null, stageAt: new Date() }
    case 'stop':
      return { state: 'stopped', reason: 'Somebody stopped it.' }
    case 'roll-back':
      return { state: 'rolled-back', reason: 'Somebody rolled it back.' }
  }
}

export async function setState(
  tx: Transaction,
  { sid }: RolloutRow,
  change: StateChange,
): Promise<RolloutRow> {
  const [row] = await tx
    .update(rollouts)
    .set({ ...change, updatedAt: new Date() })
    .where(eq(rollouts.sid, sid))
    .returning()
  return row!
}

/** Gives devices back what they were to run: after a stop those that had not begun, or all. */
export async function restore(
  tx: Transaction,
  { sid, appSid }: RolloutRow,
  action: RolloutAction,
): Promise<string[]> {
  if (action !== 'stop' && action !== 'roll-back') return []
  const meant: RolloutDeviceRow['state'][] =
    action === 'stop' ? ['pending'] : ['pending', 'updated', 'failed']
  const rows = await tx
    .update(rolloutDevices)
    .set({ state: 'skipped', reason: action === 'stop' ? 'it was stopped before' : 'rolled back' })
    .where(and(eq(rolloutDevices.rolloutSid, sid), inArray(rolloutDevices.state, meant)))
    .returning({ deviceSid: rolloutDevices.deviceSid, previous: rolloutDevices.previousAppSid })
  for (const [previous, own] of Map.groupBy(rows, (row) => row.previous))
    await tx
      .update(devices)
      .set({
        // An App that was deleted since is nobody's target.
        targetAppSid: sql`(SELECT sid FROM apps WHERE sid = ${previous})`,
        targetedAt: new Date(),
      })
      .where(
        and(
          inArray(
            devices.sid,
            own.map(({ deviceSid }) => deviceSid),
          ),
          eq(devices.targetAppSid, appSid),
        ),
      )
  return rows.map(({ deviceSid }) => deviceSid)
}

export async function countDevices(
  db: Pick<Database, 'select'>,
  rolloutSid: string,
): Promise<Counts> {
  const rows = await db
    .select({ state: rolloutDevices.state, devices: count() })
    .from(rolloutDevices)
    .where(eq(rolloutDevices.rolloutSid, rolloutSid))
    .groupBy(rolloutDevices.state)
  const counts = { pending: 0, updated: 0, failed: 0, skipped: 0 }
  for (const row of rows) counts[row.state] = row.devices
  return counts
}

export function rolloutEvent(
  row: RolloutRow,
  type: 'rollout.started' | 'rollout.changed',
): NewEvent {
  const { sid, accountSid, state, stage, stages, reason } = row
  const why = reason === null ? '' : `: ${reason}`
  return {
    ...{ accountSid, deviceSid: null, type, timestamp: eventTime() },
    text: `Roll-out ${sid} is ${state}, stage ${stage + 1} of ${stages.length}${why}`,
    data: { rollout_sid: sid, app_sid: row.appSid, state, stage, reason },
  }
}
