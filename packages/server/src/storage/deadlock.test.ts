/**
 * Gathered statements on a real PostgreSQL, where others change the same rows at the same time: of two that
 * wait for each other PostgreSQL ends one, and ours is done again.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeSid } from '@microvisor/protocol'
import { eq } from 'drizzle-orm'
import pg from 'pg'
import { CheckIn } from '../devices/check-in.ts'
import { Presence } from '../devices/presence.ts'
import { missingStores, sharedStores } from '../testing/stores.ts'
import { until } from '../testing/until.ts'
import { type OpenDatabase, openDatabase } from './database.ts'
import { accounts, devices } from './schema.ts'

const skip = missingStores()
const accountSid = makeSid('AC', new Uint8Array(16))
const fleet = Array.from({ length: 9 }, (_, i) => makeSid('UV', new Uint8Array(16).fill(i + 1)))
/** Whatever the order in which a statement takes its rows, this is not the first. */
const middle = fleet[4]!
const ATTEMPTS = 5

let url: string
let database: OpenDatabase
before(async () => {
  if (skip) return
  url = (await (await sharedStores()).fresh()).databaseUrl
  database = await openDatabase(url)
  await database.db.insert(accounts).values({ sid: accountSid, authTokenHash: '' })
  await database.db.insert(devices).values(fleet.map((sid) => ({ sid, accountSid })))
})
after(() => database?.close())

const settle = () => Promise.resolve()

function arrive(checkIn: CheckIn, sid: string, more = {}) {
  return checkIn.arrive({
    device: { sid, accountSid },
    ...{ connectionId: `of ${sid}`, fingerprint: '', address: '192.0.2.1' },
    ...{ kernelVersion: 7, kernelVersionText: '0.7.0', state: undefined },
    ...more,
  })
}

function allArrive(): Promise<unknown>[] {
  const checkIn = new CheckIn(database.db, { settle }, 'this server')
  return fleet.map((sid) => arrive(checkIn, sid))
}

/** `before` is what makes `ask` change rows, at each attempt. */
const statements = [
  {
    name: 'devices that check in',
    before: () => [],
    ask: allArrive,
    expected: fleet.map((sid) => `of ${sid}`),
  },
  {
    name: 'devices that leave',
    before: allArrive,
    ask: () => {
      const presence = new Presence(database.db, 'this server')
      return fleet.map((sid) => presence.disconnected({ sid, accountSid }, `of ${sid}`))
    },
    expected: fleet.map(() => null),
  },
]

for (const { name, before: prepare, ask, expected } of statements) {
  test(`${name}: a statement that was ended for a deadlock is done again`, { skip }, async () => {
    let wasOurs = false
    for (let i = 0; i < ATTEMPTS && !wasOurs; i++) {
      await Promise.all(prepare())
      wasOurs = await meetDeadlock(ask)
    }
    assert.ok(wasOurs, `of ${ATTEMPTS} deadlocks none was ended at our cost`)
    const rows = await database.db.select().from(devices).orderBy(devices.sid)
    assert.deepEqual(
      rows.map(({ connectionId }) => connectionId),
      expected,
    )
  })
}

test('one device that cannot be written down fails alone in its round', { skip }, async () => {
  const checkIn = new CheckIn(database.db, { settle }, 'this server')
  const bad = fleet[5]!
  const all = await Promise.allSettled(
    fleet.map((sid) => arrive(checkIn, sid, sid === bad && { address: 'no\0text' })),
  )
  const failed = all.flatMap(({ status }, i) => (status === 'rejected' ? [fleet[i]] : []))
  assert.deepEqual(failed, [bad])
  const [row] = await database.db.select().from(devices).where(eq(devices.sid, fleet[6]!))
  assert.equal(row?.connectionId, `of ${fleet[6]}`)
})

/** Somebody holds one row, and wants the others as soon as our statement waits. False: they paid for it. */
async function meetDeadlock(ask: () => Promise<unknown>[]): Promise<boolean> {
  const other = new pg.Client(url)
  await other.connect()
  try {
    await other.query('BEGIN')
    const touch = 'UPDATE devices SET seen_at = now() WHERE sid'
    await other.query(`${touch} = $1`, [middle])
    const asked = Promise.all(ask())
    await until(isWaiting, 'a statement waits for a row')
    const wasOurs = await other.query(`${touch} <> $1`, [middle]).then(
      () => true,
      () => false,
    )
    await other.query('COMMIT')
    await asked
    return wasOurs
  } finally {
    await other.end()
  }
}

async function isWaiting(): Promise<boolean> {
  const { rows } = await database.db.execute(
    `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
  )
  return rows.length > 0
}
