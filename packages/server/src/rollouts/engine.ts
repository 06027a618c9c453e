/**
 * What roll-outs do by themselves: every few seconds, on whichever server comes first, each goes one step
 * on in a transaction that holds its row.
 *
 *   (1) What became of its devices is read from what they say, never from what they were told.
 *   (2) If more of them failed than may, it stops: those that had not begun get their target back.
 *   (3) Otherwise devices that are due and have not got it yet get it.
 *   (4) A stage in which nobody is left to wait for, watched for long enough, is over.
 */
import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { AccountEvents, NewEvent } from '../events/account-events.ts'
import type { Database, Transaction } from '../storage/database.ts'
import { apps, devices, rolloutDevices, rollouts } from '../storage/schema.ts'
import { judgeDevices } from './judgement.ts'
import { countDevices, type RolloutRow, restore, rolloutEvent, setState } from './rollouts.ts'
import { isDue } from './selection.ts'

/** Devices that get their target in one step. */
const BATCH = 500

interface Parts {
  readonly db: Database
  readonly events: AccountEvents
  readonly log: Logger
  readonly stepMs: number
  /** These devices have another target now. */
  readonly tell: (deviceSids: readonly string[]) => void
}

interface Step {
  readonly events: NewEvent[]
  readonly targeted: readonly string[]
}

export class RolloutEngine {
  readonly #parts: Parts
  readonly #timer: NodeJS.Timeout
  #stepping: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#timer = setInterval(() => this.kick(), parts.stepMs).unref()
  }

  /** One step of every roll-out, unless one is under way. */
  kick(): void {
    this.#stepping ??= this.step()
      .catch((error: unknown) => {
        this.#parts.log.warn({ event: 'roll-outs not looked after', err: error })
      })
      .finally(() => {
        this.#stepping = undefined
      })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#stepping
  }

  async step(): Promise<void> {
    const { db, log } = this.#parts
    for (const { sid } of await db.select({ sid: rollouts.sid }).from(rollouts).where(isAlive()))
      await this.#stepOne(sid).catch((error: unknown) => {
        log.warn({ event: 'roll-out not looked after', rollout: sid, err: error })
      })
  }

  async #stepOne(sid: string): Promise<void> {
    const { events, tell } = this.#parts
    const targeted = await events.record(async (tx) => {
      const [row] = await tx
        .select()
        .from(rollouts)
        .where(and(eq(rollouts.sid, sid), isAlive()))
        .for('update', { skipLocked: true })
      const step = row ? await stepOf(tx, row) : { events: [], targeted: [] }
      return { result: step.targeted, events: step.events }
    })
    tell(targeted)
  }
}

function isAlive() {
  return or(
    inArray(rollouts.state, ['running', 'waiting', 'paused']),
    and(eq(rollouts.state, 'completed'), rollouts.catchesNew),
  )
}

async function stepOf(tx: Transaction, row: RolloutRow): Promise<Step> {
  await judgeDevices(tx, row)
  const counts = await countDevices(tx, row.sid)
  const judged = counts.pending + counts.updated + counts.failed
  if (row.state !== 'completed' && counts.failed * 100 > row.failurePercent * judged) {
    const targeted = await restore(tx, row, 'stop')
    const reason = `${counts.failed} of ${judged} devices failed; ${row.failurePercent} % may.`
    const next = await setState(tx, row, { state: 'stopped', reason })
    return { events: [rolloutEvent(next, 'rollout.changed')], targeted }
  }
  if (row.state === 'paused' || row.state === 'waiting') return { events: [], targeted: [] }
  const targeted = await targetNext(tx, row)
  if (targeted.length > 0 || row.state === 'completed') return { events: [], targeted }
  return { events: await endStage(tx, row), targeted }
}

/** Gives devices that are due their target; those that run it already only get a row. */
async function targetNext(tx: Transaction, row: RolloutRow): Promise<string[]> {
  const [app] = await tx.select({ sid: apps.sid }).from(apps).where(eq(apps.sid, row.appSid))
  if (app === undefined) return []
  const isIn = and(
    eq(rolloutDevices.rolloutSid, row.sid),
    eq(rolloutDevices.deviceSid, devices.sid),
  )
  const isNew = sql`${devices.createdAt} > ${row.createdAt.toISOString()}::timestamptz`
  const found = await tx
    .select({ sid: devices.sid, previous: devices.targetAppSid, runs: devices.reportedHash })
    .from(devices)
    .leftJoin(rolloutDevices, isIn)
    .where(
      and(
        isDue(row),
        isNull(rolloutDevices.deviceSid),
        row.state === 'completed' ? isNew : undefined,
      ),
    )
    .limit(BATCH)
  if (found.length === 0) return []
  const now = new Date()
  await tx.insert(rolloutDevices).values(
    found.map(({ sid, previous, runs }) => ({
      ...{ rolloutSid: row.sid, deviceSid: sid, stage: row.stage, previousAppSid: previous },
      ...(runs === row.appHash && { state: 'updated' as const, updatedAt: now }),
    })),
  )
  const sids = found.map(({ sid }) => sid)
  const cleared = { updateErrorCode: 0, updateErrorHash: null, updateErrorDetail: null }
  await tx
    .update(devices)
    .set({ ...cleared, targetAppSid: row.appSid, targetedAt: now })
    .where(inArray(devices.sid, sids))
  return sids
}

/** The next stage, the end, or a reason to wait; no events where nothing changes. */
async function endStage(tx: Transaction, row: RolloutRow): Promise<NewEvent[]> {
  const [stage] = await tx
    .select({
      devices: sql<number>`count(*)::int`,
      pending: sql<number>`count(*) FILTER (WHERE ${rolloutDevices.state} = 'pending')::int`,
      lastAt: sql<string | null>`max(${rolloutDevices.updatedAt})`,
    })
    .from(rolloutDevices)
    .where(eq(rolloutDevices.rolloutSid, row.sid))
  const { devices: all = 0, pending = 0, lastAt = null } = stage ?? {}
  if (all === 0 || pending > 0) return []
  const since = Math.max(row.stageAt.getTime(), lastAt === null ? 0 : new Date(lastAt).getTime())
  if (Date.now() - since < row.soakMinutes * 60_000) return []
  const isLast = row.stage === row.stages.length - 1
  const isAsked = row.approval === 'each' || (row.approval === 'first' && row.stage === 0)
  const next = await setState(
    tx,
    row,
    isLast
      ? { state: 'completed', reason: null }
      : isAsked
        ? { state: 'waiting', reason: `Stage ${row.stage + 1} went well; approve the next.` }
        : { stage: row.stage + 1, stageAt: new Date() },
  )
  return [rolloutEvent(next, 'rollout.changed')]
}
