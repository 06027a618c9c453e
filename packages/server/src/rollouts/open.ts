/** The parts of roll-outs put together. */
import type { Logger } from 'pino'
import type { Apps } from '../apps/apps.ts'
import type { AccountEvents } from '../events/account-events.ts'
import { type Bus, deviceNotices } from '../events/bus.ts'
import type { Limits } from '../limits.ts'
import type { Database } from '../storage/database.ts'
import { RolloutEngine } from './engine.ts'
import { Rollouts } from './rollouts.ts'

interface Surroundings {
  readonly db: Database
  readonly apps: Apps
  readonly events: AccountEvents
  readonly bus: Bus
  readonly limits: Pick<Limits, 'rolloutStepMs'>
  readonly log: Logger
}

export function openRollouts(surroundings: Surroundings) {
  const { bus, limits } = surroundings
  const tell = (sids: readonly string[]) => {
    for (const sid of sids) bus.publish(deviceNotices(sid), { kind: 'changed' })
  }
  const parts = { ...surroundings, tell, stepMs: limits.rolloutStepMs }
  return { rollouts: new Rollouts(parts), engine: new RolloutEngine(parts) }
}

export type RolloutParts = ReturnType<typeof openRollouts>
