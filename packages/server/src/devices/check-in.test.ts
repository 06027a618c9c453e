/** Devices that say hello, many at once: what is written, and what each gets to know. */
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeSid } from '@microvisor/protocol'
import { and, eq } from 'drizzle-orm'
import { type OpenDatabase, openDatabase } from '../storage/database.ts'
import { accounts, deviceCertificates, devices, deviceUsage } from '../storage/schema.ts'
import { testFolder } from '../testing/cloud.ts'
import { databaseTemplate } from '../testing/database-template.ts'
import { isScaled, sharedStores } from '../testing/stores.ts'
import { CheckIn } from './check-in.ts'

const accountSid = makeSid('AC', new Uint8Array(16))
const fleet = Array.from({ length: 40 }, (_, i) => makeSid('UV', new Uint8Array(16).fill(i + 1)))
const state = { manifestHash: Uint8Array.of(0xab), layers: [], running: true, wakeReason: 3 }

let folder: string
let database: OpenDatabase
let rounds = 0
let checkIn: CheckIn

before(async () => {
  folder = await testFolder()
  const shared = isScaled ? await (await sharedStores()).fresh() : undefined
  const own = join(folder, 'db')
  if (shared === undefined) cpSync(await databaseTemplate(), own, { recursive: true })
  database = await openDatabase(shared?.databaseUrl ?? own)
  const { db } = database
  await db.insert(accounts).values({ sid: accountSid, authTokenHash: '' })
  await db.insert(devices).values(fleet.map((sid) => ({ sid, accountSid })))
  await db
    .insert(deviceCertificates)
    .values(fleet.map((deviceSid) => ({ accountSid, deviceSid, fingerprint: `of ${deviceSid}` })))
  const settle = async () => {
    rounds++
  }
  checkIn = new CheckIn(db, { settle }, 'this server')
})

after(async () => {
  await database.close()
  await rm(folder, { recursive: true })
})

function arrive(sid: string, connectionId: string, more = {}) {
  return checkIn.arrive({
    device: { sid, accountSid },
    ...{ connectionId, fingerprint: `of ${sid}`, address: '192.0.2.1' },
    ...{ kernelVersion: 7, kernelVersionText: '0.7.0\0', state: undefined },
    ...more,
  })
}

test('a fleet that comes at once is two rounds, and each device is written down', async () => {
  const orders = await Promise.all(fleet.map((sid) => arrive(sid, `first of ${sid}`)))
  assert.equal(rounds, 2)
  assert.deepEqual(
    orders.map((order) => order?.connectionId),
    fleet.map((sid) => `first of ${sid}`),
  )
  const [row] = await database.db.select().from(devices).where(eq(devices.sid, fleet[7]!))
  assert.equal(row?.serverId, 'this server')
  assert.equal(row?.kernelVersionText, '0.7.0\uFFFD')
  assert.equal(row?.reportedAt, null, 'it has not said what it runs')
})

test('of two connections in one round the later counts, and the earlier finds it there', async () => {
  const [sid, other] = [fleet[0]!, fleet[1]!]
  const [, early, late] = await Promise.all([
    arrive(other, 'b'),
    arrive(sid, 'early'),
    arrive(sid, 'late', { state }),
  ])
  assert.equal(early?.connectionId, 'late')
  assert.equal(late?.connectionId, 'late')
  const [row] = await database.db.select().from(devices).where(eq(devices.sid, sid))
  assert.equal(row?.reportedHash, 'ab')
  assert.equal(row?.wakeReason, 3)
  const isIts = and(eq(deviceUsage.deviceSid, sid), eq(deviceUsage.accountSid, accountSid))
  const [usage] = await database.db.select().from(deviceUsage).where(isIts)
  assert.equal(usage?.connections, 2)
  await arrive(sid, 'again')
  const [still] = await database.db.select().from(devices).where(eq(devices.sid, sid))
  assert.equal(still?.reportedHash, 'ab', 'a hello without a state leaves what it said before')
})

test('orders come with it: when it was targeted, until when it logs, and that it is revoked', async () => {
  const sid = fleet[2]!
  const at = new Date('2026-03-04T05:06:07.089Z')
  const set = { targetedAt: at, loggingUntil: at, restartRequestedAt: at, targetKernelHash: 'cd' }
  await database.db.update(devices).set(set).where(eq(devices.sid, sid))
  const isIts = eq(deviceCertificates.deviceSid, sid)
  await database.db.update(deviceCertificates).set({ revokedAt: at }).where(isIts)
  assert.deepEqual(await arrive(sid, 'c'), {
    target: undefined,
    targetedAt: at.getTime(),
    loggingUntil: at,
    restartRequestedAt: at,
    kernelHash: 'cd',
    isRevoked: true,
    connectionId: 'c',
  })
  assert.equal(await arrive(makeSid('UV', new Uint8Array(16).fill(99)), 'd'), undefined)
})
